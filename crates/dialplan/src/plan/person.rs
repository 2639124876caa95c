//! A person as the plan knows them.

use call::Name;
use presence::PlannedAbsence;
use std::time::Duration;

/// Somebody who has devices and is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name in the plan: `anna`.
    pub id: Name,
    /// Their name for people: "Anna Virtanen".
    pub name: Name,
    /// What they do: "HR manager".
    pub title: Option<Name>,
    /// Their numbers, normalised; the first is the one they show.
    pub numbers: Vec<Name>,
    /// Their devices.
    pub devices: Vec<Name>,
    /// Whom to ask while they are away.
    pub substitute: Option<Name>,
    /// Their mobile and the way there.
    pub mobile: Option<ring::Number>,
    /// The mailbox that takes their messages.
    pub mailbox: Option<Name>,
    /// When they are away.
    pub absences: Vec<PlannedAbsence>,
    /// Calls that they take at once.
    pub calls_max: usize,
    /// The language in which they are spoken to.
    pub language: Name,
    /// What happens when they cannot answer.
    pub(crate) reach: crate::reach::Reach,
}

impl Person {
    /// The number that they show, if they have one.
    pub fn number(&self) -> Option<&Name> {
        self.numbers.first()
    }

    /// How long their phones ring before the call goes on.
    pub fn ring_for(&self) -> Duration {
        self.reach.ring_for
    }
}
