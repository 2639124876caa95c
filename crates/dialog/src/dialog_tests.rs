//! RFC 3261 §12, sentence by sentence.

use super::*;
use bytes::Bytes;
use sip::Transport;

const VIA: ViaParts<'static> = ViaParts { transport: Transport::Udp, sent_by: "192.0.2.1:5060", branch: "z9hG4bKx" };

fn message(text: &str) -> Message {
    Message::parse(Bytes::from(text.replace('\n', "\r\n"))).expect("valid")
}

/// An INVITE to us, or of ours, with more header lines.
fn invite(extra: &str) -> Message {
    message(&format!(
        "INVITE sip:1001@pbx.example.fi SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa\n\
         From: \"Anna \\\"A\\\"\" <sip:anna@example.fi;x=y>;tag=caller;p=q\nTo: <sip:1001@example.fi>\nCall-ID: c1\nCSeq: 7 INVITE\n\
         Contact: <sip:anna@10.0.0.5:5070;transport=udp>;q=1\n{extra}Content-Length: 0\n\n"
    ))
}

fn response(code: u16, tag: &str, extra: &str) -> Message {
    message(&format!(
        "SIP/2.0 {code} X\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKa\nFrom: <sip:anna@example.fi>;tag=caller\n\
         To: <sip:1001@example.fi>{tag}\nCall-ID: c1\nCSeq: 7 INVITE\n{extra}Content-Length: 0\n\n"
    ))
}

fn request_of(dialog: &mut Dialog, method: &str) -> Message {
    Message::parse(dialog.request(method, &VIA).finish()).expect("our own writing")
}

fn routes(message: &Message) -> Vec<&str> {
    message.values(Name::Route).collect()
}

const TWO_PROXIES: &str = "Record-Route: <sip:p2.example.fi;lr>, <sip:p1.example.fi;lr>\n";

/// §12.1.1: "The route set MUST be set to the list of URIs in the Record-Route header field from the request, taken
/// in order"; the remote target is the Contact; local and remote are To and From.
#[test]
fn as_uas_routes_keep_the_order_of_record_route() {
    let mut dialog = Dialog::as_uas(&invite(TWO_PROXIES), "ours", "<sip:us@192.0.2.1>").expect("a dialog");
    let bye = request_of(&mut dialog, "BYE");
    assert_eq!(bye.request_uri(), "sip:anna@10.0.0.5:5070;transport=udp");
    assert_eq!(routes(&bye), ["<sip:p2.example.fi;lr>", "<sip:p1.example.fi;lr>"]);
    assert_eq!(dialog.next_hop(), "sip:p2.example.fi;lr");
    assert_eq!(bye.header(Name::From), Some("<sip:1001@example.fi>;tag=ours"));
    assert_eq!(bye.header(Name::To), Some("\"Anna \\\"A\\\"\" <sip:anna@example.fi;x=y>;tag=caller"));
    assert_eq!((bye.call_id(), bye.cseq().expect("CSeq").number), ("c1", 1));
    assert_eq!(bye.header(Name::Via), Some("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport"));
    assert!(bye.contact().is_none() && bye.validate().is_ok());
}

/// §12.1.2: "taken in reverse order and preserving all URI parameters".
#[test]
fn as_uac_routes_are_those_of_the_response_reversed() {
    let ok = response(200, ";tag=callee", &format!("{TWO_PROXIES}Contact: <sip:bo@10.0.0.9>\n"));
    let mut dialog = Dialog::as_uac(&invite(""), &ok).expect("a dialog");
    assert!(dialog.confirmed);
    let info = request_of(&mut dialog, "INFO");
    assert_eq!(routes(&info), ["<sip:p1.example.fi;lr>", "<sip:p2.example.fi;lr>"]);
    assert_eq!(info.request_uri(), "sip:bo@10.0.0.9");
    assert_eq!(info.header(Name::To), Some("<sip:1001@example.fi>;tag=callee"));
    assert_eq!(info.cseq().expect("CSeq").number, 8);
    assert_eq!(request_of(&mut dialog, "BYE").cseq().expect("CSeq").number, 9);
}

