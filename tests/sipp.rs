//! The program against sipp: each scenario of `tests/scenarios` opens with the RFC sections that it covers.
#![allow(clippy::disallowed_methods)] // real time, real sockets

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::Duration;
use support::exchange::{Exchange, MUSIC};
use support::process::Folder;
use support::sipp::{Phone, Run, Sipp, last_code};
use support::tone;

const BINARY: &str = env!("CARGO_BIN_EXE_vaihde");

/// Anna calls; the others are called.
const OFFICE: &str = r#"
domain   = "office.test"
timezone = "Europe/Helsinki"
language = "en"

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["anna"]

[person.bo]                       # takes messages
name    = "Bo Lind"
number  = "1002"
devices = ["bo"]
reach   = "message"

[person.maija]                    # has nobody else
name    = "Maija Saarinen"
number  = "1003"
devices = ["maija"]
reach   = "alone"

[person.pekka]                    # goes on to Maija after two seconds
name    = "Pekka Koistinen"
number  = "1004"
devices = ["pekka"]
reach   = "forward"

[reach.message]
ring_for  = "1s"
no_answer = ["voicemail"]

[reach.alone]
ring_for  = "10s"
busy      = []
offline   = []
no_answer = []

[reach.forward]
ring_for  = "2s"
no_answer = ["reach:maija"]

[ring.reception]
members  = ["bo", "maija"]
strategy = "all"
give_up  = "10s"
then     = "voicemail:office"

[voicemail.office]

[[route]]
from   = "phones"
number = "1xxx"
steps  = ["reach"]

[[route]]
from   = "phones"
number = "2000"
steps  = ["ring:reception"]
"#;

/// An office on IPv4 while its story is told.
fn office(story: impl FnOnce(&mut Exchange, &Folder)) {
    office_at(Ipv4Addr::LOCALHOST.into(), story);
}

fn office_at(ip: IpAddr, story: impl FnOnce(&mut Exchange, &Folder)) {
    let folder = Folder::for_test();
    let mut exchange = Exchange::start_at(BINARY, &folder, ip, OFFICE);
    story(&mut exchange, &folder);
    exchange.stop();
}

