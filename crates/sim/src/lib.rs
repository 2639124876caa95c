//! Phones, network, clock and dice around the engine: a whole office in virtual time.
//!
//! [`Office`] is what the server is in earnest: it feeds the engine and carries out what it says. Its phones are small
//! user agents of their own, its network loses and doubles by seed, and its clock jumps to the next thing that is due.

mod checks;
mod ladder;
mod media;
mod network;
mod office;
mod phone;
mod secrets;
mod wire;

pub use media::{End, Media, Playing, Replies};
pub use network::Link;
pub use office::{Office, PBX, PBX_V6, Store, TUESDAY};
pub use phone::{Call, Heard, Identity, Manners, Phase, Phone, Ring, Seen};
