//! A ring group as calls use it.

use crate::graph::NodeId;
use ring::{Group, Rules};
use std::sync::Arc;

/// A ring group, compiled.
#[derive(Debug)]
pub(crate) struct RingGroup {
    pub(crate) group: Arc<Group>,
    pub(crate) rules: Rules,
    /// What follows where the step that rang the group was the last of its list.
    pub(crate) then: Option<NodeId>,
}