/// §12.2.1.1: without `lr` the first route becomes the Request-URI and the remote target the last Route.
#[test]
fn a_strict_router_finds_itself_in_the_request_uri() {
    let routes_of = "Record-Route: <sip:strict.example.fi>, <sip:p1.example.fi;lr>\n";
    let mut dialog = Dialog::as_uas(&invite(routes_of), "ours", "<sip:us@192.0.2.1>").expect("a dialog");
    let bye = request_of(&mut dialog, "BYE");
    assert_eq!(bye.request_uri(), "sip:strict.example.fi");
    assert_eq!(routes(&bye), ["<sip:p1.example.fi;lr>", "<sip:anna@10.0.0.5:5070;transport=udp>"]);
    assert_eq!(dialog.next_hop(), "sip:strict.example.fi");
}

/// §13.2.2.4: "the route set MUST be recomputed based on the 2xx"; afterwards it stays, §12.2.
#[test]
fn the_2xx_settles_the_route_set_of_an_early_dialog() {
    let ringing = response(180, ";tag=callee", "Contact: <sip:early@10.0.0.9>\n");
    let mut dialog = Dialog::as_uac(&invite(""), &ringing).expect("a dialog");
    assert!(!dialog.confirmed && dialog.route_set.is_empty());
    let ok = response(200, ";tag=callee", &format!("{TWO_PROXIES}Contact: <sip:late@10.0.0.9>\n"));
    dialog.take_response(&ok).expect("fits");
    assert_eq!((dialog.confirmed, dialog.route_set.len(), &*dialog.remote_target), (true, 2, "sip:late@10.0.0.9"));
    dialog.take_response(&response(200, ";tag=callee", "")).expect("fits");
    assert_eq!(dialog.route_set.len(), 2);
}

/// §12.2.1.2, §12.2.2: a target refresh replaces the remote target, not the route set.
#[test]
fn a_target_refresh_moves_the_peer() {
    let mut dialog = Dialog::as_uas(&invite(TWO_PROXIES), "ours", "<sip:us@192.0.2.1>").expect("a dialog");
    dialog.update_target(&response(200, "", "Contact: <sip:anna@10.0.0.77>\nAllow: INVITE, UPDATE\n"));
    assert_eq!((&*dialog.remote_target, dialog.route_set.len()), ("sip:anna@10.0.0.77", 2));
    assert!(dialog.peer_allows.contains(Method::Update));
    dialog.update_target(&response(200, "", "Contact: <sip:@@>\n"));
    assert_eq!(&*dialog.remote_target, "sip:anna@10.0.0.77", "a broken Contact changes nothing");
}

fn in_dialog(method: &str, cseq: u32, to_tag: &str) -> Message {
    message(&format!(
        "{method} sip:us@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKb\nFrom: <sip:anna@example.fi>;tag=caller\n\
         To: <sip:1001@example.fi>;tag={to_tag}\nCall-ID: c1\nCSeq: {cseq} {method}\nContent-Length: 0\n\n"
    ))
}

/// §12.2.2: "If the remote sequence number was not empty, but the sequence number of the request is lower than the
/// remote sequence number, the request is out of order and MUST be rejected with a 500".
#[test]
fn a_lower_cseq_is_out_of_order_and_ack_and_cancel_repeat_theirs() {
    let mut dialog = Dialog::as_uas(&invite(""), "ours", "<sip:us@192.0.2.1>").expect("a dialog");
    assert_eq!(dialog.accepts(&in_dialog("INFO", 9, "ours")), Ok(()));
    assert_eq!(dialog.accepts(&in_dialog("BYE", 8, "ours")).map_err(|reject| reject.code), Err(500));
    assert_eq!(dialog.accepts(&in_dialog("ACK", 7, "ours")), Ok(()));
    assert_eq!(dialog.accepts(&in_dialog("CANCEL", 7, "ours")), Ok(()));
    assert_eq!(dialog.accepts(&in_dialog("BYE", 1_000_000, "ours")), Ok(()), "gaps are no error");
    assert_eq!(dialog.accepts(&in_dialog("BYE", 1_000_001, "other")).map_err(|reject| reject.code), Err(481));
}

