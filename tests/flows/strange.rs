//! What strangers, broken phones and other people's proxies send.

use crate::office::{answers, office_with, secs};
use sip::{Method, Name};

fn request(method: &str, uri: &str, more: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKraw1;rport\nMax-Forwards: 70\n\
         From: <sip:anna-desk@pbx.example.fi>;tag=raw\nTo: <sip:1002@pbx.example.fi>\nCall-ID: raw@anna\n\
         CSeq: 1 {method}\nContact: <sip:anna@10.0.0.1:5060>\n{more}Content-Length: 0\n\n"
    )
}

/// RFC 3261 §12.2.2: a request for a dialog that is not there.
#[test]
fn a_request_for_an_unknown_dialog_gets_481() {
    let mut office = office_with(&["anna-desk"]);
    for method in ["BYE", "INFO", "UPDATE", "INVITE", "PRACK", "NOTIFY"] {
        let to = ("To", "<sip:1002@pbx.example.fi>;tag=nobody");
        office.act("anna-desk", |phone, now| phone.request(now, method, "sip:1002@pbx.example.fi", &[to]));
        office.run_for(secs(1));
    }
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          BYE sip:1002@pbx.example.fi
        0.00  pbx → anna-desk          481 Call/Transaction Does Not Exist (BYE)
        1.00  anna-desk → pbx          INFO sip:1002@pbx.example.fi
        1.00  pbx → anna-desk          481 Call/Transaction Does Not Exist (INFO)
        2.00  anna-desk → pbx          UPDATE sip:1002@pbx.example.fi
        2.00  pbx → anna-desk          481 Call/Transaction Does Not Exist (UPDATE)
        3.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi
        3.00  pbx → anna-desk          481 Call/Transaction Does Not Exist
        3.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        4.00  anna-desk → pbx          PRACK sip:1002@pbx.example.fi
        4.00  pbx → anna-desk          481 Call/Transaction Does Not Exist (PRACK)
        5.00  anna-desk → pbx          NOTIFY sip:1002@pbx.example.fi
        5.00  pbx → anna-desk          481 Call/Transaction Does Not Exist (NOTIFY)
        ",
    );
}

/// RFC 3261 §8.1.1.6, §16.3: a request that has been forwarded too often.
#[test]
fn a_request_without_forwards_left_gets_483() {
    let mut office = office_with(&["anna-desk"]);
    office.act("anna-desk", |phone, now| {
        phone.request(now, "INVITE", "sip:1002@pbx.example.fi", &[("Max-Forwards", "0")]);
    });
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi
        0.00  pbx → anna-desk          483 Too Many Hops
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        ",
    );
}

/// RFC 3261 §8.2.2.2: the same request by two ways is merged: the second gets 482.
#[test]
fn a_request_that_comes_by_two_ways_gets_482_the_second_time() {
    let mut office = office_with(&["anna-desk"]);
    let options = request("OPTIONS", "sip:pbx.example.fi", "");
    office.send_raw("anna-desk", &options);
    office.send_raw("anna-desk", &options.replace("z9hG4bKraw1", "z9hG4bKraw2"));
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  pbx → anna-desk          200 OK (OPTIONS)
        0.00  pbx → anna-desk          482 Loop Detected (OPTIONS)
        ",
    );
}

/// RFC 3261 §8.2.1: a method that we do not know gets 405 with Allow.
#[test]
fn an_unknown_method_gets_405_with_allow() {
    let mut office = office_with(&["anna-desk"]);
    office.act("anna-desk", |phone, now| phone.request(now, "FROB", "sip:pbx.example.fi", &[]));
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          FROB sip:pbx.example.fi
        0.00  pbx → anna-desk          405 Method Not Allowed (FROB)
        ",
    );
    let seen = office.phone("anna-desk").seen.last().expect("an answer").message.clone();
    assert!(seen.has_token(Name::Allow, "INVITE") && seen.has_token(Name::Allow, "PRACK"));
}

/// RFC 3261 §8.2.2.3: an extension that we do not know gets 420 with Unsupported.
#[test]
fn an_unknown_extension_gets_420_with_its_name() {
    let mut office = office_with(&["anna-desk"]);
    office.act("anna-desk", |phone, now| {
        phone.request(now, "OPTIONS", "sip:pbx.example.fi", &[("Require", "100rel, telepathy")]);
    });
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  pbx → anna-desk          420 Bad Extension (OPTIONS)
        ",
    );
    let seen = office.phone("anna-desk").seen.last().expect("an answer").message.clone();
    assert_eq!(seen.header(Name::Unsupported), Some("telepathy"));
}

