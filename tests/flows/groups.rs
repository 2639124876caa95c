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
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:2000@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:2000@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:2000@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  pbx → cia-desk           INVITE sip:cia-desk@10.0.0.3:5060 + sdp
        0.00  bo-desk → pbx            180 Ringing
        0.00  cia-desk → pbx           180 Ringing
        4.00  cia-desk → pbx           200 OK + sdp
        4.00  pbx → cia-desk           ACK sip:cia-desk@10.0.0.3:5060
        4.00  pbx                      patches anna-desk and cia-desk
        4.00  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060
        4.00  pbx → anna-desk          200 OK + sdp
        4.01  bo-desk → pbx            200 OK (CANCEL)
        4.01  bo-desk → pbx            487 Request Terminated
        4.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        4.01  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        9.00  cia-desk → pbx           BYE sip:192.0.2.1:5060
        9.01  pbx → cia-desk           200 OK (BYE)
        9.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        9.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

#[test]
fn a_group_in_order_rings_one_after_another() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk", "dan-desk"]);
    office.phone_mut("dan-desk").manners = answers_and_talks(2, 5);
    office.call("anna-desk", "2001");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:2001@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:2001@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:2001@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  bo-desk → pbx            180 Ringing
         5.00  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060
         5.00  pbx → cia-desk           INVITE sip:cia-desk@10.0.0.3:5060 + sdp
         5.00  bo-desk → pbx            200 OK (CANCEL)
         5.00  bo-desk → pbx            487 Request Terminated
         5.00  cia-desk → pbx           180 Ringing
         5.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        10.00  pbx → cia-desk           CANCEL sip:cia-desk@10.0.0.3:5060
        10.00  pbx → dan-desk           INVITE sip:dan-desk@10.0.0.4:5060 + sdp
        10.00  cia-desk → pbx           200 OK (CANCEL)
        10.00  cia-desk → pbx           487 Request Terminated
        10.00  dan-desk → pbx           180 Ringing
        10.01  pbx → cia-desk           ACK sip:cia-desk@10.0.0.3:5060
        12.00  dan-desk → pbx           200 OK + sdp
        12.01  pbx → dan-desk           ACK sip:dan-desk@10.0.0.4:5060
        12.01  pbx                      patches anna-desk and dan-desk
        12.01  pbx → anna-desk          200 OK + sdp
        12.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        17.00  dan-desk → pbx           BYE sip:192.0.2.1:5060
        17.00  pbx → dan-desk           200 OK (BYE)
        17.00  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        17.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

#[test]
fn a_group_that_nobody_answers_ends_in_its_voicemail() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.call("anna-desk", "2000");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:2000@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:2000@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:2000@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  pbx → cia-desk           INVITE sip:cia-desk@10.0.0.3:5060 + sdp
         0.00  bo-desk → pbx            180 Ringing
         0.00  cia-desk → pbx           180 Ringing
        15.00  pbx                      plays to anna-desk: greeting-no-answer, leave-message
        15.00  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060
        15.00  pbx → cia-desk           CANCEL sip:cia-desk@10.0.0.3:5060
        15.00  pbx → anna-desk          200 OK + sdp
        15.00  bo-desk → pbx            200 OK (CANCEL)
        15.00  bo-desk → pbx            487 Request Terminated
        15.00  cia-desk → pbx           200 OK (CANCEL)
        15.00  cia-desk → pbx           487 Request Terminated
        15.00  anna-desk → pbx          ACK sip:192.0.2.1:5060
        15.01  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        15.01  pbx → cia-desk           ACK sip:cia-desk@10.0.0.3:5060
        19.00  pbx                      plays to anna-desk: beep
        19.30  pbx                      records anna-desk
        32.30  pbx                      plays to anna-desk: message-saved, goodbye
        32.30  pbx → bo-desk            NOTIFY sip:bo-desk@10.0.0.2:5060
        32.31  bo-desk → pbx            200 OK (NOTIFY)
        36.30  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        36.31  anna-desk → pbx          200 OK (BYE)
        ",
    );
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
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:1005@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:1005@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:1005@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → eva-desk           INVITE sip:eva-desk@10.0.0.6:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  eva-desk → pbx           180 Ringing
        10.00  pbx → eva-desk           CANCEL sip:eva-desk@10.0.0.6:5060
        10.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
        10.00  pbx → cia-desk           INVITE sip:cia-desk@10.0.0.3:5060 + sdp
        10.00  eva-desk → pbx           200 OK (CANCEL)
        10.00  eva-desk → pbx           487 Request Terminated
        10.00  bo-desk → pbx            180 Ringing
        10.00  cia-desk → pbx           180 Ringing
        10.01  pbx → eva-desk           ACK sip:eva-desk@10.0.0.6:5060
        13.00  bo-desk → pbx            200 OK + sdp
        13.01  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        13.01  pbx                      patches anna-desk and bo-desk
        13.01  pbx → cia-desk           CANCEL sip:cia-desk@10.0.0.3:5060
        13.01  pbx → anna-desk          200 OK + sdp
        13.01  cia-desk → pbx           200 OK (CANCEL)
        13.01  cia-desk → pbx           487 Request Terminated
        13.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        13.01  pbx → cia-desk           ACK sip:cia-desk@10.0.0.3:5060
        18.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        18.00  pbx → bo-desk            200 OK (BYE)
        18.00  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        18.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
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
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  bo-desk → pbx            302 Moved Temporarily
        0.01  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        0.01  pbx → cia-desk           INVITE sip:cia-desk@10.0.0.3:5060 + sdp
        0.01  cia-desk → pbx           180 Ringing
        2.01  cia-desk → pbx           200 OK + sdp
        2.01  pbx → cia-desk           ACK sip:cia-desk@10.0.0.3:5060
        2.01  pbx                      patches anna-desk and cia-desk
        2.01  pbx → anna-desk          200 OK + sdp
        2.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        4.01  cia-desk → pbx           BYE sip:192.0.2.1:5060
        4.01  pbx → cia-desk           200 OK (BYE)
        4.01  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        4.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

/// RFC 5626 §5.3, RFC 3261 §8.1.3.4: the phone to which a redirection leads is behind NAT, the one that redirects
/// is not: the ACK and the BYE go where the second registered from, too.
#[test]
fn a_redirection_to_a_phone_behind_nat_is_followed_to_the_end() {
    let mut office = Office::new(PLAN, 1);
    office.put_behind_nat("cia-desk", "203.0.113.9:31337");
    office.register(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("bo-desk").manners.ring = Ring::Redirect("sip:1003@pbx.example.fi".into());
    office.phone_mut("cia-desk").manners = answers(2);
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "cia-desk") && office.hears("cia-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}
