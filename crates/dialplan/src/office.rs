//! The office as a whole: its domain, time zone, language and country.

use call::Name;
use jiff::tz::TimeZone;

/// What holds for everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Office {
    /// The SIP domain; also the realm of digest authentication.
    pub domain: Name,
    /// The time zone in which hours and dates are meant.
    pub timezone: TimeZone,
    /// The language of announcements: `fi`, `sv` or `en`.
    pub language: Name,
    /// The country code without `+`, so that national and international forms of a number are the same.
    pub country: Option<Name>,
}
