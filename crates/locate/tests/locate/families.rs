//! RFC 7984: both families, each server's addresses together.

use crate::zone::zone;

const ZONE: &str = "
    _sip._udp.example.com SRV 0 0 5060 a.example.com
    _sip._udp.example.com SRV 1 0 5060 b.example.com
    a.example.com         A 192.0.2.1
    a.example.com         A 192.0.2.2
    a.example.com         AAAA 2001:db8:1::1
    b.example.com         AAAA 2001:db8:1::2
    b.example.com         A 192.0.2.3";

/// §3.1: a dual-stack client asks for A and AAAA; what they give stays within its SRV record (§4).
#[test]
fn families_take_turns_within_a_server_and_never_across_servers() {
    let world = zone(ZONE).ours("udp 203.0.113.1, udp 2001:db8::1").dice(3);
    let list = world.locate("sip:example.com;transport=udp").list();
    assert_eq!((list[0].as_str(), list[3].as_str()), ("udp [2001:db8:1::1]:5060", "udp [2001:db8:1::2]:5060"));
    assert_eq!(list[4], "udp 192.0.2.3:5060");
    let mut middle = list[1..3].to_vec();
    middle.sort();
    assert_eq!(middle, ["udp 192.0.2.1:5060", "udp 192.0.2.2:5060"]);
}

/// §3.1: a client of one family looks up that family only.
#[test]
fn one_family_asks_for_itself_only() {
    zone(ZONE)
        .ours("udp 2001:db8::1")
        .locate("sip:a.example.com:5060")
        .check(&["udp [2001:db8:1::1]:5060"])
        .asked(&["AAAA a.example.com"]);
    // Each transport has families of its own.
    zone(ZONE)
        .ours("udp 203.0.113.1, udp 2001:db8::1, tcp 2001:db8::1")
        .locate("sip:b.example.com:5060;transport=tcp")
        .check(&["tcp [2001:db8:1::2]:5060"])
        .asked(&["AAAA b.example.com"]);
}

#[test]
fn addresses_of_one_server_share_its_number() {
    let world = zone(ZONE).ours("udp 203.0.113.1, udp 2001:db8::1");
    let found = world.locate("sip:example.com;transport=udp").found.expect("found");
    assert_eq!(found.iter().map(|target| target.server_index).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
}

/// Without that one of several addresses would have all calls for as long as the answer is kept.
#[test]
fn equal_addresses_share_the_load() {
    let mut firsts = [0; 2];
    for dice in 0..1000 {
        let world = zone(ZONE).ours("udp 203.0.113.1").dice(dice * 7919);
        let list = world.locate("sip:a.example.com:5060").list();
        firsts[usize::from(list[0] == "udp 192.0.2.2:5060")] += 1;
    }
    assert!(firsts[0] > 400 && firsts[1] > 400, "{firsts:?}");
}
