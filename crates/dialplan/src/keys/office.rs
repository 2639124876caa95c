//! The keys at the top of the file.

use crate::nearest::nearest;
use crate::read::{Faults, Node, Value, section, shown_string};
use call::Name;
use jiff::tz::TimeZone;

section! {
    /// The office as a whole.
    pub(crate) struct OfficeKeys = "the configuration" {
        /// The SIP domain of the office: what phones register at, and the realm of their passwords.
        pub(crate) domain: Name;
        /// The time zone of opening hours and dates, by its name in the IANA database.
        pub(crate) timezone: Zone = Zone { name: "UTC".into(), zone: TimeZone::UTC };
        /// The language of announcements: "fi", "sv" or "en".
        pub(crate) language: Language = Language("en".into());
        /// The country code without "+", such as "358". With it, +358 40 123 and 040 123 are the same number. For
        /// countries whose national numbers begin with 0.
        pub(crate) country: Option<Country> = None;
    }
}

/// A time zone by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone {
    pub(crate) name: Name,
    pub(crate) zone: TimeZone,
}

impl Value for Zone {
    fn what() -> String {
        "a time zone such as \"Europe/Helsinki\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let name = node.expect_text(&Self::what(), faults)?;
        let zones = jiff::tz::db();
        if let Ok(zone) = zones.get(name) {
            return Some(Self { name: name.into(), zone });
        }
        let names: Vec<String> = zones.available().map(|zone| zone.as_str().to_owned()).collect();
        let label = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "unknown".into(),
        };
        faults.push(crate::Diagnostic::error(format!("no time zone named `{name}`")).at(node.span(), label));
        None
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.name))
    }
}

/// A language in which there are prompts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Language(pub(crate) Name);

impl Value for Language {
    fn what() -> String {
        "a language: \"fi\", \"sv\" or \"en\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        if voicemail::prompts::LANGUAGES.contains(&text) {
            return Some(Self(text.into()));
        }
        let fault = crate::Diagnostic::error(format!("expected {}", Self::what()));
        faults.push(fault.at(node.span(), "there are no prompts in this language"));
        None
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.0))
    }
}

/// A country code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Country(pub(crate) Name);

crate::read::text_value!(
    Country,
    "a country code such as \"358\"",
    |text: &str| {
        let digits = text.trim_start_matches('+');
        let fits = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Country(digits.into())) } else { Err("one to four digits".to_owned()) }
    },
    |country: &Country| country.0.to_string()
);
