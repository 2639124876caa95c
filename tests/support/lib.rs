//! What tests against the real program share: starting it, sipp, real telephones, and tones to recognise.
//!
//! `tests/sipp.rs` and `tests/phones.rs` use it; they belong to `crates/server`, whose binary they run.
#![allow(clippy::disallowed_methods)] // real time, real sockets
#![allow(clippy::unwrap_used)]

pub mod baresip;
pub mod exchange;
pub mod process;
pub mod sipp;
pub mod tone;
