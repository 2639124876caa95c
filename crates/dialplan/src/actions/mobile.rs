//! `mobile`: the mobile of the person who was wanted.

use super::substitute::only_person;
use super::{Act, Begun, Described};
use crate::check::Check;
use crate::read::{Word, section};
use crate::sequence::Scope;
use ::ring::{Hunt, Rules};
use call::{Context, Outcome, Reason, Script};
use std::time::Duration;

section! {
    /// Rings the mobile of the person who was wanted.
    pub(crate) struct Mobile = "the step `mobile`" {
        /// "person": the one who was wanted.
        pub(crate) mobile: Word;
        /// How long it rings. Left out: as their `ring_for` says.
        pub(crate) ring_for "for": Option<Duration> = None;
    }
}

impl Described for Mobile {
    const WORD: &'static str = "mobile";
    const BARE: Option<&'static str> = Some("person");
}

impl Act for Mobile {
    fn words(&self) -> String {
        "their mobile".into()
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun {
        let Some(person) = scope.person(cx) else { return Begun::Over(Outcome::Passed) };
        let Some(mobile) = &person.mobile else {
            out.because(Reason::Words(format!("{} has no mobile", person.id).into()));
            return Begun::Over(Outcome::Passed);
        };
        let rules = Rules { give_up: self.ring_for.unwrap_or(person.reach.ring_for), ..Rules::default() };
        Begun::with(Hunt::number(mobile.clone(), rules))
    }

    fn check(&self, check: &mut Check<'_>) {
        only_person(&self.mobile, Self::WORD, check);
    }

    fn rings(&self) -> bool {
        true
    }
}
