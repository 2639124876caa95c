//! In which order the addresses of one server are tried: RFC 6724 §6 for the best one, then the families in turns, so
//! that a family which does not work costs one attempt (RFC 7984 §4, RFC 8305 §4).

use std::{
    cmp::Reverse,
    net::{IpAddr, Ipv6Addr},
};

use sip::Transport;

use crate::Reach;

/// Sorts the addresses of one server; leaves out those that we have no address of our own for, and those that are
/// nobody's. Equal ones keep their order.
pub(crate) fn sort(addresses: &mut Vec<IpAddr>, reach: &Reach, transport: Transport) {
    addresses.retain(|address| is_somebody(*address) && reach.source(transport, *address).is_some());
    addresses.sort_by_cached_key(|address| reach.source(transport, *address).map(|source| rank(source, *address)));
    let Some(first) = addresses.first().map(IpAddr::is_ipv4) else { return };
    let (ours, others): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ipv4() == first);
    let mut others = others.into_iter();
    addresses.clear();
    for address in ours {
        addresses.push(address);
        addresses.extend(others.next());
    }
    addresses.extend(others);
}

fn is_somebody(address: IpAddr) -> bool {
    let nobody = match address {
        IpAddr::V4(ip) => ip.is_broadcast(),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().is_some(),
    };
    !nobody && !address.is_unspecified() && !address.is_multicast()
}

/// Smaller is better: rules 2 (same scope), 5 (same label), 6 (precedence) and 8 (smaller scope).
fn rank(source: IpAddr, destination: IpAddr) -> (bool, bool, Reverse<u8>, u8) {
    let (ours, theirs) = (policy(source), policy(destination));
    let same_scope = scope(source) == scope(destination);
    (!same_scope, ours.label != theirs.label, Reverse(theirs.precedence), scope(destination))
}

struct Policy {
    precedence: u8,
    label: u8,
}

/// The default table of RFC 6724 §2.1.
fn policy(address: IpAddr) -> Policy {
    const MAPPED: (u8, u8) = (35, 4);
    let IpAddr::V6(ip) = address else { return Policy { precedence: MAPPED.0, label: MAPPED.1 } };
    let [first, second, ..] = ip.segments();
    let (precedence, label) = match (first, second) {
        _ if ip == Ipv6Addr::LOCALHOST => (50, 0),
        _ if ip.to_ipv4_mapped().is_some() => MAPPED,
        (0, 0) if ip.segments()[2..6] == [0; 4] => (1, 3),
        (0x2002, _) => (30, 2),
        (0x2001, 0) => (5, 5),
        (0x3ffe, _) => (1, 12),
        (0xfc00..=0xfdff, _) => (3, 13),
        (0xfec0..=0xfeff, _) => (1, 11),
        _ => (40, 1),
    };
    Policy { precedence, label }
}

/// Link-local, site-local or global, with the numbers of RFC 6724 §3.1; loopback counts as link-local.
fn scope(address: IpAddr) -> u8 {
    const LINK: u8 = 2;
    const SITE: u8 = 5;
    const GLOBAL: u8 = 14;
    match address {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_link_local() => LINK,
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unicast_link_local() => LINK,
        IpAddr::V6(ip) if matches!(ip.segments()[0], 0xfec0..=0xfeff) => SITE,
        _ => GLOBAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(ours: &[&str], theirs: &[&str]) -> Vec<String> {
        let ip = |text: &&str| text.parse::<IpAddr>().expect("an address");
        let reach = Reach::new(ours.iter().map(ip).map(|ours| (Transport::Udp, ours)));
        let mut addresses = theirs.iter().map(ip).collect();
        sort(&mut addresses, &reach, Transport::Udp);
        addresses.iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn families_take_turns_beginning_with_ipv6_where_both_are_global() {
        let order = sorted(
            &["203.0.113.1", "2001:db8::1"],
            &["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8:1::1", "2001:db8:1::2"],
        );
        assert_eq!(order, ["2001:db8:1::1", "192.0.2.1", "2001:db8:1::2", "192.0.2.2", "192.0.2.3"]);
    }

    /// Rule 5: an office with unique local addresses has no way into the world over IPv6.
    #[test]
    fn an_exchange_with_local_ipv6_only_begins_with_ipv4() {
        let order = sorted(&["10.0.0.1", "fd00::1"], &["2001:db8:1::1", "192.0.2.1"]);
        assert_eq!(order, ["192.0.2.1", "2001:db8:1::1"]);
        assert_eq!(sorted(&["10.0.0.1", "fd00::1"], &["10.0.0.2", "fd00::2"]), ["10.0.0.2", "fd00::2"]);
    }

    /// Rule 2: an address of another scope comes last.
    #[test]
    fn a_loopback_address_is_no_way_into_the_world() {
        assert_eq!(sorted(&["10.0.0.1", "::1"], &["2001:db8::5", "192.0.2.1"]), ["192.0.2.1", "2001:db8::5"]);
        assert_eq!(sorted(&["127.0.0.1", "::1"], &["127.0.0.2", "::1"]), ["::1", "127.0.0.2"]);
    }

    #[test]
    fn transition_addresses_come_behind_native_ones() {
        assert_eq!(sorted(&["10.0.0.1", "2001:db8::1"], &["2002:c000:201::1", "192.0.2.1"])[0], "192.0.2.1");
        assert_eq!(sorted(&["2001:db8::1"], &["2002::1", "2001:db8::2"]), ["2001:db8::2", "2002::1"]);
        assert_eq!(sorted(&["2001:db8::1"], &["3ffe::1", "2001::1", "::5", "fec0::1"]).len(), 4);
    }

    #[test]
    fn a_family_that_we_lack_and_nobodys_addresses_are_left_out() {
        assert_eq!(sorted(&["10.0.0.1"], &["2001:db8::5", "192.0.2.1"]), ["192.0.2.1"]);
        let nobody = ["0.0.0.0", "255.255.255.255", "224.0.1.75", "::", "ff02::1", "::ffff:192.0.2.1"];
        assert_eq!(sorted(&["10.0.0.1", "2001:db8::1"], &nobody), Vec::<String>::new());
    }
}
