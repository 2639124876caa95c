//! `ring`: a ring group.

use super::{Act, Begun, Described};
use crate::check::{Check, Kind};
use crate::graph::NodeId;
use crate::plan::Inner;
use crate::read::{Word, section};
use crate::sequence::Scope;
use ::ring::{Hunt, Rules};
use call::{Context, Outcome, Script};
use std::time::Duration;

section! {
    /// Rings a group, by its rules, until somebody answers or it gives up.
    pub(crate) struct Ring = "the step `ring`" {
        /// The group.
        pub(crate) ring: Word;
        /// How long at most, instead of the group's own `give_up`.
        pub(crate) give_up "for": Option<Duration> = None;
    }
}

impl Described for Ring {
    const WORD: &'static str = "ring";
}

impl Act for Ring {
    fn words(&self) -> String {
        format!("ring {}", self.ring)
    }

    fn begin(&self, scope: &Scope, _cx: &Context<'_>, _out: &mut Script) -> Begun {
        let Some(group) = scope.plan.group(&self.ring) else { return Begun::Over(Outcome::Passed) };
        let rules = Rules { give_up: self.give_up.unwrap_or(group.rules.give_up), ..group.rules };
        Begun::with(Hunt::group(group.group.clone(), rules))
    }

    fn check(&self, check: &mut Check<'_>) {
        check.refers(Kind::Group, &self.ring);
    }

    fn rings(&self) -> bool {
        true
    }

    fn leads_to(&self) -> Option<(Kind, &Word)> {
        Some((Kind::Group, &self.ring))
    }

    fn otherwise(&self, plan: &Inner) -> Option<NodeId> {
        plan.group(&self.ring).and_then(|group| group.then)
    }
}
