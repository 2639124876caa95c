//! RFC 3263 §4.1 and §4.2: from a URI to transport, port and addresses.

use crate::zone::zone;
use vaihde_locate::Unreachable;

/// The example of §4.1, with servers.
const EXAMPLE: &str = "
    example.com            NAPTR 50 50 s SIPS+D2T - _sips._tcp.example.com
    example.com            NAPTR 90 50 s SIP+D2T  - _sip._tcp.example.com
    example.com            NAPTR 100 50 s SIP+D2U - _sip._udp.example.com
    _sips._tcp.example.com SRV 0 1 5061 secure.example.com
    _sip._tcp.example.com  SRV 0 1 5060 server1.example.com
    _sip._tcp.example.com  SRV 1 2 5060 server2.example.com
    _sip._udp.example.com  SRV 0 1 5060 server1.example.com
    secure.example.com     A 192.0.2.9
    server1.example.com    A 192.0.2.1
    server2.example.com    A 192.0.2.2
    example.com            A 192.0.2.100";

/// §4.1: the URI's parameter decides, and no NAPTR query is made.
#[test]
fn a_transport_in_the_uri_is_used() {
    zone(EXAMPLE)
        .locate("sip:example.com;transport=tcp")
        .check(&["tcp 192.0.2.1:5060", "tcp 192.0.2.2:5060"])
        .asked(&["SRV _sip._tcp.example.com", "A server1.example.com", "A server2.example.com"]);
    zone(EXAMPLE).locate("sip:example.com;transport=UDP").check(&["udp 192.0.2.1:5060"]);
}

/// §4.2: a client that wants TLS asks for the service `_sips`.
#[test]
fn transport_tls_and_sips_over_tcp_ask_for_the_secure_service() {
    for uri in ["sip:example.com;transport=tls", "sips:example.com;transport=tcp", "sips:example.com;transport=tls"] {
        zone(EXAMPLE)
            .locate(uri)
            .check(&["tls 192.0.2.9:5061"])
            .asked(&["SRV _sips._tcp.example.com", "A secure.example.com"]);
    }
}

#[test]
fn a_transport_that_we_do_not_have_is_unreachable() {
    zone(EXAMPLE).locate("sip:example.com;transport=ws").unreachable(Unreachable::Transport);
    zone(EXAMPLE).locate("sip:example.com;transport=sctp").unreachable(Unreachable::Transport);
    zone(EXAMPLE).locate("sips:example.com;transport=udp").unreachable(Unreachable::Transport);
    let udp = zone(EXAMPLE).ours("udp 10.0.0.1");
    udp.locate("sips:example.com").unreachable(Unreachable::Transport);
    udp.locate("sips:192.0.2.1").unreachable(Unreachable::Transport).asked(&[]);
}

/// §4.1, §4.2: UDP for a SIP URI and TLS over TCP for a SIPS URI; the port of the URI, or else the transport's default.
#[test]
fn an_address_needs_no_dns() {
    let world = zone("").ours("udp 10.0.0.1, tcp 10.0.0.1, tls 10.0.0.1, ws 10.0.0.1, udp 2001:db8::1");
    for (uri, target) in [
        ("sip:anna@192.0.2.7", "udp 192.0.2.7:5060"),
        ("sip:anna@192.0.2.7:5070", "udp 192.0.2.7:5070"),
        ("sips:anna@192.0.2.7", "tls 192.0.2.7:5061"),
        ("sips:anna@192.0.2.7:5070", "tls 192.0.2.7:5070"),
        ("sip:192.0.2.7;transport=tcp", "tcp 192.0.2.7:5060"),
        ("sip:192.0.2.7;transport=tls", "tls 192.0.2.7:5061"),
        ("sip:192.0.2.7;transport=ws", "ws 192.0.2.7:80"),
        ("sip:[2001:db8::7]:5080", "udp [2001:db8::7]:5080"),
        ("sip:[::ffff:192.0.2.7]", "udp 192.0.2.7:5060"),
    ] {
        world.locate(uri).check(&[target]).asked(&[]);
    }
    world.locate("sip:[2001:db8::7];transport=tcp").unreachable(Unreachable::Family);
    world.locate("sip:0.0.0.0").unreachable(Unreachable::BadHost);
    world.locate("sip:192.0.2.7:0").unreachable(Unreachable::BadHost);
}

