//! The program from outside: sockets, signals, reload, restart, its commands.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod wire;

use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use support::exchange::{DOMAIN, Exchange};
use support::process::{Folder, until};
use wire::{Wire, connect, options, read_messages, write_in_pieces};

const BINARY: &str = env!("CARGO_BIN_EXE_vaihde");

const OFFICE: &str = r#"
domain   = "office.test"
timezone = "Europe/Helsinki"
language = "en"

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["anna"]
voicemail = false

[person.bo]
name    = "Bo Lind"
number  = "1002"
devices = ["bo"]
voicemail = false
reach   = "alone"

[reach.alone]
ring_for = "10s"

[[route]]
from   = "phones"
number = "1xxx"
steps  = [{ reach = "person" }]
"#;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

fn register(exchange: SocketAddr, user: &str) -> String {
    Wire::new(exchange, user).ask("REGISTER", &format!("sip:{DOMAIN}"), "Expires: 600\r\n")
}

/// The bindings that the exchange knows of a user.
fn contacts(exchange: SocketAddr, user: &str) -> Vec<String> {
    let answer = Wire::new(exchange, user).ask("REGISTER", &format!("sip:{DOMAIN}"), "X-No-Contact: 1\r\n");
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    answer.lines().filter(|line| line.starts_with("Contact")).map(str::to_string).collect()
}

fn status(exchange: &Exchange) -> String {
    said(&exchange.command(&["status"]))
}

#[test]
fn a_registration_outlives_a_kill_of_the_exchange() {
    let folder = Folder::for_test();
    let mut exchange = Exchange::start(BINARY, &folder, OFFICE);
    assert!(register(exchange.sip, "anna").starts_with("SIP/2.0 200"));
    let before = contacts(exchange.sip, "anna");
    assert_eq!(before.len(), 1, "{before:?}");
    // The store's thread lets notes wait for company for some milliseconds.
    std::thread::sleep(Duration::from_millis(200));
    exchange.kill_and_start_again();
    let contact = |lines: &[String]| lines[0].split_once(";expires").map(|(contact, _)| contact.to_string());
    let after = contacts(exchange.sip, "anna");
    assert_eq!((contact(&after), after.len()), (contact(&before), 1));
    assert_eq!(contacts(exchange.sip, "bo"), Vec::<String>::new());
}

/// A newcomer's softphone knows the exchange by its address alone.
#[test]
fn a_phone_may_take_the_address_for_the_domain() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let mut anna = Wire::new(exchange.sip, "anna");
    anna.domain = exchange.sip.to_string();
    let registered = anna.ask("REGISTER", &format!("sip:{}", exchange.sip), "Expires: 600\r\n");
    assert!(registered.starts_with("SIP/2.0 200"), "{registered}");
    let called = anna.ask("INVITE", &format!("sip:1002@{}", exchange.sip), "");
    assert!(called.starts_with("SIP/2.0 480"), "{called}");
}

#[test]
fn the_same_works_over_ipv6() {
    if std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let folder = Folder::for_test();
    let exchange = Exchange::start_at(BINARY, &folder, Ipv6Addr::LOCALHOST.into(), OFFICE);
    assert!(register(exchange.sip, "anna").starts_with("SIP/2.0 200"));
    let mut stream = connect(exchange.sip);
    stream.write_all(options(stream.local_addr().unwrap(), 1).as_bytes()).unwrap();
    assert!(read_messages(&mut stream, 1).starts_with("SIP/2.0 200"));
}

#[test]
fn a_message_over_tcp_arrives_however_its_bytes_do() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let mut stream = connect(exchange.sip);
    let own = stream.local_addr().unwrap();
    write_in_pieces(&mut stream, options(own, 1).as_bytes(), 1);
    assert!(read_messages(&mut stream, 1).contains("CSeq: 1 OPTIONS"));
    write_in_pieces(&mut stream, (options(own, 2) + &options(own, 3) + &options(own, 4)).as_bytes(), 100_000);
    let three = read_messages(&mut stream, 3);
    assert!((2..=4).all(|number| three.contains(&format!("CSeq: {number} OPTIONS"))), "{three}");
}

/// RFC 5626 §3.5.1
#[test]
fn a_keep_alive_over_tcp_is_answered() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let mut stream = connect(exchange.sip);
    stream.write_all(b"\r\n\r\n").unwrap();
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\r\n");
}