/// §12.1.1: "If the request arrived with a sips Request-URI the secure flag is set".
#[test]
fn a_sips_request_makes_a_secure_dialog() {
    let text = std::str::from_utf8(invite("").bytes()).expect("text").replace("INVITE sip:", "INVITE sips:");
    let secure = Message::parse(Bytes::from(text)).expect("valid");
    assert!(Dialog::as_uas(&secure, "ours", "<sips:us@192.0.2.1>").expect("a dialog").secure);
    assert!(!Dialog::as_uas(&invite(""), "ours", "<sip:us@192.0.2.1>").expect("a dialog").secure);
}

/// §8.1.1.8: an INVITE has a Contact; broken routes are the peer's fault, too.
#[test]
fn a_request_that_cannot_make_a_dialog_gets_400() {
    let text = std::str::from_utf8(invite("").bytes()).expect("text").replace("Contact:", "X-Contact:");
    let without = Message::parse(Bytes::from(text)).expect("valid");
    assert_eq!(Dialog::as_uas(&without, "o", "<sip:u@h>").map_err(|reject| reject.code).err(), Some(400));
    let broken = invite("Record-Route: <sip:>, nonsense here\n");
    assert_eq!(Dialog::as_uas(&broken, "o", "<sip:u@h>").map_err(|reject| reject.code).err(), Some(400));
    let many = format!("Record-Route: {}<sip:p;lr>\n", "<sip:p;lr>,".repeat(ROUTES_MAX));
    assert!(Dialog::as_uas(&invite(&many), "o", "<sip:u@h>").is_err());
}

/// §13.2.2.4: "the sequence number in the CSeq header field of the ACK MUST be the same as the INVITE".
#[test]
fn the_ack_repeats_the_number_of_its_invite() {
    let ok = response(200, ";tag=callee", &format!("{TWO_PROXIES}Contact: <sip:bo@10.0.0.9>\n"));
    let mut dialog = Dialog::as_uac(&invite(""), &ok).expect("a dialog");
    request_of(&mut dialog, "INFO");
    let ack = Message::parse(dialog.ack(&VIA, 7).finish()).expect("our own writing");
    assert_eq!((ack.header(Name::CSeq), routes(&ack).len()), (Some("7 ACK"), 2));
    assert_eq!(dialog.local_seq, 8);
}

/// §12.1.2: "A UAC MUST be prepared to receive a response without a tag in the To field, in which case the tag is
/// considered to have a value of null" (RFC 2543).
#[test]
fn a_peer_without_a_tag_is_addressed_without_one() {
    let mut dialog =
        Dialog::as_uac(&invite(""), &response(200, "", "Contact: <sip:old@10.0.0.9>\n")).expect("a dialog");
    assert_eq!(request_of(&mut dialog, "BYE").header(Name::To), Some("<sip:1001@example.fi>"));
    assert_eq!(&*dialog.id().remote_tag, "");
}

/// RFC 3311 §5.1, RFC 6665 §4.1: target refreshes and NOTIFY carry our Contact.
#[test]
fn requests_that_refresh_the_target_carry_our_contact() {
    let mut dialog = Dialog::as_uas(&invite(""), "ours", "<sip:us@192.0.2.1>").expect("a dialog");
    assert_eq!(request_of(&mut dialog, "INVITE").header(Name::Contact), Some("<sip:us@192.0.2.1>"));
    assert_eq!(request_of(&mut dialog, "UPDATE").header(Name::Contact), Some("<sip:us@192.0.2.1>"));
}

#[test]
fn a_dialog_is_found_by_the_same_name_from_requests_and_responses() {
    let uas = Dialog::as_uas(&invite(""), "ours", "<sip:us@192.0.2.1>").expect("a dialog");
    assert_eq!(DialogId::of_request(&in_dialog("BYE", 8, "ours")), Some(uas.id()));
    let ok = response(200, ";tag=callee", "Contact: <sip:bo@10.0.0.9>\n");
    let uac = Dialog::as_uac(&invite(""), &ok).expect("a dialog");
    assert_eq!(DialogId::of_response(&ok), Some(uac.id()));
}
