//! The calls of a shard: the table that holds them and what happens inside one.

mod acts;
mod answer;
mod call;
mod caller;
mod dial;
mod ending;
mod failure;
mod hold;
mod identity;
mod locate;
mod media;
mod offers;
mod party;
mod pass;
mod provisional;
mod refresh;
mod table;
mod within;

pub use call::{Call, Refusal};
pub use caller::receive;
pub use dial::contact;
pub use identity::caller_from_trunk;
pub use pass::{GivenUp, Passing};
pub use table::{CallKey, Calls};
