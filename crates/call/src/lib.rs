//! The vocabulary of a call: what every crate above SIP and above the office says to the others.
//!
//! Nothing here does anything: legs, events, actions and outcomes are what programs and the engine exchange
//! ([`Program`]), [`World`] is what a program may ask, [`Facts`] is what is known from moment to moment, [`Note`]
//! is the exchange's diary, and [`media`] holds what the engine and the media threads exchange.

mod action;
mod event;
mod facts;
mod journey;
pub mod media;
mod note;
mod program;
mod reachability;
mod reason;

pub use action::{Action, Dial, Diversion, DivertedWhy, Gone, Message, Play, Record, Script, Sound, Target};
pub use event::{Event, PlayEnd, RecordEnd};
pub use facts::{Binding, Contact, Facts, MessageInfo, World};
pub use journey::{Caller, Journey, JourneyId, Offer};
pub use note::{EndedBy, Note, What};
pub use program::{Context, Flow, Outcome, Program};
pub use reachability::{Absence, Reachability};
pub use reason::Reason;

use serde::{Deserialize, Serialize};

/// A word of the office: a person's, device's, group's, mailbox's or trunk's name as the dialplan writes it.
pub type Name = std::sync::Arc<str>;

/// One side of a call. `Leg(0)` is the caller; every target that is rung gets the next number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Leg(pub u16);

impl Leg {
    /// The side that called.
    pub const CALLER: Leg = Leg(0);
}

impl std::fmt::Display for Leg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
