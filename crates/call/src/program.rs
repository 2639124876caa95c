//! A program decides what happens next in one call; the engine turns that into SIP and media.

use crate::{Event, Journey, Name, Script, World};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A feature of the exchange as a pure decision.
///
/// The engine gives `Start` first, then every event of the call in order, until the program is `Done`; it then
/// drops it. Programs are nested: a sequence gives its events to the step that runs.
pub trait Program: Send {
    /// Takes an event and writes what shall be done.
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow;
    /// When the program wants `Event::Timeout`, if at all.
    fn poll_timeout(&self) -> Option<Instant>;
}

/// What a program knows when an event comes.
pub struct Context<'a> {
    /// The clock for waiting.
    pub now: Instant,
    /// The clock on the wall.
    pub wall: Timestamp,
    /// What may be asked about the office.
    pub world: &'a dyn World,
    /// The caller's journey so far, this event included.
    pub journey: &'a Journey,
    /// A number from the shard's seeded generator, new with each event.
    pub dice: u64,
}

impl Context<'_> {
    /// An id for the `count`th message of this journey: unique, and safe as a file name.
    pub fn message_id(&self, count: u32) -> Name {
        format!("{}-{count}", self.journey.id).into()
    }
}

/// Whether a program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It waits for more events.
    Continue,
    /// It has come to its end.
    Done(Outcome),
}

/// How a program ended; a sequence goes on with its next step unless the outcome is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Somebody answered and is bridged with the caller. Final.
    Answered,
    /// The caller was served (left a message, heard an announced ending) or refused. Final.
    Ended,
    /// It rang, nobody answered.
    NoAnswer,
    /// Busy everywhere that could be tried.
    Busy,
    /// Absent, by calendar or by plan.
    Absent,
    /// No registered device, or no way to reach one.
    Offline,
    /// On do-not-disturb.
    DoNotDisturb,
    /// Refused by the one called (603, 403 and the like) or failed for a cause of the network's.
    Failed,
    /// The step had nothing to do (its condition did not hold, a prompt was played).
    Passed,
}

impl Outcome {
    /// No further step may run.
    pub fn is_final(self) -> bool {
        matches!(self, Outcome::Answered | Outcome::Ended)
    }

    /// The status code for a caller whose plan ends with this outcome.
    pub fn code(self) -> u16 {
        match self {
            Outcome::Busy | Outcome::DoNotDisturb => 486,
            Outcome::Failed => 503,
            _ => 480,
        }
    }
}
