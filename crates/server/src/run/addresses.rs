//! Our own addresses: what "0.0.0.0" and "[::]" mean on this machine, and which of them the world sees first.

use super::sys;
use engine::Listener;
use sip::Transport;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// A listening socket's addresses, for the engine: the one towards the world first, loopback last.
pub fn listeners(transport: Transport, bound: SocketAddr, advertise: &[IpAddr]) -> io::Result<Vec<Listener>> {
    let addresses = if bound.ip().is_unspecified() { of_family(bound.is_ipv4())? } else { vec![bound.ip()] };
    let advertised = advertise.iter().find(|ip| ip.is_ipv4() == bound.is_ipv4());
    let listener = |ip: IpAddr| Listener {
        transport,
        local: SocketAddr::new(ip, bound.port()),
        advertised: advertised.filter(|_| !ip.is_loopback()).map(|ip| SocketAddr::new(*ip, bound.port())),
    };
    Ok(addresses.into_iter().map(listener).collect())
}

/// The machine's usable addresses of one family. Link-local IPv6 addresses mean nothing outside their link and are
/// left out.
fn of_family(ipv4: bool) -> io::Result<Vec<IpAddr>> {
    let first = towards_the_world(ipv4);
    let mut addresses: Vec<IpAddr> = sys::own_addresses()?;
    addresses.retain(|ip| ip.is_ipv4() == ipv4 && !is_link_local(ip));
    addresses.sort_by_key(|ip| (Some(*ip) != first, ip.is_loopback()));
    addresses.dedup();
    Ok(addresses)
}

fn is_link_local(ip: &IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// The source address that the routing table gives to packets for far away. Nothing is sent.
fn towards_the_world(ipv4: bool) -> Option<IpAddr> {
    let (here, far): (IpAddr, IpAddr) = if ipv4 {
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into())
    } else {
        (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into())
    };
    let socket = UdpSocket::bind((here, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_the_machine_is_listed_loopback_last() {
        let all = listeners(Transport::Udp, "0.0.0.0:5060".parse().unwrap(), &[]).unwrap();
        let loopback = all.iter().position(|l| l.local.ip().is_loopback()).unwrap();
        assert!(all.iter().all(|l| l.local.port() == 5060 && l.local.is_ipv4() && !l.local.ip().is_unspecified()));
        assert!(all[loopback..].iter().all(|l| l.local.ip().is_loopback()));
    }

    #[test]
    fn an_advertised_address_is_for_its_own_family_and_never_for_loopback() {
        let advertise = ["203.0.113.9".parse().unwrap()];
        let one = |bound: &str| listeners(Transport::Tcp, bound.parse().unwrap(), &advertise).unwrap()[0].advertised;
        assert_eq!(one("192.0.2.1:5070"), Some("203.0.113.9:5070".parse().unwrap()));
        assert_eq!(one("127.0.0.1:5070"), None);
        assert_eq!(one("[2001:db8::1]:5070"), None);
    }
}
