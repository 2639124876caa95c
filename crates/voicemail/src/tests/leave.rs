//! Leaving a message: each way it goes.

use super::story::*;
use crate::{Greetings, Leave, Mailbox, Why};
use call::{Event, Flow, Leg, Outcome, RecordEnd};
use std::sync::Arc;
use std::time::Duration;

const ENDED: Flow = Flow::Done(Outcome::Ended);

fn mailbox() -> Mailbox {
    Mailbox::new("anna", "fi")
}

fn leave(why: Why) -> Story {
    story(Leave::new(Arc::new(mailbox()), why))
}

fn stopped(secs: u64) -> Event {
    Event::Recorded(Leg::CALLER, RecordEnd::Stopped { length: Duration::from_secs(secs) })
}

const ID: &str = "0000000000001-1";

/// Up to the recording, which begins at second 6.
fn speaks(why: Why) -> Story {
    leave(why).at(5, PLAYED).at(6, PLAYED)
}

#[test]
fn a_message_is_saved_before_the_caller_hears_so() {
    speaks(Why::Busy).at(16, key('#')).at(16, stopped(10)).at(17, Event::Kept(true)).at(20, PLAYED).check(
        ENDED,
        &[
            "0 Answer",
            "0 Play(greeting-busy leave-message)",
            "5 Play(Beep, to the end)",
            "6 Record(0000000000001-1)",
            "16 StopRecord",
            "16 Keep(MessageLeft(0000000000001-1 from 0401234567, 10 s))",
            "17 Play(message-saved goodbye, to the end)",
            "20 Hangup(0)",
        ],
    );
}

#[test]
fn the_greeting_says_why() {
    let says = |why, sounds: &str| {
        let play = format!("0 Play({sounds} leave-message)");
        leave(why).check(Flow::Continue, &["0 Answer", &play]);
    };
    says(Why::Busy, "greeting-busy");
    says(Why::NoAnswer, "greeting-no-answer");
    says(Why::Closed, "greeting-closed");
    says(Why::Unavailable, "greeting-unavailable");
    says(Why::DoNotDisturb, "greeting-do-not-disturb");
    says(Why::Away { until: None }, "greeting-away");
    let monday = Why::Away { until: Some(at("2026-11-09T00:00:00+02:00")) };
    says(monday, "greeting-away-until weekday-1 day-9 month-11");
    let this_afternoon = Why::Away { until: Some(at("2026-11-03T14:30:00+02:00")) };
    says(this_afternoon, "greeting-away-until today at-time number-14 number-30");
}

#[test]
fn the_reason_follows_from_how_the_step_before_ended() {
    assert_eq!(Why::after(Outcome::Busy, None), Why::Busy);
    assert_eq!(Why::after(Outcome::NoAnswer, None), Why::NoAnswer);
    assert_eq!(Why::after(Outcome::Absent, Some(noon())), Why::Away { until: Some(noon()) });
    assert_eq!(Why::after(Outcome::DoNotDisturb, None), Why::DoNotDisturb);
    assert_eq!(Why::after(Outcome::Offline, None), Why::Unavailable);
}

#[test]
fn the_administrators_own_greeting_comes_by_reason_and_else_the_one_for_all() {
    let greetings = Greetings { any: Some("any.wav".into()), busy: Some("busy.wav".into()), ..Greetings::default() };
    let leave = |why| story(Leave::new(Arc::new(Mailbox { greetings: greetings.clone(), ..mailbox() }), why));
    leave(Why::Busy).check(Flow::Continue, &["0 Answer", "0 Play(busy.wav)"]);
    leave(Why::NoAnswer).check(Flow::Continue, &["0 Answer", "0 Play(any.wav)"]);
    let missing =
        ["0 Answer", "0 Play(any.wav)", "0 Play(greeting-no-answer leave-message)", "1 Play(Beep, to the end)"];
    leave(Why::NoAnswer).at(0, UNPLAYED).at(1, UNPLAYED).check(Flow::Continue, &missing);
}

#[test]
fn a_key_skips_the_greeting() {
    leave(Why::Busy).cuts(2, '#').check(
        Flow::Continue,
        &["0 Answer", "0 Play(greeting-busy leave-message)", "2 StopPlay", "2 Play(Beep, to the end)"],
    );
}

