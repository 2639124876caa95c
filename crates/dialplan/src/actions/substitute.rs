//! `substitute`: whoever stands in for the person who was wanted.

use super::reach::hunt;
use super::{Act, Begun, Described};
use crate::check::{Check, Within};
use crate::diagnostic::Diagnostic;
use crate::read::{Word, section};
use crate::sequence::Scope;
use call::{Context, Name, Outcome, Reachability, Reason, Script};
use std::time::Duration;

section! {
    /// Rings the substitute of the person who was wanted; if the substitute is away, too, their substitute, and so
    /// on. Those of an absence come before the usual ones.
    pub(crate) struct Substitute = "the step `substitute`" {
        /// "person": the one who was wanted.
        pub(crate) substitute: Word;
        /// How long their phones ring. Left out: as their own `ring_for` says.
        pub(crate) ring_for "for": Option<Duration> = None;
    }
}

impl Described for Substitute {
    const WORD: &'static str = "substitute";
    const BARE: Option<&'static str> = Some("person");
}

impl Act for Substitute {
    fn words(&self) -> String {
        "their substitute".into()
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun {
        let Some(person) = find(scope, cx, out) else { return Begun::Over(Outcome::Passed) };
        let Some(person) = scope.plan.person(&person) else { return Begun::Over(Outcome::Passed) };
        Begun::with(hunt(person, self.ring_for.unwrap_or(person.reach.ring_for)))
    }

    fn check(&self, check: &mut Check<'_>) {
        only_person(&self.substitute, Self::WORD, check);
    }

    fn rings(&self) -> bool {
        true
    }
}

/// The first in the line of substitutes who is not away. Nobody who was reached for already is asked.
fn find(scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Option<Name> {
    let wanted = scope.wanted.as_ref()?;
    let mut asked: Vec<Name> = scope.trail.clone();
    let mut next = wanted.substitute.clone();
    if next.is_none() {
        out.because(Reason::Words(format!("{} has no substitute", wanted.person).into()));
    }
    while let Some(person) = next {
        if asked.contains(&person) {
            out.because(Reason::AlreadyRung { person });
            return None;
        }
        let Reachability::Absent(absence) = cx.world.reachability(&person) else { return Some(person) };
        next = absence.substitute.clone();
        out.because(Reason::NotRung { person: person.clone(), because: Reachability::Absent(absence) });
        asked.push(person);
    }
    None
}

/// The word can only be "person", and only where somebody was wanted.
pub(super) fn only_person(word: &Word, step: &str, check: &mut Check<'_>) {
    if &**word != "person" {
        let fault = Diagnostic::error(format!("`{step}` is always that of the person who was wanted"));
        check.faults.push(fault.at(word.span, "leave this out"));
    }
    if check.within == Within::Route {
        let fault = Diagnostic::error(format!("`{step}` of whom? a route has not wanted anybody yet"));
        check.faults.push(fault.at(word.span, "belongs into a list of a [reach.…]"));
    }
}
