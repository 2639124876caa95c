//! UDP and TCP, IPv4 and IPv6, restarts and limits.

use crate::office::{PLAN, answers, answers_and_talks, office_with, secs};
use engine::Command;
use sim::Office;
use sip::Name;

#[test]
fn a_phone_on_tcp_calls_a_phone_on_udp() {
    let mut office = Office::new(PLAN, 1);
    office.use_tcp("anna-desk");
    office.register(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
        0.00  pbx → anna-desk          180 Ringing
        0.00  bo-desk → pbx            180 Ringing
        1.00  bo-desk → pbx            200 OK + sdp
        1.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        1.00  pbx                      patches anna-desk and bo-desk
        1.00  pbx → anna-desk          200 OK + sdp
        1.01  anna-desk → pbx          ACK sip:192.0.2.1:5060
        6.00  bo-desk → pbx            BYE sip:192.0.2.1:5060
        6.00  pbx → bo-desk            200 OK (BYE)
        6.00  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        6.01  anna-desk → pbx          200 OK (BYE)
        ",
    );
}

#[test]
fn a_phone_on_udp_calls_a_phone_on_tcp() {
    let mut office = Office::new(PLAN, 1);
    office.use_tcp("bo-desk");
    office.register(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("bo-desk").last_call().final_code, Some(200));
}

#[test]
fn a_phone_on_ipv6_calls_a_phone_on_ipv4() {
    let mut office = Office::new(&PLAN.replace("[media]\n", "[media]\naddress = [\"0.0.0.0\", \"::\"]\n"), 1);
    office.move_to("anna-desk", "[2001:db8::a]:5060");
    office.register(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A stream that broke: the phone is not reachable, and the call goes on to voicemail at once.
#[test]
fn a_broken_stream_is_noticed() {
    let mut office = Office::new(PLAN, 1);
    office.use_tcp("bo-desk");
    office.register(&["anna-desk", "bo-desk"]);
    office.die("bo-desk");
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    assert!(office.playing_to("anna-desk").is_some(), "{}", office.ladder());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// Before a stop no new calls are taken, and those in progress go on.
#[test]
fn an_exchange_that_is_being_stopped_takes_no_new_calls() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    office.command(Command::Drain);
    office.call("cia-desk", "1001");
    office.run_for(secs(1));
    assert_eq!(office.phone("cia-desk").last_call().final_code, Some(503));
    assert!(office.hears("anna-desk", "bo-desk"));
    office.command(Command::EndAll);
    office.run_until_idle();
    assert_eq!(office.talking(), [""; 0]);
    office.assert_sound();
}

/// Beyond its limit the exchange refuses with 503 and Retry-After, and disturbs nobody who talks.
#[test]
fn more_calls_than_the_limit_are_refused() {
    let mut office = Office::new(&format!("{PLAN}\n[limits]\ncalls = 1\n"), 1);
    office.register(&["anna-desk", "bo-desk", "cia-desk", "dan-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    office.call("cia-desk", "1004");
    office.run_for(secs(3));
    let refused = office.phone("cia-desk").last_call();
    assert_eq!(refused.final_code, Some(503));
    let answer = office.phone("cia-desk").got_response(503, sip::Method::Invite)[0].clone();
    assert!(answer.header(Name::RetryAfter).is_some());
    assert!(office.hears("anna-desk", "bo-desk"));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A reload changes what new calls meet, and leaves running calls alone.
#[test]
fn a_reload_leaves_running_calls_alone() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    office.reload(&PLAN.replace("number = \"2000\"", "number = \"2002\""));
    office.call("cia-desk", "2000");
    office.run_for(secs(2));
    assert_eq!(office.phone("cia-desk").last_call().final_code, Some(404));
    assert!(office.hears("anna-desk", "bo-desk"));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// Ports that others hold: the call is refused or another port is used, and nothing is left over.
#[test]
fn a_port_that_cannot_be_bound_costs_nobody_but_this_call() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.media.ports_taken = 1;
    office.phone_mut("bo-desk").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.call("anna-desk", "1002");
    office.run_until_idle();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(200));
    office.assert_sound();
}

/// RFC 3261 §18.1.1 would have a large request go by TCP, but nobody can open a connection to a phone behind NAT.
#[test]
fn a_large_request_reaches_a_phone_behind_nat_where_it_registered_from() {
    let mut office = Office::new(PLAN, 1);
    office.put_behind_nat("bo-desk", "198.51.100.7:40123");
    office.register(&["anna-desk", "bo-desk"]);
    let many = (0..28).map(|nth| (96 + nth, ["x-codec-with-a-long-name-of-its-own", "PCMA"][usize::from(nth == 27)]));
    office.phone_mut("anna-desk").manners.codecs = std::iter::once((8, "PCMA")).chain(many).collect();
    office.phone_mut("bo-desk").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    let invite = office.phone("bo-desk").got(sip::Method::Invite)[0];
    assert!(invite.bytes().len() > 1300, "{}", invite.bytes().len());
    assert!(invite.header(Name::Via).expect("Via").starts_with("SIP/2.0/UDP"));
    assert_eq!(office.phone("bo-desk").last_call().final_code, Some(200));
}
