//! The answer to "can this person take a call now, and if not, why, until when and who instead".

use crate::Name;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a person can be rung. The first reason that holds, in the order of the variants after `Free`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reachability {
    /// Their devices may ring.
    Free,
    /// Away by calendar or by plan.
    Absent(Absence),
    /// They asked not to be disturbed.
    DoNotDisturb,
    /// As many calls as they take at once; `ringing` if the last of them is not answered yet.
    Busy {
        /// Being rung by another call rather than talking.
        ringing: bool,
    },
    /// None of their devices can be reached.
    Offline,
}

/// Why somebody is away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// In the administrator's words: "holiday", "parental leave".
    pub reason: Option<Name>,
    /// The first moment at which they are back.
    pub until: Option<Timestamp>,
    /// The person to ask instead.
    pub substitute: Option<Name>,
}

impl Reachability {
    /// The phones may ring.
    pub fn is_free(&self) -> bool {
        matches!(self, Reachability::Free)
    }
}
