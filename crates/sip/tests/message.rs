//! Reading a request and answering it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::net::SocketAddr;

use bytes::Bytes;
use vaihde_sip::{Flow, Message, Method, Name, ParseError, Reject, Transport, fix_via, respond, response_target};

const INVITE: &str = "INVITE sip:anna@example.com;transport=udp SIP/2.0\r\n\
    v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;x=\"1;2\", SIP/2.0/TCP p.example.com:5070;branch=z9hG4bKb\r\n\
    Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKc\r\n\
    Max-Forwards: 70\r\n\
    f: \"Bo\" <sip:bo@example.com>;tag=b1\r\n\
    t: <sip:anna@example.com>\r\n\
    i: call-1\r\n\
    CSEQ: 7 INVITE\r\n\
    m: <sip:bo@192.0.2.1>;q=0.5, <sip:bo@198.51.100.1>\r\n\
    k: timer, 100rel;x=1\r\n\
    Timestamp: 54\r\n\
    X-Office:  north \r\n\
    c: text/plain\r\n\
    l: 5\r\n\
    \r\n\
    hello and more";

fn read(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn edited(from: &str, to: &str) -> String {
    assert!(INVITE.contains(from), "{from}");
    INVITE.replace(from, to)
}

fn source(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn flow(transport: Transport) -> Flow {
    Flow { transport, local: source("10.0.0.1:5060"), remote: source("192.0.2.1:4711"), connection: 3 }
}

#[test]
fn every_value_of_a_request_is_at_hand() {
    let message = read(INVITE);
    assert_eq!(message.validate(), Ok(()));
    assert!(message.is_request());
    assert_eq!((message.method(), message.method_str(), message.code()), (Method::Invite, "INVITE", 0));
    assert_eq!((message.request_uri(), message.reason_phrase()), ("sip:anna@example.com;transport=udp", ""));
    assert_eq!((message.from_tag(), message.to_tag(), message.call_id()), (Some("b1"), None, "call-1"));
    assert_eq!(
        message.vias().map(|via| via.unwrap().branch.unwrap()).collect::<Vec<_>>(),
        ["z9hG4bKa", "z9hG4bKb", "z9hG4bKc"]
    );
    assert_eq!(message.contacts().count(), 2);
    assert_eq!(message.contact().unwrap().unwrap().q(), Some(500));
    assert!(message.has_token(Name::Supported, "TIMER") && message.has_token(Name::Supported, "100rel"));
    assert!(!message.has_token(Name::Supported, "time") && !message.has_token(Name::Require, "timer"));
    assert_eq!((message.header_named("x-office"), message.header_named("call-id")), (Some("north"), Some("call-1")));
    assert_eq!(message.number(Name::MaxForwards), Some(Ok(70)));
    assert_eq!(message.number(Name::Expires), None);
    assert_eq!(message.body(), "hello");
    assert!(message.bytes().ends_with(b"hello"));
    assert_eq!(message.all_headers().count(), 13);
    assert_eq!(message.all_headers().next().map(|(name, text, _)| (name, text)), Some((Name::Via, "v")));
}

#[test]
fn a_clone_shares_what_the_original_reads() {
    let message = read(INVITE);
    let clone = message.clone();
    assert_eq!(clone.bytes().as_ptr(), message.bytes().as_ptr());
    assert_eq!(clone.call_id(), "call-1");
}

#[test]
fn leading_line_ends_are_skipped_and_only_line_ends_are_a_keep_alive() {
    assert_eq!(read(&format!("\r\n\r\n{INVITE}")).call_id(), "call-1");
    for text in ["", "\r\n\r\n", "\r\n", "\0\0\0\0", "\r\n\0"] {
        let found = Message::parse(Bytes::copy_from_slice(text.as_bytes()));
        assert!(matches!(found, Err(ParseError::KeepAlive)), "{text:?}");
    }
}

/// An empty tag is none, and hides none: what we answer names the dialog.
#[test]
fn an_empty_tag_does_not_hide_ours() {
    let request = read(&edited("t: <sip:anna@example.com>", "t: <sip:anna@example.com>;tag;tag="));
    assert_eq!(request.to_tag(), None);
    let response = Message::parse(respond(&request, 200, None).to_tag("a1").finish()).unwrap();
    assert_eq!(response.to_tag(), Some("a1"));
}

#[test]
fn an_empty_via_line_hides_no_via() {
    let message = read(&edited("v: SIP", "v: ,\r\nv: SIP"));
    assert_eq!(message.validate(), Ok(()));
    assert_eq!(message.top_via().unwrap().branch, Some("z9hG4bKa"));
    let fixed = fix_via(message, source("203.0.113.9:99"));
    assert_eq!(fixed.top_via().unwrap().received, Some("203.0.113.9"));
    assert_eq!(fixed.header(Name::Via), Some(","));
}

/// RFC 3261 §25.1 has a NUL in quoted pairs only, RFC 4475 §3.1.1.2 sends one. A response repeats it, §8.2.6.2.
#[test]
fn a_nul_is_refused_unless_it_is_a_quoted_pair() {
    let error = Message::parse(edited(";tag=b1", ";tag=b\0").into()).unwrap_err();
    assert_eq!(error.answer().map(|(_, reject)| reject.reason), Some("NUL in a header line"));
    let quoted = read(&edited("\"Bo\"", "\"B\\\0o\""));
    let response = Message::parse(respond(&quoted, 200, None).to_tag("a1").finish()).unwrap();
    assert_eq!(response.header(Name::From), quoted.header(Name::From));
}

#[test]
fn line_ends_without_carriage_return_are_forgiven_and_lone_carriage_returns_are_not() {
    assert_eq!(read(&INVITE.replace("\r\n", "\n")).body(), "hello");
    let found = Message::parse(edited("north", "nor\rth").into());
    assert!(matches!(found, Err(ParseError::Malformed { reject: Reject { code: 400, .. }, .. })));
}

#[test]
fn a_latin_1_name_does_not_spoil_the_call() {
    let bytes: Vec<u8> =
        edited("\"Bo\"", "\"P#ivi\"").bytes().map(|byte| if byte == b'#' { 0xe4 } else { byte }).collect();
    let message = Message::parse(bytes.into()).unwrap();
    assert_eq!(message.from().unwrap().display.as_deref(), Some("P?ivi"));
    assert_eq!(message.from_tag(), Some("b1"));
}

#[test]
fn a_fold_right_after_the_colon_is_one_value() {
    let message = read(&edited("X-Office:  north ", "X-Office:\r\n \t\r\n\tnorth\r\n  wing "));
    assert_eq!(message.header_named("X-Office"), Some("north    wing"));
    assert_eq!(message.body(), "hello");
    assert_eq!(read(std::str::from_utf8(message.bytes()).unwrap()).header_named("X-Office"), Some("north    wing"));
}

#[test]
fn broken_shapes_are_told_apart() {
    let fate = |text: &str| match Message::parse(Bytes::copy_from_slice(text.as_bytes())) {
        Ok(_) => "read",
        Err(ParseError::KeepAlive) => "keep-alive",
        Err(ParseError::NotSip(fault)) => fault.0,
        Err(error) => match error.answer() {
            Some((_, reject)) => reject.reason,
            None => "silence",
        },
    };
    assert_eq!(fate("GET / HTTP/1.1\r\n\r\n"), "No SIP version");
    assert_eq!(fate("hello"), "No SIP version");
    assert_eq!(fate("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\nno colon\r\n\r\n"), "silence");
    assert_eq!(fate("SIP/2.0 2000 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n"), "silence");
    assert_eq!(fate("SIP/2.0 700 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n"), "silence");
    assert_eq!(fate(&edited("X-Office:", "X Office")), "Malformed header line");
    assert_eq!(fate(&edited("X-Office:", ":")), "Malformed header line");
    assert_eq!(fate(&edited("SIP/2.0\r\nv", "SIP/2.0\r\n v")), "Folded start line");
    assert_eq!(fate(&edited("hello and more", "hell")), "Body shorter than Content-Length");
    assert_eq!(fate(&edited("l: 5", "l: 5\r\nContent-Length: 5")), "More than one Content-Length");
    assert_eq!(fate(&edited("l: 5", "l: 99999999999999999999")), "Malformed Content-Length");
    assert_eq!(fate(&INVITE[..INVITE.find("l: 5").unwrap()]), "Header without an end");
    assert_eq!(
        fate(
            &edited("INVITE sip:anna@example.com;transport=udp SIP", "ACK sip:anna@example.com SIP")
                .replace("l: 5", "l: 50")
        ),
        "silence"
    );
    assert_eq!(fate(&edited("INVITE sip", "IN(VITE sip")), "Malformed method");
    assert_eq!(fate(&edited("X-Office", &"X: 1\r\n".repeat(600))), "Too many header lines");
}

#[test]
fn what_a_request_must_have_is_demanded() {
    let fault = |text: String| read(&text).validate().map_err(|reject| reject.reason);
    for (name, line) in [
        ("Missing From", "f: \"Bo\" <sip:bo@example.com>;tag=b1\r\n"),
        ("Missing To", "t: <sip:anna@example.com>\r\n"),
        ("Missing or malformed Call-ID", "i: call-1\r\n"),
        ("Missing CSeq", "CSEQ: 7 INVITE\r\n"),
        ("Body without Content-Type", "c: text/plain\r\n"),
    ] {
        assert_eq!(fault(edited(line, "")), Err(name));
        if !name.starts_with("Body") {
            assert!(fault(edited(line, &line.repeat(2))).is_err(), "{line}");
        }
    }
    assert_eq!(fault(edited("CSEQ: 7", "CSEQ: 2147483648")), Err("CSeq number out of range"));
    assert_eq!(fault(edited("CSEQ: 7 INVITE", "CSEQ: 7 BYE")), Err("CSeq of another method"));
    assert_eq!(fault(edited("Max-Forwards: 70", "Max-Forwards: 256")), Err("Malformed Max-Forwards"));
    assert_eq!(
        fault(edited("Max-Forwards: 70\r\n", "Max-Forwards: 70\r\nMax-Forwards: 70\r\n")),
        Err("More than one Max-Forwards")
    );
    assert_eq!(fault(edited("m: <sip:bo@192.0.2.1>", "m: *")), Err("Contact * out of place"));
    assert_eq!(fault(edited("p.example.com:5070", "p.example.com:x")), Err("Malformed port"));
    assert_eq!(fault(edited("Max-Forwards: 70\r\n", "")), Ok(()));
    assert_eq!(fault(edited("Max-Forwards: 70", "Route: <sip:a;lr>, nonsense")), Err("URI without a scheme"));
}

#[test]
fn a_response_repeats_what_it_must() {
    let response = respond(&read(INVITE), 180, None).to_tag("t9").to_tag("t10").finish();
    let expected = "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;x=\"1;2\", SIP/2.0/TCP p.example.com:5070;branch=z9hG4bKb\r\n\
        Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKc\r\n\
        From: \"Bo\" <sip:bo@example.com>;tag=b1\r\n\
        To: <sip:anna@example.com>;tag=t10\r\n\
        Call-ID: call-1\r\n\
        CSeq: 7 INVITE\r\n\
        Timestamp: 54\r\n\
        Content-Length: 0\r\n\r\n";
    assert_eq!(std::str::from_utf8(&response).unwrap(), expected);
    let again = read(&edited("t: <sip:anna@example.com>", "t: <sip:anna@example.com>;a=b;TAG = old ;c"));
    let response = respond(&again, 200, Some("Fine")).to_tag("new").finish();
    let text = std::str::from_utf8(&response).unwrap();
    assert!(
        text.starts_with("SIP/2.0 200 Fine\r\n")
            && text.contains("\r\nTo: <sip:anna@example.com>;a=b;TAG = new ;c\r\n")
    );
    assert!(respond(&again, 100, None).finish().starts_with(b"SIP/2.0 100 Trying\r\n"));
}

/// RFC 3261 §18.2.1 and RFC 3581 §4.
#[test]
fn the_top_via_says_where_a_request_really_came_from() {
    let via = |text: String, from: &str| {
        let message = fix_via(read(&text), source(from));
        assert_eq!(message.body(), "hello");
        assert_eq!(
            (message.call_id(), message.from_tag(), message.values(Name::Via).count()),
            ("call-1", Some("b1"), 3)
        );
        assert_eq!(Message::parse(message.bytes().clone()).unwrap().validate(), Ok(()));
        message.values(Name::Via).next().unwrap().to_owned()
    };
    let plain = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;x=\"1;2\"";
    assert_eq!(via(INVITE.into(), "192.0.2.1:99"), plain);
    assert_eq!(via(INVITE.into(), "[::ffff:192.0.2.1]:99"), plain);
    assert_eq!(via(INVITE.into(), "203.0.113.9:99"), format!("{plain};received=203.0.113.9"));
    let asks = edited("x=\"1;2\"", "rport;x=\"1;2\"");
    assert_eq!(via(asks.clone(), "192.0.2.1:99"), format!("{plain};received=192.0.2.1;rport=99"));
    assert_eq!(via(asks, "[2001:db8::1]:99"), format!("{plain};received=2001:db8::1;rport=99"));
    let lies = edited("x=\"1;2\"", "RPORT=1;Received=10.0.0.9;x=\"1;2\"");
    assert_eq!(via(lies.clone(), "192.0.2.1:99"), format!("{plain};received=192.0.2.1;rport=99"));
    let lies = lies.replace("RPORT=1;", "");
    assert_eq!(via(lies, "192.0.2.1:99"), plain);
    assert_eq!(via(edited("v: SIP", "v: , SIP"), "203.0.113.9:99"), format!("{plain};received=203.0.113.9"));
}

#[test]
fn a_truthful_via_costs_nothing() {
    let message = read(INVITE);
    let at = message.bytes().as_ptr();
    assert_eq!(fix_via(message, source("192.0.2.1:4711")).bytes().as_ptr(), at);
}

/// §18.2.2.
#[test]
fn responses_go_where_the_via_says() {
    let target = |text: String| {
        let flow = flow(Transport::Udp);
        response_target(&fix_via(read(&text), flow.remote), &flow).remote.to_string()
    };
    assert_eq!(target(INVITE.into()), "192.0.2.1:5060");
    assert_eq!(target(edited("UDP 192.0.2.1;", "UDP 10.9.8.7:5088;")), "192.0.2.1:5088");
    assert_eq!(target(edited("UDP 192.0.2.1;", "UDP 10.9.8.7:5088;rport;")), "192.0.2.1:4711");
    assert_eq!(target(edited("UDP 192.0.2.1;", "UDP 192.0.2.1;maddr=224.0.1.75;")), "224.0.1.75:5060");
    assert_eq!(target(edited("UDP 192.0.2.1;", "UDP 192.0.2.1;maddr=198.51.100.7;")), "192.0.2.1:5060");
    let stream = flow(Transport::Tcp);
    assert_eq!(response_target(&read(INVITE), &stream), stream);
}
