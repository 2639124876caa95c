//! `hangup`: the call ends.

use super::{Act, Begun, Described};
use crate::check::Check;
use crate::read::{Faults, Node, Value, section};
use crate::sequence::Scope;
use call::{Context, Outcome, Script};
use toml::de::DeValue;

section! {
    /// Ends the call, after an announcement for example. Callers who have heard nothing yet are told 480.
    pub(crate) struct Hangup = "the step `hangup`" {
        /// `true`.
        pub(crate) hangup: Now;
    }
}

/// `true`, or the bare word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Now;

impl Value for Now {
    fn what() -> String {
        "true".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let is_now = match node.value.get_ref() {
            DeValue::Boolean(now) => *now,
            DeValue::String(text) => text == "now",
            _ => false,
        };
        if !is_now {
            faults.expected(node.span(), "true", "something else");
        }
        is_now.then_some(Self)
    }

    fn show(&self) -> Option<String> {
        Some("true".into())
    }
}

impl Described for Hangup {
    const WORD: &'static str = "hangup";
    const BARE: Option<&'static str> = Some("now");
}

impl Act for Hangup {
    fn words(&self) -> String {
        "hang up".into()
    }

    fn begin(&self, _scope: &Scope, _cx: &Context<'_>, out: &mut Script) -> Begun {
        out.push(call::Action::Reject(480));
        Begun::Over(Outcome::Ended)
    }

    fn check(&self, _check: &mut Check<'_>) {}

    fn is_end(&self) -> bool {
        true
    }
}