/// The same for a story that sipp alone can tell.
fn played(story: impl FnOnce(&Sipp<'_>)) {
    office(|exchange, folder| story(&Sipp::new(exchange, folder)));
}

/// Anna plays a scenario in which she calls a number; others, each registered before, play theirs meanwhile. Gives what
/// they saw, Anna first.
fn anna_calls(sipp: &Sipp<'_>, number: &str, plays: &str, others: &[(&str, &str)]) -> Vec<String> {
    calls(sipp, &sipp.phone("anna"), number, plays, others)
}

fn calls(sipp: &Sipp<'_>, caller: &Phone, number: &str, plays: &str, others: &[(&str, &str)]) -> Vec<String> {
    let phones: Vec<_> = others.iter().map(|(user, scenario)| (sipp.register(user), scenario)).collect();
    let waiting: Vec<_> = phones.iter().map(|(phone, scenario)| sipp.wait(scenario, phone)).collect();
    let saw = sipp.play(plays, caller, number);
    std::iter::once(saw).chain(waiting.into_iter().map(Run::finish)).collect()
}

/// The code with which a call of Anna's is refused.
fn refused(sipp: &Sipp<'_>, number: &str, others: &[(&str, &str)]) -> u16 {
    last_code(&anna_calls(sipp, number, "call_refused", others)[0])
}

#[test]
fn a_phone_registers_and_sees_how_it_is_bound() {
    played(|sipp| {
        sipp.register("bo");
        sipp.play("register_lifecycle", &sipp.phone("maija"), "");
    });
}

#[test]
fn a_wrong_password_and_an_unknown_account_are_refused_alike() {
    played(|sipp| {
        let challenges = |user: &str| {
            let trace = sipp.play("register_refused", &Phone { secret: "wrong".into(), ..sipp.phone(user) }, "");
            let lines = trace.lines().filter(|line| line.starts_with("WWW-Authenticate"));
            lines.map(|line| line.split('"').step_by(2).collect::<String>()).collect::<Vec<_>>()
        };
        let wrong = challenges("bo");
        assert!(!wrong.is_empty());
        assert_eq!(wrong, challenges("nobody"));
    });
}

#[test]
fn a_call_is_answered_and_ended_by_the_caller() {
    played(|sipp| drop(anna_calls(sipp, "1002", "call", &[("bo", "answer")])));
}

#[test]
fn a_call_is_ended_by_the_one_who_was_called() {
    played(|sipp| drop(anna_calls(sipp, "1002", "call_until_bye", &[("bo", "answer_and_hang_up")])));
}

/// A back-to-back user agent has two networks: what one leg's messages say of its own stays there.
#[test]
fn nothing_of_one_legs_network_shows_in_the_other() {
    played(|sipp| {
        let (anna, bo) = (sipp.phone("anna"), sipp.register("bo"));
        let called = sipp.wait("answer", &bo);
        let caller_saw = sipp.play("call", &anna, "1002");
        let callee_saw = called.finish();
        let [anna_at, bo_at] = [&anna, &bo].map(|phone| format!(":{}", phone.port));
        assert!(caller_saw.contains(&anna_at) && callee_saw.contains(&bo_at), "the traces show each phone's own port");
        assert!(!callee_saw.contains(&anna_at), "the callee sees the caller's port:\n{callee_saw}");
        assert!(!caller_saw.contains(&bo_at), "the caller sees the callee's port:\n{caller_saw}");
    });
}

#[test]
fn a_call_to_somebody_who_refuses_it_is_busy() {
    played(|sipp| assert_eq!(refused(sipp, "1003", &[("maija", "busy")]), 486));
}

#[test]
fn a_call_to_somebody_without_a_phone_cannot_be_taken() {
    played(|sipp| assert_eq!(refused(sipp, "1003", &[]), 480));
}

#[test]
fn a_number_that_the_plan_does_not_know_is_not_found() {
    played(|sipp| assert_eq!(refused(sipp, "7777", &[]), 404));
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    played(|sipp| drop(anna_calls(sipp, "1003", "call_cancel", &[("maija", "ring")])));
}

#[test]
fn a_call_that_is_not_answered_goes_on_to_somebody_else() {
    played(|sipp| drop(anna_calls(sipp, "1004", "call", &[("pekka", "ring"), ("maija", "answer_forwarded")])));
}

#[test]
fn one_phone_of_a_group_answers_and_the_others_hear_of_it() {
    played(|sipp| drop(anna_calls(sipp, "2000", "call", &[("bo", "ring_elsewhere"), ("maija", "answer")])));
}

#[test]
fn a_message_is_left_and_the_light_goes_on() {
    office(|exchange, folder| {
        tone::write_alaw(&folder.path().join("speech.alaw"), 1_000, 15);
        let sipp = Sipp::new(exchange, folder);
        let light = sipp.start("mwi", &sipp.phone("bo"), "1002");
        anna_calls(&sipp, "1002", "call_voicemail", &[("bo", "ring")]);
        light.finish();
    });
}

#[test]
fn the_caller_puts_a_call_on_hold_and_takes_it_back() {
    played(|sipp| drop(anna_calls(sipp, "1002", "call_hold", &[("bo", "answer_hold")])));
}

#[test]
fn the_one_who_was_called_puts_a_call_on_hold_and_the_caller_hears_music() {
    office(|exchange, folder| {
        let sipp = Sipp::new(exchange, folder);
        let (anna, called) = (sipp.phone("anna"), sipp.wait("answer_and_hold", &sipp.register("bo")));
        let ear = UdpSocket::bind((exchange.sip.ip(), anna.ear)).unwrap();
        let held = sipp.start("call_held", &anna, "1002");
        let heard = tone::listen(&ear, Duration::from_secs(4));
        held.finish();
        called.finish();
        let music = heard.secs_of(MUSIC);
        assert!((1.5..2.5).contains(&music), "two seconds on hold, {music} s of music");
    });
}

#[test]
fn requests_that_cannot_be_served_are_refused_as_the_rfc_says() {
    played(|sipp| {
        for bad in ["unknown_method", "require", "max_forwards", "no_dialog", "cancel", "headers", "scheme"] {
            sipp.play(&format!("bad_{bad}"), &sipp.phone("anna"), "1002");
        }
        sipp.play("options", &sipp.phone("anna"), "");
    });
}

/// RFC 3261 §8.1.1, §18.3, §21.5.7: what sipp itself could not match to a request of its own.
#[test]
fn a_request_that_contradicts_itself_is_refused() {
    office(|exchange, _| {
        let options = exchange.request("OPTIONS", "contradiction");
        let cases = [
            ("CSeq: 1 OPTIONS", "CSeq: 1 INVITE", "SIP/2.0 400"),
            ("CSeq: 1 OPTIONS", "CSeq: 99999999999 OPTIONS", "SIP/2.0 400"),
            ("To: <sip:office.test>\r\n", "", "SIP/2.0 400"),
            ("Content-Length: 0", "Content-Length: 1000", "SIP/2.0 400"),
            ("office.test SIP/2.0\r\n", "office.test SIP/3.0\r\n", "SIP/2.0 505"),
        ];
        for (from, to, expected) in cases {
            let answer = exchange.ask(&options.replace(from, to)).unwrap_or_default();
            assert!(answer.starts_with(expected), "{from} -> {to}: {answer}");
        }
        assert!(exchange.ask(&options).is_some_and(|answer| answer.starts_with("SIP/2.0 200")));
    });
}

#[test]
fn garbage_is_survived() {
    office(|exchange, _| {
        let socket = UdpSocket::bind((exchange.sip.ip(), 0)).unwrap();
        let mut dice = 0x2545_f491_4f6c_dd1d_u64;
        for length in (0..1_400).step_by(7) {
            let noise = (0..length).map(|_| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (dice >> 33) as u8
            });
            let opening: &[u8] =
                [b"".as_slice(), b"INVITE sip:1002@office.test SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n"][length % 3];
            socket.send_to(&[opening, &noise.collect::<Vec<_>>()].concat(), exchange.sip).unwrap();
        }
        let options = exchange.request("OPTIONS", "sound");
        assert!(exchange.ask(&options).is_some_and(|answer| answer.starts_with("SIP/2.0 200")));
    });
}

