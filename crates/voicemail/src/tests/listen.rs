//! Listening to messages: each way it goes.

use super::story::*;
use crate::{CallBack, Listen, Mailbox, PinCheck, counts};
use call::{Action, Context, Event, Flow, Leg, MessageInfo, Outcome, Program, Script, Target};
use std::sync::Arc;
use std::time::Instant;

const ENDED: Flow = Flow::Done(Outcome::Ended);

/// Rings one leg until something happens to it.
struct Ring;

impl Program for Ring {
    fn on_event(&mut self, _cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        match event {
            Event::Start => {
                let trunk = Target::Trunk { trunk: "operator".into(), number: "1002".into(), shown_as: None };
                out.dial(trunk, None, None);
                Flow::Continue
            }
            Event::Answered(leg) => {
                out.push(Action::Bridge(Leg::CALLER, *leg));
                Flow::Done(Outcome::Answered)
            }
            Event::Failed(..) => Flow::Done(Outcome::NoAnswer),
            _ => Flow::Continue,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

fn listen(pin: bool) -> Story {
    let check: PinCheck = Box::new(|entered| entered == "1234");
    let call_back: CallBack = Box::new(|number| (number == "1002").then(|| Box::new(Ring) as Box<dyn Program>));
    story(Listen::new(Arc::new(Mailbox::new("anna", "fi")), pin.then_some(check), Some(call_back)))
}

/// One old message, then two new ones.
fn messages() -> [MessageInfo; 3] {
    [
        message("m1", "1003", "2026-10-30T09:00:00+02:00", true),
        message("m2", "1002", "2026-11-02T09:05:00+02:00", false),
        message("m3", "", "2026-11-03T11:59:00+02:00", false),
    ]
}

const COUNTS: &str = "0 Play(you-have number-2 new-messages and number-1 old-message)";
const M1: &str = "at-time number-9 oclock from-number number-1 number-0 number-0 number-3 <m1>)";
const M2: &str = "at-time number-9 number-0 number-5 from-number number-1 number-0 number-0 number-2 <m2>)";
const M3: &str = "today at-time number-11 number-59 from-unknown <m3>)";

#[test]
fn new_messages_come_first_and_each_is_old_once_it_has_been_heard() {
    let (m2, m3, m1) = (
        format!("3 Play(message-new yesterday {M2}"),
        format!("30 Play(message-new {M3}"),
        format!("60 Play(message-old weekday-5 day-30 month-10 {M1}"),
    );
    listen(false)
        .with(&messages())
        .at(3, PLAYED)
        .at(20, PLAYED)
        .cuts(30, '2')
        .at(50, PLAYED)
        .cuts(60, '2')
        .cuts(65, '2')
        .check_from(
            0,
            Flow::Continue,
            &[
                "0 Answer",
                COUNTS,
                &m2,
                "20 MessageHeard(m2, true)",
                "20 Play(menu)",
                &m3,
                "50 MessageHeard(m3, true)",
                "50 Play(menu)",
                &m1,
                "65 Play(no-more-messages menu)",
            ],
        );
}

#[test]
fn one_of_each_is_said_in_the_singular_and_none_is_said_plainly() {
    let said = |messages: &[MessageInfo], sounds: &str| {
        listen(false).with(messages).check_from(0, Flow::Continue, &["0 Answer", &format!("0 Play({sounds})")]);
    };
    let [old, new, other] = messages();
    said(&[], "no-messages");
    said(std::slice::from_ref(&new), "you-have number-1 new-message");
    said(&[old.clone(), old.clone()], "you-have number-2 old-messages");
    assert_eq!(counts(&[old, new, other]), (2, 1));
}

#[test]
fn an_empty_mailbox_says_goodbye() {
    listen(false).at(3, PLAYED).at(5, PLAYED).check_from(3, ENDED, &["3 Play(goodbye, to the end)", "5 Hangup(0)"]);
}

#[test]
fn the_pin_opens_the_mailbox_with_the_hash_key_or_after_a_pause() {
    let typed = listen(true).with(&messages()).cuts(2, '1').at(3, key('2')).at(4, key('3')).at(5, key('4'));
    let counts = |second| COUNTS.replacen('0', second, 1);
    typed.at(6, key('#')).check_from(0, Flow::Continue, &["0 Answer", "0 Play(enter-pin)", &counts("6")]);
    let mut paused = listen(true).with(&messages()).cuts(2, '1').at(3, key('2')).at(4, key('3')).at(5, key('4'));
    paused.run_until(13);
    paused.check_from(1, Flow::Continue, &[&counts("13")]);
}

#[test]
fn wrong_pins_take_longer_each_time_and_the_third_ends_the_call() {
    let wrong = |story: Story, second| story.cuts(second, '9').at(second, key('#'));
    let story = wrong(wrong(wrong(listen(true), 10), 20), 30);
    story.at(36, PLAYED).check_from(
        10,
        ENDED,
        &[
            "11 Play(wrong-pin enter-pin)",
            "22 Play(wrong-pin enter-pin)",
            "34 Play(too-many-attempts goodbye, to the end)",
            "36 Hangup(0)",
        ],
    );
}

#[test]
fn keys_pressed_in_the_pause_after_a_wrong_pin_are_no_attempt() {
    let story = listen(true).cuts(10, '9').at(10, key('#'));
    "1234#".chars().fold(story, |story, digit| story.at(10, key(digit))).at(12, key('5')).check_from(
        10,
        Flow::Continue,
        &["11 Play(wrong-pin enter-pin)"],
    );
}

#[test]
fn whoever_mistypes_begins_anew_with_star() {
    let story = listen(true).with(&messages()).cuts(2, '9').cuts(3, '*');
    let story = "1234#".chars().fold(story.at(4, PLAYED), |story, digit| story.at(5, key(digit)));
    story.check_from(3, Flow::Continue, &["3 Play(enter-pin)", &COUNTS.replacen('0', "5", 1)]);
}

/// In the menu after the first message.
fn menu() -> Story {
    listen(false).with(&messages()).at(3, PLAYED).at(20, PLAYED).at(25, PLAYED)
}

#[test]
fn a_message_is_repeated() {
    let again = format!("26 Play(message-old yesterday {M2}");
    menu().at(26, key('1')).check_from(26, Flow::Continue, &[&again]);
}

#[test]
fn a_deleted_message_goes_at_the_end_of_the_session_and_can_be_restored_until_then() {
    let (next, back) =
        (format!("26 Play(message-deleted message-new {M3}"), format!("27 Play(message-is-deleted yesterday {M2}"));
    let deleted = || menu().at(26, key('3'));
    deleted().cuts(27, '4').cuts(28, '3').at(29, HANGS_UP).check_from(
        26,
        ENDED,
        &[&next, &back, "28 Play(message-restored menu)"],
    );
    // The file goes when the store has the deletion: the call lasts until then.
    let hung_up = deleted().at(29, HANGS_UP);
    assert_eq!(hung_up.flow, Flow::Continue);
    hung_up.at(30, Event::Kept(true)).check_from(26, ENDED, &[&next, "29 Keep(MessageDeleted(m2))"]);
    deleted().cuts(27, '#').at(30, PLAYED).at(31, Event::Kept(true)).check_from(
        27,
        ENDED,
        &["27 Play(goodbye, to the end)", "30 Keep(MessageDeleted(m2))", "31 Hangup(0)"],
    );
}

#[test]
fn a_store_that_does_not_answer_does_not_hold_a_listener_for_ever() {
    let mut story = menu().at(26, key('3')).cuts(27, '#').at(30, PLAYED);
    story.run_until(1000);
    story.check_from(30, ENDED, &["30 Keep(MessageDeleted(m2))", "40 Hangup(0)"]);
}

#[test]
fn before_the_first_message_there_is_none() {
    let again = format!("26 Play(first-message message-old yesterday {M2}");
    menu().at(26, key('4')).check_from(26, Flow::Continue, &[&again]);
}

#[test]
fn a_message_may_stay_new() {
    menu().at(26, key('6')).check_from(
        26,
        Flow::Continue,
        &["26 MessageHeard(m2, false)", "26 Play(message-kept-new menu)"],
    );
}

#[test]
fn a_message_that_is_cut_short_by_hanging_up_stays_new() {
    listen(false).with(&messages()).at(3, PLAYED).at(6, HANGS_UP).check_from(4, ENDED, &[]);
}

#[test]
fn a_message_that_cannot_be_played_stays_new_and_its_owner_hears_why() {
    listen(false).with(&messages()).at(3, PLAYED).at(4, UNPLAYED).check_from(
        4,
        Flow::Continue,
        &["4 Play(message-unreadable menu)"],
    );
}

#[test]
fn star_tells_the_whole_menu_and_a_key_without_meaning_says_so() {
    menu().at(26, key('*')).cuts(30, '9').check_from(
        26,
        Flow::Continue,
        &["26 Play(menu-help)", "30 Play(invalid-choice menu)"],
    );
}

#[test]
fn keys_typed_ahead_are_not_lost_and_prompts_never_cross() {
    let second = format!("5 Play(message-old weekday-5 day-30 month-10 {M1}");
    let story = listen(false).with(&messages()).at(3, PLAYED);
    story.at(5, key('2')).at(5, key('2')).at(5, CUT).check_from(
        5,
        Flow::Continue,
        &["5 MessageHeard(m2, true)", "5 MessageHeard(m3, true)", &second],
    );
}

#[test]
fn a_key_stops_the_prompt_also_for_phones_that_send_it_as_info() {
    let story = listen(false).with(&messages()).at(1, key('1'));
    story.check(Flow::Continue, &["0 Answer", COUNTS, "1 StopPlay"]);
}

#[test]
fn whoever_presses_nothing_hears_the_menu_again_and_then_goodbye() {
    let mut story = menu().at(40, PLAYED).at(55, PLAYED).at(70, PLAYED);
    story.run_until(1000);
    story.check_from(26, ENDED, &["33 Play(menu)", "48 Play(menu)", "63 Play(goodbye, to the end)", "70 Hangup(0)"]);
}

#[test]
fn call_back_connects_the_listener_and_what_was_deleted_goes() {
    let answered = Event::Answered(Leg(1));
    menu().at(26, key('5')).at(28, PLAYED).at(35, answered).check_from(
        26,
        Flow::Done(Outcome::Answered),
        &["26 Play(calling-back, to the end)", "28 Dial(1)", "35 Bridge(0, 1)"],
    );
}

#[test]
fn a_call_back_that_is_not_answered_returns_to_the_menu() {
    menu().at(26, key('5')).at(28, PLAYED).at(50, Event::Failed(Leg(1), 480)).check_from(
        28,
        Flow::Continue,
        &["28 Dial(1)", "50 Play(call-back-failed menu)"],
    );
}

#[test]
fn a_number_that_is_unknown_or_not_allowed_cannot_be_called_back() {
    let cannot = "27 Play(cannot-call-back menu)";
    listen(false).with(&messages()[..1]).at(3, PLAYED).at(20, PLAYED).cuts(27, '5').check_from(
        27,
        Flow::Continue,
        &[cannot],
    );
    listen(false).with(&messages()[2..]).at(3, PLAYED).at(20, PLAYED).cuts(27, '5').check_from(
        27,
        Flow::Continue,
        &[cannot],
    );
}

#[test]
fn a_call_back_that_still_has_something_to_do_goes_on_without_the_caller() {
    let story = menu().at(26, key('5')).at(28, PLAYED).at(30, HANGS_UP);
    assert_eq!(story.flow, Flow::Continue);
    assert_eq!(story.at(31, Event::Failed(Leg(1), 487)).flow, ENDED);
}

#[test]
fn what_was_deleted_goes_once_though_both_the_caller_and_the_call_back_end() {
    let story = menu().at(26, key('3')).cuts(27, '4').cuts(28, '5').at(29, PLAYED).at(30, HANGS_UP);
    story.at(31, Event::Answered(Leg(1))).at(32, Event::Kept(true)).check_from(
        29,
        Flow::Done(Outcome::Answered),
        &["29 Dial(1)", "30 Keep(MessageDeleted(m2))", "31 Bridge(0, 1)"],
    );
}
