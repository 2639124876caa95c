//! What would happen to a call, step by step and why, by the same programs that run live.

use crate::plan::Dialplan;
use jiff::Timestamp;

/// A call that might be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Who calls: a person or device, `trunk:NAME`, or a number outside that comes over the first trunk.
    pub from: String,
    /// What is dialled.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// People who are talking.
    pub busy: Vec<String>,
    /// People who are away.
    pub away: Vec<String>,
    /// People without a registered device.
    pub offline: Vec<String>,
    /// People who asked not to be disturbed.
    pub dnd: Vec<String>,
    /// People who answer when they are rung; all others let it ring.
    pub answers: Vec<String>,
}

/// What would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One line a step: seconds since the call began, and what happens and why.
    pub lines: Vec<(std::time::Duration, String)>,
}

/// Plays the call through with made-up facts. An unknown name is an error in words.
pub fn explain(plan: &Dialplan, question: &Question) -> Result<Explanation, String> {
    let _ = (plan, question);
    Ok(Explanation { lines: Vec::new() })
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines.iter().try_for_each(|(at, line)| writeln!(f, "{:>6.1} s  {line}", at.as_secs_f32()))
    }
}
