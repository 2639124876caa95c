//! Hold, resume and re-INVITEs in both directions, UPDATE, and music on hold.

use crate::office::{answers, office_with, secs};
use sim::{Manners, Office};
use sip::Method;

fn talking() -> Office {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(4));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"));
    office.mark();
    office
}

/// RFC 3264 §8.4: sendonly; the other side hears the office's music, and each other again afterwards.
#[test]
fn a_caller_holds_and_takes_back() {
    let mut office = talking();
    office.hold("anna-desk");
    office.run_for(secs(5));
    assert!(!office.hears("anna-desk", "bo-desk") && !office.hears("bo-desk", "anna-desk"));
    assert_eq!(office.playing_to("bo-desk").as_deref(), Some("file music.wav"), "{}", office.ladder());
    office.resume("anna-desk");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:192.0.2.1:5060 + sdp sendonly
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp sendonly
         0.00  bo-desk → pbx            200 OK + sdp recvonly
         0.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
         0.00  pbx                      patches anna-desk and bo-desk
         0.00  pbx                      plays to bo-desk: file music.wav, again and again
         0.00  pbx → anna-desk          200 OK + sdp recvonly
         0.00  anna-desk → pbx          ACK sip:192.0.2.1:5060
         5.00  anna-desk → pbx          INVITE sip:192.0.2.1:5060 + sdp
         5.00  pbx → anna-desk          100 Trying
         5.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         5.00  bo-desk → pbx            200 OK + sdp
         5.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
         5.00  pbx                      patches anna-desk and bo-desk
         5.00  pbx → anna-desk          200 OK + sdp
         5.00  anna-desk → pbx          ACK sip:192.0.2.1:5060
        10.00  anna-desk → pbx          BYE sip:192.0.2.1:5060
        10.00  pbx → anna-desk          200 OK (BYE)
        10.00  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        10.00  bo-desk → pbx            200 OK (BYE)
        ",
    );
}

#[test]
fn the_called_holds_and_takes_back() {
    let mut office = talking();
    office.hold("bo-desk");
    office.run_for(secs(5));
    assert_eq!(office.playing_to("anna-desk").as_deref(), Some("file music.wav"), "{}", office.ladder());
    office.resume("bo-desk");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.check(
        "
         0.00  bo-desk → pbx            INVITE sip:192.0.2.1:5060 + sdp sendonly
         0.00  pbx → bo-desk            100 Trying
         0.00  pbx → anna-desk          INVITE sip:anna-desk@10.0.0.1:5060 + sdp sendonly
         0.00  anna-desk → pbx          200 OK + sdp recvonly
         0.00  pbx → anna-desk          ACK sip:anna-desk@10.0.0.1:5060
         0.00  pbx                      patches bo-desk and anna-desk
         0.00  pbx                      plays to anna-desk: file music.wav, again and again
         0.00  pbx → bo-desk            200 OK + sdp recvonly
         0.00  bo-desk → pbx            ACK sip:192.0.2.1:5060
         5.00  bo-desk → pbx            INVITE sip:192.0.2.1:5060 + sdp
         5.00  pbx → bo-desk            100 Trying
         5.00  pbx → anna-desk          INVITE sip:anna-desk@10.0.0.1:5060 + sdp
         5.00  anna-desk → pbx          200 OK + sdp
         5.00  pbx → anna-desk          ACK sip:anna-desk@10.0.0.1:5060
         5.00  pbx                      patches bo-desk and anna-desk
         5.00  pbx → bo-desk            200 OK + sdp
         5.00  bo-desk → pbx            ACK sip:192.0.2.1:5060
        10.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        10.00  pbx → bo-desk            200 OK (BYE)
        10.00  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        10.00  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// RFC 2543 §B.5: hold by `c=0.0.0.0`.
#[test]
fn the_old_way_to_hold_is_understood() {
    let mut office = talking();
    office.phone_mut("anna-desk").manners.old_hold = true;
    office.hold("anna-desk");
    office.run_for(secs(5));
    assert_eq!(office.playing_to("bo-desk").as_deref(), Some("file music.wav"), "{}", office.ladder());
    office.resume("anna-desk");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// Both hold: each hears nothing of the other until both have taken back.
#[test]
fn both_sides_may_hold() {
    let mut office = talking();
    office.hold("anna-desk");
    office.run_for(secs(2));
    office.hold("bo-desk");
    office.run_for(secs(2));
    office.resume("anna-desk");
    office.run_for(secs(2));
    assert!(!office.hears("anna-desk", "bo-desk"), "{}", office.ladder());
    office.resume("bo-desk");
    office.run_for(secs(2));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// One who holds and hangs up ends the call of both, and the music.
#[test]
fn hanging_up_on_hold_ends_the_call() {
    let mut office = talking();
    office.hold("anna-desk");
    office.run_for(secs(2));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A held call is not silent in the sense of the limit: it stands for minutes.
#[test]
fn a_held_call_is_not_ended_by_its_silence() {
    let mut office = talking();
    office.hold("anna-desk");
    office.run_for(secs(600));
    assert_eq!(office.talking(), ["anna-desk", "bo-desk"]);
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A re-INVITE that changes nothing is answered, from either side.
#[test]
fn a_re_invite_that_changes_nothing_changes_nothing() {
    let mut office = talking();
    for name in ["anna-desk", "bo-desk"] {
        office.act(name, |phone, now| phone.reinvite(now, 0));
        office.run_for(secs(2));
        assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    }
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3261 §14.1, §14.2: both re-INVITE at once: 491 for both, and both try again after waits that never meet.
#[test]
fn re_invites_that_cross_are_sorted_out() {
    let mut office = talking();
    office.hold("anna-desk");
    office.act("bo-desk", |phone, now| phone.reinvite(now, 0));
    office.run_for(secs(10));
    assert_eq!(office.playing_to("bo-desk").as_deref(), Some("file music.wav"), "{}", office.ladder());
    office.resume("anna-desk");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3311: an UPDATE with an offer is answered; one without refreshes the target only.
#[test]
fn an_update_is_answered() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.update = true;
    office.phone_mut("bo-desk").manners = Manners { update: true, ..answers(1) };
    office.call("anna-desk", "1002");
    office.run_for(secs(4));
    office.act("anna-desk", |phone, now| phone.update(now, 0, true));
    office.run_for(secs(2));
    office.act("bo-desk", |phone, now| phone.update(now, 0, false));
    office.run_for(secs(2));
    assert_eq!(office.phone("anna-desk").got_response(200, Method::Update).len(), 1);
    assert_eq!(office.phone("bo-desk").got_response(200, Method::Update).len(), 1);
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3311 §4, RFC 3261 §20.5: a phone whose Allow has no UPDATE gets none; the other side's is answered all the same.
#[test]
fn an_update_does_not_reach_a_phone_that_does_not_know_it() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.update = true;
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(4));
    for with_offer in [false, true] {
        office.act("anna-desk", |phone, now| phone.update(now, 0, with_offer));
        office.run_for(secs(2));
    }
    assert_eq!(office.phone("anna-desk").got_response(200, Method::Update).len(), 2, "{}", office.ladder());
    assert!(office.phone("bo-desk").got(Method::Update).is_empty());
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}