#[test]
fn a_connection_that_brings_no_sip_is_closed() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let mut stream = connect(exchange.sip);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: pbx\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("it is closed within the time");
}

#[test]
fn a_good_configuration_is_taken_and_a_bad_one_changes_nothing() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let plan = exchange.folder.join("dialplan.toml");
    let more = format!("{OFFICE}\n[person.maija]\nname = \"Maija\"\nnumber = \"1003\"\n");
    std::fs::write(&plan, more).unwrap();
    let taken = exchange.command(&["reload"]);
    assert!(taken.status.success(), "{}", said(&taken));
    assert!(status(&exchange).contains("people         3"), "{}", status(&exchange));

    std::fs::write(&plan, OFFICE.replace("reach   = \"alone\"", "reach   = \"alnoe\"")).unwrap();
    let refused = exchange.command(&["reload"]);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("alnoe") && said(&refused).contains("dialplan.toml:"), "{}", said(&refused));

    assert!(said(&refused).contains("the old configuration stays in force"), "{}", said(&refused));
    assert!(status(&exchange).contains("people         3"), "what runs answers meanwhile: {}", status(&exchange));
    let listed = exchange.command(&["journeys"]);
    assert!(listed.status.success(), "{}", said(&listed));

    signal(&exchange, "HUP");
    std::thread::sleep(Duration::from_millis(200));
    std::fs::write(&plan, OFFICE).unwrap();
    assert!(status(&exchange).contains("people         3"), "{}", status(&exchange));
    signal(&exchange, "HUP");
    until(Duration::from_secs(5), "the good configuration is taken", || status(&exchange).contains("people         2"));
    assert!(register(exchange.sip, "anna").starts_with("SIP/2.0 200"));

    let settings = exchange.folder.join("more.toml");
    std::fs::write(&settings, "[limits]\nwait = \"6m\"\n").unwrap();
    assert!(!said(&exchange.command(&["reload"])).contains("restart"), "the wait is another at once");
    std::fs::write(&settings, "[limits]\nwait = \"6m\"\nnotes = 5000\n").unwrap();
    assert!(said(&exchange.command(&["reload"])).contains("after a restart only: limits.notes"));
}

fn signal(exchange: &Exchange, name: &str) {
    let id = std::fs::read_to_string(exchange.folder.join("data/lock")).unwrap();
    assert!(Command::new("kill").args([&format!("-{name}"), id.trim()]).status().unwrap().success());
}

#[test]
fn a_stop_without_calls_takes_no_time() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let asked = Instant::now();
    exchange.stop();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

/// Bo's phone rings and nobody takes it; the exchange is asked to stop.
fn stop_while_it_rings(test: impl FnOnce(&Exchange, &mut Wire)) -> Duration {
    let folder = Folder::for_test();
    let office = format!("{OFFICE}\n[limits]\nshutdown_wait = \"2s\"\n");
    let exchange = Exchange::start(BINARY, &folder, &office);
    let mut bo = Wire::new(exchange.sip, "bo");
    assert!(bo.ask("REGISTER", &format!("sip:{DOMAIN}"), "Expires: 600\r\n").starts_with("SIP/2.0 200"));
    let mut anna = Wire::new(exchange.sip, "anna");
    let rings = std::thread::spawn(move || {
        let invite = bo.receive_with("INVITE sip:");
        bo.answer(&invite, "180 Ringing");
        bo
    });
    anna.ring(&format!("sip:1002@{DOMAIN}"));
    let bo = rings.join().unwrap();
    signal(&exchange, "TERM");
    let asked = Instant::now();
    test(&exchange, &mut anna);
    let cancelled = bo.receive_with("CANCEL sip:");
    bo.answer(&cancelled, "200 OK");
    exchange.stop();
    asked.elapsed()
}