/// RFC 3261 §11: OPTIONS tells what we can do, without a password.
#[test]
fn options_tells_what_the_exchange_can_do() {
    let mut office = office_with(&["anna-desk"]);
    office.act("anna-desk", |phone, now| phone.request(now, "OPTIONS", "sip:pbx.example.fi", &[]));
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  pbx → anna-desk          200 OK (OPTIONS)
        ",
    );
    let ok = office.phone("anna-desk").got_response(200, Method::Options)[0].clone();
    for name in [Name::Allow, Name::Supported, Name::Accept] {
        assert!(ok.header(name).is_some(), "{name:?}");
    }
}

/// RFC 3261 §9.2: a CANCEL for nothing.
#[test]
fn a_cancel_for_nothing_gets_481() {
    let mut office = office_with(&["anna-desk"]);
    office.send_raw("anna-desk", &request("CANCEL", "sip:1002@pbx.example.fi", ""));
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          CANCEL sip:1002@pbx.example.fi
        0.00  pbx → anna-desk          481 Call/Transaction Does Not Exist (CANCEL)
        ",
    );
}

/// RFC 3261 §8.2.2.1: a scheme that nobody can call.
#[test]
fn an_unknown_scheme_gets_416() {
    let mut office = office_with(&["anna-desk"]);
    office.act("anna-desk", |phone, now| phone.request(now, "INVITE", "nobodyKnowsThisScheme:hello", &[]));
    office.run_for(secs(40));
    office.check(
        "
        0.00  anna-desk → pbx          INVITE nobodyKnowsThisScheme:hello
        0.00  pbx → anna-desk          416 Unsupported URI Scheme
        0.00  anna-desk → pbx          ACK nobodyKnowsThisScheme:hello
        ",
    );
}

/// RFC 3261 §8.2, §18.3: broken requests get 400 where that can be sent, and never more than that.
#[test]
fn broken_requests_get_400_or_silence() {
    let mut office = office_with(&["anna-desk"]);
    let good = request("OPTIONS", "sip:pbx.example.fi", "");
    office.send_raw("anna-desk", &good.replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"));
    office.send_raw("anna-desk", &good.replace("From: <sip:anna-desk@pbx.example.fi>;tag=raw\n", ""));
    office.send_raw("anna-desk", &good.replace("CSeq: 1", "CSeq: 99999999999"));
    office.send_raw("anna-desk", "hello, is anybody there?\n\n");
    office.send_raw("anna-desk", "\n\n\n\n");
    office.run_for(secs(40));
    office.phone_mut("anna-desk").faults.clear(); // a refusal repeats what was broken
    office.check(
        r#"
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  anna-desk → pbx          OPTIONS sip:pbx.example.fi
        0.00  anna-desk → pbx          "hello, is anybody there?"
        0.00  anna-desk → pbx          ""
        0.00  pbx → anna-desk          400 CSeq of another method
        0.00  pbx → anna-desk          400 Missing From (OPTIONS)
        0.00  pbx → anna-desk          400 CSeq number out of range ()
        "#,
    );
}

/// RFC 3261 §12.2.2: an in-dialog request with a lower CSeq is out of order.
#[test]
fn a_request_out_of_order_gets_500() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    let ack =
        office.phone("anna-desk").seen.iter().rev().find(|seen| seen.sent && seen.message.method() == Method::Ack);
    let ack = ack.expect("an ACK").message.clone();
    let (to, from) = (ack.header(Name::To).expect("To").to_owned(), ack.header(Name::From).expect("From").to_owned());
    let (call_id, uri) = (ack.call_id().to_owned(), ack.request_uri().to_owned());
    office.act("anna-desk", |phone, now| {
        phone.request(now, "INFO", &uri, &[("To", &to), ("From", &from), ("Call-ID", &call_id), ("CSeq", "1 INFO")]);
    });
    office.run_for(secs(1));
    assert_eq!(office.phone("anna-desk").got_response(500, Method::Info).len(), 1, "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A stranger without a password calls nobody.
#[test]
fn a_stranger_cannot_call() {
    let mut office = office_with(&["bo-desk"]);
    office.add_phone("stranger", "stranger", "guess", "pbx.example.fi");
    office.call("stranger", "1002");
    office.run_for(secs(40));
    let code = office.phone("stranger").last_call().final_code.expect("a final answer");
    assert!(matches!(code, 401 | 403 | 407), "{code}");
    assert!(office.phone("bo-desk").calls.is_empty());
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3261 §16.3: an INVITE of ours that somebody sends back to us is a loop, not a new call.
#[test]
fn an_invite_of_ours_that_comes_back_is_a_loop() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(secs(1));
    let ours = office.phone("bo-desk").got(Method::Invite)[0].clone();
    let text = String::from_utf8_lossy(ours.bytes())
        .replace("Via: ", "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKback\r\nVia: ");
    office.send_raw("bo-desk", &text);
    office.run_for(secs(1));
    assert!(!office.phone("bo-desk").got_response(482, Method::Invite).is_empty(), "{}", office.ladder());
    office.phone_mut("bo-desk").faults.clear(); // a phone wonders about the proxy's second Via
    office.phone_mut("bo-desk").alive = false;
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}
