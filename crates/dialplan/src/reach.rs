//! What happens when somebody cannot answer, as calls use it.

use crate::graph::NodeId;
use call::Outcome;
use std::time::Duration;

/// How long their phones ring where the plan says nothing.
pub(crate) const RING_FOR: Duration = Duration::from_secs(20);

/// A `[reach.…]`, compiled: where each list begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) ring_for: Duration,
    pub(crate) mobile_after: Option<Duration>,
    pub(crate) absent: Option<NodeId>,
    pub(crate) busy: Option<NodeId>,
    pub(crate) do_not_disturb: Option<NodeId>,
    pub(crate) offline: Option<NodeId>,
    pub(crate) no_answer: Option<NodeId>,
}

impl Reach {
    /// Where a call goes on whose ringing ended so.
    pub(crate) fn list(&self, outcome: Outcome) -> Option<NodeId> {
        match outcome {
            Outcome::Absent => self.absent,
            Outcome::Busy => self.busy,
            Outcome::DoNotDisturb => self.do_not_disturb,
            Outcome::Offline => self.offline,
            Outcome::NoAnswer | Outcome::Failed => self.no_answer,
            Outcome::Answered | Outcome::Ended | Outcome::Passed => None,
        }
    }
}