/// §4.1, §4.2: the same transports; no NAPTR and no SRV query where a port is written.
#[test]
fn a_name_with_a_port_has_addresses_only() {
    let world = zone(EXAMPLE);
    world.locate("sip:example.com:5060").check(&["udp 192.0.2.100:5060"]).asked(&["A example.com"]);
    world.locate("sips:example.com:5090").check(&["tls 192.0.2.100:5090"]);
    world.locate("sip:example.com:5090;transport=tcp").check(&["tcp 192.0.2.100:5090"]);
    world.locate("sip:example.com:0").unreachable(Unreachable::Unknown);
}

/// §4.1, the example: a client with TCP and UDP uses TCP, and the host comes from the SRV records of `_sip._tcp`.
#[test]
fn the_first_naptr_that_we_can_follow_decides() {
    zone(EXAMPLE)
        .ours("udp 10.0.0.1, tcp 10.0.0.1")
        .locate("sip:user@example.com")
        .check(&["tcp 192.0.2.1:5060", "tcp 192.0.2.2:5060"])
        .asked(&["NAPTR example.com", "SRV _sip._tcp.example.com", "A server1.example.com", "A server2.example.com"]);
    zone(EXAMPLE).ours("udp 10.0.0.1").locate("sip:example.com").check(&["udp 192.0.2.1:5060"]);
}

/// §4.1: with a SIP URI, a client that has TLS should keep the records that say SIPS.
#[test]
fn a_sip_uri_may_lead_to_tls() {
    let world = zone(EXAMPLE);
    let found = world.locate("sip:example.com");
    found.check(&["tls 192.0.2.9:5061"]);
    let target = &found.found.as_ref().expect("found")[0];
    assert_eq!(target.tls_name.as_deref(), Some("example.com"), "the certificate names the domain, not the server");
}

/// §4.1: with a SIPS URI, records that do not say SIPS MUST be discarded.
#[test]
fn a_sips_uri_never_leaves_tls() {
    zone(EXAMPLE).locate("sips:example.com").check(&["tls 192.0.2.9:5061"]);
    let plain = zone(
        "
        example.com           NAPTR 50 50 s SIP+D2T - _sip._tcp.example.com
        _sip._tcp.example.com SRV 0 1 5060 a.example.com
        a.example.com         A 192.0.2.1
        example.com           A 192.0.2.100",
    );
    plain.locate("sips:example.com").check(&["tls 192.0.2.100:5061"]).asked(&[
        "NAPTR example.com",
        "SRV _sips._tcp.example.com",
        "A example.com",
    ]);
}

/// RFC 3403 §4.1: once a rule has matched, those of another order MUST NOT be considered; those of its own order may be.
#[test]
fn rules_of_one_order_follow_each_other_by_preference() {
    zone(
        "
        example.com NAPTR 20 1 s SIPS+D2T - _sips._tcp.example.com
        example.com NAPTR 10 9 s SIP+D2U  - _sip._udp.example.com
        example.com NAPTR 10 2 s SIP+D2T  - _sip._tcp.example.com
        _sips._tcp.example.com SRV 0 0 5061 a.example.com
        _sip._tcp.example.com  SRV 0 0 5062 a.example.com
        _sip._udp.example.com  SRV 0 0 5063 a.example.com
        a.example.com          A 192.0.2.1",
    )
    .locate("sip:example.com")
    .check(&["tcp 192.0.2.1:5062", "udp 192.0.2.1:5063"]);
}

