//! Offers that are changed, refused, or come at the wrong moment.

use crate::exchange::{DESK, Exchange, HOLD, OPERATOR, SDP, SOFT, invite};
use call::media::MediaCommand;
use sip::{Message, Method, Name};

fn body(message: &Message) -> String {
    String::from_utf8_lossy(message.body_bytes()).into_owned()
}

/// RFC 3311 §4: a phone whose Allow has no UPDATE gets a re-INVITE instead.
#[test]
fn an_update_goes_on_as_a_re_invite_where_update_is_unknown() {
    let mut exchange = Exchange::new();
    let (invite, ok, _) = exchange.talking("Allow: INVITE, ACK, CANCEL, BYE");
    exchange.within("UPDATE", 2, &invite, &ok, "", HOLD);
    let passed = exchange.take_request(DESK, Method::Invite);
    assert!(body(&passed).contains("a=sendonly"), "{}", body(&passed));
    exchange.answer(&passed, DESK, 200, "desk", "", true);
    exchange.take_request(DESK, Method::Ack);
    let answer = exchange.take_response(OPERATOR, 200, Method::Update);
    assert!(body(&answer).contains("m=audio"), "{}", body(&answer));
    assert!(exchange.media.iter().any(|command| matches!(command, MediaCommand::Play { repeat: true, .. })));
}

/// RFC 3261 §14.1: a refused re-INVITE changes nothing; the same one again is passed on again.
#[test]
fn a_refused_offer_leaves_the_session_as_it_was() {
    let mut exchange = Exchange::new();
    let (invite, ok, _) = exchange.talking("");
    for cseq in [2, 3] {
        exchange.within("INVITE", cseq, &invite, &ok, "", HOLD);
        let passed = exchange.take_request(DESK, Method::Invite);
        exchange.answer(&passed, DESK, 488, "desk", "", false);
        let refused = exchange.take_response(OPERATOR, 488, Method::Invite);
        exchange.ack(cseq, &invite, &refused, "");
    }
    assert_eq!(exchange.status().legs, 2);
}

