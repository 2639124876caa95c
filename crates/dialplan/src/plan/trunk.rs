//! A trunk: the way to and from the telephone network.

use crate::read::text_value;
use call::Name;
use call::media::Codec;
use std::net::{IpAddr, SocketAddr};

/// A way to other networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Its name in the plan.
    pub name: Name,
    /// The SIP URI to which calls go.
    pub proxy: Name,
    /// Where its calls come from.
    pub addresses: Vec<Network>,
    /// What we prove ourselves with when it asks.
    pub credentials: Option<Credentials>,
    /// The number that is shown where a route says nothing else.
    pub shown_as: Option<Name>,
    /// The codecs that it takes; empty: any.
    pub codecs: Vec<Codec>,
}

/// A user and password for a trunk's challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: Name,
    /// The password in the clear: from the environment or a file, never from the configuration.
    pub password: Name,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials {{ user: {:?}, password: set }}", self.user)
    }
}

/// An address, an address with a port, or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many of the address's bits count.
    bits: u8,
    port: Option<u16>,
}

impl Network {
    /// Whether a packet from there is from here.
    pub fn contains(&self, from: SocketAddr) -> bool {
        let same = |ours: u128, theirs: u128, width: u32| {
            let shift = width - u32::from(self.bits).min(width);
            ours.checked_shr(shift).unwrap_or(0) == theirs.checked_shr(shift).unwrap_or(0)
        };
        let inside = match (self.address, from.ip().to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => same(u32::from(ours).into(), u32::from(theirs).into(), 32),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.into(), theirs.into(), 128),
            _ => false,
        };
        inside && self.port.is_none_or(|port| port == from.port())
    }

    pub(crate) fn host(address: IpAddr, port: Option<u16>) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 }, port }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not one");
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::host(address, None));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Self::host(socket.ip(), Some(socket.port())));
        }
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let network = Self::host(address.parse().map_err(|_| wrong())?, None);
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        if bits > network.bits { Err(wrong()) } else { Ok(Self { bits, ..network }) }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = self.bits == Self::host(self.address, None).bits;
        match self.port {
            Some(port) => write!(f, "{}", SocketAddr::new(self.address, port)),
            None if whole => write!(f, "{}", self.address),
            None => write!(f, "{}/{}", self.address, self.bits),
        }
    }
}

text_value!(
    Network,
    "an address such as \"192.0.2.1\", \"192.0.2.1:5060\" or \"192.0.2.0/24\"",
    Network::parse,
    Network::to_string
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let holds = |network: &str, from: &str| Network::parse(network).unwrap().contains(from.parse().unwrap());
        assert!(holds("192.0.2.1", "192.0.2.1:40000"));
        assert!(holds("192.0.2.0/24", "192.0.2.77:5060"));
        assert!(!holds("192.0.2.0/24", "192.0.3.77:5060"));
        assert!(holds("192.0.2.1:5060", "192.0.2.1:5060") && !holds("192.0.2.1:5060", "192.0.2.1:5061"));
        assert!(holds("2001:db8::/32", "[2001:db8:1::5]:5060") && !holds("2001:db8::/32", "192.0.2.1:5060"));
        assert!(holds("192.0.2.1", "[::ffff:192.0.2.1]:5060"), "an IPv4 packet on an IPv6 socket");
        assert!(holds("0.0.0.0/0", "203.0.113.9:1"));
        for wrong in ["", "192.0.2.1/33", "operator.example", "192.0.2.1/x"] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }
}
