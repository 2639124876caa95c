//! People.

use super::absence::AbsenceKeys;
use super::office::Language;
use super::trunk::TrunkName;
use crate::number::Number;
use crate::read::{Faults, Later, Node, Value, Word, section, shown_string};
use call::Name;
use std::time::Duration;
use toml::de::DeValue;

section! {
    /// Somebody who has devices and is called. `[person.anna]`: the name after the dot is what the plan calls them.
    pub(crate) struct PersonKeys = "[person.…]" {
        /// Their name as other people's phones show it. Left out: the name after the dot.
        pub(crate) name: Option<Name> = None;
        /// What they do.
        pub(crate) title: Option<Name> = None;
        /// Their number; more than one is a list, and the first is shown to those whom they call.
        pub(crate) number: Vec<Number> = Vec::new();
        /// Their phones. All of them ring.
        pub(crate) devices: Vec<Word> = Vec::new();
        /// Whom to ask while they are away.
        pub(crate) substitute: Option<Word> = None;
        /// Their mobile's number. It rings only where a `mobile` step says so.
        pub(crate) mobile: Option<Number> = None;
        /// The trunk to the mobile. Left out: the route that their own phone would take to that number.
        pub(crate) mobile_via: Option<TrunkName> = None;
        /// What happens when they cannot answer: the name of a `[reach.…]`.
        pub(crate) reach: Word = Word::new("default", crate::Span::default());
        /// Times during which they are away.
        pub(crate) absences: Vec<AbsenceKeys> = Vec::new();
        /// A calendar that says when they are away.
        pub(crate) calendar: Option<Later<CalendarKeys>> = None;
        /// The mailbox that takes their messages: true for one of their own, false for none, or the name of another.
        pub(crate) voicemail: OwnMailbox = OwnMailbox::Own;
        /// Calls that they take at once: with 1 they are busy while they talk.
        pub(crate) calls: u16 = 1;
        /// The language of their announcements. Left out: the office's.
        pub(crate) language: Option<Language> = None;
    }
}

section! {
    /// A calendar on the web.
    pub(crate) struct CalendarKeys = "`calendar`" {
        /// Where it is.
        pub(crate) url: Name;
        /// How often it is fetched.
        pub(crate) every: Duration = Duration::from_secs(300);
    }
}

/// Who takes somebody's messages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OwnMailbox {
    /// A mailbox with the person's name.
    Own,
    /// Nobody.
    Nobody,
    /// A mailbox with another name.
    Other(Word),
}

impl Value for OwnMailbox {
    fn what() -> String {
        "true, false or the name of a mailbox".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::Boolean(true) => Some(Self::Own),
            DeValue::Boolean(false) => Some(Self::Nobody),
            DeValue::String(_) => Word::read(node, faults).map(Self::Other),
            _ => {
                faults.expected(node.span(), &Self::what(), node.kind());
                None
            }
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Self::Own => "true".into(),
            Self::Nobody => "false".into(),
            Self::Other(name) => shown_string(name),
        })
    }
}
