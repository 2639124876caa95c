//! Moments as people write them on a command line.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

/// Reads "10:00" (today), "2026-07-14", "2026-07-14 10:00", "tue 10:00" (the next one, today included), "now" or a
/// moment with its offset.
pub fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let today = now.to_zoned(zone.clone());
    let civil = |at: DateTime| at.to_zoned(zone.clone()).map(|at| at.timestamp()).map_err(|e| e.to_string());
    let text = text.trim();
    if text == "now" {
        Ok(now)
    } else if let Ok(at) = text.parse::<Timestamp>() {
        Ok(at)
    } else if let Some(time) = time(text) {
        civil(today.date().to_datetime(time))
    } else if let Some((day, time)) = weekday_and_time(text) {
        civil(next(&today, day)?.to_datetime(time))
    } else if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        civil(date.to_datetime(Time::midnight()))
    } else if let Some((date, time)) = date_and_time(text) {
        civil(date.to_datetime(time))
    } else {
        Err(format!("`{text}` is no moment: write \"2026-07-14 10:00\", \"10:00\" or \"tue 10:00\""))
    }
}

/// As [`read`], or a time ago: "90m", "2h", "3d".
pub fn read_past(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let ago = |unit: fn(i64) -> Span| text.trim()[..text.trim().len() - 1].parse::<u16>().ok().map(|n| unit(n.into()));
    let span = match text.trim().chars().last() {
        Some('m') => ago(|n| n.minutes()),
        Some('h') => ago(|n| n.hours()),
        Some('d') => ago(|n| n.days()),
        _ => None,
    };
    match span {
        Some(span) => {
            let then = now.to_zoned(zone.clone()).checked_sub(span).map_err(|error| error.to_string())?;
            Ok(then.timestamp())
        }
        None => read(text, now, zone),
    }
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn date_and_time(text: &str) -> Option<(Date, Time)> {
    let (date, at) = text.split_once([' ', 'T'])?;
    Some((date.parse().ok()?, time(at.trim())?))
}

fn weekday_and_time(text: &str) -> Option<(Weekday, Time)> {
    let (day, at) = text.split_once(' ')?;
    let days = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let day = day.to_lowercase();
    let named = |weekday: &Weekday| day.len() >= 3 && format!("{weekday:?}").to_lowercase().starts_with(&day);
    Some((days.into_iter().find(named)?, time(at.trim())?))
}

fn next(today: &Zoned, day: Weekday) -> Result<Date, String> {
    let ahead = today.weekday().until(day);
    today.date().checked_add(i64::from(ahead).days()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tuesday noon in Helsinki.
    const NOW: &str = "2026-07-14T12:00:00+03:00";

    fn reads(text: &str) -> String {
        let zone = TimeZone::get("Europe/Helsinki").unwrap();
        read_past(text, NOW.parse().unwrap(), &zone).unwrap().to_zoned(zone).datetime().to_string()
    }

    #[test]
    fn moments_are_read_in_the_offices_time_zone() {
        assert_eq!(reads("10:00"), "2026-07-14T10:00:00");
        assert_eq!(reads("2026-12-24"), "2026-12-24T00:00:00");
        assert_eq!(reads("2026-12-24 9:30"), "2026-12-24T09:30:00");
        assert_eq!(reads("2026-12-24 09:30"), "2026-12-24T09:30:00");
        assert_eq!(reads("2026-07-14T07:00:00Z"), "2026-07-14T10:00:00");
        assert_eq!(reads("now"), "2026-07-14T12:00:00");
    }

    #[test]
    fn a_weekday_is_the_next_one() {
        assert_eq!(reads("tue 08:00"), "2026-07-14T08:00:00");
        assert_eq!(reads("Monday 16:00"), "2026-07-20T16:00:00");
    }

    #[test]
    fn a_time_ago_is_a_length() {
        assert_eq!(reads("90m"), "2026-07-14T10:30:00");
        assert_eq!(reads("3d"), "2026-07-11T12:00:00");
    }

    #[test]
    fn anything_else_is_no_moment() {
        let zone = TimeZone::UTC;
        for text in ["", "soon", "25:00", "xyz 10:00", "h", "2026-13-01"] {
            assert!(read_past(text, NOW.parse().unwrap(), &zone).is_err(), "{text}");
        }
    }
}
