//! What the dialplan writes: who may ring, when, for how long, and in which order.

use call::Name;
use std::sync::Arc;
use std::time::Duration;

/// Groups within groups deeper than this do not ring.
pub const DEPTH_MAX: usize = 8;
/// One hunt rings at most so many legs, however many contacts a group's phones have.
pub const LEGS_MAX: usize = 100;
/// How long a hunt lasts when the plan does not say.
pub const GIVE_UP_DEFAULT: Duration = Duration::from_secs(60);
/// No hunt lasts longer, whatever the plan says.
pub const GIVE_UP_MAX: Duration = Duration::from_secs(600);
/// How long one member rings before the next when the plan does not say.
pub const RING_EACH_DEFAULT: Duration = Duration::from_secs(15);

/// Who or what rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All devices of a person at once.
    Person(Name),
    /// One device.
    Device {
        /// The device.
        device: Name,
        /// Whose it is: it rings only while they are free, and counts as ringing them.
        person: Option<Name>,
    },
    /// A number through a trunk.
    Number(Number),
    /// Another group: it counts as one member and keeps its own strategy.
    Group(Arc<Group>),
}

/// A number outside the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The trunk.
    pub trunk: Name,
    /// The number to dial there, normalised.
    pub number: Name,
    /// The caller's number to show there.
    pub shown_as: Option<Name>,
    /// Whose number it is: it rings only while they are neither away, on do-not-disturb nor in a call. It rings
    /// though their desk phone is unplugged.
    pub person: Option<Name>,
}

/// One target to ring: from `after` its group began, for `during` at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Whom.
    pub target: Target,
    /// With [`Strategy::All`]: since the group began. With the others: since its turn came. When nothing rings any
    /// more the next branch begins at once; a delay is a head start for the others, not a pause for the caller.
    pub after: Duration,
    /// Until the hunt gives up if `None`; where members take turns, `ring_each`.
    pub during: Option<Duration>,
}

impl Branch {
    /// Rings at once and for as long as its group allows.
    pub fn new(target: Target) -> Self {
        Self { target, after: Duration::ZERO, during: None }
    }

    /// The same, beginning later.
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    /// The same, for so long at most.
    pub fn during(self, during: Duration) -> Self {
        Self { during: Some(during), ..self }
    }
}

/// In which order a group's members ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// All of them, each from its own `after`.
    #[default]
    All,
    /// One after another, in the plan's order.
    InOrder,
    /// One after another, first whoever has not talked for longest; numbers outside come last.
    LongestIdle,
    /// One after another, first the one after the member that this group rang last.
    RoundRobin,
    /// One after another, in an order thrown anew for each call.
    Random,
}

/// A ring group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name; legs that it rings carry it.
    pub name: Name,
    /// Its members.
    pub members: Vec<Branch>,
    /// Their order.
    pub strategy: Strategy,
    /// Where members take turns: how long each rings unless its branch says otherwise.
    pub ring_each: Duration,
    /// Where members take turns: how many ring at a time, at least one.
    pub at_once: usize,
}

impl Group {
    /// A group in which all ring at once.
    pub fn new(name: impl Into<Name>, members: Vec<Branch>) -> Self {
        Self { name: name.into(), members, strategy: Strategy::All, ring_each: RING_EACH_DEFAULT, at_once: 1 }
    }
}

/// What holds for a whole hunt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The hunt ends after so long; [`GIVE_UP_MAX`] at most.
    pub give_up: Duration,
    /// Ring people although this journey has rung them before.
    pub again: bool,
    /// Ring people whatever presence says of them: the plan sends the call here because they are away or busy.
    pub regardless: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { give_up: GIVE_UP_DEFAULT, again: false, regardless: false }
    }
}
