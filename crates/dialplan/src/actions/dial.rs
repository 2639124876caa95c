//! `dial`: a number through a trunk.

use super::{Act, Begun, Described};
use crate::check::{Check, Kind};
use crate::keys::TrunkName;
use crate::number::Number;
use crate::read::{Word, section};
use crate::sequence::Scope;
use ::ring::{Hunt, Rules};
use call::{Context, Name, Outcome, Reason, Script};
use std::time::Duration;

section! {
    /// Dials through a trunk.
    pub(crate) struct Dial = "the step `dial`" {
        /// The trunk: "trunk:operator".
        pub(crate) dial: TrunkName;
        /// The number to dial. Left out: the one that was dialled.
        pub(crate) number: Option<Number> = None;
        /// So many digits are taken from the front of the dialled number, the 0 for an outside line for example.
        pub(crate) strip: u16 = 0;
        /// Then this is put in front.
        pub(crate) prefix: Option<Number> = None;
        /// The caller's number as it is shown there. Left out: the trunk's `as`, else the caller's own.
        pub(crate) shown_as "as": Option<Number> = None;
        /// How long it may ring.
        pub(crate) ring_for "for": Duration = Duration::from_secs(120);
    }
}

impl Described for Dial {
    const WORD: &'static str = "dial";
}

impl Dial {
    /// The number that goes to the trunk when this was dialled. Digits are taken off, and put in front of, the `form`
    /// that the route's pattern has.
    pub(crate) fn number_for(&self, dialled: &str, form: Option<&str>) -> Option<Name> {
        if let Some(number) = &self.number {
            return Some(number.digits.clone());
        }
        if self.strip == 0 && self.prefix.is_none() {
            return crate::number::normalise(dialled);
        }
        let dialled = crate::number::normalise(form.unwrap_or(dialled))?;
        let rest = dialled.get(usize::from(self.strip)..).filter(|rest| !rest.is_empty())?;
        let prefix = self.prefix.as_ref().map_or("", |prefix| &prefix.digits);
        Some(format!("{prefix}{rest}").into())
    }

    /// Where a call for `number` goes.
    pub(crate) fn target(&self, plan: &crate::plan::Inner, number: Name, person: Option<Name>) -> ::ring::Number {
        let trunk = plan.trunk(&self.dial.0);
        let shown_as = self.shown_as.as_ref().map(|number| number.digits.clone());
        let shown_as = shown_as.or_else(|| trunk.and_then(|trunk| trunk.shown_as.clone()));
        ::ring::Number { trunk: self.dial.0.name.clone(), number, shown_as, person }
    }
}

impl Act for Dial {
    fn words(&self) -> String {
        match &self.number {
            Some(number) => format!("dial {} through {}", number.text, self.dial.0),
            None => format!("dial through {}", self.dial.0),
        }
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun {
        let Some(number) = self.number_for(scope.dialled(cx), scope.form.as_deref()) else {
            out.because(Reason::Words("nothing is left of the number".into()));
            return Begun::Over(Outcome::Failed);
        };
        let rules = Rules { give_up: self.ring_for, ..Rules::default() };
        Begun::with(Hunt::number(self.target(&scope.plan, number, None), rules))
    }

    fn check(&self, check: &mut Check<'_>) {
        let word: &Word = &self.dial.0;
        check.refers(Kind::Trunk, word);
    }

    fn rings(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn dial(strip: u16, prefix: Option<&str>) -> Dial {
        let number = |text: &str| Number { text: text.into(), digits: text.into(), span: Span::default() };
        Dial {
            dial: TrunkName(Word::new("operator", Span::default())),
            number: None,
            strip,
            prefix: prefix.map(number),
            shown_as: None,
            ring_for: Duration::from_secs(1),
        }
    }

    #[test]
    fn digits_are_taken_off_and_put_in_front() {
        let number = |dial: Dial, dialled, form| dial.number_for(dialled, form).map(|number| number.to_string());
        assert_eq!(number(dial(0, None), "0 40-123", None).as_deref(), Some("040123"));
        assert_eq!(number(dial(1, None), "0040123", None).as_deref(), Some("040123"));
        assert_eq!(number(dial(1, Some("+358")), "040123", None).as_deref(), Some("+35840123"));
        assert_eq!(number(dial(3, None), "012", None), None, "nothing is left");
    }

    #[test]
    fn what_is_taken_off_belongs_to_the_form_that_fitted_the_route() {
        let number = |dial: Dial| dial.number_for("+35840123", Some("0035840123")).map(|number| number.to_string());
        assert_eq!(number(dial(2, None)).as_deref(), Some("35840123"));
        assert_eq!(number(dial(0, None)).as_deref(), Some("+35840123"), "untouched numbers go out as they were dialled");
    }
}
