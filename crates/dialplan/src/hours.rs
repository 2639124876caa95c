//! Opening hours: days of the week, special days and holidays.

use crate::read::{Word, section, text_value};
use call::Name;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};

section! {
    /// Opening hours, named by what is open: `[hours.office]`. Conditions name them: `when = "open:office"`.
    pub(crate) struct HoursKeys = "[hours.…]" {
        /// When it is open: "Mon-Fri 08:00-16:00", "Sat,Sun 10:00-14:00", "08:00-20:00" every day, "Fri 22:00-02:00"
        /// into the night. A date changes one day: "2026-12-23 08:00-12:00" replaces what the week says of it.
        pub(crate) open: Vec<Opening>;
        /// Days on which it is closed whatever else is said: "2026-12-24", "2026-12-24..2026-12-26", or "12-06" for
        /// every year.
        pub(crate) closed: Vec<Days> = Vec::new();
    }
}

/// `[hours.X]` as calls ask it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hours {
    pub(crate) name: Name,
    pub(crate) keys: HoursKeys,
}

impl Hours {
    pub(crate) fn new(name: &Word, keys: HoursKeys) -> Self {
        Self { name: name.name.clone(), keys }
    }

    /// Whether it is open at this moment of the office's clock.
    pub(crate) fn is_open(&self, at: DateTime) -> bool {
        let today = self.spans(at.date()).any(|times| times.holds(at.time()));
        let yesterday = at.date().checked_sub(1.day()).ok();
        today || yesterday.is_some_and(|day| self.spans(day).any(|times| times.holds_after_midnight(at.time())))
    }

    /// What is open on a day: nothing on closed days, the special opening where there is one, else the week's.
    fn spans(&self, day: Date) -> impl Iterator<Item = Times> {
        let closed = self.keys.closed.iter().any(|days| days.hold(day));
        let special = self.keys.open.iter().any(|opening| matches!(opening.day, Day::Date(date) if date == day));
        let holds = move |opening: &&Opening| match opening.day {
            Day::Date(date) => date == day,
            Day::Week(days) => !special && days & (1 << day.weekday().to_monday_zero_offset()) != 0,
        };
        self.keys.open.iter().filter(move |_| !closed).filter(holds).map(|opening| opening.times)
    }
}

/// One entry of `open`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Opening {
    day: Day,
    times: Times,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Day {
    /// Bit 0 is Monday.
    Week(u8),
    Date(Date),
}

/// From `from` until just before `to`; across midnight if `to` is not after `from`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Times {
    from: Time,
    /// `None` is 24:00.
    to: Option<Time>,
}

impl Times {
    fn is_overnight(self) -> bool {
        self.to.is_some_and(|to| to <= self.from)
    }

    fn holds(self, time: Time) -> bool {
        self.from <= time && (self.is_overnight() || self.to.is_none_or(|to| time < to))
    }

    fn holds_after_midnight(self, time: Time) -> bool {
        self.is_overnight() && self.to.is_some_and(|to| time < to)
    }
}

/// One entry of `closed`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Days {
    /// From the first to the last, both included.
    Range(Date, Date),
    /// Month and day of every year.
    Yearly(i8, i8),
}

