//! Absences with dates.

use crate::diagnostic::Span;
use crate::read::{Faults, Node, Value, Word, section, shown_string};
use call::Name;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use toml::de::DeValue;

section! {
    /// A time during which somebody is away: their phones do not ring.
    pub(crate) struct AbsenceKeys = "an absence" {
        /// The first day, "2026-12-20", or a moment, "2026-12-20 12:00".
        pub(crate) from: Moment;
        /// The last day, or the moment at which they are back. Left out: nobody knows yet.
        pub(crate) to: Option<Moment> = None;
        /// Why, in your own words: "holiday".
        pub(crate) reason: Option<Name> = None;
        /// Whom to ask instead, if not the usual substitute.
        pub(crate) substitute: Option<Word> = None;
    }
}

section! {
    /// An absence that is written apart from the person: `[[absence]]`, for a file that a program writes.
    pub(crate) struct AbsenceOf = "[[absence]]" {
        /// Who is away.
        pub(crate) person: Word;
        /// The first day or moment.
        pub(crate) from: Moment;
        /// The last day, or the moment at which they are back.
        pub(crate) to: Option<Moment> = None;
        /// Why.
        pub(crate) reason: Option<Name> = None;
        /// Whom to ask instead.
        pub(crate) substitute: Option<Word> = None;
    }
}

impl AbsenceOf {
    pub(crate) fn absence(&self) -> AbsenceKeys {
        AbsenceKeys { from: self.from, to: self.to, reason: self.reason.clone(), substitute: self.substitute.clone() }
    }
}

/// A day, or a moment of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    date: Date,
    time: Option<Time>,
    pub(crate) span: Span,
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        (self.date, self.time) == (other.date, other.time)
    }
}

impl Moment {
    /// Its first instant.
    pub(crate) fn start(self, zone: &TimeZone) -> Option<Timestamp> {
        let civil = self.date.to_datetime(self.time.unwrap_or(Time::midnight()));
        civil.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
    }

    /// The first instant after it: a whole day lasts until the next.
    pub(crate) fn end(self, zone: &TimeZone) -> Option<Timestamp> {
        match self.time {
            Some(_) => self.start(zone),
            None => Moment { date: self.date.checked_add(1.day()).ok()?, ..self }.start(zone),
        }
    }
}

impl Value for Moment {
    fn what() -> String {
        "a day such as \"2026-12-20\", or a moment such as \"2026-12-20 12:00\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = match node.value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => {
                faults.expected(node.span(), &Self::what(), node.kind());
                return None;
            }
        };
        let (date, time) = text.trim().split_once([' ', 'T']).map_or((text.trim(), None), |(d, t)| (d, Some(t)));
        let read = match (date.parse(), time.map(str::parse)) {
            (Ok(date), None) => Some(Self { date, time: None, span: node.span() }),
            (Ok(date), Some(Ok(time))) => Some(Self { date, time: Some(time), span: node.span() }),
            _ => None,
        };
        if read.is_none() {
            faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
        }
        read
    }

    fn show(&self) -> Option<String> {
        Some(match self.time {
            None => shown_string(&self.date.to_string()),
            Some(time) => shown_string(&format!("{} {time}", self.date)),
        })
    }
}
