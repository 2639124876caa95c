//! Lists of steps compiled to a graph: every node knows what follows it.

use crate::actions::Action;
use crate::diagnostic::{Position, Source, Span};
use crate::keys::Condition;
use crate::step::Steps;
use call::Name;

/// A step's place in the graph.
pub(crate) type NodeId = u32;

/// Every step of the plan.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
}

/// One step with its successors.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) action: Action,
    pub(crate) when: Option<Condition>,
    /// `ring reception`
    pub(crate) words: Name,
    /// `dialplan.toml:12`
    pub(crate) at: Name,
    /// What follows once it has ended without a final outcome.
    pub(crate) after: Option<NodeId>,
    /// What follows if its condition does not hold.
    pub(crate) skipped: Option<NodeId>,
}

impl Graph {
    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// Adds a list and tells where it begins; an empty one has no beginning.
    pub(crate) fn add(&mut self, steps: &Steps, sources: &[Source]) -> Option<NodeId> {
        // From the last to the first, so that each knows its follower.
        steps.0.iter().rev().fold(None, |next, step| {
            let after = match &step.then {
                Some(then) => self.add(then, sources),
                None => next,
            };
            self.nodes.push(Node {
                words: step.action.words().into(),
                action: step.action.clone(),
                when: step.when.clone(),
                at: place(step.span, sources),
                after,
                skipped: next,
            });
            u32::try_from(self.nodes.len() - 1).ok()
        })
    }
}

/// `dialplan.toml:12`
pub(crate) fn place(span: Span, sources: &[Source]) -> Name {
    if span == Span::default() {
        return "by default".into();
    }
    Position::of(span, sources).map_or_else(
        || "".into(),
        |position| {
            let file = position.file.rsplit(['/', '\\']).next().unwrap_or_default();
            format!("{file}:{}", position.line).into()
        },
    )
}