#[test]
fn a_caller_who_hangs_up_while_recording_has_left_a_message() {
    let story = speaks(Why::NoAnswer).at(26, HANGS_UP);
    assert_eq!(story.flow, Flow::Continue, "the recording is still to be reported");
    let kept = "26 Keep(MessageLeft(0000000000001-1 from 0401234567, 19 s))";
    story.at(26, stopped(19)).at(27, Event::Kept(true)).check_from(20, ENDED, &[kept]);
}

#[test]
fn a_recording_that_is_never_reported_after_the_caller_left_does_not_hold_the_call() {
    let mut story = speaks(Why::NoAnswer).at(26, HANGS_UP);
    story.run_until(1000);
    assert_eq!((story.flow, story.seconds()), (ENDED, 41));
}

#[test]
fn silence_and_the_limit_end_a_message_too() {
    let length = Duration::from_secs(30);
    for end in [RecordEnd::Silence { length }, RecordEnd::Limit { length }] {
        speaks(Why::Busy).at(40, Event::Recorded(Leg::CALLER, end)).at(41, Event::Kept(true)).check_from(
            40,
            Flow::Continue,
            &[
                "40 Keep(MessageLeft(0000000000001-1 from 0401234567, 30 s))",
                "41 Play(message-saved goodbye, to the end)",
            ],
        );
    }
}

#[test]
fn whoever_says_nothing_may_try_once_more_and_nothing_is_kept() {
    speaks(Why::Busy).at(11, stopped(0)).at(15, PLAYED).at(16, PLAYED).at(20, stopped(0)).at(25, PLAYED).check_from(
        11,
        ENDED,
        &[
            "11 MessageDeleted(0000000000001-1)",
            "11 Play(message-too-short leave-message)",
            "15 Play(Beep, to the end)",
            "16 Record(0000000000001-2)",
            "20 MessageDeleted(0000000000001-2)",
            "20 Play(message-too-short goodbye, to the end)",
            "25 Hangup(0)",
        ],
    );
}

#[test]
fn a_caller_who_hangs_up_at_the_beep_leaves_nothing() {
    let deleted = format!("7 MessageDeleted({ID})");
    speaks(Why::Busy).at(7, HANGS_UP).at(7, stopped(0)).check_from(7, ENDED, &[&deleted]);
    leave(Why::Busy).at(2, HANGS_UP).check_from(1, ENDED, &[]);
    leave(Why::Busy).at(5, PLAYED).at(5, HANGS_UP).check_from(5, ENDED, &["5 Play(Beep, to the end)"]);
}

#[test]
fn when_the_disk_is_full_the_caller_hears_it() {
    speaks(Why::Busy).at(9, Event::Recorded(Leg::CALLER, RecordEnd::Failed)).at(14, PLAYED).check_from(
        9,
        ENDED,
        &["9 Play(cannot-record goodbye, to the end)", "14 Hangup(0)"],
    );
}

#[test]
fn when_the_store_cannot_commit_the_caller_hears_it_and_the_file_goes() {
    speaks(Why::Busy).at(16, stopped(10)).at(17, Event::Kept(false)).at(20, PLAYED).check_from(
        17,
        ENDED,
        &["17 MessageDeleted(0000000000001-1)", "17 Play(cannot-record goodbye, to the end)", "20 Hangup(0)"],
    );
}

#[test]
fn a_store_that_does_not_answer_does_not_hold_the_caller_and_may_still_commit() {
    let mut story = speaks(Why::Busy).at(16, stopped(10));
    story.run_until(31);
    story.check_from(17, Flow::Continue, &["31 Play(cannot-record goodbye, to the end)"]);
}

#[test]
fn a_full_mailbox_says_so_and_takes_nothing() {
    let full = Arc::new(Mailbox { messages_max: 1, ..mailbox() });
    let known = [message("m1", "1002", "2026-11-02T09:00:00+02:00", true)];
    story(Leave::new(full, Why::Busy))
        .with(&known)
        .at(4, PLAYED)
        .check(ENDED, &["0 Answer", "0 Play(mailbox-full goodbye, to the end)", "4 Hangup(0)"]);
}

#[test]
fn media_that_report_nothing_do_not_hold_the_call_for_ever() {
    let mut story = leave(Why::Busy);
    story.run_until(100_000);
    assert_eq!(story.flow, ENDED);
    story.check_from(
        1,
        ENDED,
        &[
            "300 Play(Beep, to the end)",
            "600 Record(0000000000001-1)",
            "795 StopRecord",
            "810 MessageDeleted(0000000000001-1)",
            "810 Play(cannot-record goodbye, to the end)",
            "1110 Hangup(0)",
        ],
    );
}
