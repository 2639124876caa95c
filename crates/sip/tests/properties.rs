//! Cases nobody thought of: arbitrary and mangled bytes, round trips, streams cut anywhere.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::net::SocketAddr;

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use vaihde_sip::{
    Challenge, Credentials, Flow, Frame, FrameLimits, Framer, Message, Name, NameAddr, ParseError, Uri, Via, Writer,
    fix_via, quote, respond, response_target, values,
};

const GOOD: &[&str] = &[
    "INVITE sip:a@b;x=y?h=v SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport;received=1.2.3.4, SIP / 2.0 / TCP [::1]\r\n\
     Max-Forwards: 70\r\nFrom: \"A \\\"b\\\"\" <sip:a@b>;tag=1\r\nTo:\r\n <tel:+358-40>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
     Contact: <sip:a@[2001:db8::1]:5060;lr>;q=0.5;expires=10, *\r\nAuthorization: Digest username=\"a\", nc=0a, realm=r\r\n\
     Content-Type: application/sdp\r\nl : 3\r\n\r\nabc",
    "SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/WSS x;maddr=224.0.0.1;ttl=3\r\nf: a<sip:a>;tag=\"q\"\r\nt: sip:b;tag=x\r\ni: c\r\nCSeq: 2 ACK\r\n\
     WWW-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth,auth-int\"\r\nContent-Length: 0\r\n\r\n",
];

fn flow() -> Flow {
    Flow::udp(SocketAddr::from(([10, 0, 0, 1], 5060)), SocketAddr::from(([192, 0, 2, 9], 4711)))
}

/// Asks a message for everything that it can tell.
fn ask_everything(message: &Message) {
    let names = [Name::Via, Name::From, Name::To, Name::Contact, Name::Route, Name::Other, Name::Authorization];
    for name in names {
        for value in message.values(name) {
            ask_value(value);
        }
        message.headers(name).for_each(ask_value);
        let _ = (message.header(name), message.number(name), message.has_token(name, "x"));
    }
    for (_, text, value) in message.all_headers() {
        assert!(!value.contains(['\r', '\n']) && !text.is_empty());
        let _ = message.header_named(text);
    }
    let _ = (message.top_via(), message.from(), message.to(), message.from_tag(), message.to_tag(), message.cseq());
    let _ = (message.contact(), message.method_str(), message.reason_phrase(), message.request_uri(), message.body());
    let _ = (message.validate(), message.is_answerable(), message.to_rsip());
    let fixed = fix_via(message.clone(), flow().remote);
    assert_eq!((fixed.call_id(), fixed.body()), (message.call_id(), message.body()));
    assert_eq!(fixed.all_headers().count(), message.all_headers().count());
    response_target(&fixed, &flow());
    if message.is_request() {
        let response = Message::parse(respond(message, 400, None).to_tag("t").finish()).unwrap();
        assert_eq!(response.values(Name::Via).count(), message.values(Name::Via).count());
    }
}

fn ask_value(text: &str) {
    if let Ok(address) = NameAddr::parse(text) {
        let _ = (address.q(), address.expires(), address.tag(), address.parse_uri(), address.params().count());
    }
    if let Ok(uri) = Uri::parse(text) {
        let _ = (uri.number(), uri.user_decoded(), uri.ip(), uri.header("x"), uri.param("x"));
        assert!(uri.equivalent(&uri));
    }
    if let Ok(via) = Via::parse(text) {
        let _ = (via.ip(), via.received_ip(), via.is_rfc3261_branch());
        assert!(!via.sent_by().is_empty());
    }
    let _ = (Credentials::parse(text), Challenge::parse(text), values(text).count());
    let _ = text.parse::<Flow>();
}

fn ask(bytes: Vec<u8>) {
    match Message::parse(bytes.into()) {
        Ok(message) => ask_everything(&message),
        Err(ParseError::Malformed { partial, .. }) => {
            let _ = (partial.validate(), partial.is_answerable(), partial.to_rsip());
            respond(&partial, 400, None).to_tag("t").finish();
            fix_via(partial, flow().remote);
        }
        Err(_) => {}
    }
}