/// §4.1: the replacement may lie in another domain. Only final rules without an expression are SIP's; case does not
/// matter.
#[test]
fn foreign_broken_and_unknown_rules_are_told_apart() {
    zone(
        "
        example.com NAPTR 1 1 s SIP+D2S - _sip._sctp.example.com
        example.com NAPTR 1 2 u E2U+sip !^.*$!sip:x@example.com! .
        example.com NAPTR 1 3 u SIP+D2U !^.*$!sip:x@example.com! .
        example.com NAPTR 1 4 - SIP+D2U - _sip._udp.example.com
        example.com NAPTR 1 5 s SIP+D2U - .
        example.com NAPTR 2 1 S sip+d2u - _sip._udp.Provider.example.
        _sip._udp.provider.example SRV 0 0 5080 a.provider.example
        a.provider.example A 192.0.2.1",
    )
    .locate("sip:example.com")
    .check(&["udp 192.0.2.1:5080"]);
}

#[test]
fn a_rule_with_the_flag_a_names_a_host() {
    zone(
        "
        example.com   NAPTR 1 1 a SIP+D2T - a.example.com
        a.example.com A 192.0.2.1",
    )
    .locate("sip:example.com")
    .check(&["tcp 192.0.2.1:5060"])
    .asked(&["NAPTR example.com", "A a.example.com"]);
}

/// RFC 7118 §8 and §5: WebSocket has services of its own.
#[test]
fn websocket_servers_are_found_by_their_own_services() {
    let world = zone(
        "
        example.com NAPTR 1 1 s SIPS+D2W - _sips._ws.example.com
        example.com NAPTR 2 1 s SIP+D2W - _sip._ws.example.com
        _sip._ws.example.com SRV 0 0 80 a.example.com
        _sips._ws.example.com SRV 0 0 443 a.example.com
        a.example.com A 192.0.2.1
        plain.example.com A 192.0.2.2",
    )
    .ours("ws 10.0.0.1, wss 10.0.0.1");
    world.locate("sip:example.com").check(&["wss 192.0.2.1:443"]);
    world.locate("sip:example.com;transport=ws").check(&["ws 192.0.2.1:80"]);
    world.locate("sips:example.com;transport=ws").check(&["wss 192.0.2.1:443"]);
    world.locate("sips:plain.example.com").check(&["wss 192.0.2.2:443"]);
    zone("example.com A 192.0.2.1").ours("ws 10.0.0.1").locate("sip:example.com").check(&["ws 192.0.2.1:80"]);
}

/// §4.1: an SRV query for each transport that we have, `_sip` for SIP URIs and `_sips` for SIPS URIs.
#[test]
fn without_naptr_each_transport_is_asked_for() {
    let world = zone(
        "
        _sips._tcp.example.com SRV 0 0 5061 a.example.com
        _sip._tcp.example.com  SRV 0 0 5070 a.example.com
        _sip._udp.example.com  SRV 0 0 5080 a.example.com
        a.example.com          A 192.0.2.1",
    );
    world.locate("sip:example.com").check(&["udp 192.0.2.1:5080", "tcp 192.0.2.1:5070"]).asked(&[
        "NAPTR example.com",
        "SRV _sip._udp.example.com",
        "SRV _sip._tcp.example.com",
        "A a.example.com",
    ]);
    world.locate("sips:example.com").check(&["tls 192.0.2.1:5061"]);
    // The client may choose among those that it finds: ours stand in our order.
    let world = world.ours("tcp 10.0.0.1, udp 10.0.0.1");
    world.locate("sip:example.com").check(&["tcp 192.0.2.1:5070", "udp 192.0.2.1:5080"]);
}

