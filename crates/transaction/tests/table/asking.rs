//! The table as a client: branches, responses, CANCEL, faults.

use crate::{drain, flow, ms, start, table};
use bytes::Bytes;
use sip::{Flow, Message, Transport};
use vaihde_transaction::{Cancelled, ClientKey, Output, Transactions, cancel_for};

const UDP: Transport = Transport::Udp;

/// Sends a request and gives back what went out.
fn ask(table: &mut Transactions<u32>, method: &str, user: u32, transport: Transport) -> (ClientKey, Message) {
    let client = table
        .send_request(start(), flow(transport), user, |branch| {
            Bytes::from(format!(
                "{method} sip:bo@203.0.113.9 SIP/2.0\r\nVia: SIP/2.0/{} 192.0.2.1:5060;branch={branch}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:anna@example.com>;tag=a1\r\nTo: <sip:bo@example.com>\r\n\
                 Call-ID: call-{user}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n",
                transport.via()
            ))
        })
        .unwrap();
    (client, sent(table))
}

/// The message that the table sends now.
fn sent(table: &mut Transactions<u32>) -> Message {
    match table.poll_output() {
        Some(Output::Transmit { bytes, .. }) => Message::parse(bytes).unwrap(),
        other => panic!("nothing was sent: {other:?}"),
    }
}

fn hear(table: &mut Transactions<u32>, request: &Message, code: u16, tag: &str) -> Vec<String> {
    let response = Message::parse(sip::respond(request, code, None).to_tag(tag).finish()).unwrap();
    table.on_message(start(), flow(UDP), response);
    drain(table)
}

#[test]
fn each_response_finds_its_request() {
    let mut table = table(100);
    let (_, first) = ask(&mut table, "INVITE", 1, UDP);
    let (_, second) = ask(&mut table, "OPTIONS", 2, UDP);
    assert_ne!(first.top_via().unwrap().branch, second.top_via().unwrap().branch);
    assert!(first.top_via().unwrap().branch.unwrap().starts_with("z9hG4bKn1s0."));
    assert_eq!(hear(&mut table, &second, 200, "b"), ["2 heard 200"]);
    assert!(hear(&mut table, &second, 200, "b").is_empty());
    assert_eq!(hear(&mut table, &first, 180, "b"), ["1 heard 180"]);
    assert_eq!(hear(&mut table, &first, 486, "b"), ["> ACK", "1 heard 486"]);
    assert_eq!(hear(&mut table, &first, 486, "b"), ["> ACK"]);
}

/// RFC 6026 §7.2: each 2xx, of the same phone or of another branch of a fork, is for the user.
#[test]
fn two_phones_that_answer_one_invite_are_both_heard() {
    let mut table = table(100);
    let (_, invite) = ask(&mut table, "INVITE", 1, UDP);
    assert_eq!(hear(&mut table, &invite, 200, "b"), ["1 heard 200"]);
    assert_eq!(hear(&mut table, &invite, 200, "c"), ["1 heard 200"]);
    assert_eq!(hear(&mut table, &invite, 200, "b"), ["1 heard 200"]);
}

/// §17.1.3 and §8.1.3.3: another branch, another method, or a Via below ours.
#[test]
fn a_response_that_is_not_ours_is_dropped() {
    let mut table = table(100);
    let (_, invite) = ask(&mut table, "INVITE", 1, UDP);
    let text = String::from_utf8(sip::respond(&invite, 180, None).to_tag("b").finish().to_vec()).unwrap();
    let branch = invite.top_via().unwrap().branch.unwrap();
    let last = if branch.ends_with('0') { "1" } else { "0" };
    let guessed = format!("{}{last}", &branch[..branch.len() - 1]);
    for wrong in [
        text.replace(branch, &guessed),
        text.replace(branch, "z9hG4bKn1s0"),
        text.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        text.replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL"),
        text.replace("From:", "Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKbelow\r\nFrom:"),
    ] {
        table.on_message(start(), flow(UDP), Message::parse(Bytes::from(wrong)).unwrap());
        assert!(drain(&mut table).is_empty());
    }
    assert_eq!(hear(&mut table, &invite, 180, "b"), ["1 heard 180"]);
}

