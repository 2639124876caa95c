//! What a program is told.

use crate::Leg;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something that happened in the call of a [`Program`](crate::Program).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program's turn has come. Always the first event, and given once.
    Start,
    /// A rung leg answered 180 or 183. The engine has already shown it to the caller.
    Ringing(Leg),
    /// A rung leg answered 2xx. It waits for [`Action::Bridge`](crate::Action::Bridge) or `Hangup`.
    Answered(Leg),
    /// A rung leg ended without an answer: its final status code; 408 for silence, 503 for a transport fault,
    /// 487 for one that was cancelled. Redirections (3xx) were followed before.
    Failed(Leg, u16),
    /// An answered leg sent BYE or vanished. With `Leg::CALLER` (also for CANCEL) it is the last event of all.
    HungUp(Leg),
    /// A key was pressed: `0-9 * # A-D`.
    Digit(Leg, char),
    /// A [`Play`](crate::Play) came to its end.
    Played(Leg, PlayEnd),
    /// A [`Record`](crate::Record) came to its end; unless `Failed` the file is complete and synced to disk.
    Recorded(Leg, RecordEnd),
    /// An [`Action::Keep`](crate::Action::Keep) was carried out: the store has committed it, or could not.
    Kept(bool),
    /// The instant that `poll_timeout` named has come.
    Timeout,
}

/// How a prompt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlayEnd {
    /// Played to the end.
    Finished,
    /// Stopped by a digit or by `StopPlay`.
    Interrupted,
    /// No such sound, or it could not be read.
    Failed,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordEnd {
    /// The caller hung up, `StopRecord` was asked for, or the caller pressed `#`. `length` is without the silence at the end.
    Stopped {
        /// What was kept.
        length: Duration,
    },
    /// The caller fell silent for as long as the record allowed.
    Silence {
        /// What was kept.
        length: Duration,
    },
    /// The longest length was reached.
    Limit {
        /// What was kept.
        length: Duration,
    },
    /// Nothing is kept: the disk is full or failing.
    Failed,
}
