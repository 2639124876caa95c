//! Ring groups.

use super::trunk::TrunkName;
use crate::number::Number;
use crate::read::{Faults, Node, Table, Value, Word, kind_and_name, section, shown_string, text_value};
use crate::step::Steps;
use call::Name;
use ring::Strategy;
use std::time::Duration;
use toml::de::DeValue;

section! {
    /// A ring group: `[ring.reception]`. People who are busy, away, offline or on do-not-disturb are not rung, and
    /// nobody is rung twice by one call.
    pub(crate) struct RingKeys = "[ring.…]" {
        /// The group's name for people. Left out: the name after the dot.
        pub(crate) name: Option<Name> = None;
        /// Who rings: people by name, "mobile:pekka", "device:lobby", "ring:sales" for another group, a number
        /// outside, or a table where one of them waits or rings for less time than the others.
        pub(crate) members: Vec<Member>;
        /// In which order: "all" at once, "in-order", "longest-idle", "round-robin" or "random".
        pub(crate) strategy: Strategy = Strategy::All;
        /// Where members take turns: how long each of them rings.
        pub(crate) ring_each: Duration = ring::RING_EACH_DEFAULT;
        /// Where members take turns: how many ring at a time.
        pub(crate) at_once: u16 = 1;
        /// How long the group rings in all; ten minutes at most.
        pub(crate) give_up: Duration = ring::GIVE_UP_DEFAULT;
        /// Ring people although this call has rung them before.
        pub(crate) again: bool = false;
        /// What happens after that, where the step that rings the group is the last of its list.
        pub(crate) then: Option<Steps> = None;
    }
}

section! {
    /// A member of a group with times of its own.
    pub(crate) struct MemberKeys = "a member" {
        /// Who rings.
        pub(crate) who: Who;
        /// How long after the others; where members take turns, after its turn has come.
        pub(crate) after: Duration = Duration::ZERO;
        /// For how long.
        pub(crate) during "for": Option<Duration> = None;
        /// The trunk, where `who` is a number.
        pub(crate) via: Option<TrunkName> = None;
    }
}

/// A member, alone or with times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member(pub(crate) MemberKeys);

impl Value for Member {
    fn what() -> String {
        format!("{}, or {}", Who::what(), MemberKeys::what())
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        if let DeValue::Table(_) = node.value.get_ref() {
            let table = Table::of(node, "", faults)?;
            return <MemberKeys as crate::read::Section>::read_all(table, faults).map(Self);
        }
        let who = Who::read(node, faults)?;
        Some(Self(MemberKeys { who, after: Duration::ZERO, during: None, via: None }))
    }

    fn show(&self) -> Option<String> {
        match &self.0 {
            MemberKeys { who, after: Duration::ZERO, during: None, via: None } => who.show(),
            keys => Value::show(keys),
        }
    }
}

/// Who rings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Who {
    Person(Word),
    Mobile(Word),
    Device(Word),
    Group(Word),
    Number(Number),
}

impl Value for Who {
    fn what() -> String {
        "a person, \"mobile:…\", \"device:…\", \"ring:…\" or a number".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        let (kind, name) = kind_and_name(node, text);
        let Some((name, span)) = name else {
            let is_number = text.starts_with(|c: char| c == '+' || c.is_ascii_digit());
            return match crate::number::normalise(text).filter(|_| is_number) {
                Some(_) => Number::read(node, faults).map(Who::Number),
                None => Word::checked(text, node.span(), faults).map(Who::Person),
            };
        };
        let of: fn(Word) -> Who = match kind {
            "person" => Who::Person,
            "mobile" => Who::Mobile,
            "device" => Who::Device,
            "ring" => Who::Group,
            _ => {
                faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
                return None;
            }
        };
        Word::checked(name, span, faults).map(of)
    }

    fn show(&self) -> Option<String> {
        match self {
            Who::Person(name) => name.show(),
            Who::Mobile(name) => Some(shown_string(&format!("mobile:{name}"))),
            Who::Device(name) => Some(shown_string(&format!("device:{name}"))),
            Who::Group(name) => Some(shown_string(&format!("ring:{name}"))),
            Who::Number(number) => number.show(),
        }
    }
}

const STRATEGIES: [(&str, Strategy); 5] = [
    ("all", Strategy::All),
    ("in-order", Strategy::InOrder),
    ("longest-idle", Strategy::LongestIdle),
    ("round-robin", Strategy::RoundRobin),
    ("random", Strategy::Random),
];

text_value!(
    Strategy,
    "\"all\", \"in-order\", \"longest-idle\", \"round-robin\" or \"random\"",
    |text: &str| match STRATEGIES.iter().find(|(name, _)| *name == text) {
        Some((_, strategy)) => Ok(*strategy),
        None => Err(match crate::nearest::nearest(text, STRATEGIES.map(|(name, _)| name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "unknown".to_owned(),
        }),
    },
    |strategy: &Strategy| {
        let name = STRATEGIES.iter().find(|(_, known)| known == strategy).map(|(name, _)| *name);
        name.unwrap_or_default().to_owned()
    }
);

impl Member {
    /// The group that is a member.
    pub(crate) fn group(&self) -> Option<&Word> {
        match &self.0.who {
            Who::Group(name) => Some(name),
            _ => None,
        }
    }
}