#[test]
fn a_call_travels_over_tcp() {
    played(|sipp| {
        let anna = Phone { transport: "t1", ..sipp.phone("anna") };
        calls(sipp, &anna, "1002", "call", &[("bo", "answer")]);
    });
}

#[test]
fn a_call_travels_over_ipv6() {
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    office_at(Ipv6Addr::LOCALHOST.into(), |exchange, folder| {
        anna_calls(&Sipp::new(exchange, folder), "1002", "call", &[("bo", "answer")]);
    });
}

/// A call that went on to somebody else is told in plain words, by a program that was not there, after a power cut.
#[test]
fn the_records_of_a_call_outlive_a_power_cut() {
    let folder = Folder::for_test();
    let mut exchange = Exchange::start(BINARY, &folder, OFFICE);
    let others = [("pekka", "ring"), ("maija", "answer_forwarded")];
    anna_calls(&Sipp::new(&exchange, &folder), "1004", "call", &others);
    std::thread::sleep(Duration::from_millis(500)); // notes are written off the call's path
    exchange.kill();
    let list = exchange.tell(&["journeys"]);
    let line = list.lines().find(|line| line.contains("Anna Virtanen")).unwrap_or_else(|| panic!("{list}"));
    assert!(line.contains("1004"), "{line}");
    let story = exchange.tell(&["journey", line.split_whitespace().next().unwrap()]);
    let told =
        ["Pekka Koistinen is rung", "nobody answered", "Maija Saarinen answers", "hear each other", "INVITE", "BYE"];
    let missing: Vec<_> = told.iter().filter(|words| !story.contains(**words)).collect();
    assert!(missing.is_empty(), "{missing:?} in\n{story}");
}

/// All or nothing: a mistake changes nothing, a sound plan is in force at once, and the call that goes on is unharmed.
#[test]
fn a_new_plan_is_taken_whole_or_not_at_all_while_a_call_goes_on() {
    office(|exchange, folder| {
        let sipp = Sipp::new(exchange, folder);
        let called = sipp.wait("answer", &sipp.register("bo"));
        let call = sipp.start("call_long", &sipp.phone("anna"), "1002");
        let moved_to_5001 = || last_code(&sipp.play("call_refused", &sipp.phone("pekka"), "5001"));

        let plan = exchange.folder.join("dialplan.toml");
        std::fs::write(&plan, OFFICE.replace("ring:reception", "ring:receptoin")).unwrap();
        let reloaded = exchange.command(&["reload"]);
        let words = String::from_utf8_lossy(&reloaded.stderr);
        assert!(!reloaded.status.success() && words.contains("did you mean `reception`"), "{words}");
        assert_eq!(moved_to_5001(), 404);

        let moved = OFFICE.replace("\"1003\"", "\"5001\"").replace("\"1xxx\"", "[\"1xxx\", \"5001\"]");
        std::fs::write(&plan, moved).unwrap();
        exchange.tell(&["reload"]);
        assert_eq!(moved_to_5001(), 480);

        call.finish();
        called.finish();
    });
}

/// A registration outlives a power cut: the phone is reached without having registered again.
#[test]
fn a_phone_is_still_known_after_a_power_cut() {
    office(|exchange, folder| {
        let bo = Sipp::new(exchange, folder).register("bo");
        std::thread::sleep(Duration::from_millis(500)); // notes are written off the call's path
        exchange.kill_and_start_again();
        let sipp = Sipp::new(exchange, folder);
        let called = sipp.wait("answer", &bo);
        sipp.play("call", &sipp.phone("anna"), "1002");
        called.finish();
    });
}
