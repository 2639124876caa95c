//! Which message belongs to which server transaction, and what the table answers by itself.

use crate::{drain, flow, ms, request, start, table};
use sip::{Message, Name, Transport};
use vaihde_transaction::{Output, ServerKey, Transactions};

const UDP: Transport = Transport::Udp;
const NEW: (&str, u32) = ("", 1);
const VIA: &str = "10.0.0.5:5062;branch=z9hG4bKone;rport";

fn receive(table: &mut Transactions<u32>, method: &str, to_and_cseq: (&str, u32), via: &str) -> Vec<String> {
    table.on_message(start(), flow(UDP), request(method, to_and_cseq, via, UDP));
    drain(table)
}

/// Lets a request in and gives its key.
fn take(table: &mut Transactions<u32>, method: &str, to_and_cseq: (&str, u32), via: &str) -> (ServerKey, Message) {
    table.on_message(start(), flow(UDP), request(method, to_and_cseq, via, UDP));
    match table.poll_output() {
        Some(Output::Request { server, request, .. }) => (server, request),
        other => panic!("no new request: {other:?}"),
    }
}

fn respond(table: &mut Transactions<u32>, (server, request): &(ServerKey, Message), code: u16) -> Vec<String> {
    let response = sip::respond(request, code, None);
    let response = if code > 100 { response.to_tag("t1") } else { response };
    table.respond(start(), *server, response.finish(), code);
    drain(table)
}

/// §17.2.3 rules 1–3: branch, sent-by and method together.
#[test]
fn a_request_is_known_by_its_branch_its_sender_and_its_method() {
    let mut table = table(100);
    assert_eq!(receive(&mut table, "OPTIONS", ("", 1), VIA), ["request OPTIONS"]);
    assert!(receive(&mut table, "OPTIONS", ("", 1), VIA).is_empty());
    assert_eq!(receive(&mut table, "MESSAGE", ("", 1), VIA), ["request MESSAGE"]);
    assert_eq!(receive(&mut table, "OPTIONS", ("", 2), "10.0.0.5:5062;branch=z9hG4bKtwo"), ["request OPTIONS"]);
    assert_eq!(receive(&mut table, "OPTIONS", ("", 3), "10.0.0.6:5062;branch=z9hG4bKone"), ["request OPTIONS"]);
    assert!(receive(&mut table, "OPTIONS", ("", 3), "10.0.0.6:5062;branch=z9hG4bKone").is_empty());
    assert_eq!(table.len(), 4);
}

#[test]
fn two_unknown_methods_with_one_branch_are_two_requests() {
    let mut table = table(100);
    assert_eq!(receive(&mut table, "DANCE", NEW, VIA), ["request DANCE"]);
    assert_eq!(receive(&mut table, "SING", NEW, VIA), ["request SING"]);
    assert!(receive(&mut table, "SING", NEW, VIA).is_empty());
}

/// §18.2.2 with RFC 3581: the response goes to where the request came from, its own copy of the bytes alone is kept.
#[test]
fn responses_go_back_where_the_request_came_from() {
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, VIA);
    table.respond(start(), call.0, sip::respond(&call.1, 100, None).finish(), 100);
    let Some(Output::Transmit { flow: reply, .. }) = table.poll_output() else { panic!("nothing was sent") };
    assert_eq!(reply, flow(UDP));
}

#[test]
fn an_invite_and_the_ack_of_its_refusal_meet_in_one_transaction() {
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, VIA);
    assert_eq!(respond(&mut table, &call, 180), ["> 180 INVITE t1"]);
    assert_eq!(receive(&mut table, "INVITE", NEW, VIA), ["> 180 INVITE t1"]);
    assert_eq!(respond(&mut table, &call, 486), ["> 486 INVITE t1"]);
    assert_eq!(receive(&mut table, "INVITE", NEW, VIA), ["> 486 INVITE t1"]);
    assert!(receive(&mut table, "ACK", (";tag=t1", 1), VIA).is_empty());
    assert!(receive(&mut table, "ACK", (";tag=t1", 1), VIA).is_empty());
    assert!(receive(&mut table, "INVITE", NEW, VIA).is_empty());
    table.on_timeout(start() + ms(5_100));
    assert!(table.is_empty());
}