fn frames(stream: &[u8], cuts: &[Index]) -> Vec<Result<Frame, vaihde_sip::FrameError>> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).chain([0, stream.len()]).collect();
    at.sort_unstable();
    let mut framer = Framer::new(FrameLimits { message_max: 600, header_max: 500 });
    let mut found = Vec::new();
    for pair in at.windows(2) {
        framer.push(&stream[pair[0]..pair[1]]);
        found.extend(std::iter::from_fn(|| framer.next()));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        ask(bytes);
    }

    #[test]
    fn pieces_of_sip_in_any_order_never_panic(
        pieces in vec(prop::sample::select(vec![
            "INVITE ", "sip:", " SIP/2.0", "\r\n", "\r\n\r\n", "\r", "\n", " ", "\t", ":", ";", ",", "\"", "\\", "<", ">", "=", "@",
            "%", "[", "]", "::", "Via: ", "SIP/2.0/UDP ", "f: ", "To: ", "tag=", "branch=z9hG4bK", "CSeq: 1 ", "l: ", "9", "a", "ä",
            "rport", "received=", "*", "/", "?", "&", "Digest ", "username=", "tel:+", "SIP/2.0 200 ", "\0", "Contact:",
        ]), 0..60),
    ) {
        let text = pieces.concat();
        ask_value(&text);
        ask(text.into_bytes());
    }

    #[test]
    fn mangled_messages_never_panic(
        which in any::<Index>(), edits in vec((any::<Index>(), any::<u8>(), 0..3u8), 1..8),
    ) {
        let mut bytes = GOOD[which.index(GOOD.len())].as_bytes().to_vec();
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        ask(bytes);
    }

    #[test]
    fn arbitrary_text_never_panics_in_any_view(text in "\\PC{0,80}") {
        ask_value(&text);
    }

    #[test]
    fn what_was_written_is_read_again(
        lines in vec(("[A-Za-z-]{1,12}", "\\PC{0,40}"), 0..30), body in vec(any::<u8>(), 0..100),
    ) {
        let mut writer = Writer::request("MESSAGE", "sip:a@b");
        let lines: Vec<_> = lines
            .into_iter()
            .filter(|(name, _)| !matches!(Name::from_bytes(name.as_bytes()), Name::ContentLength))
            .collect();
        for (name, value) in &lines {
            writer = writer.named(name, value);
        }
        let written = writer.body("text/plain", &body);
        let message = Message::parse(written.clone()).unwrap();
        let read: Vec<_> = message.all_headers().map(|(_, name, value)| (name, value)).collect();
        let trimmed = |value: &str| value.trim_matches([' ', '\t']).to_owned();
        prop_assert_eq!(read.len(), lines.len() + 2);
        for ((name, value), (expected_name, expected)) in read.iter().zip(&lines) {
            prop_assert_eq!(name, expected_name);
            prop_assert_eq!(*value, trimmed(expected));
        }
        prop_assert_eq!(message.body_bytes(), &body[..]);
        prop_assert_eq!(message.bytes(), &written);
    }

    #[test]
    fn no_value_adds_a_line(value in "(\\PC|[\r\n\0\t]){0,40}", tag in "(\\PC|[\r\n\0\t]){0,10}") {
        let request = Writer::request(&value, &value).header(Name::To, "<sip:a>").header(Name::Subject, &value)
            .header_fmt(Name::From, format_args!("<sip:{value}>")).named(&format!("x{value}"), &value).finish();
        let lines = request.windows(2).filter(|pair| pair == b"\r\n").count();
        prop_assert!((6..=7).contains(&lines), "{lines}");
        let Ok(request) = Message::parse(request) else { return Ok(()) };
        let response = respond(&request, 200, Some(&value)).to_tag(&tag).finish();
        prop_assert_eq!(Message::parse(response).unwrap().all_headers().count(), 3);
    }

    #[test]
    fn quoted_names_are_read_as_they_were_meant(name in "[^\\p{C}]{0,30}") {
        let text = format!("{} <sip:a@b>;tag=1", quote(&name));
        let address = NameAddr::parse(&text).unwrap();
        prop_assert_eq!(address.display.as_deref(), Some(name.as_str()));
        prop_assert_eq!(address.tag(), Some("1"));
    }

    #[test]
    fn frames_do_not_depend_on_cuts(
        pieces in vec(prop::sample::select(vec![
            GOOD[0], GOOD[1], "\r\n", "\r\n\r\n", "\r", "\n", "x", "a b SIP/2.0\r\nContent-Length: 4\r\n\r\n12\r\n", "l: 2\r\n", " ",
        ]), 0..12),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let stream = pieces.concat().into_bytes();
        prop_assert_eq!(frames(&stream, &cuts), frames(&stream, &[]));
    }

    #[test]
    fn arbitrary_streams_are_cut_alike(stream in vec(prop::sample::select(b"\r\nl:1 a".to_vec()), 0..200), cuts in vec(any::<Index>(), 0..9)) {
        prop_assert_eq!(frames(&stream, &cuts), frames(&stream, &[]));
    }
}

#[test]
fn the_good_messages_are_good() {
    for text in GOOD {
        Message::parse(Bytes::from_static(text.as_bytes())).unwrap();
    }
}