impl Days {
    fn hold(self, day: Date) -> bool {
        match self {
            Days::Range(first, last) => first <= day && day <= last,
            Days::Yearly(month, of_month) => day.month() == month && day.day() == of_month,
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if let Some((first, last)) = text.split_once("..") {
            let (first, last) = (date(first)?, date(last)?);
            return match first <= last {
                true => Ok(Days::Range(first, last)),
                false => Err("it ends before it begins".into()),
            };
        }
        if let Some((month, day)) = text.trim().split_once('-')
            && text.trim().len() == 5
            && let (Ok(month), Ok(day)) = (month.parse(), day.parse())
        {
            // 2024 is a leap year: the 29th of February may be named.
            let real = Date::new(2024, month, day).is_ok();
            return if real { Ok(Days::Yearly(month, day)) } else { Err("there is no such day".into()) };
        }
        date(text).map(|day| Days::Range(day, day))
    }

    fn to_text(self) -> String {
        match self {
            Days::Range(first, last) if first == last => first.to_string(),
            Days::Range(first, last) => format!("{first}..{last}"),
            Days::Yearly(month, day) => format!("{month:02}-{day:02}"),
        }
    }
}

fn date(text: &str) -> Result<Date, String> {
    text.trim().parse().map_err(|_| format!("`{}` is no date such as 2026-12-24", text.trim()))
}

const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn weekday(text: &str) -> Result<usize, String> {
    let known = WEEK.iter().position(|day| day.eq_ignore_ascii_case(text.trim()));
    known.ok_or_else(|| format!("`{}` is not one of {}", text.trim(), WEEK.join(", ")))
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon`
fn days_of_week(text: &str) -> Result<u8, String> {
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (weekday(first)?, weekday(last)?);
        let count = (last + 7 - first) % 7;
        days |= (0..=count).fold(0, |days, step| days | 1 << ((first + step) % 7));
    }
    Ok(days)
}

fn clock(text: &str) -> Result<Option<Time>, String> {
    let wrong = || format!("`{}` is no time such as 08:00", text.trim());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    if hour.len() > 2 || minute.len() != 2 {
        return Err(wrong());
    }
    match (hour.parse(), minute.parse()) {
        (Ok(24), Ok(0)) => Ok(None),
        (Ok(hour), Ok(minute)) => Time::new(hour, minute, 0, 0).map(Some).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

impl Opening {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (day, times) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        let (from, to) = times.split_once('-').ok_or_else(|| format!("`{times}` is not from-to, as 08:00-16:00"))?;
        let from = clock(from)?.ok_or("nothing opens at 24:00")?;
        let times = Times { from, to: clock(to)? };
        let day = match day.trim() {
            "" => Day::Week(0x7f),
            day if day.starts_with(|c: char| c.is_ascii_digit()) => Day::Date(date(day)?),
            day => Day::Week(days_of_week(day)?),
        };
        Ok(Self { day, times })
    }

    fn to_text(self) -> String {
        let clock = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let to = self.times.to.map_or("24:00".into(), clock);
        let times = format!("{}-{to}", clock(self.times.from));
        match self.day {
            Day::Date(date) => format!("{date} {times}"),
            Day::Week(0x7f) => times,
            Day::Week(days) => format!("{} {times}", week_text(days)),
        }
    }
}

/// The shortest way to write some days: runs of three and more with `-`.
fn week_text(days: u8) -> String {
    let has = |day: usize| day < 7 && days & (1 << day) != 0;
    let mut parts = Vec::new();
    let mut day = 0;
    while day < 7 {
        let end = (day..7).take_while(|day| has(*day)).last();
        match end {
            Some(end) if end >= day + 2 => {
                parts.push(format!("{}-{}", WEEK[day], WEEK[end]));
                day = end;
            }
            Some(_) => parts.push(WEEK[day].to_owned()),
            None => {}
        }
        day += 1;
    }
    parts.join(",")
}

text_value!(Opening, "opening hours such as \"Mon-Fri 08:00-16:00\"", Opening::parse, |opening: &Opening| opening
    .to_text());
text_value!(Days, "a day such as \"2026-12-24\" or \"2026-12-24..2026-12-26\"", Days::parse, |days: &Days| days
    .to_text());

/// Kept so that a weekday's bit and jiff's count of days agree.
const _: () = assert!(Weekday::Monday as i8 == 1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn hours(open: &[&str], closed: &[&str]) -> Hours {
        let open = open.iter().map(|text| Opening::parse(text).unwrap()).collect();
        let closed = closed.iter().map(|text| Days::parse(text).unwrap()).collect();
        Hours::new(&Word::new("office", Span::default()), HoursKeys { open, closed })
    }

    fn open(hours: &Hours, at: &str) -> bool {
        hours.is_open(at.parse().unwrap())
    }

    #[test]
    fn an_office_is_open_on_working_days_and_closed_at_christmas() {
        let office = hours(&["Mon-Fri 08:00-16:00"], &["2026-12-24..2026-12-26", "2027-01-06"]);
        assert!(open(&office, "2026-11-24T08:00"), "a Tuesday");
        assert!(!open(&office, "2026-11-24T07:59:59") && !open(&office, "2026-11-24T16:00"));
        assert!(!open(&office, "2026-11-22T10:00"), "a Sunday");
        assert!(!open(&office, "2026-12-24T10:00") && !open(&office, "2027-01-06T10:00"));
        assert!(open(&office, "2026-12-28T10:00"));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let bar = hours(&["Fri,Sat 22:00-02:00"], &["2026-11-28"]);
        assert!(open(&bar, "2026-11-27T23:00") && open(&bar, "2026-11-28T01:59"), "Friday night");
        assert!(!open(&bar, "2026-11-28T02:00"));
        assert!(!open(&bar, "2026-11-28T23:00") && !open(&bar, "2026-11-29T01:00"), "closed on Saturday the 28th");
        assert!(!open(&bar, "2026-11-27T01:00"), "Thursday night");
    }

    #[test]
    fn a_date_replaces_what_the_week_says() {
        let office = hours(&["Mon-Fri 08:00-16:00", "2026-12-23 08:00-12:00"], &["12-06"]);
        assert!(open(&office, "2026-12-23T11:00") && !open(&office, "2026-12-23T13:00"));
        assert!(!open(&office, "2028-12-06T10:00"), "Independence Day, every year");
    }

    #[test]
    fn what_is_shown_reads_back() {
        for text in ["Mon-Fri 08:00-16:00", "Sat,Sun 10:00-14:00", "08:00-24:00", "2026-12-23 08:00-12:00"] {
            assert_eq!(Opening::parse(text).unwrap().to_text(), text);
        }
        assert_eq!(Opening::parse("Sat-Mon 8:00-9:00").unwrap().to_text(), "Mon,Sat,Sun 08:00-09:00");
        for text in ["2026-12-24", "2026-12-24..2026-12-26", "12-06"] {
            assert_eq!(Days::parse(text).unwrap().to_text(), text);
        }
        for wrong in ["Mon-Fri", "Mon 25:00-26:00", "Man 08:00-16:00", "08:00", "", "Mon 08:00-16:00-18:00"] {
            assert!(Opening::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["2026-13-01", "2026-12-26..2026-12-24", "02-30", "Christmas", ""] {
            assert!(Days::parse(wrong).is_err(), "{wrong}");
        }
    }
}
