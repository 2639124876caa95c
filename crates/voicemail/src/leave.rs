//! Taking a message.

use crate::{Mailbox, Why};
use call::{Context, Event, Flow, Outcome, Program, Script};
use std::sync::Arc;
use std::time::Instant;

/// Greets the caller and takes a message.
pub struct Leave {
    mailbox: Arc<Mailbox>,
    why: Why,
}

impl Leave {
    /// Takes a message for a mailbox.
    pub fn new(mailbox: Arc<Mailbox>, why: Why) -> Self {
        Self { mailbox, why }
    }
}

impl Program for Leave {
    fn on_event(&mut self, _cx: &Context<'_>, _event: &Event, _out: &mut Script) -> Flow {
        let _ = self.mailbox.greetings.file(self.why);
        Flow::Done(Outcome::Ended)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