/// §9.1: the CANCEL shares the INVITE's branch and waits for a provisional response; its own answer is not told.
#[test]
fn a_cancel_is_its_own_transaction_on_the_branch_of_its_invite() {
    let mut table = table(100);
    let (client, invite) = ask(&mut table, "INVITE", 1, UDP);
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    let write = |_: &str, invite: &Message| cancel_for(invite, Some(reason));
    assert_eq!(table.cancel(start(), client, write), Cancelled::Waits);
    assert!(drain(&mut table).is_empty());
    let ringing = Message::parse(sip::respond(&invite, 180, None).to_tag("b").finish()).unwrap();
    table.on_message(start(), flow(UDP), ringing);
    assert!(matches!(table.poll_output(), Some(Output::Response { user: 1, .. })));
    let cancel = sent(&mut table);
    assert_eq!(cancel.header(sip::Name::Reason), Some(reason));
    assert_eq!(cancel.top_via().unwrap().branch, invite.top_via().unwrap().branch);
    assert_eq!(table.len(), 2);
    assert!(hear(&mut table, &cancel, 200, "b").is_empty());
    assert_eq!(hear(&mut table, &invite, 487, "b"), ["> ACK", "1 heard 487"]);
    assert_eq!(table.cancel(start(), client, |_, _| unreachable!("late")), Cancelled::Late);
    while let Some(at) = table.poll_timeout() {
        table.on_timeout(at);
    }
    assert!(drain(&mut table).is_empty() && table.is_empty());
}

#[test]
fn a_cancel_that_gets_lost_is_sent_again() {
    let mut table = table(100);
    let (client, invite) = ask(&mut table, "INVITE", 1, UDP);
    hear(&mut table, &invite, 180, "b");
    assert_eq!(table.cancel(start(), client, |_, invite| cancel_for(invite, None)), Cancelled::Sent);
    assert_eq!(drain(&mut table), ["> CANCEL"]);
    let at = table.poll_timeout().unwrap();
    table.on_timeout(at);
    assert_eq!(drain(&mut table), ["> CANCEL"]);
    while let Some(at) = table.poll_timeout() {
        table.on_timeout(at);
    }
    assert_eq!(drain(&mut table).last().unwrap(), "1 timed out");
    assert!(table.is_empty());
}

#[test]
fn a_full_table_still_cancels() {
    let mut table = table(1);
    let (client, invite) = ask(&mut table, "INVITE", 1, UDP);
    hear(&mut table, &invite, 180, "b");
    table.cancel(start(), client, |_, invite| cancel_for(invite, None));
    assert_eq!(drain(&mut table), ["> CANCEL"]);
    assert_eq!(table.len(), 1);
}

#[test]
fn a_dead_connection_fails_the_requests_on_it_and_no_others() {
    let mut table = table(100);
    let (_, invite) = ask(&mut table, "INVITE", 1, Transport::Tcp);
    ask(&mut table, "OPTIONS", 2, Transport::Tcp);
    ask(&mut table, "OPTIONS", 3, UDP);
    hear(&mut table, &invite, 180, "b");
    table.on_flow_failed(start(), &Flow { connection: 18, ..flow(Transport::Tcp) });
    assert!(drain(&mut table).is_empty());
    table.on_flow_failed(start(), &flow(Transport::Tcp));
    assert_eq!(drain(&mut table), ["1 failed", "2 failed"]);
    assert_eq!(table.len(), 1);
}

#[test]
fn a_connection_that_was_still_to_be_opened_fails_by_its_address() {
    let mut table = table(100);
    let unopened = Flow { connection: 0, ..flow(Transport::Tcp) };
    let write = |branch: &str| {
        Bytes::from(format!("BYE sip:bo@203.0.113.9 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch={branch}\r\n\r\n"))
    };
    table.send_request(start(), unopened, 4, write).unwrap();
    sent_bytes(&mut table);
    table.on_flow_failed(start(), &flow(Transport::Tcp));
    assert_eq!(drain(&mut table), ["4 failed"]);
    assert!(table.is_empty());
}

fn sent_bytes(table: &mut Transactions<u32>) -> Bytes {
    match table.poll_output() {
        Some(Output::Transmit { bytes, .. }) => bytes,
        other => panic!("nothing was sent: {other:?}"),
    }
}

#[test]
fn an_abandoned_request_is_heard_of_no_more() {
    let mut table = table(100);
    let (client, options) = ask(&mut table, "OPTIONS", 1, UDP);
    table.abandon(client);
    assert!(hear(&mut table, &options, 200, "b").is_empty());
    table.on_timeout(start() + ms(6_000));
    assert!(table.is_empty());
    table.abandon(client);
}

#[test]
fn one_seed_gives_one_row_of_branches() {
    let branches = || {
        let mut table = table(100);
        let asked: Vec<String> = (0..3)
            .map(|user| ask(&mut table, "OPTIONS", user, UDP).1.top_via().unwrap().branch.unwrap().to_owned())
            .collect();
        (asked, table.branch())
    };
    assert_eq!(branches(), branches());
}