/// §17.1.1.3 and §13.2.2.4: the ACK for a 2xx has a branch of its own, and is told each time that it comes.
#[test]
fn the_ack_of_a_2xx_goes_to_the_dialog() {
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, VIA);
    respond(&mut table, &call, 200);
    assert!(receive(&mut table, "INVITE", NEW, VIA).is_empty());
    assert_eq!(receive(&mut table, "ACK", (";tag=t1", 1), "10.0.0.5:5062;branch=z9hG4bKack"), ["ack"]);
    assert_eq!(receive(&mut table, "ACK", (";tag=t1", 1), "10.0.0.5:5062;branch=z9hG4bKack"), ["ack"]);
    // Some phones use the INVITE's branch again.
    assert_eq!(receive(&mut table, "ACK", (";tag=t1", 1), VIA), ["ack"]);
    assert_eq!(respond(&mut table, &call, 200), ["> 200 INVITE t1"]);
}

/// §17.2.3, the second list: without the cookie it is request-URI, tags, Call-ID, CSeq and top Via that decide.
#[test]
fn an_old_phone_without_branches_is_understood() {
    let old = "10.0.0.5:5062";
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, old);
    respond(&mut table, &call, 180);
    assert_eq!(receive(&mut table, "INVITE", NEW, old), ["> 180 INVITE t1"]);
    assert_eq!(receive(&mut table, "CANCEL", NEW, old), ["> 200 CANCEL t1", "cancelled None"]);
    assert_eq!(respond(&mut table, &call, 487), ["> 487 INVITE t1"]);
    assert!(receive(&mut table, "ACK", (";tag=t1", 1), old).is_empty());
    assert!(receive(&mut table, "INVITE", NEW, old).is_empty());
    assert_eq!(receive(&mut table, "INVITE", ("", 2), old), ["request INVITE"]);
    // A branch without the cookie promises nothing.
    assert_eq!(receive(&mut table, "INVITE", ("", 3), "10.0.0.5:5062;branch=1"), ["request INVITE"]);
    assert_eq!(receive(&mut table, "INVITE", ("", 4), "10.0.0.5:5062;branch=1"), ["request INVITE"]);
}

/// §9.2: 200 to the CANCEL at once, with the To tag of the INVITE's responses; the user is told once.
#[test]
fn a_cancel_is_answered_each_time_and_told_once() {
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, VIA);
    table.set_user(call.0, 42);
    respond(&mut table, &call, 180);
    assert_eq!(receive(&mut table, "CANCEL", NEW, VIA), ["> 200 CANCEL t1", "cancelled Some(42)"]);
    assert_eq!(receive(&mut table, "CANCEL", NEW, VIA), ["> 200 CANCEL t1"]);
    assert_eq!(respond(&mut table, &call, 487), ["> 487 INVITE t1"]);
    assert_eq!(receive(&mut table, "CANCEL", NEW, VIA), ["> 200 CANCEL t1"]);
    assert_eq!(table.len(), 1);
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, VIA);
    respond(&mut table, &call, 200);
    assert_eq!(receive(&mut table, "CANCEL", NEW, VIA), ["> 200 CANCEL ours"]);
}

/// §9.2: "the UAS … SHOULD respond to the CANCEL with a 481".
#[test]
fn a_cancel_for_nothing_gets_481() {
    let mut table = table(100);
    assert_eq!(receive(&mut table, "CANCEL", NEW, VIA), ["> 481 CANCEL ours"]);
    take(&mut table, "OPTIONS", ("", 9), VIA);
    assert_eq!(receive(&mut table, "CANCEL", ("", 9), VIA), ["> 481 CANCEL ours"]);
    assert_eq!(table.len(), 1);
}

/// §8.2.2.2: the same From tag, Call-ID and CSeq by another way.
#[test]
fn a_request_that_came_by_two_ways_is_refused_the_second_time() {
    let other_way = "10.0.0.7:5060;branch=z9hG4bKother";
    let mut table = table(100);
    take(&mut table, "INVITE", NEW, VIA);
    assert_eq!(receive(&mut table, "INVITE", NEW, other_way), ["> 482 INVITE ours"]);
    assert_eq!(receive(&mut table, "INVITE", NEW, other_way), ["> 482 INVITE ours"]);
    assert!(receive(&mut table, "ACK", (";tag=x", 1), other_way).is_empty());
    assert_eq!(receive(&mut table, "INVITE", ("", 2), "10.0.0.7:5060;branch=z9hG4bKthird"), ["request INVITE"]);
}

#[test]
fn requests_within_a_dialog_are_never_merged() {
    let mut table = table(100);
    assert_eq!(receive(&mut table, "INFO", (";tag=t1", 1), VIA), ["request INFO"]);
    assert_eq!(receive(&mut table, "INFO", (";tag=t1", 1), "10.0.0.7:5060;branch=z9hG4bKother"), ["request INFO"]);
}

