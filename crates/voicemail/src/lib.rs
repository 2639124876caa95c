//! Voicemail: greet, record, keep, tell, listen.
//!
//! [`Leave`] takes a caller's message, [`Listen`] plays messages to their owner, [`say`] speaks numbers and dates in
//! prompts, and [`prompts`] lists every prompt that the exchange may play.

mod leave;
mod letters;
mod listen;
mod mailbox;
pub mod prompts;
pub mod say;

pub use leave::Leave;
pub use listen::{CallBack, Listen, PinCheck};
pub use mailbox::{Greetings, Mailbox, Why, counts};

#[cfg(test)]
mod tests;
