//! Which journeys are wanted, and what is said of each in a list.

use call::{EndedBy, JourneyId, Name, Outcome};
use jiff::Timestamp;
use std::time::Duration;

/// Which journeys are wanted.
#[derive(Clone, Debug, Default)]
pub struct JourneyQuery {
    /// Those that began at this moment or later.
    pub since: Option<Timestamp>,
    /// Those whose caller or dialled number ends with these digits, or whose caller's name has these letters.
    pub number: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: JourneyId,
    /// When it began.
    pub began: Timestamp,
    /// The caller's number, possibly empty.
    pub number: Name,
    /// The caller's name, possibly empty.
    pub name: Name,
    /// What was dialled.
    pub dialled: Name,
    /// How it ended; `None` while it goes on, or if the exchange died under it.
    pub end: Option<End>,
}

/// How a journey ended: what [`call::What::Ended`] said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// How its plan ended, if it did.
    pub outcome: Option<Outcome>,
    /// Who ended it.
    pub by: EndedBy,
    /// The final status that the caller got.
    pub code: u16,
    /// From the INVITE to the end.
    pub lasted: Duration,
    /// From the bridge to the end.
    pub talked: Option<Duration>,
}

impl JourneyQuery {
    /// Whether a journey is one of those.
    pub fn matches(&self, summary: &Summary) -> bool {
        self.since.is_none_or(|since| summary.began >= since)
            && self.number.as_deref().is_none_or(|wanted| {
                let digits = digits(wanted);
                if digits.is_empty() {
                    let wanted = wanted.to_lowercase();
                    summary.name.to_lowercase().contains(&wanted) || summary.dialled.to_lowercase().contains(&wanted)
                } else {
                    [&summary.number, &summary.dialled].iter().any(|number| self::digits(number).ends_with(&digits))
                }
            })
    }
}

/// `+358 40 123` and `040 123` both end with the digits `40123`.
fn digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(number: &str, name: &str, dialled: &str) -> Summary {
        let (id, began) = (JourneyId(1), Timestamp::UNIX_EPOCH);
        Summary { id, began, number: number.into(), name: name.into(), dialled: dialled.into(), end: None }
    }

    fn asks(number: &str) -> JourneyQuery {
        JourneyQuery { number: Some(number.into()), ..JourneyQuery::default() }
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        let call = called("+358401234567", "Aino", "1001");
        for number in ["+358 40 123 4567", "040 1234567", "1001", "1234567"] {
            assert!(asks(number).matches(&call), "{number}");
        }
        assert!(!asks("1002").matches(&call));
    }

    #[test]
    fn a_name_is_found_by_some_of_its_letters() {
        assert!(asks("ain").matches(&called("1001", "Aino", "1002")));
        assert!(!asks("bertta").matches(&called("1001", "Aino", "1002")));
    }
}
