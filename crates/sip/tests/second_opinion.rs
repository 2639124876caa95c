//! rsip as a second opinion: on messages that both can read, both find the same; and what we show in rsip's types reads
//! back through rsip as we meant it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use bytes::Bytes;
use proptest::prelude::*;
use rsip::prelude::{HeadersExt, ToTypedHeader, UntypedHeader};
use vaihde_sip::{Message, Name, Writer};

/// The values that calls depend on.
#[derive(Debug, PartialEq, Eq)]
struct Values {
    call_id: String,
    from_tag: Option<String>,
    to_tag: Option<String>,
    cseq: (u32, String),
    branch: Option<String>,
    sent_by: String,
    user: Option<String>,
    host: String,
    body: Vec<u8>,
}

fn ours(message: &Message) -> Values {
    let (via, cseq, from) = (message.top_via().unwrap(), message.cseq().unwrap(), message.from().unwrap());
    let uri = from.parse_uri().unwrap();
    Values {
        call_id: message.call_id().into(),
        from_tag: message.from_tag().map(str::to_owned),
        to_tag: message.to_tag().map(str::to_owned),
        cseq: (cseq.number, cseq.method_str.into()),
        branch: via.branch.map(str::to_owned),
        sent_by: via.sent_by().into(),
        user: uri.user.map(str::to_owned),
        host: uri.host.into(),
        body: message.body().to_vec(),
    }
}

fn theirs(message: &impl HeadersExt, body: &[u8]) -> Values {
    let via = message.via_header().unwrap().typed().unwrap();
    let cseq = message.cseq_header().unwrap().typed().unwrap();
    let from = message.from_header().unwrap().typed().unwrap();
    let to = message.to_header().unwrap().typed().unwrap();
    Values {
        call_id: message.call_id_header().unwrap().value().into(),
        from_tag: from.tag().map(|tag| tag.value().into()),
        to_tag: to.tag().map(|tag| tag.value().into()),
        cseq: (cseq.seq, cseq.method.to_string()),
        branch: via.branch().map(|branch| branch.value().into()),
        sent_by: via.sent_by().to_string(),
        user: from.uri.user().map(str::to_owned),
        host: from.uri.host().to_string(),
        body: body.to_vec(),
    }
}

fn opinion(message: &rsip::SipMessage) -> Values {
    match message {
        rsip::SipMessage::Request(request) => theirs(request, &request.body),
        rsip::SipMessage::Response(response) => theirs(response, &response.body),
    }
}

fn torture(name: &str) -> Message {
    let path = format!("{}/tests/torture/{name}.dat", env!("CARGO_MANIFEST_DIR"));
    Message::parse(std::fs::read(path).unwrap().into()).unwrap()
}

#[test]
fn what_rsip_cannot_read_it_is_shown_in_its_own_types() {
    let message = torture("rfc4475/wsinv");
    let shown = message.to_rsip().unwrap();
    let Values { from_tag, to_tag, branch, cseq, .. } = opinion(&shown);
    assert_eq!((from_tag.as_deref(), to_tag.as_deref()), (Some("98asjd8"), Some("1918181833n")));
    assert_eq!((branch.as_deref(), cseq), (Some("390skdjuw"), (9, "INVITE".into())));
    let rsip::SipMessage::Request(request) = shown else { panic!("a response") };
    let vias = request.headers.iter().filter(|header| matches!(header, rsip::Header::Via(_))).count();
    assert_eq!((vias, request.body.len()), (3, 150));
    assert!(rsip::SipMessage::try_from(message.bytes().as_ref()).is_err());
}

#[test]
fn what_has_no_rsip_form_is_none() {
    for name in ["rfc4475/intmeth", "rfc4475/unksm2", "rfc4475/novelsc", "rfc4475/escruri"] {
        assert!(torture(name).to_rsip().is_none(), "{name}");
    }
}

#[test]
fn addresses_of_both_families_are_shown() {
    let message = torture("rfc5118/ipv6-good");
    let shown = message.to_rsip().unwrap().to_string();
    assert!(shown.contains("REGISTER sip:[2001:db8::10] SIP/2.0\r\n"), "{shown}");
    assert!(shown.contains("\r\nVia: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"), "{shown}");
    assert!(shown.contains("\r\nContact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"), "{shown}");
}

fn a_message() -> impl Strategy<Value = Bytes> {
    let word = "[a-z][a-z0-9]{0,8}";
    let start = prop_oneof![
        Just(None),
        prop_oneof![Just(100u16), Just(180), Just(200), Just(404), Just(486), Just(503)].prop_map(Some)
    ];
    let method = prop::sample::select(vec!["INVITE", "BYE", "REGISTER", "OPTIONS", "NOTIFY", "PRACK", "UPDATE"]);
    (start, method, [word; 6], any::<u16>(), 1..1u32 << 31, proptest::option::of(word), "[ -~]{0,40}").prop_map(
        |(code, method, [user, host, tag, call, branch, display], port, seq, to_tag, body)| {
            let to_tag = to_tag.map_or(String::new(), |tag| format!(";tag={tag}"));
            match code {
                None => Writer::request(method, &format!("sip:{user}@{host}.example.com")),
                Some(code) => Writer::response(code, vaihde_sip::reason_phrase(code)),
            }
            .header_fmt(Name::Via, format_args!("SIP/2.0/TCP {host}.example.com:{port};branch=z9hG4bK{branch}"))
            .header_fmt(Name::From, format_args!("{display} <sip:{user}@{host}.example.com;transport=tcp>;tag={tag}"))
            .header_fmt(Name::To, format_args!("<sips:{user}@{host}.example.com>{to_tag}"))
            .header(Name::CallId, call)
            .header_fmt(Name::CSeq, format_args!("{seq} {method}"))
            .header(Name::MaxForwards, "70")
            .header_fmt(Name::Contact, format_args!("<sip:{user}@{host}.example.com:{port}>;expires=60"))
            .named("X-Office", &display)
            .body("text/plain", body.as_bytes())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_read_the_same(bytes in a_message()) {
        let message = Message::parse(bytes.clone()).unwrap();
        prop_assert_eq!(message.validate(), Ok(()));
        let read = rsip::SipMessage::try_from(bytes.as_ref()).unwrap();
        prop_assert_eq!(&ours(&message), &opinion(&read));
        prop_assert_eq!(&ours(&message), &opinion(&message.to_rsip().unwrap()));
    }

    #[test]
    fn what_rsip_prints_of_our_message_we_read_again(bytes in a_message()) {
        let message = Message::parse(bytes).unwrap();
        let again = Message::parse(message.to_rsip().unwrap().to_string().into()).unwrap();
        prop_assert_eq!(ours(&again), ours(&message));
        prop_assert_eq!(again.all_headers().count(), message.all_headers().count());
    }
}
