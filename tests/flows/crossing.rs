//! Messages that cross on the way.

use crate::office::{answers, answers_and_talks, millis, office_with, secs};
use sim::{Link, Manners, Phase, Ring};
use sip::Method;
use std::time::Duration;

/// RFC 3261 §9.1, §13.2.2.4: the 200 crosses our CANCEL: it is acknowledged and ended with BYE.
#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    *office.link("bo-desk") = Link { delay: millis(300), ..Link::PERFECT };
    office.phone_mut("bo-desk").manners = answers(3);
    office.call("anna-desk", "1002");
    office.run_for(millis(3200));
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
        0.30  bo-desk → pbx            180 Ringing
        0.50  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp (again)
        0.80  bo-desk → pbx            180 Ringing (again)
        3.20  anna-desk → pbx          CANCEL sip:1002@pbx.example.fi
        3.20  pbx → anna-desk          200 OK (CANCEL)
        3.20  pbx → anna-desk          487 Request Terminated
        3.20  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060
        3.20  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        3.30  bo-desk → pbx            200 OK + sdp
        3.50  bo-desk → pbx            200 OK (CANCEL)
        3.60  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        3.60  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        3.70  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060 (again)
        3.80  bo-desk → pbx            200 OK + sdp (again)
        3.90  bo-desk → pbx            200 OK (BYE)
        4.00  bo-desk → pbx            200 OK (CANCEL) (again)
        4.10  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060 (again)
        4.40  bo-desk → pbx            200 OK (BYE) (again)
        ",
    );
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(487));
    assert_eq!(office.phone("bo-desk").last_call().phase, Phase::Ended);
}

/// Both phones of Dan answer in the same instant: one has the call, the other is hung up.
#[test]
fn two_answers_in_one_instant_make_one_call() {
    let mut office = office_with(&["anna-desk", "dan-desk", "dan-soft"]);
    office.phone_mut("dan-desk").manners = answers(2);
    office.phone_mut("dan-soft").manners = answers(2);
    office.call("anna-desk", "1004");
    office.run_for(secs(5));
    assert_eq!(office.talking().len(), 2, "{}", office.ladder());
    office.hang_up("anna-desk");
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
        2.00  dan-desk → pbx           200 OK + sdp
        2.00  dan-soft → pbx           200 OK + sdp
        2.00  pbx → dan-desk           ACK sip:dan-desk@10.0.0.4:5060
        2.00  pbx                      patches anna-desk and dan-desk
        2.00  pbx → dan-soft           CANCEL sip:dan-soft@10.0.0.5:5060
        2.00  pbx → anna-desk          200 OK + sdp
        2.00  pbx → dan-soft           ACK sip:dan-soft@10.0.0.5:5060
        2.00  pbx → dan-soft           BYE sip:dan-soft@10.0.0.5:5060
        2.01  dan-soft → pbx           200 OK (CANCEL)
        2.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        2.01  dan-soft → pbx           200 OK (BYE)
        5.00  anna-desk → pbx          BYE sip:192.0.2.1:5060
        5.00  pbx → anna-desk          200 OK (BYE)
        5.00  pbx → dan-desk           BYE sip:dan-desk@10.0.0.4:5060
        5.00  dan-desk → pbx           200 OK (BYE)
        ",
    );
}

/// RFC 3261 §15: both sides hang up in the same instant. Whoever sent BYE holds the call for ended and answers 481.
#[test]
fn byes_that_cross_harm_nobody() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    office.mark();
    office.hang_up("anna-desk");
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          BYE sip:192.0.2.1:5060
        0.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        0.00  pbx → anna-desk          200 OK (BYE)
        0.00  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        0.00  pbx → bo-desk            481 Call/Transaction Does Not Exist (BYE)
        0.00  bo-desk → pbx            481 Call/Transaction Does Not Exist (BYE)
        ",
    );
}

