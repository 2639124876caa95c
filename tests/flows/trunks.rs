//! Calls to the world: the operator's host is looked up, and a server of it that fails costs no call, RFC 3263.

use crate::office::{answers_and_talks, secs};
use locate::{Data, Domain, Kind, Question, Record, Srv};
use sim::{Manners, Office, Ring};
use sip::{Method, Name};

const PLAN: &str = r#"
domain   = "pbx.example.fi"
timezone = "Europe/Helsinki"
language = "en"

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["anna-desk"]

[trunk.operator]
proxy     = "sip:sip.operator.example"
addresses = ["203.0.113.0/24"]

[[route]]
from   = "phones"
number = "0."
steps  = [{ dial = "trunk:operator", as = "+358 9 4242 1000" }]
"#;

/// An office whose operator has two servers, `gw-1` before `gw-2`; DNS knows them, or nothing.
fn office(knows: bool) -> Office {
    let mut office = Office::new(PLAN, 1);
    for (at, name) in ["gw-1", "gw-2"].into_iter().enumerate() {
        office.add_phone(name, name, "-", "operator.example");
        office.move_to(name, &format!("203.0.113.{}:5060", at + 1));
        let host = Domain::parse(&format!("{name}.operator.example")).expect("a name");
        let address = std::net::Ipv4Addr::new(203, 0, 113, at as u8 + 1);
        if knows {
            put(&mut office, &format!("{name}.operator.example"), Kind::A, vec![Data::A(address)]);
            let server = Srv { priority: at as u16, weight: 0, port: 5060, target: Some(host) };
            let question = question("_sip._udp.sip.operator.example", Kind::Srv);
            let before = office.dns.get(&question).cloned().and_then(Result::ok).unwrap_or_default();
            let servers: Vec<Data> =
                before.iter().map(|record| record.data.clone()).chain([Data::Srv(server)]).collect();
            put(&mut office, "_sip._udp.sip.operator.example", Kind::Srv, servers);
        }
    }
    office.register(&["anna-desk"]);
    office
}

fn question(name: &str, kind: Kind) -> Question {
    Question { name: Domain::parse(name).expect("a name"), kind }
}

fn put(office: &mut Office, name: &str, kind: Kind, data: Vec<Data>) {
    let records: Vec<Record> = data.into_iter().map(|data| Record { ttl_secs: 300, data }).collect();
    office.dns.insert(question(name, kind), Ok(records.into()));
}

#[test]
fn the_operators_host_is_looked_up_and_the_number_shown_is_the_plans() {
    let mut office = office(true);
    office.phone_mut("gw-1").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "0401234567");
    office.run_until_idle();
    office.assert_sound();
    let call = office.phone("gw-1").last_call();
    assert_eq!(call.final_code, Some(200), "{}", office.ladder());
    let invite = office.phone("gw-1").got(Method::Invite)[0].clone();
    assert!(invite.from().expect("From").uri.starts_with("sip:+358942421000@"), "{}", office.ladder());
    assert!(invite.header(Name::PAssertedIdentity).is_some_and(|value| value.contains("+358942421000")));
    assert!(invite.request_uri().ends_with("@sip.operator.example"));
}

#[test]
fn a_server_that_says_503_costs_no_call() {
    let mut office = office(true);
    office.phone_mut("gw-1").manners = Manners { ring: Ring::Reject(503, secs(0)), ..Manners::default() };
    office.phone_mut("gw-2").manners = answers_and_talks(1, 5);
    office.call("anna-desk", "0401234567");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(200), "{}", office.ladder());
}

#[test]
fn a_server_that_is_silent_is_passed_over() {
    let mut office = office(true);
    office.die("gw-1");
    office.phone_mut("gw-2").manners = answers_and_talks(1, 5);
    for _ in 0..2 {
        office.call("anna-desk", "0401234567");
        office.run_until_idle();
        assert_eq!(office.phone("anna-desk").last_call().final_code, Some(200), "{}", office.ladder());
        office.mark();
    }
    office.assert_sound();
}

#[test]
fn a_host_that_dns_does_not_know_is_a_refusal_and_not_silence() {
    let mut office = office(false);
    office.call("anna-desk", "0401234567");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(503), "{}", office.ladder());
}

#[test]
fn a_caller_may_give_up_while_the_host_is_looked_up() {
    let mut office = office(true);
    office.call("anna-desk", "0401234567");
    office.run_for(std::time::Duration::from_millis(15));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(office.phone("anna-desk").last_call().final_code, Some(487), "{}", office.ladder());
}
