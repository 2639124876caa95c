//! Session timers, RFC 4028, and other limits of time.

use crate::office::{answers, office_with, secs};
use sim::Manners;
use sip::{Method, Name};

/// RFC 4028 §9, §10: the phone asks for ten minutes and refreshes every five; the call stands.
#[test]
fn a_phone_refreshes_its_session_and_the_call_stands() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.session_secs = Some(600);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(1000));
    let ok = office.phone("anna-desk").got_response(200, Method::Invite)[0].clone();
    assert_eq!(ok.header(Name::SessionExpires), Some("600;refresher=uac"));
    assert!(ok.has_token(Name::Require, "timer"));
    assert_eq!(office.talking(), ["anna-desk", "bo-desk"]);
    assert!(office.phone("anna-desk").got_response(200, Method::Invite).len() >= 4);
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 4028 §10: a phone that stops refreshing is taken for dead shortly before the session's end.
#[test]
fn a_session_that_is_not_refreshed_ends() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.session_secs = Some(600);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    office.hold("bo-desk"); // on hold no media is missed, so that only the session timer can tell
    office.run_for(secs(5));
    office.die("anna-desk");
    office.run_for(secs(500));
    assert_eq!(office.talking(), ["bo-desk"]);
    office.run_for(secs(120));
    assert_eq!(office.talking(), [""; 0], "{}", office.ladder());
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 4028 §6, §9: too short a session gets 422 with Min-SE, and the phone asks again.
#[test]
fn too_short_a_session_is_refused_with_the_shortest_that_is_taken() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.session_secs = Some(30);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    let refusal = office.phone("anna-desk").got_response(422, Method::Invite)[0].clone();
    assert_eq!(refusal.header(Name::MinSe), Some("90"));
    assert_eq!(office.talking(), ["anna-desk", "bo-desk"]);
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// The called phone knows timers: what was agreed with it is refreshed by whoever shall.
#[test]
fn the_called_side_has_a_session_timer_of_its_own() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = Manners { session_secs: Some(600), ..answers(1) };
    office.call("anna-desk", "1002");
    office.run_for(secs(4000));
    assert_eq!(office.talking(), ["anna-desk", "bo-desk"], "{}", office.ladder());
    let invite = office.phone("bo-desk").got(Method::Invite)[0].clone();
    assert!(invite.header(Name::SessionExpires).is_some_and(|value| value.starts_with("1800")));
    assert!(invite.has_token(Name::Supported, "timer"));
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.assert_sound();
}
