//! Numbers, digits, dates and times as rows of prompts.
//!
//! The three languages put their prompts in the same order; what differs ("on Monday", "maanantaina") is in the
//! recordings. All of it is built from the prompts of the last two sections of `prompts.toml`.

use crate::prompts::prompt;
use call::{Name, Sound};
use jiff::Zoned;

/// A number that is read digit by digit has at most so many of them spoken.
pub const DIGITS_MAX: usize = 20;

/// A cardinal number: 305 is "kolme sataa viisi". From a million on digit by digit.
pub fn say_number(number: u64, language: &Name) -> Vec<Sound> {
    if number >= 1_000_000 {
        return say_digits(&number.to_string(), language);
    }
    let mut names = Vec::new();
    name_number(number, &mut names);
    names.iter().map(|name| prompt(name, language)).collect()
}

fn name_number(number: u64, names: &mut Vec<String>) {
    let multiple = |names: &mut Vec<String>, count, one: &str, many: &str| match count {
        0 => {}
        1 => names.push(one.into()),
        _ => {
            name_number(count, names);
            names.push(many.into());
        }
    };
    match number {
        0..60 => names.push(format!("number-{number}")),
        60..100 => {
            let (tens, ones) = (number / 10 * 10, number % 10);
            names.push(format!("number-{tens}"));
            if ones > 0 {
                names.push(format!("number-{ones}"));
            }
        }
        _ => {
            multiple(names, number / 1000, "number-1000", "thousands");
            multiple(names, number / 100 % 10, "number-100", "hundreds");
            let rest = number % 100;
            if rest > 0 {
                name_number(rest, names);
            }
        }
    }
}

/// A telephone number, digit by digit; what is neither a digit nor a plus is not spoken.
pub fn say_digits(digits: &str, language: &Name) -> Vec<Sound> {
    let spoken = digits.chars().filter_map(|digit| match digit {
        '0'..='9' => Some(prompt(&format!("number-{digit}"), language)),
        '+' => Some(prompt("plus", language)),
        _ => None,
    });
    spoken.take(DIGITS_MAX).collect()
}

/// A day as one says it now: today, yesterday, tomorrow, else weekday, day and month.
pub fn say_date(day: &Zoned, now: &Zoned, language: &Name) -> Vec<Sound> {
    let (date, today) = (day.date(), now.date());
    let near = if date == today {
        Some("today")
    } else if today.yesterday().is_ok_and(|yesterday| yesterday == date) {
        Some("yesterday")
    } else if today.tomorrow().is_ok_and(|tomorrow| tomorrow == date) {
        Some("tomorrow")
    } else {
        None
    };
    if let Some(near) = near {
        return vec![prompt(near, language)];
    }
    let weekday = format!("weekday-{}", date.weekday().to_monday_one_offset());
    let (day, month) = (format!("day-{}", date.day()), format!("month-{}", date.month()));
    [weekday, day, month].iter().map(|name| prompt(name, language)).collect()
}

/// A time of day by the 24-hour clock: "kello kolmetoista nolla viisi".
pub fn say_time(time: &Zoned, language: &Name) -> Vec<Sound> {
    let mut names = vec!["at-time".to_owned(), format!("number-{}", time.hour())];
    match time.minute() {
        0 => names.push("oclock".into()),
        minute @ 1..10 => names.extend(["number-0".into(), format!("number-{minute}")]),
        minute => names.push(format!("number-{minute}")),
    }
    names.iter().map(|name| prompt(name, language)).collect()
}

/// When somebody is back: the day, and the time unless it is the day's first moment.
pub fn say_return(back: &Zoned, now: &Zoned, language: &Name) -> Vec<Sound> {
    let mut sounds = say_date(back, now, language);
    if back.hour() != 0 || back.minute() != 0 {
        sounds.extend(say_time(back, language));
    }
    sounds
}
