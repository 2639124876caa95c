//! Searches through a real resolver, from a real name server on loopback.

#![allow(clippy::disallowed_methods, reason = "a name server has sockets, tasks and time")]

#[path = "../../src/run/dns.rs"]
mod adapter;
mod server;

use adapter::Dns;
use locate::{
    Answer, Data, Domain, Kind, LookupFault, Naptr, Question, Reach, Record, Search, Srv, Step, Target, Unreachable,
};
use server::Server;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ZONE: &str = "
    example.com            3600 SOA 77
    example.com            300 NAPTR 50 50 s SIPS+D2T - _sips._tcp.example.com
    example.com            300 NAPTR 90 50 s SIP+D2T  - _sip._tcp.example.com
    example.com            300 NAPTR 100 50 S sip+d2u - _SIP._udp.Example.COM
    example.com            300 NAPTR 100 50 u E2U+sip !^.*$!sip:x@example.com! .
    _sips._tcp.example.com 200 SRV 0 1 5061 Secure.example.com
    _sip._tcp.example.com  200 SRV 10 1 5060 server1.example.com
    _sip._tcp.example.com  200 SRV 20 65535 5062 server2.example.com
    _sip._udp.example.com  200 SRV 0 0 0 .
    secure.example.com     100 A 192.0.2.9
    secure.example.com     100 AAAA 2001:db8:1::9
    server1.example.com    100 A 192.0.2.1
    server2.example.com    100 CNAME real.example.com
    real.example.com       50 A 192.0.2.2
    fails.example.com      100 FAILS A
    silent.example.com     100 SILENT A
    big.example.com        100 TCP-ONLY A 192.0.2.77";

async fn start() -> (Server, Dns) {
    let server = Server::start(ZONE).await;
    let dns = Dns::at(&[server.addr]).expect("a resolver");
    (server, dns)
}

async fn ask(dns: &Dns, kind: Kind, name: &str) -> Answer {
    dns.ask(&Question { name: Domain::parse(name).expect("a name"), kind }).await
}

fn single(answer: Answer) -> Record {
    let records = answer.expect("records");
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].clone()
}

/// What the server will do: each question is a task, and the search goes on as answers come.
async fn locate(dns: &Dns, uri: &str) -> Result<Vec<Target>, Unreachable> {
    let ours = [("udp", "10.0.0.1"), ("tcp", "10.0.0.1"), ("tls", "10.0.0.1"), ("tls", "2001:db8::1")];
    let reach = Reach::new(ours.map(|(way, ip)| (way.parse().expect("a transport"), ip.parse().expect("an address"))));
    let mut search = Search::new(&sip::Uri::parse(uri).expect("a URI"), &reach, 5);
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        match search.poll() {
            Step::Ask(question) => {
                let dns = dns.clone();
                tasks.spawn(async move {
                    let answer = dns.ask(&question).await;
                    (question, answer)
                });
            }
            Step::Wait => {
                let (question, answer) = tasks.join_next().await.expect("a question is out").expect("it ends");
                search.on_answer(&question, answer);
            }
            Step::Done(found) => return found,
        }
    }
}

fn list(found: Result<Vec<Target>, Unreachable>) -> Vec<String> {
    found.expect("found").iter().map(Target::to_string).collect()
}

#[tokio::test]
async fn naptr_records_arrive_with_every_field() {
    let (mut server, dns) = start().await;
    let records = ask(&dns, Kind::Naptr, "example.com").await.expect("records");
    assert_eq!(server.asked(), ["udp NAPTR example.com"]);
    assert_eq!(records.len(), 4);
    let naptr = |order, preference, flags: &str, service: &str, regexp: &str, replacement: &str| {
        let (flags, service, regexp) = (flags.into(), service.into(), regexp.into());
        let replacement = Domain::parse(replacement);
        Data::Naptr(Naptr { order, preference, flags, service, regexp, replacement })
    };
    let mut found: Vec<_> = records.iter().map(|record| (record.ttl_secs, record.data.clone())).collect();
    for expected in [
        naptr(50, 50, "s", "SIPS+D2T", "", "_sips._tcp.example.com"),
        naptr(90, 50, "s", "SIP+D2T", "", "_sip._tcp.example.com"),
        naptr(100, 50, "S", "sip+d2u", "", "_sip._udp.example.com"),
        naptr(100, 50, "u", "E2U+sip", "!^.*$!sip:x@example.com!", "."),
    ] {
        let at = found.iter().position(|record| *record == (300, expected.clone()));
        found.remove(at.unwrap_or_else(|| panic!("{expected:?} in {found:?}")));
    }
}

