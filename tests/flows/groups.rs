//! Ring groups and delayed forward.

use crate::office::{PHONES, PLAN, answers, answers_and_talks, office_with, secs};
use sim::{Office, Ring};
use sip::{Method, Name};

#[test]
fn a_group_rings_all_and_the_first_to_answer_gets_the_call() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("cia-desk").manners = answers_and_talks(4, 5);
    office.call("anna-desk", "2000");
    office.run_until_idle();
    office.check("");
}

#[test]
fn a_group_in_order_rings_one_after_another() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk", "dan-desk"]);
    office.phone_mut("dan-desk").manners = answers_and_talks(2, 5);
    office.call("anna-desk", "2001");
    office.run_until_idle();
    office.check("");
}

#[test]
fn a_group_that_nobody_answers_ends_in_its_voicemail() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.call("anna-desk", "2000");
    office.run_until_idle();
    office.check("");
    assert_eq!(call::Facts::messages(&office.facts, "office").len(), 1);
}

/// Delayed forward: Eva's phone for ten seconds, then the reception, which sees for whom the call was (RFC 5806,
/// RFC 7044).
#[test]
fn a_call_for_eva_goes_on_to_the_reception_which_sees_for_whom_it_was() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk", "eva-desk"]);
    office.phone_mut("bo-desk").manners = answers_and_talks(3, 5);
    office.call("anna-desk", "1005");
    office.run_until_idle();
    office.check("");
    let invite = office.phone("bo-desk").got(Method::Invite)[0].clone();
    let diversion = invite.header(Name::Diversion).expect("Diversion");
    assert!(diversion.contains("1005") && diversion.contains("reason=no-answer"), "{diversion}");
    let history: Vec<&str> = invite.values(Name::HistoryInfo).collect();
    assert!(history.len() >= 2 && history[0].contains("1005") && history[0].contains("index=1"), "{history:?}");
}

/// Nobody is rung twice in one journey: Bo was rung as himself, so that the reception rings Cia alone.
#[test]
fn nobody_is_rung_twice_by_one_call() {
    let mut office = Office::new(&PLAN.replace("[person.bo]\n", "[person.bo]\nreach = \"delayed\"\n"), 1);
    office.register(&PHONES);
    office.call("anna-desk", "1002");
    office.run_for(secs(12));
    assert_eq!(office.phone("bo-desk").calls.len(), 1);
    assert_eq!(office.phone("cia-desk").calls.len(), 1);
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// Those who talk are not rung; the group rings the others.
#[test]
fn a_group_leaves_those_who_talk_in_peace() {
    let mut office = office_with(&PHONES);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("eva-desk", "1002");
    office.run_for(secs(3));
    office.phone_mut("cia-desk").manners = answers(1);
    office.call("anna-desk", "2000");
    office.run_for(secs(3));
    assert_eq!((office.phone("bo-desk").calls.len(), office.phone("cia-desk").calls.len()), (1, 1));
    assert!(office.hears("anna-desk", "cia-desk") && office.hears("eva-desk", "bo-desk"));
    office.hang_up("anna-desk");
    office.hang_up("eva-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A member that refuses with 486 does not end the ringing of the others.
#[test]
fn a_member_that_refuses_leaves_the_others_ringing() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("bo-desk").manners.ring = Ring::Busy;
    office.phone_mut("cia-desk").manners = answers_and_talks(6, 2);
    office.call("anna-desk", "2000");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(200));
    assert_eq!(office.phone("cia-desk").last_call().final_code, Some(200));
}

/// RFC 3261 §8.1.3.4: a redirection by a phone is followed.
#[test]
fn a_phone_that_redirects_is_followed() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("bo-desk").manners.ring = Ring::Redirect("sip:1003@pbx.example.fi".into());
    office.phone_mut("cia-desk").manners = answers_and_talks(2, 2);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.check("");
}
