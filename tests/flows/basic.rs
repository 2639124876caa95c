//! One phone calls another.

use crate::office::{answers, answers_and_talks, millis, office_with, secs};
use sim::{Manners, Phase, Ring};
use sip::{Method, Name};

#[test]
fn a_phone_rings_is_answered_and_hangs_up() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers_and_talks(3, 10);
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"));
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  bo-desk → pbx            180 Ringing
         3.00  bo-desk → pbx            200 OK + sdp
         3.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
         3.00  pbx                      patches anna-desk and bo-desk
         3.00  pbx → anna-desk          200 OK + sdp
         3.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        13.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        13.01  pbx → bo-desk            200 OK (BYE)
        13.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        13.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

#[test]
fn the_caller_hangs_up() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(2);
    office.call("anna-desk", "1002");
    office.run_for(secs(6));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  bo-desk → pbx            180 Ringing
        2.00  bo-desk → pbx            200 OK + sdp
        2.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        2.00  pbx                      patches anna-desk and bo-desk
        2.00  pbx → anna-desk          200 OK + sdp
        2.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        6.00  anna-desk → pbx          BYE sip:192.0.2.1:5060
        6.00  pbx → anna-desk          200 OK (BYE)
        6.00  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        6.00  bo-desk → pbx            200 OK (BYE)
        ",
    );
}

/// Nothing of one leg's network shows in the other: addresses, tags, Call-ID, Via, and what the SDP would tell.
#[test]
fn nothing_of_one_legs_network_shows_on_the_other() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    let (anna, bo) =
        (office.phone("anna-desk").identity.address.ip().to_string(), office.phone("bo-desk").identity.address.ip());
    let to_bo: Vec<String> = office
        .phone("bo-desk")
        .seen
        .iter()
        .filter(|seen| !seen.sent)
        .map(|seen| String::from_utf8_lossy(seen.message.bytes()).into_owned())
        .collect();
    let call_id = office.phone("anna-desk").last_call().call_id.clone();
    for message in &to_bo {
        assert!(!message.contains(&anna) && !message.contains(&call_id), "{message}");
    }
    for seen in office.phone("anna-desk").seen.iter().filter(|seen| !seen.sent) {
        let message = String::from_utf8_lossy(seen.message.bytes());
        assert!(!message.contains(&bo.to_string()), "{message}");
    }
}

/// RFC 3325, RFC 3261 §20.20: the one who is called sees the caller's name and number from the plan, whatever the
/// caller's phone writes.
#[test]
fn the_called_phone_shows_who_calls_by_the_plan() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers_and_talks(1, 2);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    let invite = office.phone("bo-desk").got(Method::Invite)[0].clone();
    let from = invite.from().expect("From");
    assert_eq!(from.display.as_deref(), Some("Anna Virtanen"));
    assert_eq!(from.parse_uri().expect("a URI").user, Some("1001"));
    let asserted = invite.header(Name::PAssertedIdentity).expect("asserted");
    assert!(asserted.contains("Anna Virtanen") && asserted.contains("sip:1001@"), "{asserted}");
    assert!(invite.number(Name::MaxForwards).is_some());
    office.assert_sound();
}

/// RFC 3323 §4: `Privacy: id` hides the caller from those who are rung.
#[test]
fn a_caller_who_asks_for_privacy_is_not_shown() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.act("anna-desk", |phone, now| phone.call(now, "1002", &[("Privacy", "id")]));
    office.run_for(secs(2));
    let invite = office.phone("bo-desk").got(Method::Invite)[0].clone();
    let text = String::from_utf8_lossy(invite.bytes()).into_owned();
    let from = invite.header(Name::From).expect("From").to_owned();
    assert!(from.to_lowercase().contains("anonymous"), "{from}");
    assert!(!text.contains("1001") && !text.contains("Virtanen"), "{text}");
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