/// §4.1, §4.2: without SRV records UDP for a SIP URI and TLS for a SIPS URI, the addresses of the domain itself, and the
/// default port.
#[test]
fn without_srv_the_domain_is_a_host() {
    let world = zone("example.com A 192.0.2.1");
    world.locate("sip:example.com").check(&["udp 192.0.2.1:5060"]).asked(&[
        "NAPTR example.com",
        "SRV _sip._udp.example.com",
        "SRV _sip._tcp.example.com",
        "A example.com",
    ]);
    world.locate("sips:example.com").check(&["tls 192.0.2.1:5061"]);
    world.locate("sip:example.com;transport=tcp").check(&["tcp 192.0.2.1:5060"]);
    zone("example.com A 192.0.2.1").ours("tcp 10.0.0.1").locate("sip:example.com").check(&["tcp 192.0.2.1:5060"]);
}

/// The same holds where NAPTR led to a service without servers: the transport is the one that it selected.
#[test]
fn a_naptr_that_leads_nowhere_has_chosen_the_transport_all_the_same() {
    zone(
        "
        example.com NAPTR 1 1 s SIP+D2T - _sip._tcp.example.com
        example.com A 192.0.2.1",
    )
    .locate("sip:example.com")
    .check(&["tcp 192.0.2.1:5060"]);
}

/// RFC 2782: the root as target says that the service is decidedly not available.
#[test]
fn a_service_that_is_not_offered_is_not_looked_for_elsewhere() {
    let world = zone(
        "
        _sip._udp.example.com SRV 0 0 0 .
        example.com           A 192.0.2.1",
    );
    world.locate("sip:example.com;transport=udp").unreachable(Unreachable::NotOffered);
    world.locate("sip:example.com").unreachable(Unreachable::NotOffered);
    world.locate("sip:example.com;transport=tcp").check(&["tcp 192.0.2.1:5060"]);
    zone(
        "
        _sip._udp.example.com SRV 0 0 0 .
        _sip._tcp.example.com SRV 0 0 5070 a.example.com
        a.example.com         A 192.0.2.1",
    )
    .locate("sip:example.com")
    .check(&["tcp 192.0.2.1:5070"]);
}

/// §4: maddr, where it is present, is what is looked up.
#[test]
fn maddr_stands_for_the_host_but_not_in_the_certificate() {
    let world = zone("edge.example.net A 192.0.2.5");
    world.locate("sip:example.com;maddr=192.0.2.7").check(&["udp 192.0.2.7:5060"]).asked(&[]);
    world.locate("sip:192.0.2.1:5070;maddr=edge.example.net").check(&["udp 192.0.2.5:5070"]);
    world.locate("sip:example.com;maddr=224.0.1.75").check(&["udp 224.0.1.75:5060"]);
    let found = world.locate("sips:Example.com.;maddr=192.0.2.7").found.expect("found");
    assert_eq!(found[0].tls_name.as_deref(), Some("Example.com"));
}

#[test]
fn what_is_no_sip_uri_has_no_next_hop() {
    zone("").locate("tel:+35840123").unreachable(Unreachable::NotSip);
    zone("").locate("mailto:x@example.com").unreachable(Unreachable::NotSip);
    zone("").locate(&format!("sip:{}.com", "a".repeat(64))).unreachable(Unreachable::BadHost).asked(&[]);
    zone("").locate("sip:example.com").unreachable(Unreachable::Unknown);
}

/// Home routers that lose NAPTR and SRV questions are common: then the domain is a host.
#[test]
fn questions_that_dns_does_not_answer_are_passed_over() {
    let world = zone(EXAMPLE).ours("udp 10.0.0.1");
    world.locate("sip:example.com").check(&["udp 192.0.2.1:5060"]);
    let world = world.failing("NAPTR example.com");
    world.locate("sip:example.com").check(&["udp 192.0.2.1:5060"]);
    let world = world.failing("SRV _sip._udp.example.com");
    world.locate("sip:example.com").check(&["udp 192.0.2.100:5060"]);
    let world = world.failing("A example.com");
    world.locate("sip:example.com").unreachable(Unreachable::NoAnswer);
}