/// The caller gives up in the instant in which the phone answers, over lines of the same length.
#[test]
fn a_cancel_that_comes_too_late_ends_the_call_with_bye() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    *office.link("anna-desk") = Link { delay: millis(300), ..Link::PERFECT };
    office.phone_mut("bo-desk").manners = answers(3);
    office.call("anna-desk", "1002");
    office.run_for(millis(3500));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
    assert!(office.phones().iter().flat_map(|phone| &phone.calls).all(|call| call.phase == Phase::Ended));
}

/// The group gives up in the instant in which a phone answers.
#[test]
fn an_answer_when_the_group_gives_up_is_not_lost_twice() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    *office.link("cia-desk") = Link { delay: millis(200), ..Link::PERFECT };
    office.phone_mut("cia-desk").manners = Manners { ring: Ring::Answer(millis(14_700)), ..Manners::default() };
    office.call("anna-desk", "2000");
    office.run_for(secs(17));
    let heard = office.hears("anna-desk", "cia-desk") || office.playing_to("anna-desk").is_some();
    assert!(heard, "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// Lost, doubled and overtaking packets on both lines: the call comes about and ends all the same.
#[test]
fn a_call_over_bad_lines_comes_about_and_ends() {
    for seed in 0..20 {
        let mut office = sim::Office::new(crate::office::PLAN, seed);
        office.register(&["anna-desk", "bo-desk"]);
        for name in ["anna-desk", "bo-desk"] {
            *office.link(name) =
                Link { delay: millis(40), jitter: millis(60), lost_of_1000: 200, doubled_of_1000: 100 };
        }
        office.phone_mut("bo-desk").manners = answers_and_talks(2, 10);
        office.call("anna-desk", "1002");
        office.run_until_idle();
        office.assert_sound();
        let code = office.phone("anna-desk").last_call().final_code;
        assert_eq!(code, Some(200), "seed {seed}\n{}", office.ladder());
        assert!(!office.phone("bo-desk").got(Method::Invite).is_empty());
    }
}

/// RFC 3261 §15.1.2: BYE while a re-INVITE is under way: "must still respond to any pending requests".
#[test]
fn a_bye_in_the_middle_of_a_re_invite_leaves_nothing_unanswered() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    *office.link("bo-desk") = Link { delay: millis(300), ..Link::PERFECT };
    office.mark();
    office.hold("anna-desk");
    office.run_for(millis(100));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:192.0.2.1:5060 + sdp sendonly
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp sendonly
        0.10  anna-desk → pbx          BYE sip:192.0.2.1:5060
        0.10  anna-desk → pbx          CANCEL sip:192.0.2.1:5060
        0.10  pbx → anna-desk          200 OK (BYE)
        0.10  pbx → anna-desk          487 Request Terminated
        0.10  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060
        0.10  pbx → anna-desk          200 OK (CANCEL)
        0.10  anna-desk → pbx          ACK sip:192.0.2.1:5060
        0.30  bo-desk → pbx            200 OK + sdp recvonly
        0.40  bo-desk → pbx            200 OK (BYE)
        0.50  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp sendonly (again)
        0.60  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        0.60  pbx → bo-desk            BYE sip:bo-desk@10.0.0.2:5060 (again)
        0.90  bo-desk → pbx            200 OK (BYE) (again)
        ",
    );
}

/// RFC 3261 §13.2.2.4: every 2xx gets an ACK, also that of a re-INVITE whose call has ended meanwhile; else the phone
/// repeats it for half a minute.
#[test]
fn an_answer_to_a_re_invite_that_crosses_a_bye_is_acknowledged() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    office.mark();
    office.hold("bo-desk");
    // The re-INVITE gets through to Anna's phone, the 200 to it does not.
    office.later(Duration::from_micros(1500), |office| office.link("anna-desk").lost_of_1000 = 1000);
    office.run_for(millis(5));
    office.link("anna-desk").lost_of_1000 = 0;
    office.hang_up("anna-desk");
    office.run_until_idle();
    assert_eq!(office.phone("anna-desk").got(Method::Ack).len(), 1, "{}", office.ladder());
    office.assert_sound();
}
