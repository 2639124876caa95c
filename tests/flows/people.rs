//! Who is rung and who is left in peace: away, do-not-disturb, offline, busy.

use crate::office::{PHONES, PLAN, answers, office_with, secs};
use engine::Command;
use sim::Office;
use sip::{Method, Name};

/// Bo is away over Christmas: his phone does not ring, his substitute's does, and she sees why.
#[test]
fn a_call_for_somebody_away_rings_the_substitute_at_once() {
    let mut office = Office::at(PLAN, 1, "2026-12-22T08:00:00Z");
    office.register(&PHONES);
    office.phone_mut("cia-desk").manners = answers(2);
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    assert!(office.phone("bo-desk").calls.is_empty());
    assert!(office.hears("anna-desk", "cia-desk"));
    let invite = office.phone("cia-desk").got(Method::Invite)[0].clone();
    let diversion = invite.header(Name::Diversion).expect("Diversion");
    assert!(diversion.contains("1002") && diversion.contains("reason=away"), "{diversion}");
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → cia-desk           INVITE sip:cia-desk@10.0.0.3:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  cia-desk → pbx           180 Ringing
        2.00  cia-desk → pbx           200 OK + sdp
        2.00  pbx → cia-desk           ACK sip:cia-desk@10.0.0.3:5060
        2.00  pbx                      patches anna-desk and cia-desk
        2.00  pbx → anna-desk          200 OK + sdp
        2.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        5.00  anna-desk → pbx          BYE sip:192.0.2.1:5060
        5.00  pbx → anna-desk          200 OK (BYE)
        5.00  pbx → cia-desk           BYE sip:cia-desk@10.0.0.3:5060
        5.00  cia-desk → pbx           200 OK (BYE)
        ",
    );
}

/// Neither Bo nor his substitute can be reached: the caller hears that he is away and until when.
#[test]
fn an_absence_is_announced_where_nobody_stands_in() {
    let mut office = Office::at(PLAN, 1, "2026-12-22T08:00:00Z");
    office.register(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    let playing = office.playing_to("anna-desk").expect("a greeting");
    assert!(playing.contains("away"), "{playing}");
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

#[test]
fn do_not_disturb_means_not_to_ring() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.command(Command::DoNotDisturb { person: "bo".into(), on: true });
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    assert!(office.phone("bo-desk").calls.is_empty());
    assert!(office.playing_to("anna-desk").is_some());
    office.hang_up("anna-desk");
    office.command(Command::DoNotDisturb { person: "bo".into(), on: false });
    office.run_until_idle();
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    assert_eq!(office.phone("bo-desk").calls.len(), 1);
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

#[test]
fn somebody_without_a_registered_phone_is_offline() {
    let mut office = office_with(&["anna-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    assert!(office.playing_to("anna-desk").is_some());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx                      plays to anna-desk: greeting-unavailable, leave-message
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → anna-desk          200 OK + sdp
        0.00  anna-desk → pbx          ACK sip:192.0.2.1:5060
        2.00  anna-desk → pbx          BYE sip:192.0.2.1:5060
        2.00  pbx → anna-desk          200 OK (BYE)
        ",
    );
}

/// One call at a time: a second one hears that Bo talks, and his phone does not ring.
#[test]
fn somebody_who_talks_is_busy() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("cia-desk", "1002");
    office.run_for(secs(3));
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    assert_eq!(office.phone("bo-desk").calls.len(), 1);
    let playing = office.playing_to("anna-desk").expect("a greeting");
    assert!(playing.contains("busy"), "{playing}");
    office.hang_up("anna-desk");
    office.hang_up("cia-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A caller is busy, too: whoever rings them meanwhile hears it.
#[test]
fn somebody_who_calls_is_busy() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    office.call("cia-desk", "1001");
    office.run_for(secs(2));
    assert!(office.phone("anna-desk").got(Method::Invite).is_empty());
    office.hang_up("cia-desk");
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}
