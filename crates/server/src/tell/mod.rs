//! The diary in plain words: one line for a list, a journey sentence by sentence, its SIP messages as a ladder.

mod ladder;
mod list;
mod sentences;
mod words;

pub use ladder::ladder;
pub use list::{line, table};
pub use sentences::journey;
