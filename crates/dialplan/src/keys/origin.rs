//! From where a call comes, and conditions.

use crate::read::{Faults, Node, Value, Word, kind_and_name, shown_string};

/// From where a call comes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// Any of our own phones.
    Phones,
    /// Any trunk.
    Trunks,
    /// Everybody, also strangers on the Internet.
    Anyone,
    Trunk(Word),
    Person(Word),
    Device(Word),
}

impl Origin {
    const WHAT: &'static str = "\"phones\", \"trunks\", \"anyone\", \"trunk:…\", \"person:…\" or \"device:…\"";

    fn of(kind: &str, name: Option<Word>) -> Option<Self> {
        Some(match (kind, name) {
            ("phones", None) => Origin::Phones,
            ("trunks", None) => Origin::Trunks,
            ("anyone", None) => Origin::Anyone,
            ("trunk", Some(name)) => Origin::Trunk(name),
            ("person", Some(name)) => Origin::Person(name),
            ("device", Some(name)) => Origin::Device(name),
            _ => return None,
        })
    }

    /// Every call from `other` is from here, too.
    pub(crate) fn covers(&self, other: &Origin) -> bool {
        match (self, other) {
            (Origin::Anyone, _) => true,
            (Origin::Trunks, Origin::Trunk(_)) => true,
            (Origin::Phones, Origin::Person(_) | Origin::Device(_)) => true,
            _ => self == other,
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Origin::Phones => "phones".into(),
            Origin::Trunks => "trunks".into(),
            Origin::Anyone => "anyone".into(),
            Origin::Trunk(name) => format!("trunk:{name}"),
            Origin::Person(name) => format!("person:{name}"),
            Origin::Device(name) => format!("device:{name}"),
        }
    }
}

impl Value for Origin {
    fn what() -> String {
        format!("where calls come from: {}", Self::WHAT)
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        let (kind, name) = kind_and_name(node, text);
        let origin = Origin::of(kind, name.map(|(name, span)| Word::new(name, span)));
        if origin.is_none() {
            faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
        }
        origin
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.text()))
    }
}

/// What must hold for a step or a route.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// Opening hours hold.
    Open(Word),
    /// They do not.
    Closed(Word),
    /// The call comes from there.
    From(Origin),
}

impl Condition {
    const WHAT: &'static str = "a condition: \"open:…\", \"closed:…\" or \"from:…\"";

    pub(crate) fn text(&self) -> String {
        match self {
            Condition::Open(hours) => format!("open:{hours}"),
            Condition::Closed(hours) => format!("closed:{hours}"),
            Condition::From(origin) => format!("from:{}", origin.text()),
        }
    }
}

impl Value for Condition {
    fn what() -> String {
        Self::WHAT.into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(Self::WHAT, faults)?;
        let (kind, name) = kind_and_name(node, text);
        let condition = name.and_then(|(name, span)| match kind {
            "open" => Some(Condition::Open(Word::new(name, span))),
            "closed" => Some(Condition::Closed(Word::new(name, span))),
            "from" => {
                let (kind, of) = name.split_once(':').map_or((name, None), |(kind, of)| (kind, Some(of)));
                Origin::of(kind, of.map(|of| Word::new(of, span))).map(Condition::From)
            }
            _ => None,
        });
        if condition.is_none() {
            faults.expected(node.span(), Self::WHAT, &format!("`{text}`"));
        }
        condition
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.text()))
    }
}
