//! Requests under way when their call ends.

use crate::exchange::{DESK, Exchange, HOLD, OPERATOR};
use sip::{Method, Name};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// RFC 3261 §15.1.2: pending requests of a dialog that a BYE ends get 487.
#[test]
fn a_re_invite_that_its_own_bye_overtakes_gets_487() {
    let mut exchange = Exchange::new();
    let (invite, ok, _) = exchange.talking("");
    exchange.within("INVITE", 2, &invite, &ok, "", HOLD);
    let passed = exchange.take_request(DESK, Method::Invite);
    exchange.within("BYE", 3, &invite, &ok, "", "");
    exchange.take_response(OPERATOR, 200, Method::Bye);
    let refused = exchange.take_response(OPERATOR, 487, Method::Invite);
    assert_eq!(refused.cseq().map(|cseq| cseq.number), Ok(2));
    let bye = exchange.take_request(DESK, Method::Bye);
    exchange.answer(&bye, DESK, 200, "desk", "", false);
    exchange.answer(&passed, DESK, 487, "desk", "", false);
    exchange.assert_empty_after(MINUTE);
}

/// The same when the other side hangs up, and when it then says nothing more.
#[test]
fn a_re_invite_that_the_other_sides_bye_crosses_gets_487() {
    let mut exchange = Exchange::new();
    let (invite, ok, ours) = exchange.talking("");
    exchange.within("INVITE", 2, &invite, &ok, "", HOLD);
    let passed = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&passed, DESK, 100, "desk", "", false);
    exchange.callee_sends(DESK, "BYE", 1, &ours, "desk", "");
    exchange.take_response(DESK, 200, Method::Bye);
    exchange.take_response(OPERATOR, 487, Method::Invite);
    let bye = exchange.take_request(OPERATOR, Method::Bye);
    exchange.answer(&bye, OPERATOR, 200, "", "", false);
    exchange.assert_empty_after(2 * MINUTE);
}

/// RFC 3261 §9.2: who cancels a re-INVITE gets 487 for it, and the call stands.
#[test]
fn a_re_invite_that_is_cancelled_gets_487() {
    let mut exchange = Exchange::new();
    let (invite, ok, _) = exchange.talking("");
    exchange.within("INVITE", 2, &invite, &ok, "", HOLD);
    let passed = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&passed, DESK, 100, "desk", "", false);
    let cancel = format!(
        "CANCEL sip:192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {OPERATOR};branch=z9hG4bKw2;rport\r\nMax-Forwards: 70\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 2 CANCEL\r\nContent-Length: 0\r\n\r\n",
        invite.header(Name::From).unwrap(),
        ok.header(Name::To).unwrap(),
        invite.call_id()
    );
    exchange.receive(OPERATOR, cancel);
    exchange.take_response(OPERATOR, 200, Method::Cancel);
    let cancel = exchange.take_request(DESK, Method::Cancel);
    exchange.answer(&cancel, DESK, 200, "desk", "", false);
    exchange.answer(&passed, DESK, 487, "desk", "", false);
    exchange.take_response(OPERATOR, 487, Method::Invite);
    assert_eq!(exchange.status().legs, 2);
}
