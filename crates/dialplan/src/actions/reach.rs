//! `reach`: a person, by the rules of their `[reach.…]`.

use super::{Act, Begun, Described};
use crate::check::{Check, Kind, Within};
use crate::diagnostic::Diagnostic;
use crate::plan::{Inner, Person};
use crate::read::{Word, section};
use crate::sequence::{Scope, Sequence, Wanted};
use ::ring::{Branch, Hunt, Rules, Target};
use call::{
    Action, Context, Diversion, DivertedWhy, Event, Flow, Leg, Name, Outcome, Program, Reachability, Reason, Script,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

section! {
    /// Rings a person's phones; when they cannot answer, the call goes on as their `[reach.…]` says. "person" is
    /// whoever has the dialled number.
    pub(crate) struct Reach = "the step `reach`" {
        /// "person", or somebody's name.
        pub(crate) reach: Word;
        /// How long their phones ring, instead of `ring_for`.
        pub(crate) ring_for "for": Option<Duration> = None;
    }
}

impl Described for Reach {
    const WORD: &'static str = "reach";
    const BARE: Option<&'static str> = Some("person");
}

impl Reach {
    fn is_dialled(&self) -> bool {
        &*self.reach == "person"
    }
}

impl Act for Reach {
    fn words(&self) -> String {
        if self.is_dialled() { "reach whoever has the number".into() } else { format!("reach {}", self.reach) }
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun {
        let person = match self.is_dialled() {
            true => scope.plan.person_by_number(scope.dialled(cx)),
            false => scope.plan.person(&self.reach),
        };
        let Some(person) = person else {
            out.because(Reason::Words(format!("nobody has the number {}", scope.dialled(cx)).into()));
            out.push(Action::Reject(404));
            return Begun::Over(Outcome::Ended);
        };
        if scope.trail.contains(&person.id) {
            out.because(Reason::AlreadyRung { person: person.id.clone() });
            return Begun::Over(Outcome::Passed);
        }
        Begun::with(Wanting::new(scope, person, self.ring_for))
    }

    fn check(&self, check: &mut Check<'_>) {
        if !self.is_dialled() {
            check.refers(Kind::Person, &self.reach);
        } else if check.within == Within::Reach {
            let fault = Diagnostic::error("whoever was wanted would be wanted again");
            check.faults.push(fault.at(self.reach.span, "name somebody else"));
        }
    }

    fn rings(&self) -> bool {
        true
    }

    fn leads_to(&self) -> Option<(Kind, &Word)> {
        (!self.is_dialled()).then_some((Kind::Person, &self.reach))
    }
}

/// The program: rings a person, then walks the list for the reason why they did not answer.
struct Wanting {
    scope: Scope,
    person: Name,
    stage: Stage,
}

enum Stage {
    Rings(Hunt),
    GoesOn(Sequence),
}

impl Wanting {
    fn new(scope: &Scope, person: &Person, ring_for: Option<Duration>) -> Self {
        let mut scope = scope.clone();
        scope.trail.push(person.id.clone());
        let ring_for = ring_for.unwrap_or(person.reach.ring_for);
        let stage = Stage::Rings(hunt(person, ring_for));
        Self { scope, person: person.id.clone(), stage }
    }

    /// The phones did not bring an answer: the journey leaves the person.
    fn leave(&mut self, outcome: Outcome, cx: &Context<'_>, out: &mut Script) -> Flow {
        let plan: Arc<Inner> = self.scope.plan.clone();
        let Some(person) = plan.person(&self.person) else { return Flow::Done(outcome) };
        let Some(head) = person.reach.list(outcome) else { return Flow::Done(outcome) };
        let to = plan.graph.node(head).map_or_else(|| "".into(), |node| node.words.clone());
        out.because(Reason::GoesOn { from: self.person.clone(), to, after: outcome });
        let number = person.number().unwrap_or(self.scope.dialled(cx)).clone();
        out.push(Action::Divert(Diversion { number, name: Some(person.name.clone()), why: diverted_why(outcome) }));
        let (until, substitute) = match cx.world.reachability(&self.person) {
            Reachability::Absent(absence) => (absence.until, absence.substitute),
            _ => (None, None),
        };
        let substitute = substitute.or_else(|| person.substitute.clone());
        self.scope.wanted = Some(Wanted { person: self.person.clone(), outcome, until, substitute });
        self.scope.last = outcome;
        let mut sequence = Sequence::new(self.scope.clone(), Some(head));
        let flow = sequence.on_event(cx, &Event::Start, out);
        self.stage = Stage::GoesOn(sequence);
        flow
    }
}

impl Program for Wanting {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        match &mut self.stage {
            Stage::Rings(hunt) => {
                match hunt.on_event(cx, event, out) {
                    Flow::Done(outcome) if !outcome.is_final() && *event != Event::HungUp(Leg::CALLER) => {
                        self.leave(outcome, cx, out)
                    }
                    flow => flow,
                }
            }
            Stage::GoesOn(sequence) => sequence.on_event(cx, event, out),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Rings(hunt) => hunt.poll_timeout(),
            Stage::GoesOn(sequence) => sequence.poll_timeout(),
        }
    }
}

/// All of a person's phones, and their mobile later where their rules say so.
pub(super) fn hunt(person: &Person, ring_for: Duration) -> Hunt {
    let rules = Rules { give_up: ring_for, ..Rules::default() };
    let branches = match (person.reach.mobile_after, &person.mobile) {
        (Some(after), Some(mobile)) => vec![
            Branch::new(Target::Person(person.id.clone())),
            Branch::new(Target::Number(mobile.clone())).after(after),
        ],
        _ => Vec::new(),
    };
    Hunt::person(person.id.clone(), branches, rules)
}

fn diverted_why(outcome: Outcome) -> DivertedWhy {
    match outcome {
        Outcome::Busy => DivertedWhy::UserBusy,
        Outcome::Absent => DivertedWhy::Away,
        Outcome::DoNotDisturb => DivertedWhy::DoNotDisturb,
        Outcome::Offline => DivertedWhy::Unavailable,
        _ => DivertedWhy::NoAnswer,
    }
}