#[test]
fn a_busy_phone_leads_to_the_greeting_for_busy() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners.ring = Ring::Busy;
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  bo-desk → pbx            486 Busy Here
         0.01  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
         0.01  pbx                      plays to anna-desk: greeting-busy, leave-message
         0.01  pbx → anna-desk          200 OK + sdp
         0.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
         4.00  pbx                      plays to anna-desk: beep
         4.30  pbx                      records anna-desk
        17.31  pbx                      plays to anna-desk: message-saved, goodbye
        17.31  pbx → bo-desk            NOTIFY sip:bo-desk@10.0.0.2:5060
        17.31  bo-desk → pbx            200 OK (NOTIFY)
        21.31  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        21.31  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// RFC 3261 §9.1: CANCEL for the leg that rings; the caller gets 200 for the CANCEL and 487 for the INVITE.
#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(secs(4));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  bo-desk → pbx            180 Ringing
        4.00  anna-desk → pbx          CANCEL sip:1002@pbx.example.fi
        4.00  pbx → anna-desk          200 OK (CANCEL)
        4.00  pbx → anna-desk          487 Request Terminated
        4.00  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060
        4.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        4.00  bo-desk → pbx            200 OK (CANCEL)
        4.00  bo-desk → pbx            487 Request Terminated
        4.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        ",
    );
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(487));
}

/// RFC 3261 §9.2, §17.1.1: the caller gives up before anything answered: no CANCEL goes before a provisional response.
#[test]
fn a_caller_who_gives_up_at_once_rings_nobody_for_long() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(millis(3)); // past the challenge
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(487));
    assert!(office.phone("bo-desk").calls.iter().all(|call| call.phase == Phase::Ended));
}

/// A phone that refuses with 603 means its person: the call goes on as if nobody had answered.
#[test]
fn a_phone_that_declines_sends_the_call_on() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners.ring = Ring::Reject(603, secs(2));
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    assert!(office.playing_to("anna-desk").is_some(), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// All of a person's phones ring; the first to answer gets the call, the other learns that it was answered
/// elsewhere (RFC 3326) and shows no missed call.
#[test]
fn two_phones_of_one_person_ring_and_the_loser_is_told_why() {
    let mut office = office_with(&["anna-desk", "dan-desk", "dan-soft"]);
    office.phone_mut("dan-soft").manners = answers_and_talks(2, 5);
    office.call("anna-desk", "1004");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1004@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1004@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1004@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → dan-desk           INVITE sip:dan-desk@10.0.0.4:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  pbx → dan-soft           INVITE sip:dan-soft@10.0.0.5:5060 + sdp
        0.00  dan-desk → pbx           180 Ringing
        0.00  dan-soft → pbx           180 Ringing
        2.00  dan-soft → pbx           200 OK + sdp
        2.00  pbx → dan-soft           ACK sip:dan-soft@10.0.0.5:5060
        2.00  pbx                      patches anna-desk and dan-soft
        2.00  pbx → dan-desk           CANCEL sip:dan-desk@10.0.0.4:5060
        2.00  pbx → anna-desk          200 OK + sdp
        2.01  dan-desk → pbx           200 OK (CANCEL)
        2.01  dan-desk → pbx           487 Request Terminated
        2.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        2.01  pbx → dan-desk           ACK sip:dan-desk@10.0.0.4:5060
        7.00  dan-soft → pbx           BYE sip:192.0.2.1:5060
        7.00  pbx → dan-soft           200 OK (BYE)
        7.00  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        7.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
    let reason = office.phone("dan-desk").last_call().cancel_reason.clone().expect("a Reason");
    assert_eq!(reason, "SIP;cause=200;text=\"Call completed elsewhere\"");
}

/// RFC 3261 §21.4.26: without a codec in common the two would not hear each other.
#[test]
fn phones_that_share_no_codec_are_not_connected() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.codecs = vec![(18, "G729")];
    office.phone_mut("bo-desk").manners = Manners { codecs: vec![(8, "PCMA")], ..answers(1) };
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(488));
}