#[test]
fn a_phone_that_answers_a_challenge_without_counting_on_is_not_merged() {
    let mut table = table(100);
    let first = take(&mut table, "REGISTER", NEW, VIA);
    respond(&mut table, &first, 401);
    assert_eq!(receive(&mut table, "REGISTER", NEW, "10.0.0.5:5062;branch=z9hG4bKagain"), ["request REGISTER"]);
}

#[test]
fn a_full_table_says_503_but_lets_calls_end() {
    let mut table = table(16);
    for count in 0..14 {
        let via = format!("10.0.0.5:5062;branch=z9hG4bK{count}");
        assert_eq!(receive(&mut table, "OPTIONS", ("", count), &via), ["request OPTIONS"]);
    }
    let again = "10.0.0.5:5062;branch=z9hG4bKmore";
    assert_eq!(receive(&mut table, "INVITE", ("", 99), again), ["> 503 INVITE ours"]);
    assert_eq!(receive(&mut table, "ACK", (";tag=x", 99), again), ["ack"]);
    table.on_message(start(), flow(UDP), request("OPTIONS", ("", 98), again, UDP));
    let Some(Output::Transmit { bytes, .. }) = table.poll_output() else { panic!("no answer") };
    assert_eq!(Message::parse(bytes).unwrap().header(Name::RetryAfter), Some("5"));
    assert_eq!(receive(&mut table, "BYE", (";tag=t1", 2), again), ["request BYE"]);
    assert_eq!(receive(&mut table, "BYE", (";tag=t2", 3), VIA), ["request BYE"]);
    assert_eq!(receive(&mut table, "BYE", (";tag=t3", 4), "10.0.0.6;branch=z9hG4bKbye"), ["> 503 BYE t3"]);
    assert!(table.is_full());
    assert!(table.send_request(start(), flow(UDP), 1, |_| unreachable!("no room")).is_err());
}

#[test]
fn a_storm_of_copies_grows_nothing() {
    let mut table = table(100);
    let call = take(&mut table, "INVITE", NEW, VIA);
    respond(&mut table, &call, 486);
    for _ in 0..1000 {
        assert_eq!(receive(&mut table, "INVITE", NEW, VIA), ["> 486 INVITE t1"]);
        assert_eq!(receive(&mut table, "CANCEL", NEW, VIA), ["> 200 CANCEL t1"]);
        assert_eq!(receive(&mut table, "CANCEL", NEW, "10.0.0.9;branch=z9hG4bKx"), ["> 481 CANCEL ours"]);
    }
    assert_eq!(table.len(), 1);
}

#[test]
fn a_refusal_without_an_ack_is_told_after_64_t1() {
    let mut table = table(100);
    let t = start();
    table.on_message(t, flow(UDP), request("INVITE", NEW, VIA, UDP));
    let Some(Output::Request { server, request, .. }) = table.poll_output() else { panic!("no request") };
    table.set_user(server, 5);
    table.respond(t, server, sip::respond(&request, 404, None).to_tag("t1").finish(), 404);
    let mut sent = 0;
    while let Some(at) = table.poll_timeout() {
        table.on_timeout(at);
        for line in std::iter::from_fn(|| table.poll_output()) {
            match line {
                Output::Transmit { .. } => sent += 1,
                Output::NoAck { user, .. } => assert_eq!((user, at - t), (Some(5), ms(32_000))),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(sent, 11);
    assert!(table.is_empty());
    table.respond(t, server, sip::respond(&request, 404, None).finish(), 404);
    assert!(drain(&mut table).is_empty());
}

/// §18.2.2: when the connection is gone the response goes to the source address and the sent-by port.
#[test]
fn a_response_finds_another_way_when_its_connection_is_gone() {
    let (mut table, tcp) = (table(100), flow(Transport::Tcp));
    table.on_message(start(), tcp, request("INVITE", NEW, VIA, Transport::Tcp));
    let Some(Output::Request { server, request, .. }) = table.poll_output() else { panic!("no request") };
    table.on_flow_failed(start(), &tcp);
    table.respond(start(), server, sip::respond(&request, 200, None).to_tag("t1").finish(), 200);
    let Some(Output::Transmit { flow: reply, .. }) = table.poll_output() else { panic!("nothing was sent") };
    assert_eq!((reply.connection, reply.remote), (0, "203.0.113.9:5062".parse().unwrap()));
}
