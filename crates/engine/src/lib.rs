//! One shard of the exchange, without IO: SIP in, SIP out, media commands, notes.
//!
//! ```text
//!   Input::Datagram ─▶ sip ─▶ transaction ─▶ uas ─▶ registrar · lights · calls
//!   calls: a Call has legs (Party), each with its dialogs (Thread); its Program decides, acts.rs does
//!   Output::Transmit · Media · Note · Keep ◀──────────────────────────────────┘
//! ```
//!
//! There is no clock, socket, thread or chance of its own here: [`Engine`] is a function of its seed and its inputs.

mod auth;
mod calls;
mod core;
mod dice;
mod engine;
mod ids;
mod input;
mod lights;
mod ports;
mod registrar;
mod uas;

pub use engine::Engine;
pub use input::{Command, Config, Input, Listener, Output, Status};
