//! Headers and codes.

use crate::exchange::{DESK, Exchange, OPERATOR, SDP, SOFT, STRANGER, invite};
use sip::{Message, Method, Name, Transport};
use std::time::Duration;
use vaihde_engine::Input;

/// RFC 3261 §12.1.1: a dialog goes on along the proxies that it began through.
#[test]
fn record_route_is_copied_into_what_begins_a_dialog() {
    let mut exchange = Exchange::new();
    let route = "<sip:203.0.113.80;lr>";
    exchange.receive(OPERATOR, invite(OPERATOR, "1001", &format!("Record-Route: {route}")).bytes().clone());
    let desk = exchange.take_request(DESK, Method::Invite);
    assert_eq!(desk.header(Name::RecordRoute), None);
    exchange.answer(&desk, DESK, 183, "desk", "", true);
    assert_eq!(exchange.take_response(OPERATOR, 183, Method::Invite).header(Name::RecordRoute), Some(route));
    exchange.answer(&desk, DESK, 200, "desk", "", true);
    assert_eq!(exchange.take_response(OPERATOR, 200, Method::Invite).header(Name::RecordRoute), Some(route));
}

/// RFC 3261 §26.3.2.4: a challenge is sent once for each request, so that a forged sender gets no flood, and a
/// stranger leaves nothing behind.
#[test]
fn a_stranger_gets_one_challenge_and_leaves_nothing_behind() {
    let mut exchange = Exchange::new();
    for method in ["INVITE", "REGISTER", "SUBSCRIBE"] {
        let text = String::from_utf8_lossy(invite(STRANGER, "1001", "").bytes()).replace("INVITE", method);
        exchange.receive(STRANGER, text.clone());
        assert_eq!(exchange.status().transactions, 0, "{method}");
        exchange.run(Duration::from_secs(60));
        assert_eq!(exchange.count(STRANGER, |message| message.code() == 401), 1, "{method}");
        exchange.receive(STRANGER, text);
        assert_eq!(exchange.count(STRANGER, |message| message.code() == 401), 2, "{method} again");
        exchange.forget_sent();
    }
}

/// RFC 3261 §12: what a branch that was not answered says about itself is not about the call.
#[test]
fn a_bye_of_a_branch_that_lost_leaves_the_call_alone() {
    let mut exchange = Exchange::new();
    let call = invite(OPERATOR, "1001", "");
    exchange.receive(OPERATOR, call.bytes().clone());
    let desk = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&desk, DESK, 180, "one", "", false);
    exchange.answer(&desk, DESK, 200, "two", "", true);
    let ok = exchange.take_response(OPERATOR, 200, Method::Invite);
    exchange.ack(1, &call, &ok, "");
    exchange.callee_sends(DESK, "BYE", 1, &desk, "one", "");
    exchange.take_response(DESK, 200, Method::Bye);
    assert_eq!(exchange.count(OPERATOR, |message| message.is_request() && message.method() == Method::Bye), 0);
    let _ = exchange.take_request(SOFT, Method::Invite);
}

/// RFC 3261 §18.1.1: what is too large for a datagram goes by TCP, and as a datagram after all where TCP is refused.
#[test]
fn a_large_request_goes_by_tcp_and_falls_back_to_udp() {
    let mut exchange = Exchange::new();
    let call = invite(OPERATOR, "1001", "");
    let filler: String = (0..40).map(|nth| format!("a=x-filler-{nth}:{:030}\r\n", nth)).collect();
    let body = format!("{SDP}{filler}");
    let head = String::from_utf8_lossy(call.bytes()).replace(SDP, "");
    let head = head.replace(&format!("Content-Length: {}", SDP.len()), &format!("Content-Length: {}", body.len()));
    exchange.receive(OPERATOR, format!("{head}{body}"));
    let large = |message: &Message| message.is_request() && message.request_uri().contains("desk@");
    let flow = exchange.flows_of(large)[0];
    assert_eq!(flow.transport, Transport::Tcp);
    assert!(exchange.take_request(DESK, Method::Invite).header(Name::Contact).unwrap().contains("transport=tcp"));
    exchange.input(Input::FlowFailed { flow });
    let flow = exchange.flows_of(large)[0];
    assert_eq!(flow.transport, Transport::Udp);
    let again = exchange.take_request(DESK, Method::Invite);
    exchange.answer(&again, DESK, 200, "desk", "", true);
    exchange.take_response(OPERATOR, 200, Method::Invite);
}