/// RFC 3264 §8: what either side adds reaches the other, whoever made the first offer.
#[test]
fn the_called_side_may_add_a_line() {
    let mut exchange = Exchange::new();
    let (_, _, ours) = exchange.talking("");
    let video = format!("{SDP}m=video 40010 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
    exchange.callee_sends(DESK, "INVITE", 1, &ours, "desk", &video);
    let passed = exchange.take_request(OPERATOR, Method::Invite);
    assert!(body(&passed).contains("m=video"), "{}", body(&passed));
    assert!(!body(&passed).contains("m=video 0"), "{}", body(&passed));
}

/// RFC 3311 §5.2: no second offer before the first is answered, from either side.
#[test]
fn an_update_before_the_first_answer_is_refused() {
    let mut exchange = Exchange::new();
    let invite = invite(OPERATOR, "1001", "");
    exchange.receive(OPERATOR, invite.bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&ours, DESK, 180, "desk", "Allow: UPDATE", false);
    let ringing = exchange.take_response(OPERATOR, 180, Method::Invite);
    exchange.within("UPDATE", 2, &invite, &ringing, "", HOLD);
    assert!(exchange.take_response(OPERATOR, 500, Method::Update).header(Name::RetryAfter).is_some());
    exchange.callee_sends(DESK, "UPDATE", 1, &ours, "desk", HOLD);
    exchange.take_response(DESK, 491, Method::Update);
    exchange.answer(&ours, DESK, 200, "desk", "", true);
    let ok = exchange.take_response(OPERATOR, 200, Method::Invite);
    assert!(!body(&ok).contains("sendonly"), "{}", body(&ok));
}

/// RFC 3311 §5.1, RFC 3262 §5: once the first offer is answered reliably, UPDATE goes both ways before the answer. A
/// branch that is gone meanwhile costs nobody the call.
#[test]
fn an_update_in_an_early_dialog_goes_both_ways() {
    let mut exchange = Exchange::new();
    let invite = invite(OPERATOR, "1001", "Supported: 100rel");
    exchange.receive(OPERATOR, invite.bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    exchange.take_request(SOFT, Method::Invite);
    exchange.answer(&ours, DESK, 183, "desk", "Require: 100rel\nRSeq: 7\nAllow: UPDATE, PRACK", true);
    let early = exchange.take_response(OPERATOR, 183, Method::Invite);
    let rseq = early.header(Name::RSeq).expect("RSeq").to_owned();
    exchange.within("PRACK", 2, &invite, &early, &format!("RAck: {rseq} 1 INVITE"), "");
    let prack = exchange.take_request(DESK, Method::Prack);
    assert_eq!(prack.header(Name::RAck), Some("7 1 INVITE"));
    exchange.answer(&prack, DESK, 200, "desk", "", false);
    exchange.take_response(OPERATOR, 200, Method::Prack);

    exchange.within("UPDATE", 3, &invite, &early, "", HOLD);
    let update = exchange.take_request(DESK, Method::Update);
    exchange.answer(&update, DESK, 200, "desk", "", true);
    exchange.take_response(OPERATOR, 200, Method::Update);
    exchange.callee_sends(DESK, "UPDATE", 1, &ours, "desk", SDP);
    let update = exchange.take_request(OPERATOR, Method::Update);
    exchange.answer(&update, OPERATOR, 200, "outside", "", true);
    exchange.take_response(DESK, 200, Method::Update);

    exchange.within("UPDATE", 4, &invite, &early, "", HOLD);
    let update = exchange.take_request(DESK, Method::Update);
    exchange.answer(&update, DESK, 481, "desk", "", false);
    exchange.take_response(OPERATOR, 481, Method::Update);
    assert_eq!(exchange.status().legs, 3);
    assert_eq!(exchange.count(OPERATOR, |message| message.method() == Method::Invite && message.code() >= 300), 0);
}

/// Behind one leg a proxy may fork: the answer of the branch that answers counts, not that of another.
#[test]
fn the_description_of_the_branch_that_answers_counts() {
    let mut exchange = Exchange::new();
    let invite = invite(OPERATOR, "1001", "Supported: 100rel");
    exchange.receive(OPERATOR, invite.bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&ours, DESK, 183, "one", "Require: 100rel\nRSeq: 7", true);
    let other = SDP.replace("40000", "40500");
    let second = sip::respond(&ours, 183, None)
        .to_tag("two")
        .header(Name::Contact, "<sip:two@192.0.2.50>")
        .header(Name::Require, "100rel")
        .header(Name::RSeq, "9")
        .body("application/sdp", other.as_bytes());
    exchange.receive(DESK, second);
    exchange.answer(&ours, DESK, 200, "one", "", false);
    let connected = exchange.media.iter().rev().find_map(|command| match command {
        MediaCommand::Connect { remote, .. } if remote.port() >= 40_000 => Some(remote.port()),
        _ => None,
    });
    assert_eq!(connected, Some(40_000));
    exchange.take_response(OPERATOR, 200, Method::Invite);
}

/// Two phones speak before they answer; the one that is heard gives up: the caller hears the other.
#[test]
fn the_caller_hears_the_early_media_that_is_left() {
    let mut exchange = Exchange::new();
    let invite = invite(OPERATOR, "1001", "");
    exchange.receive(OPERATOR, invite.bytes().clone());
    let (desk, soft) = (exchange.take_request(DESK, Method::Invite), exchange.take_request(SOFT, Method::Invite));
    let patched = |exchange: &Exchange| {
        exchange.media.iter().rev().find_map(|command| match command {
            MediaCommand::Patch { b, .. } => Some(*b),
            _ => None,
        })
    };
    exchange.answer(&desk, DESK, 183, "desk", "", true);
    let with_desk = patched(&exchange);
    exchange.answer(&soft, SOFT, 183, "soft", "", true);
    assert_ne!(patched(&exchange), with_desk);
    exchange.answer(&soft, SOFT, 486, "soft", "", false);
    assert_eq!(patched(&exchange), with_desk);
}

/// RFC 3262 §3: a 200 that overtakes the PRACK repeats the answer that may not have arrived, and the late PRACK is
/// answered.
#[test]
fn an_answer_may_overtake_the_prack() {
    let mut exchange = Exchange::new();
    let invite = invite(OPERATOR, "1001", "Supported: 100rel");
    exchange.receive(OPERATOR, invite.bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&ours, DESK, 183, "desk", "Require: 100rel\nRSeq: 7\nAllow: PRACK", true);
    let early = exchange.take_response(OPERATOR, 183, Method::Invite);
    exchange.answer(&ours, DESK, 200, "desk", "", false);
    let ok = exchange.take_response(OPERATOR, 200, Method::Invite);
    assert_eq!(body(&ok), body(&early));
    exchange.ack(1, &invite, &ok, "");
    let rack = format!("RAck: {} 1 INVITE", early.header(Name::RSeq).expect("RSeq"));
    exchange.within("PRACK", 2, &invite, &early, &rack, "");
    let prack = exchange.take_request(DESK, Method::Prack);
    exchange.answer(&prack, DESK, 200, "desk", "", false);
    exchange.take_response(OPERATOR, 200, Method::Prack);
    exchange.within("PRACK", 3, &invite, &early, &rack, "");
    exchange.take_response(OPERATOR, 481, Method::Prack);
}
