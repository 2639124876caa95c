//! The torture messages of RFC 4475 and RFC 5118, each with what its RFC expects.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking, in its helpers too")]

use std::path::Path;

use bytes::Bytes;
use sip::{Credentials, Message, Method, Name, Scheme, Uri};
use vaihde_sip as sip;

/// What becomes of bytes that arrive.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused(u16, &'static str),
    Dropped,
}

use Verdict::{Accepted, Dropped, Refused};

fn bytes(name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(name).with_extension("dat");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

fn verdict(bytes: Bytes) -> Verdict {
    match Message::parse(bytes) {
        Ok(message) => match message.validate() {
            Ok(()) => Accepted,
            Err(reject) if message.is_answerable() => Refused(reject.code, reject.reason),
            Err(_) => Dropped,
        },
        Err(error) => error.answer().map_or(Dropped, |(_, reject)| Refused(reject.code, reject.reason)),
    }
}

fn accepted(name: &str) -> Message {
    let message = Message::parse(bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(message.validate(), Ok(()), "{name}");
    message
}

#[test]
fn every_message_meets_the_fate_its_rfc_gives_it() {
    let expected = [
        // RFC 4475 §3.1.1: valid messages.
        ("rfc4475/wsinv", Accepted),
        ("rfc4475/intmeth", Accepted),
        ("rfc4475/esc01", Accepted),
        ("rfc4475/escnull", Accepted),
        ("rfc4475/esc02", Accepted),
        ("rfc4475/lwsdisp", Accepted),
        ("rfc4475/longreq", Accepted),
        ("rfc4475/dblreq", Accepted),
        ("rfc4475/semiuri", Accepted),
        ("rfc4475/transports", Accepted),
        ("rfc4475/mpart01", Accepted),
        ("rfc4475/unreason", Accepted),
        ("rfc4475/noreason", Accepted),
        // §3.1.2: invalid messages.
        ("rfc4475/badinv01", Refused(400, "Malformed parameter")),
        ("rfc4475/clerr", Refused(400, "Body shorter than Content-Length")),
        ("rfc4475/ncl", Refused(400, "Malformed Content-Length")),
        ("rfc4475/scalar02", Refused(400, "CSeq number out of range")),
        ("rfc4475/scalarlg", Dropped),
        ("rfc4475/quotbal", Refused(400, "Unbalanced quote in a display name")),
        ("rfc4475/ltgtruri", Refused(400, "Illegal character in a URI")),
        ("rfc4475/lwsruri", Refused(400, "Malformed request line")),
        ("rfc4475/lwsstart", Refused(400, "Malformed request line")),
        ("rfc4475/trws", Refused(400, "Malformed request line")),
        ("rfc4475/escruri", Accepted),
        ("rfc4475/baddate", Accepted),
        ("rfc4475/regbadct", Refused(400, "Malformed address")),
        ("rfc4475/badaspec", Refused(400, "Illegal character in a URI")),
        ("rfc4475/baddn-complete", Refused(400, "Display name that needs quotes")),
        ("rfc4475/badvers", Refused(505, "Version Not Supported")),
        ("rfc4475/mismatch01", Refused(400, "CSeq of another method")),
        ("rfc4475/mismatch02", Refused(400, "CSeq of another method")),
        ("rfc4475/bigcode", Dropped),
        // §3.2 to §3.4: transactions, semantics, backward compatibility. What is above the text's own rules is
        // accepted here: 416, 420, 415 and 483 are others' answers.
        ("rfc4475/badbranch", Accepted),
        ("rfc4475/insuf", Refused(400, "Missing From")),
        ("rfc4475/unkscm", Accepted),
        ("rfc4475/novelsc", Accepted),
        ("rfc4475/unksm2", Accepted),
        ("rfc4475/bext01", Accepted),
        ("rfc4475/invut", Accepted),
        ("rfc4475/regaut01", Accepted),
        ("rfc4475/multi01", Refused(400, "More than one CSeq")),
        ("rfc4475/mcl01", Refused(400, "More than one Content-Length")),
        ("rfc4475/bcast", Dropped),
        ("rfc4475/zeromf", Accepted),
        ("rfc4475/cparam01", Accepted),
        ("rfc4475/cparam02", Accepted),
        ("rfc4475/regescrt", Accepted),
        ("rfc4475/sdp01", Accepted),
        ("rfc4475/inv2543", Accepted),
        // RFC 5118.
        ("rfc5118/ipv6-good", Accepted),
        ("rfc5118/ipv6-bad", Refused(400, "Malformed port")),
        ("rfc5118/port-ambiguous", Accepted),
        ("rfc5118/port-unambiguous", Accepted),
        ("rfc5118/via-received-param-with-delim", Accepted),
        ("rfc5118/via-received-param-no-delim", Accepted),
        ("rfc5118/ipv6-in-sdp", Accepted),
        ("rfc5118/mult-ip-in-header", Accepted),
        ("rfc5118/mult-ip-in-sdp", Accepted),
        ("rfc5118/ipv4-mapped-ipv6", Accepted),
        ("rfc5118/ipv6-bug-abnf-3-colons", Accepted),
        ("rfc5118/ipv6-correct-abnf-2-colons", Accepted),
    ];
    let wrong: Vec<_> = expected
        .into_iter()
        .map(|(name, expected)| (name, verdict(bytes(name)), expected))
        .filter(|(_, found, expected)| found != expected)
        .map(|(name, found, expected)| format!("{name}: {found:?} instead of {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// §3.1.1.1.
#[test]
fn folds_and_white_space_do_not_hide_values() {
    let message = accepted("rfc4475/wsinv");
    assert_eq!(message.method(), Method::Invite);
    assert_eq!(message.request_uri(), "sip:vivekg@chair-dnrc.example.com;unknownparam");
    assert_eq!((message.from_tag(), message.to_tag()), (Some("98asjd8"), Some("1918181833n")));
    assert_eq!(message.from().unwrap().display.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(message.number(Name::MaxForwards), Some(Ok(68)));
    assert_eq!(message.call_id(), "wsinv.ndaksdj@192.0.2.1");
    let cseq = message.cseq().unwrap();
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    let vias: Vec<_> = message.vias().map(Result::unwrap).map(|via| (via.transport, via.host, via.branch)).collect();
    assert_eq!(
        vias,
        [
            ("UDP", "192.0.2.2", Some("390skdjuw")),
            ("TCP", "spindle.example.com", Some("z9hG4bK9ikj8")),
            ("UDP", "192.168.255.111", Some("z9hG4bK30239")),
        ]
    );
    assert_eq!(message.header(Name::Subject), Some(""));
    assert_eq!(message.header_named("newfangledheader"), Some("newfangled value   continued newfangled value"));
    let contact = message.contact().unwrap().unwrap();
    assert_eq!(contact.display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(
        (contact.param("newparam"), contact.param("secondparam"), contact.q()),
        (Some("newvalue"), Some(""), Some(330))
    );
    let route = sip::NameAddr::parse(message.values(Name::Route).next().unwrap()).unwrap().parse_uri().unwrap();
    assert_eq!((route.host, route.param("lr")), ("services.example.com", Some("")));
    assert_eq!(message.body().len(), 150);
}

/// §3.1.1.2.
#[test]
fn every_character_that_may_be_used_is_understood() {
    let message = accepted("rfc4475/intmeth");
    assert_eq!(message.method(), Method::Other);
    assert_eq!(message.method_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    let uri = Uri::parse(message.request_uri()).unwrap();
    assert_eq!(uri.host, "example.com");
    assert_eq!(uri.user, Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(uri.password, Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    assert_eq!(message.to().unwrap().display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    assert_eq!(message.from().unwrap().display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(message.from().unwrap().param("fromParam''~+*_!.-%"), Some("работающий"));
    assert_eq!(message.from_tag(), Some("_token~1'+`*%!-."));
    assert_eq!(message.call_id(), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
    assert_eq!(message.header_named("extensionHeader-!.%*+_`'~"), Some("\u{feff}大停電"));
    assert_eq!(message.top_via().unwrap().branch, Some("z9hG4bK-.!%66*_+`'~"));
}

/// §3.1.1.3 to §3.1.1.5.
#[test]
fn escapes_mean_characters_in_uris_and_nothing_elsewhere() {
    let message = accepted("rfc4475/esc01");
    let uri = Uri::parse(message.request_uri()).unwrap();
    assert_eq!((uri.user_decoded().as_ref(), uri.host), ("sips:user@example.com", "example.net"));
    assert_eq!(message.to().unwrap().parse_uri().unwrap().user_decoded(), "user");
    assert_eq!(message.from().unwrap().parse_uri().unwrap().user_decoded(), "I have spaces");
    let contact = message.contact().unwrap().unwrap().parse_uri().unwrap();
    assert_eq!((contact.user_decoded().as_ref(), contact.param("lr")), ("caller", Some("")));
    assert_eq!(contact.param("name"), Some("v%61lue%25%34%31"));

    let message = accepted("rfc4475/escnull");
    assert_eq!(message.to().unwrap().parse_uri().unwrap().user_decoded(), "null-\0-null");
    let users: Vec<_> =
        message.contacts().map(|one| one.unwrap().parse_uri().unwrap().user_decoded().into_owned()).collect();
    assert_eq!(users, ["\0", "\0\0"]);

    let message = accepted("rfc4475/esc02");
    assert_eq!((message.method(), message.method_str()), (Method::Other, "RE%47IST%45R"));
    assert_eq!(message.to().unwrap().display.as_deref(), Some("%Z%45"));
    assert_eq!(message.contacts().count(), 2);
}

/// §3.1.1.6 to §3.1.1.13.
#[test]
fn the_other_valid_messages_have_their_values() {
    let from = accepted("rfc4475/lwsdisp");
    assert_eq!(from.from().unwrap().display.as_deref(), Some("caller"));

    let long = accepted("rfc4475/longreq");
    assert_eq!(long.to().unwrap().parse_uri().unwrap().port, Some(6000));
    assert_eq!(long.values(Name::Via).count(), 34);
    let contact = long.contact().unwrap().unwrap().parse_uri().unwrap();
    assert_eq!(contact.user, Some("amazinglylongcallername".repeat(5).as_str()));
    assert!(long.from_tag().is_some_and(|tag| tag.starts_with("12982982") && tag.ends_with("82424")));

    let first = accepted("rfc4475/dblreq");
    assert_eq!((first.method(), first.body().len()), (Method::Register, 0));
    assert!(first.bytes().ends_with(b"Content-Length: 0\r\n\r\n"));

    let message = accepted("rfc4475/semiuri");
    assert_eq!(Uri::parse(message.request_uri()).unwrap().user_decoded(), "user;par=u@example.net");
    assert!(message.has_token(Name::Accept, "message/sipfrag"));

    let message = accepted("rfc4475/mpart01");
    assert_eq!(message.body().len(), 553);
    assert_eq!(message.top_via().unwrap().rport, Some(None));

    assert_eq!(accepted("rfc4475/unreason").reason_phrase(), "= 2**3 * 5**2 но сто девяносто девять - простое");
    let message = accepted("rfc4475/noreason");
    assert_eq!((message.code(), message.reason_phrase(), message.method()), (100, "", Method::Invite));

    assert!(!accepted("rfc4475/badbranch").top_via().unwrap().is_rfc3261_branch());
    assert_eq!(accepted("rfc4475/inv2543").top_via().unwrap().branch, None);
    assert_eq!(accepted("rfc4475/zeromf").number(Name::MaxForwards), Some(Ok(0)));
    assert_eq!(Uri::parse(accepted("rfc4475/unkscm").request_uri()).unwrap().scheme, Scheme::Other);
    assert_eq!(Uri::parse(accepted("rfc4475/novelsc").request_uri()).unwrap().rest, "//192.0.2.103:3002");
    assert_eq!(Credentials::parse(accepted("rfc4475/regaut01").header(Name::Authorization).unwrap()), Ok(None));
    let first = accepted("rfc4475/cparam01");
    assert_eq!(first.contact().unwrap().unwrap().param("unknownparam"), Some(""));
    let second = accepted("rfc4475/cparam02");
    assert_eq!(second.contact().unwrap().unwrap().param("unknownparam"), None);
    let message = accepted("rfc4475/regescrt");
    let route = message.contact().unwrap().unwrap().parse_uri().unwrap().header("route").unwrap().into_owned();
    assert_eq!(route, "<sip:sip.example.com>");
    assert!(accepted("rfc4475/bext01").has_token(Name::Require, "nothingSupportsThisEither"));
}

/// RFC 5118 §4.
#[test]
fn ipv6_references_are_read_wherever_they_stand() {
    let uri = |name: &str| {
        let message = accepted(name);
        let uri = Uri::parse(message.request_uri()).unwrap();
        (uri.ip().unwrap().to_string(), uri.port)
    };
    assert_eq!(uri("rfc5118/ipv6-good"), ("2001:db8::10".into(), None));
    assert_eq!(uri("rfc5118/port-ambiguous"), ("2001:db8::10:5070".into(), None));
    assert_eq!(uri("rfc5118/port-unambiguous"), ("2001:db8::10".into(), Some(5070)));
    assert_eq!(uri("rfc5118/ipv6-bug-abnf-3-colons"), uri("rfc5118/ipv6-correct-abnf-2-colons"));
    for name in ["rfc5118/via-received-param-with-delim", "rfc5118/via-received-param-no-delim"] {
        let message = accepted(name);
        let via = message.top_via().unwrap();
        assert_eq!(via.received, Some("2001:db8::9:255"), "{name}");
        assert_eq!(via.received_ip(), "2001:db8::9:255".parse().ok(), "{name}");
    }
    let message = accepted("rfc5118/ipv4-mapped-ipv6");
    let via = message.top_via().unwrap();
    assert_eq!((via.host, via.port), ("::ffff:192.0.2.10", Some(19823)));
    let message = accepted("rfc5118/mult-ip-in-header");
    let hosts: Vec<_> = message.vias().map(|via| via.unwrap().host).collect();
    assert_eq!(hosts, ["2001:db8::9:1", "192.0.2.1", "2001:db8::9:255"]);
}

#[test]
fn a_refused_request_still_says_who_sent_it() {
    let Err(error) = Message::parse(bytes("rfc4475/clerr")) else { panic!("accepted") };
    let (request, reject) = error.answer().unwrap();
    let response = sip::respond(request, reject.code, Some(reject.reason)).to_tag("x").finish();
    let response = Message::parse(response).unwrap();
    assert_eq!(response.validate(), Ok(()));
    assert_eq!((response.code(), response.call_id()), (400, "clerr.0ha0isndaksdjweiafasdk3"));
    assert_eq!(response.top_via().unwrap().branch, Some("z9hG4bK-39234-23523"));
}
