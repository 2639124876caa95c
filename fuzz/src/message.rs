//! The message index: every typed view, the check, the Via of the receiver, an answer, rsip's types.

use bytes::Bytes;
use sip::{Flow, Message, Name, NameAddr, Reject, Uri, Via};
use std::net::SocketAddr;

pub fn run(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    match Message::parse(bytes) {
        Ok(message) => {
            look_at(&message);
            reads_back(&message);
            act_on(message);
        }
        Err(error) => {
            let _ = error.to_string();
            if let Some((partial, reject)) = error.answer() {
                let _ = (partial.method_str(), partial.request_uri(), partial.call_id(), partial.vias().count());
                refuse(partial, reject);
            }
        }
    }
}

/// Reads everything that can be read from it.
pub fn look_at(message: &Message) {
    assert_eq!(message.is_request(), message.code() == 0);
    let _ = (message.method(), message.method_str(), message.reason_phrase(), message.request_uri());
    for (name, text, value) in message.all_headers() {
        assert!(!text.is_empty() && !value.contains(['\r', '\n']), "{text}: {value:?}");
        assert!(message.header_named(text).is_some());
        if name != Name::Other {
            assert!(message.headers(name).any(|line| line == value));
        }
        for value in sip::values(value) {
            assert_eq!(value.trim_ascii(), value);
            look_at_value(value);
        }
        let _ = (message.number(name), message.has_token(name, "timer"), message.values(name).count());
        let _ = sip::Credentials::parse(value).map(|found| found.map(|one| one.to_string()));
        let _ = sip::Challenge::parse(value).map(|found| found.map(|one| one.to_string()));
    }
    assert_eq!(message.body(), message.body_bytes());
    let _ = (message.from_tag(), message.to_tag(), message.call_id(), message.cseq(), message.contact());
    let _ = (message.vias().count(), message.contacts().count(), message.is_answerable());
    let _ = Uri::parse(message.request_uri()).map(|uri| look_at_uri(&uri));
}

fn look_at_value(value: &str) {
    if let Ok(address) = NameAddr::parse(value) {
        let _ = (address.tag(), address.is_star(), address.params().count(), address.expires());
        assert!(address.q().is_none_or(|q| q <= 1000));
        let _ = address.parse_uri().map(|uri| look_at_uri(&uri));
    }
    if let Ok(via) = Via::parse(value) {
        let _ = (via.ip(), via.received_ip(), via.is_rfc3261_branch(), via.params.iter().count());
        assert!(via.sent_by().contains(via.host));
    }
    let again = sip::quote(value);
    assert!(again.len() >= 2 && !again.contains(['\r', '\n']));
    let _ = sip::escape_user(value);
}

fn look_at_uri(uri: &Uri<'_>) {
    let _ = (uri.ip(), uri.user_decoded(), uri.number(), uri.param("lr"), uri.header("replaces"));
    assert!(uri.equivalent(uri), "{uri:?}");
}

/// What was made straight is straight: it reads as the same again.
fn reads_back(message: &Message) {
    let again = match Message::parse(message.bytes().clone()) {
        Ok(again) => again,
        Err(error) => panic!("reads once but not twice: {error}"),
    };
    assert!(message.all_headers().eq(again.all_headers()));
    assert_eq!((message.bytes(), message.body_bytes()), (again.bytes(), again.body_bytes()));
    assert_eq!(message.validate(), again.validate());
}

/// Does with it what the exchange does with every message.
fn act_on(message: Message) {
    let shown = message.to_rsip().map(|shown| shown.to_string());
    if let Err(reject) = message.validate() {
        if message.is_answerable() {
            refuse(&message, reject);
        }
        return;
    }
    if let Some(Ok(shown)) = shown.map(|text| Message::parse(text.into())) {
        assert_eq!((shown.is_request(), shown.code()), (message.is_request(), message.code()));
        assert_eq!(shown.cseq().map(|cseq| cseq.number), message.cseq().map(|cseq| cseq.number));
    }
    if !message.is_request() {
        return;
    }
    let source = source();
    let fixed = sip::fix_via(message.clone(), source);
    look_at(&fixed);
    reads_back(&fixed);
    assert_eq!(fixed.validate(), Ok(()), "good until its Via was fixed");
    assert_eq!((fixed.call_id(), fixed.body_bytes()), (message.call_id(), message.body_bytes()));
    let via = fixed.top_via().expect("a Via that was checked");
    let is_told = via.received_ip().is_some_and(|ip| ip.to_canonical() == source.ip().to_canonical());
    let is_true = via.ip().is_some_and(|ip| ip.to_canonical() == source.ip().to_canonical());
    assert!(is_told || is_true, "{via:?}");
    assert!(via.rport.is_none_or(|rport| rport == Some(source.port())), "{via:?}");
    let flow = Flow::udp(SocketAddr::from(([192, 0, 2, 1], 5060)), source);
    let to = sip::response_target(&fixed, &flow);
    assert!(to.remote.ip() == source.ip() || to.remote.ip().is_multicast(), "{to}");
    answer(&fixed);
}

fn source() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], 40_000))
}

/// The answer to a good request is a good response.
fn answer(request: &Message) {
    let written = sip::respond(request, 200, None).to_tag("our-tag").finish();
    let response = match Message::parse(written) {
        Ok(response) => response,
        Err(error) => panic!("our answer cannot be read: {error}"),
    };
    look_at(&response);
    assert_eq!((response.code(), response.body_bytes().len()), (200, 0));
    assert_eq!((response.call_id(), response.from_tag()), (request.call_id(), request.from_tag()));
    assert_eq!(response.cseq(), request.cseq());
    assert_eq!(response.to_tag(), Some("our-tag"));
    assert!(response.values(Name::Via).eq(request.values(Name::Via)));
}

/// The refusal of a bad request can be read, whatever was wrong with it.
fn refuse(request: &Message, reject: Reject) {
    let fixed = sip::fix_via(request.clone(), source());
    let written = sip::respond(&fixed, reject.code, Some(reject.reason)).to_tag("0").finish();
    match Message::parse(written) {
        Ok(response) => {
            assert_eq!((response.code(), response.reason_phrase()), (reject.code, reject.reason));
            assert_eq!(response.body_bytes().len(), 0);
        }
        Err(error) => panic!("our refusal cannot be read: {error}"),
    }
}
