//! Calls from and to operators: credentials, identity, history.

use crate::exchange::{CARRIER, DESK, Exchange, OPERATOR, invite};
use sip::{Message, Method, Name};

fn text(message: &Message) -> String {
    String::from_utf8_lossy(message.bytes()).into_owned()
}

/// RFC 3261 §22.2, §22.3: once, with the trunk's credentials; a second challenge is a refusal.
#[test]
fn a_trunks_challenge_is_answered_once() {
    let mut exchange = Exchange::new();
    exchange.receive(OPERATOR, invite(OPERATOR, "0501234567", "").bytes().clone());
    let first = exchange.take_request(CARRIER, Method::Invite);
    assert!(text(&first).starts_with("INVITE sip:0501234567@203.0.113.10 SIP/2.0"), "{}", text(&first));
    let challenge = "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"abc\", qop=\"auth\", algorithm=MD5";
    exchange.answer(&first, CARRIER, 407, "one", challenge, false);
    exchange.take_request(CARRIER, Method::Ack);
    let second = exchange.take_request(CARRIER, Method::Invite);
    assert_eq!((second.call_id(), second.from_tag()), (first.call_id(), first.from_tag()));
    assert_eq!(second.cseq().map(|cseq| cseq.number), Ok(2));
    let credentials = second.header(Name::ProxyAuthorization).expect("Proxy-Authorization");
    assert!(credentials.contains("username=\"office\"") && credentials.contains("realm=\"carrier\""), "{credentials}");
    assert!(!text(&second).contains("secret"));
    exchange.answer(&second, CARRIER, 407, "two", challenge, false);
    exchange.take_response(OPERATOR, 500, Method::Invite);
}

/// RFC 3323 §4.1.1.3, RFC 3325 §9.3: a trunk learns the office's number, and nothing of a caller who asks for privacy.
#[test]
fn a_private_callers_name_and_number_stay_here() {
    let mut exchange = Exchange::new();
    exchange.receive(OPERATOR, invite(OPERATOR, "0501234567", "Privacy: id").bytes().clone());
    let out = exchange.take_request(CARRIER, Method::Invite);
    assert!(!text(&out).contains("Outside") && !text(&out).contains("401234567"), "{}", text(&out));
    assert!(out.header(Name::From).expect("From").to_lowercase().contains("anonymous"));
    assert_eq!(out.header(Name::PAssertedIdentity), Some("<sip:+358942421000@pbx.example.fi>"));
    assert_eq!(out.header(Name::Privacy), Some("id"));
}

/// Without privacy the trunk's own number is shown with the caller's name.
#[test]
fn a_trunk_shows_the_number_that_the_plan_gives_it() {
    let mut exchange = Exchange::new();
    exchange.receive(OPERATOR, invite(OPERATOR, "0501234567", "").bytes().clone());
    let out = exchange.take_request(CARRIER, Method::Invite);
    let from = out.header(Name::From).expect("From");
    assert!(from.starts_with("\"Outside\" <sip:+358942421000@pbx.example.fi>;tag="), "{from}");
    assert!(!text(&out).contains("401234567"), "{}", text(&out));
}

/// RFC 7044: History-Info is read where there is no Diversion, and both are written on.
#[test]
fn whom_a_call_had_wanted_is_read_from_its_history() {
    let history = "History-Info: \"Front desk\" <sip:2000@operator.example?Reason=SIP%3Bcause%3D486>;index=1, \
                   <sip:1001@pbx.example.fi;cause=486>;index=1.1";
    let mut exchange = Exchange::new();
    exchange.receive(OPERATOR, invite(OPERATOR, "1001", history).bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    let diversion = ours.header(Name::Diversion).expect("Diversion");
    assert!(diversion.contains("sip:2000@") && diversion.contains("reason=user-busy"), "{diversion}");
    let entries: Vec<&str> = ours.values(Name::HistoryInfo).collect();
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert!(entries[0].contains("2000") && entries[0].contains("cause%3D486"), "{entries:?}");
}

/// RFC 5806 §5: Diversion is read; the latest stands first.
#[test]
fn whom_a_call_had_wanted_is_read_from_its_diversions() {
    let diversions = "Diversion: <sip:3000@operator.example>;reason=no-answer, <sip:2000@operator.example>;reason=away";
    let mut exchange = Exchange::new();
    exchange.receive(OPERATOR, invite(OPERATOR, "1001", diversions).bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    let written: Vec<&str> = ours.headers(Name::Diversion).collect();
    assert!(written[0].contains("3000") && written[1].contains("2000"), "{written:?}");
}

/// RFC 3261 §8.1.3.4: a phone may redirect outside, by the routes that its owner may use; a trunk may not.
#[test]
fn a_redirection_outside_takes_the_owners_way_out() {
    let mut exchange = Exchange::new();
    exchange.receive(OPERATOR, invite(OPERATOR, "1001", "").bytes().clone());
    let ours = exchange.take_request(DESK, Method::Invite);
    let elsewhere = |request: &Message, number: &str| {
        let contact = format!("<sip:{number}@pbx.example.fi>");
        sip::respond(request, 302, None).to_tag("moved").header(Name::Contact, contact).finish()
    };
    exchange.receive(DESK, elsewhere(&ours, "0401112222"));
    let out = exchange.take_request(CARRIER, Method::Invite);
    assert!(out.request_uri().starts_with("sip:0401112222@"), "{}", out.request_uri());
    assert!(out.header(Name::From).expect("From").contains("+358942421000"));
    exchange.receive(CARRIER, elsewhere(&out, "1001"));
    assert_eq!(exchange.count(DESK, |message| message.is_request() && message.method() == Method::Invite), 0);
}