#[tokio::test]
async fn srv_and_address_records_arrive_and_aliases_are_followed() {
    let (_server, dns) = start().await;
    let srv =
        |priority, weight, port, target: &str| Data::Srv(Srv { priority, weight, port, target: Domain::parse(target) });
    let records = ask(&dns, Kind::Srv, "_sip._tcp.example.com").await.expect("records");
    assert_eq!(records.len(), 2);
    assert!(records.iter().any(|record| record.data == srv(20, 65_535, 5062, "server2.example.com")));
    let root = single(ask(&dns, Kind::Srv, "_sip._udp.example.com").await);
    assert_eq!(root, Record { ttl_secs: 200, data: srv(0, 0, 0, ".") });
    let v6 = single(ask(&dns, Kind::Aaaa, "secure.example.com").await);
    assert_eq!(v6, Record { ttl_secs: 100, data: Data::Aaaa("2001:db8:1::9".parse().expect("an address")) });
    let alias = single(ask(&dns, Kind::A, "server2.example.com").await);
    assert_eq!(alias, Record { ttl_secs: 50, data: Data::A([192, 0, 2, 2].into()) });
}

#[tokio::test]
async fn nothing_is_told_from_failure_and_has_the_time_of_the_zone() {
    let (_server, dns) = start().await;
    let nothing = Err(LookupFault::Nothing { ttl_secs: Some(77) });
    assert_eq!(ask(&dns, Kind::A, "nobody.example.com").await, nothing, "no such name");
    assert_eq!(ask(&dns, Kind::Aaaa, "server1.example.com").await, nothing, "a name without such records");
    assert_eq!(ask(&dns, Kind::A, "fails.example.com").await, Err(LookupFault::Failed));
}

#[tokio::test]
async fn a_truncated_answer_is_fetched_over_tcp() {
    let (mut server, dns) = start().await;
    assert_eq!(single(ask(&dns, Kind::A, "big.example.com").await).data, Data::A([192, 0, 2, 77].into()));
    let asked = server.asked();
    assert_eq!(asked.first().map(String::as_str), Some("udp A big.example.com"));
    assert_eq!(asked.last().map(String::as_str), Some("tcp A big.example.com"));
}

#[tokio::test]
async fn silence_ends_as_a_failure_in_seconds() {
    let (_server, dns) = start().await;
    let began = Instant::now();
    assert_eq!(ask(&dns, Kind::A, "silent.example.com").await, Err(LookupFault::Failed));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure_and_the_next_one_is_asked() {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let alone = Dns::at(&[gone]).expect("a resolver");
    assert_eq!(ask(&alone, Kind::A, "server1.example.com").await, Err(LookupFault::Failed));
    let server = Server::start(ZONE).await;
    let both: [SocketAddr; 2] = [gone, server.addr];
    let dns = Dns::at(&both).expect("a resolver");
    assert_eq!(single(ask(&dns, Kind::A, "server1.example.com").await).data, Data::A([192, 0, 2, 1].into()));
}

#[tokio::test]
async fn a_search_finds_its_way_through_naptr_srv_and_addresses() {
    let (mut server, dns) = start().await;
    let found = locate(&dns, "sip:example.com").await;
    assert_eq!(found.as_ref().map(|list| list[0].tls_name.as_deref()), Ok(Some("example.com")));
    assert_eq!(list(found), ["tls [2001:db8:1::9]:5061", "tls 192.0.2.9:5061"]);
    let mut asked = server.asked();
    asked[2..].sort();
    assert_eq!(
        asked,
        [
            "udp NAPTR example.com",
            "udp SRV _sips._tcp.example.com",
            "udp A secure.example.com",
            "udp AAAA secure.example.com",
        ]
    );
    let tcp = list(locate(&dns, "sip:example.com;transport=tcp").await);
    assert_eq!(tcp, ["tcp 192.0.2.1:5060", "tcp 192.0.2.2:5062"]);
    assert_eq!(locate(&dns, "sip:example.com;transport=udp").await, Err(Unreachable::NotOffered));
    assert_eq!(list(locate(&dns, "sip:server1.example.com").await), ["udp 192.0.2.1:5060"]);
    assert_eq!(locate(&dns, "sip:fails.example.com:5060").await, Err(Unreachable::NoAnswer));
}

/// The machine's own configuration: whatever name servers it has, `localhost` is known without them.
#[tokio::test]
async fn the_name_of_this_machine_needs_no_server() {
    if let Ok(dns) = Dns::of_system() {
        assert_eq!(single(ask(&dns, Kind::A, "localhost").await).data, Data::A([127, 0, 0, 1].into()));
    }
}