/// A codec that the exchange does not know is relayed between two phones that do.
#[test]
fn phones_may_speak_what_the_exchange_does_not_understand() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.codecs = vec![(96, "opus"), (8, "PCMA")];
    office.phone_mut("bo-desk").manners = Manners { codecs: vec![(96, "opus")], ..answers(1) };
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A number that no route knows.
#[test]
fn a_number_that_does_not_exist_gets_404() {
    let mut office = office_with(&["anna-desk"]);
    office.call("anna-desk", "7777");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:7777@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:7777@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:7777@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → anna-desk          404 Not Found
        0.00  anna-desk → pbx          ACK sip:7777@pbx.example.fi
        ",
    );
}

/// A caller whose phone dies: its silence ends the call.
#[test]
fn a_phone_that_dies_in_a_call_ends_it() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(10));
    office.die("anna-desk");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  bo-desk → pbx            180 Ringing
         1.00  bo-desk → pbx            200 OK + sdp
         1.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
         1.00  pbx                      patches anna-desk and bo-desk
         1.00  pbx → anna-desk          200 OK + sdp
         1.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        10.00  anna-desk                dies
        61.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        61.01  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        61.01  bo-desk → pbx            200 OK (BYE)
        61.51  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        62.51  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        64.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        68.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        72.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        76.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        80.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        84.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        88.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        92.50  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060 (again)
        ",
    );
}

/// A called phone that says nothing at all: the INVITE runs out after 64*T1, or when its ringing time is over.
#[test]
fn a_mute_phone_holds_nobody_up() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners.ring = Ring::Mute;
    office.call("anna-desk", "1002");
    office.run_for(secs(22));
    assert!(office.playing_to("anna-desk").is_some(), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.die("bo-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A 200 that is lost is sent again until its ACK comes, RFC 3261 §13.3.1.4; the ACK is sent again for each.
#[test]
fn a_200_is_repeated_until_it_is_acknowledged() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(millis(500));
    office.link("anna-desk").lost_of_1000 = 1000;
    office.run_for(secs(5));
    office.link("anna-desk").lost_of_1000 = 0;
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk"));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  bo-desk → pbx            180 Ringing
         1.00  bo-desk → pbx            200 OK + sdp
         1.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
         1.00  pbx                      patches anna-desk and bo-desk
         1.00  pbx → anna-desk          200 OK + sdp (lost)
         1.50  pbx → anna-desk          200 OK + sdp (again, lost)
         2.50  pbx → anna-desk          200 OK + sdp (again, lost)
         4.50  pbx → anna-desk          200 OK + sdp (again, lost)
         8.51  pbx → anna-desk          200 OK + sdp (again)
         8.51  anna-desk → pbx          ACK sip:192.0.2.1:5060
        10.50  anna-desk → pbx          BYE sip:192.0.2.1:5060
        10.50  pbx → anna-desk          200 OK (BYE)
        10.50  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        10.50  bo-desk → pbx            200 OK (BYE)
        ",
    );
}

/// RFC 3261 §13.3.1.4: a 200 that is never acknowledged ends in BYE.
#[test]
fn a_caller_who_never_acknowledges_is_hung_up_on() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.phone_mut("anna-desk").manners.acks = false;
    office.call("anna-desk", "1002");
    office.run_for(secs(45));
    assert_eq!(office.talking(), [""; 0]);
    office.run_until_idle();
    office.assert_sound();
}

/// SIP INFO with a key goes to the other phone; RFC 6086 and application/dtmf-relay.
#[test]
fn a_key_by_info_reaches_the_other_side() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    office.act("anna-desk", |phone, now| phone.info_digit(now, 0, '5'));
    office.run_for(secs(1));
    assert_eq!(office.phone("anna-desk").got_response(200, Method::Info).len(), 1);
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}