#[test]
fn a_stop_lets_calls_end_for_a_while_and_takes_no_new_ones() {
    let took = stop_while_it_rings(|exchange, anna| {
        std::thread::sleep(Duration::from_millis(200));
        let refused = Wire::new(exchange.sip, "anna").ask("INVITE", &format!("sip:1002@{DOMAIN}"), "");
        assert!(refused.starts_with("SIP/2.0 503") && refused.contains("Retry-After:"), "{refused}");
        let asked = Instant::now();
        assert!(anna.receive_with("CSeq: 2 INVITE").starts_with("SIP/2.0 503"));
        assert!(asked.elapsed() > Duration::from_secs(1), "the call had its time: {:?}", asked.elapsed());
    });
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn a_second_stop_waits_for_nobody() {
    let took = stop_while_it_rings(|exchange, anna| {
        std::thread::sleep(Duration::from_millis(200));
        signal(exchange, "TERM");
        anna.receive_with("CSeq: 2 INVITE");
    });
    assert!(took < Duration::from_millis(1800), "{took:?}");
}

#[test]
fn do_not_disturb_is_switched_from_the_command_line_and_outlives_a_restart() {
    let folder = Folder::for_test();
    let mut exchange = Exchange::start(BINARY, &folder, OFFICE);
    let switched = exchange.command(&["dnd", "anna", "on"]);
    assert!(switched.status.success(), "{}", said(&switched));
    let nobody = exchange.command(&["dnd", "nobody", "on"]);
    assert!(!nobody.status.success() && said(&nobody).contains("nobody"), "{}", said(&nobody));
    std::thread::sleep(Duration::from_millis(200));
    exchange.kill_and_start_again();
    let mut bo = Wire::new(exchange.sip, "bo");
    assert!(bo.ask("INVITE", &format!("sip:1001@{DOMAIN}"), "").starts_with("SIP/2.0 486"));
}

#[test]
fn two_exchanges_never_share_a_store() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, OFFICE);
    let second = exchange.command(&["run"]);
    assert!(!second.status.success());
    assert!(said(&second).contains("another exchange runs"), "{}", said(&second));
}

#[test]
fn a_journey_is_listed_and_told_also_after_a_kill() {
    let folder = Folder::for_test();
    let mut exchange = Exchange::start(BINARY, &folder, OFFICE);
    let mut anna = Wire::new(exchange.sip, "anna");
    let answer = anna.ask("INVITE", &format!("sip:1002@{DOMAIN}"), "");
    assert!(answer.starts_with("SIP/2.0 480"), "{answer}");
    until(Duration::from_secs(5), "the journey is written", || {
        said(&exchange.command(&["journeys"])).contains("Anna Virtanen (1001)")
    });
    exchange.kill_and_start_again();
    let list = said(&exchange.command(&["journeys"]));
    let line = list.lines().nth(1).unwrap();
    assert!(line.contains("1002 (Bo Lind)"), "{list}");
    let told = said(&exchange.command(&["journey", line.split(' ').next().unwrap()]));
    assert!(told.contains("Anna Virtanen (1001) calls 1002 (Bo Lind) with anna."), "{told}");
    assert!(told.contains("Bo Lind is not rung: none of their phones is registered."), "{told}");
    assert!(
        told.contains("│── INVITE 1002 ──") && told.contains("◀─ 480 Temporarily Unavailable (INVITE) ──"),
        "{told}"
    );
    assert!(!told.contains("response="), "a credential is never told: {told}");
    let none = said(&exchange.command(&["journeys", "--number", "1009"]));
    assert_eq!(none.trim(), "no journeys");
}

#[test]
fn a_newcomers_office_is_set_up_once_and_runs() {
    let folder = Folder::for_test();
    let office = folder.path().join("office");
    let setup = || Command::new(BINARY).arg("setup").arg(&office).output().unwrap();
    let first = setup();
    assert!(first.status.success(), "{}", said(&first));
    assert_eq!(said(&setup()), said(&first), "the same accounts again");
    let private = |name: &str| {
        use std::os::unix::fs::PermissionsExt;
        office.join(name).metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!((private("secrets.toml"), private("accounts.txt")), (0o600, 0o600));
    let check = Command::new(BINARY).arg("check").arg(&office).output().unwrap();
    assert!(check.status.success(), "{}", said(&check));
    let secrets = std::fs::read_to_string(office.join("secrets.toml")).unwrap();
    let accounts = std::fs::read_to_string(office.join("accounts.txt")).unwrap();
    let words = accounts.split_whitespace().filter(|word| word.len() == 16 && word.chars().all(char::is_alphanumeric));
    assert!(words.clone().count() >= 2, "{accounts}");
    assert!(words.into_iter().all(|password| !secrets.contains(password)));
}
