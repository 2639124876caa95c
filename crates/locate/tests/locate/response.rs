//! RFC 3263 §5 and RFC 3261 §18.2.2: where a response goes when its connection is gone.

use crate::zone::zone;
use vaihde_locate::Unreachable;

const ZONE: &str = "
    _sip._tcp.client.example  SRV 0 0 5070 b.client.example
    _sip._tcp.client.example  SRV 1 0 5070 c.client.example
    _sips._tcp.client.example SRV 0 0 5071 b.client.example
    b.client.example          A 192.0.2.2
    c.client.example          A 192.0.2.3
    client.example            A 192.0.2.1";

/// RFC 3261 §18.2.2: a new connection to the address in `received`, at the port of sent-by or the default one; if that
/// fails, the procedures of §5.
#[test]
fn the_source_comes_first_and_then_what_sent_by_means() {
    zone(ZONE).respond("SIP/2.0/TCP client.example;branch=z9hG4bK1;received=203.0.113.5;rport=41000").check(&[
        "tcp 203.0.113.5:5060",
        "tcp 192.0.2.2:5070",
        "tcp 192.0.2.3:5070",
    ]);
    zone(ZONE)
        .respond("SIP/2.0/TCP client.example:5090;branch=z9hG4bK1;received=203.0.113.5")
        .check(&["tcp 203.0.113.5:5090", "tcp 192.0.2.1:5090"]);
}

/// §5: an address in sent-by is where to go, with the default port if none is written.
#[test]
fn a_numeric_sent_by_needs_no_dns() {
    zone("").respond("SIP/2.0/TCP 192.0.2.8:5090;branch=z9hG4bK1").check(&["tcp 192.0.2.8:5090"]).asked(&[]);
    zone("").respond("SIP/2.0/TLS 192.0.2.8;branch=z9hG4bK1").check(&["tls 192.0.2.8:5061"]);
    zone("").respond("SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK1;received=192.0.2.8").check(&["udp 192.0.2.8:5060"]);
}

/// §5: for a name with a port, addresses are looked up.
#[test]
fn a_name_with_a_port_has_addresses_only() {
    zone(ZONE)
        .respond("SIP/2.0/TCP client.example:5090;branch=z9hG4bK1")
        .check(&["tcp 192.0.2.1:5090"])
        .asked(&["A client.example"]);
}

/// §5: for a name without a port, SRV records of the top Via's transport, with `_sips` for TLS.
#[test]
fn a_name_without_a_port_has_servers() {
    let world = zone(ZONE);
    world.respond("SIP/2.0/TCP client.example;branch=z9hG4bK1").check(&["tcp 192.0.2.2:5070", "tcp 192.0.2.3:5070"]);
    let found = world.respond("SIP/2.0/TLS client.example;branch=z9hG4bK1");
    found.check(&["tls 192.0.2.2:5071"]).asked(&["SRV _sips._tcp.client.example", "A b.client.example"]);
    assert_eq!(found.found.as_ref().expect("found")[0].tls_name.as_deref(), Some("client.example"));
    // Without SRV records, addresses.
    world.respond("SIP/2.0/UDP client.example;branch=z9hG4bK1").check(&["udp 192.0.2.1:5060"]);
}

/// RFC 3581: a datagram's `rport` is where it came from.
#[test]
fn a_datagram_goes_back_to_its_rport_first() {
    zone(ZONE)
        .respond("SIP/2.0/UDP client.example:5090;branch=z9hG4bK1;received=203.0.113.5;rport=41000")
        .check(&["udp 203.0.113.5:41000", "udp 192.0.2.1:5090"]);
}

#[test]
fn a_sent_by_that_leads_nowhere_leaves_the_source() {
    zone("").respond("SIP/2.0/TCP phone.invalid;branch=z9hG4bK1;received=203.0.113.5").check(&["tcp 203.0.113.5:5060"]);
    zone("").respond("SIP/2.0/TCP [2001:db8::1];branch=z9hG4bK1;received=203.0.113.5").check(&["tcp 203.0.113.5:5060"]);
    zone("").respond("SIP/2.0/TCP phone.invalid;branch=z9hG4bK1").unreachable(Unreachable::Unknown);
}

/// RFC 7118 §5: a WebSocket client cannot be called back.
#[test]
fn a_websocket_client_is_gone_with_its_connection() {
    let world = zone("").ours("ws 10.0.0.1, wss 10.0.0.1");
    world.respond("SIP/2.0/WSS x.invalid;branch=z9hG4bK1;received=203.0.113.5").unreachable(Unreachable::Transport);
    world.respond("SIP/2.0/SCTP 192.0.2.1;branch=z9hG4bK1").unreachable(Unreachable::Transport);
    world.respond("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1").unreachable(Unreachable::Transport);
}
