//! What happens before the answer: early media, reliable provisional responses, late offers.

use crate::office::{answers, answers_and_talks, millis, office_with, secs};
use sim::{Link, Manners, Ring};
use sip::{Method, Name};

/// RFC 3261 §13.3.1.1, RFC 3960: a 183 with SDP reaches the caller, who hears what the phone plays.
#[test]
fn early_media_is_heard_by_the_caller() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = Manners { early_media: true, ..answers_and_talks(4, 5) };
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    assert!(office.hears("anna-desk", "bo-desk"), "{}", office.ladder());
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
        0.00  bo-desk → pbx            183 Session Progress + sdp
        0.01  pbx                      patches anna-desk and bo-desk
        0.01  pbx → anna-desk          183 Session Progress + sdp
        4.00  bo-desk → pbx            200 OK + sdp
        4.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        4.00  pbx                      patches anna-desk and bo-desk
        4.00  pbx → anna-desk          200 OK + sdp
        4.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        9.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        9.01  pbx → bo-desk            200 OK (BYE)
        9.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        9.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// RFC 3262: where both sides speak it, 180 is reliable on both legs.
#[test]
fn reliable_ringing_is_acknowledged_with_prack() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.reliable = true;
    office.phone_mut("bo-desk").manners = Manners { reliable: true, ..answers_and_talks(3, 5) };
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
        0.00  bo-desk → pbx            180 Ringing
        0.01  pbx → anna-desk          180 Ringing
        0.01  anna-desk → pbx          PRACK sip:192.0.2.1:5060
        0.01  pbx → bo-desk            PRACK sip:bo-desk@10.0.0.2:5060
        0.01  bo-desk → pbx            200 OK (PRACK)
        0.01  pbx → anna-desk          200 OK (PRACK)
        3.00  bo-desk → pbx            200 OK + sdp
        3.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        3.00  pbx                      patches anna-desk and bo-desk
        3.00  pbx → anna-desk          200 OK + sdp
        3.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        8.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        8.01  pbx → bo-desk            200 OK (BYE)
        8.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        8.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// RFC 3262 §3: a reliable 183 with the answer; the 200 has none.
#[test]
fn reliable_early_media_answers_the_offer_once() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.reliable = true;
    office.phone_mut("bo-desk").manners = Manners { reliable: true, early_media: true, ..answers_and_talks(3, 5) };
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
        0.00  bo-desk → pbx            183 Session Progress + sdp
        0.01  pbx                      patches anna-desk and bo-desk
        0.01  pbx → anna-desk          183 Session Progress + sdp
        0.01  anna-desk → pbx          PRACK sip:192.0.2.1:5060
        0.01  pbx → bo-desk            PRACK sip:bo-desk@10.0.0.2:5060
        0.01  bo-desk → pbx            200 OK (PRACK)
        0.01  pbx → anna-desk          200 OK (PRACK)
        3.00  bo-desk → pbx            200 OK
        3.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        3.00  pbx                      patches anna-desk and bo-desk
        3.00  pbx → anna-desk          200 OK
        3.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        8.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        8.01  pbx → bo-desk            200 OK (BYE)
        8.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        8.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// The two legs are independent: a phone that speaks RFC 3262 is acknowledged though the caller does not.
#[test]
fn a_caller_without_prack_may_call_a_phone_with_it() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = Manners { reliable: true, early_media: true, ..answers_and_talks(3, 5) };
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(200));
}

/// RFC 3261 §13.2.1: an INVITE without an offer; the other side offers, and the ACK brings the answer.
#[test]
fn a_late_offer_travels_from_the_called_to_the_caller_and_back() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.late_offer = true;
    office.phone_mut("bo-desk").manners = answers_and_talks(2, 5);
    office.call("anna-desk", "1002");
    office.run_for(secs(4));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060
        0.00  pbx → anna-desk          180 Ringing
        0.00  bo-desk → pbx            180 Ringing
        2.00  bo-desk → pbx            200 OK + sdp
        2.00  pbx → anna-desk          200 OK + sdp
        2.01  anna-desk → pbx          ACK sip:192.0.2.1:5060 + sdp
        2.01  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060 + sdp
        2.01  pbx                      patches anna-desk and bo-desk
        7.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        7.00  pbx → bo-desk            200 OK (BYE)
        7.00  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        7.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// A late offer into voicemail: the exchange makes the offer itself.
#[test]
fn a_late_offer_into_voicemail_is_offered_by_the_exchange() {
    let mut office = office_with(&["anna-desk"]);
    office.phone_mut("anna-desk").manners.late_offer = true;
    office.call("anna-desk", "1002");
    office.run_for(secs(2));
    assert!(office.playing_to("anna-desk").is_some(), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// Two phones with early media: the caller hears one of them, and the one that answers in the end.
#[test]
fn several_early_dialogs_end_in_one_call() {
    let mut office = office_with(&["anna-desk", "dan-desk", "dan-soft"]);
    office.phone_mut("dan-desk").manners = Manners { early_media: true, ring: Ring::ForEver, ..Manners::default() };
    office.phone_mut("dan-soft").manners = Manners { early_media: true, ..answers(3) };
    office.call("anna-desk", "1004");
    office.run_for(secs(2));
    office.run_for(secs(3));
    assert!(office.hears("anna-desk", "dan-soft") && office.hears("dan-soft", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3261 §13.3.1.1: one 180 is enough for a caller, however many phones ring.
#[test]
fn a_caller_is_told_once_that_it_rings() {
    let mut office = office_with(&["anna-desk", "dan-desk", "dan-soft"]);
    office.call("anna-desk", "1004");
    office.run_for(secs(2));
    assert_eq!(office.phone("anna-desk").got_response(180, Method::Invite).len(), 1);
    let ringing = office.phone("anna-desk").got_response(180, Method::Invite)[0].clone();
    assert!(ringing.to_tag().is_some() && ringing.header(Name::Contact).is_some());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3261 §13.3.1.4: the called phone repeats its 200 with the offer while the caller's answer is still on its
/// way; that is the same answer, not a second one.
#[test]
fn a_repeated_200_to_a_late_offer_is_no_second_answer() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    *office.link("anna-desk") = Link { delay: millis(400), ..Link::PERFECT };
    office.phone_mut("anna-desk").manners.late_offer = true;
    office.phone_mut("bo-desk").manners = answers(3);
    office.call("anna-desk", "1002");
    office.run_for(secs(8));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3264 §6: the answer in the ACK refuses the only line: there is nothing to talk over, and the call ends.
#[test]
fn a_late_offer_that_is_refused_ends_the_call() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("anna-desk").manners.late_offer = true;
    office.phone_mut("anna-desk").manners.codecs = vec![(18, "G729")];
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    assert_eq!(office.talking(), [""; 0], "{}", office.ladder());
    office.run_until_idle();
    office.assert_sound();
}
