//! `flow`: steps that stand elsewhere under a name.

use super::{Act, Begun, Described};
use crate::check::{Check, Kind};
use crate::read::{Word, section};
use crate::sequence::{Scope, Sequence};
use call::{Context, Outcome, Script};

section! {
    /// Takes the steps of a `[flow.…]`; if nobody answers there, the next step follows.
    pub(crate) struct Flow = "the step `flow`" {
        /// The flow.
        pub(crate) flow: Word;
    }
}

impl Described for Flow {
    const WORD: &'static str = "flow";
}

impl Act for Flow {
    fn words(&self) -> String {
        format!("flow {}", self.flow)
    }

    fn begin(&self, scope: &Scope, _cx: &Context<'_>, _out: &mut Script) -> Begun {
        match scope.plan.flow(&self.flow) {
            Some(head) => Begun::with(Sequence::new(scope.clone(), Some(head))),
            None => Begun::Over(Outcome::Passed),
        }
    }

    fn check(&self, check: &mut Check<'_>) {
        check.refers(Kind::Flow, &self.flow);
    }

    fn leads_to(&self) -> Option<(Kind, &Word)> {
        Some((Kind::Flow, &self.flow))
    }
}
