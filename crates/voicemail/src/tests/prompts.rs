//! The list of prompts and the file that says what they speak.

use crate::prompts::{ALL, LANGUAGES};
use crate::say::*;
use crate::tests::story::at;
use call::{Name, Sound};
use std::collections::BTreeSet;

fn names(sounds: &[Sound]) -> String {
    let name = |sound: &Sound| match sound {
        Sound::Prompt { name, .. } => {
            assert!(ALL.contains(&&**name), "{name} is a prompt");
            name.to_string()
        }
        other => format!("{other:?}"),
    };
    sounds.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn finnish() -> Name {
    "fi".into()
}

#[test]
fn every_prompt_is_written_in_every_language_and_none_besides() {
    let text = include_str!("../../prompts/prompts.toml");
    let table: toml::Table = text.parse().unwrap();
    let listed: BTreeSet<_> = ALL.iter().copied().collect();
    assert_eq!(listed, table.keys().map(String::as_str).collect());
    assert_eq!(listed.len(), ALL.len(), "no name is twice");
    for (name, texts) in &table {
        let texts = texts.as_table().unwrap();
        assert_eq!(texts.len(), LANGUAGES.len(), "{name}");
        for language in LANGUAGES {
            assert!(texts[*language].as_str().is_some_and(|text| !text.trim().is_empty()), "{name} in {language}");
        }
    }
}

#[test]
fn numbers_are_put_together_from_few_recordings() {
    let say = |number| names(&say_number(number, &finnish()));
    assert_eq!(say(0), "number-0");
    assert_eq!(say(59), "number-59");
    assert_eq!(say(60), "number-60");
    assert_eq!(say(99), "number-90 number-9");
    assert_eq!(say(100), "number-100");
    assert_eq!(say(305), "number-3 hundreds number-5");
    assert_eq!(say(1000), "number-1000");
    assert_eq!(say(261_142), "number-2 hundreds number-60 number-1 thousands number-100 number-42");
    assert_eq!(say(1_000_000), "number-1 number-0 number-0 number-0 number-0 number-0 number-0");
}

#[test]
fn every_number_below_a_million_is_said_with_prompts_that_there_are() {
    (0..1_000_000)
        .step_by(37)
        .chain(0..2000)
        .for_each(|number| assert!(!names(&say_number(number, &finnish())).is_empty()));
    assert!(!say_number(u64::MAX, &finnish()).is_empty());
}

#[test]
fn a_telephone_number_is_said_digit_by_digit_and_not_for_ever() {
    assert_eq!(names(&say_digits("+358 40", &finnish())), "plus number-3 number-5 number-8 number-4 number-0");
    assert_eq!(names(&say_digits("anonymous", &finnish())), "");
    assert_eq!(say_digits(&"1".repeat(1000), &finnish()).len(), DIGITS_MAX);
}

#[test]
fn a_date_is_said_as_one_says_it_today() {
    let say = |day: &str| {
        let zone = |text| at(text).in_tz("Europe/Helsinki").unwrap();
        names(&say_date(&zone(day), &zone("2026-11-03T12:00:00+02:00"), &finnish()))
    };
    assert_eq!(say("2026-11-03T00:00:00+02:00"), "today");
    assert_eq!(say("2026-11-02T23:59:00+02:00"), "yesterday");
    assert_eq!(say("2026-11-04T08:00:00+02:00"), "tomorrow");
    assert_eq!(say("2026-11-09T00:00:00+02:00"), "weekday-1 day-9 month-11");
    assert_eq!(say("2027-01-31T23:30:00+02:00"), "weekday-7 day-31 month-1");
}

#[test]
fn a_time_is_said_by_the_24_hour_clock() {
    let say = |time: &str| names(&say_time(&at(time).in_tz("Europe/Helsinki").unwrap(), &finnish()));
    assert_eq!(say("2026-11-03T13:05:00+02:00"), "at-time number-13 number-0 number-5");
    assert_eq!(say("2026-11-03T08:00:00+02:00"), "at-time number-8 oclock");
    assert_eq!(say("2026-11-03T00:47:00+02:00"), "at-time number-0 number-47");
}
