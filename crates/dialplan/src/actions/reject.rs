//! `reject`: the caller is refused.

use super::{Act, Begun, Described};
use crate::check::Check;
use crate::read::{Faults, Node, Value, section, shown_string};
use crate::sequence::Scope;
use call::{Context, Outcome, Script};
use toml::de::DeValue;

section! {
    /// Refuses the caller. Callers who have heard us already are hung up on.
    pub(crate) struct Reject = "the step `reject`" {
        /// "busy", "unavailable", "declined", "forbidden" or "not-found", or a SIP status code from 400 to 699.
        pub(crate) reject: Refusal;
    }
}

impl Described for Reject {
    const WORD: &'static str = "reject";
}

/// How a call is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refusal(u16);

const REFUSALS: [(&str, u16); 5] =
    [("busy", 486), ("unavailable", 480), ("declined", 603), ("forbidden", 403), ("not-found", 404)];

impl Refusal {
    fn word(self) -> Option<&'static str> {
        REFUSALS.iter().find(|(_, code)| *code == self.0).map(|(word, _)| *word)
    }
}

impl Value for Refusal {
    fn what() -> String {
        "\"busy\", \"unavailable\", \"declined\", \"forbidden\", \"not-found\", or a code from 400 to 699".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let (code, found) = match node.value.get_ref() {
            DeValue::String(text) => {
                let word = REFUSALS.iter().find(|(word, _)| word == text).map(|(_, code)| *code);
                (word.or_else(|| text.parse().ok()), format!("`{text}`"))
            }
            DeValue::Integer(digits) => (digits.as_str().parse().ok(), digits.to_string()),
            _ => (None, node.kind().into()),
        };
        let code = code.filter(|code| (400..700).contains(code));
        if code.is_none() {
            faults.expected(node.span(), &Self::what(), &found);
        }
        code.map(Self)
    }

    fn show(&self) -> Option<String> {
        Some(self.word().map_or_else(|| self.0.to_string(), shown_string))
    }
}

impl Act for Reject {
    fn words(&self) -> String {
        match self.reject.word() {
            Some(word) => format!("refuse: {word}"),
            None => format!("refuse with {}", self.reject.0),
        }
    }

    fn begin(&self, _scope: &Scope, _cx: &Context<'_>, out: &mut Script) -> Begun {
        out.push(call::Action::Reject(self.reject.0));
        Begun::Over(Outcome::Ended)
    }

    fn check(&self, _check: &mut Check<'_>) {}

    fn is_end(&self) -> bool {
        true
    }
}

