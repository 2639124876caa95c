//! Who may send to a socket of ours and where we send to: symmetric RTP that learns once, RFC 4961 and RFC 7362 §4.

use crate::sys::Address;
use std::net::{IpAddr, SocketAddr};

/// The far side of one socket.
#[derive(Debug)]
pub(crate) struct Source {
    /// As negotiated; `None` before the first offer/answer.
    negotiated: Option<SocketAddr>,
    /// Where the peer's signalling comes from.
    signalling: Option<IpAddr>,
    /// The address that spoke first. Only it is heard from then on.
    latched: Option<Address>,
    /// Where we send to. `None` while the peer wants nothing.
    to: Option<Address>,
}

impl Source {
    /// Hears nobody and sends nothing.
    pub(crate) const CLOSED: Source = Source { negotiated: None, signalling: None, latched: None, to: None };

    /// Takes what was negotiated. The same address again keeps what was learnt.
    pub(crate) fn connect(&mut self, negotiated: SocketAddr, signalling: IpAddr) {
        self.signalling = Some(signalling);
        if self.negotiated == Some(negotiated) {
            return;
        }
        self.negotiated = Some(negotiated);
        self.latched = None;
        let reachable = !negotiated.ip().is_unspecified() && negotiated.port() != 0;
        self.to = reachable.then(|| negotiated.into());
    }

    /// True when a packet from there is the peer's. The first one decides the address for good.
    #[inline]
    pub(crate) fn accepts(&mut self, from: &Address) -> bool {
        match &self.latched {
            Some(latched) => latched == from,
            None => self.learn(from),
        }
    }

    fn learn(&mut self, from: &Address) -> bool {
        let ip = Some(from.ip());
        let Some(negotiated) = self.negotiated else { return false };
        if ip != Some(negotiated.ip()) && ip != self.signalling {
            return false;
        }
        self.latched = Some(*from);
        self.to = self.to.map(|_| *from);
        true
    }

    /// Where to send.
    #[inline]
    pub(crate) fn to(&self) -> Option<&Address> {
        self.to.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEGOTIATED: &str = "192.0.2.1:4000";
    const SIGNALLING: &str = "203.0.113.9";

    fn source() -> Source {
        let mut source = Source::CLOSED;
        source.connect(NEGOTIATED.parse().unwrap(), SIGNALLING.parse().unwrap());
        source
    }

    fn address(text: &str) -> Address {
        text.parse::<SocketAddr>().unwrap().into()
    }

    #[test]
    fn nobody_is_heard_before_the_offer_is_answered() {
        let mut source = Source::CLOSED;
        assert!(!source.accepts(&address(NEGOTIATED)));
        assert_eq!(source.to(), None);
    }

    #[test]
    fn the_negotiated_phone_is_heard_from_any_port_and_answered_there() {
        let mut source = source();
        assert_eq!(source.to(), Some(&address(NEGOTIATED)));
        assert!(source.accepts(&address("192.0.2.1:61000")));
        assert_eq!(source.to(), Some(&address("192.0.2.1:61000")));
    }

    #[test]
    fn a_phone_behind_nat_is_heard_from_where_it_signals() {
        let mut source = source();
        assert!(source.accepts(&address("203.0.113.9:50123")));
        assert_eq!(source.to(), Some(&address("203.0.113.9:50123")));
    }

    #[test]
    fn strangers_are_not_heard_neither_before_nor_after() {
        let mut source = source();
        assert!(!source.accepts(&address("198.51.100.66:4000")));
        assert!(source.accepts(&address(NEGOTIATED)));
        assert!(!source.accepts(&address("198.51.100.66:4000")));
        assert!(!source.accepts(&address("203.0.113.9:4000")));
        assert!(!source.accepts(&address("192.0.2.1:4002")));
        assert_eq!(source.to(), Some(&address(NEGOTIATED)));
    }

    #[test]
    fn the_same_address_negotiated_again_keeps_what_was_learnt() {
        let mut source = source();
        assert!(source.accepts(&address("192.0.2.1:61000")));
        source.connect(NEGOTIATED.parse().unwrap(), SIGNALLING.parse().unwrap());
        assert!(!source.accepts(&address(NEGOTIATED)));
        assert_eq!(source.to(), Some(&address("192.0.2.1:61000")));
    }

    #[test]
    fn another_address_negotiated_learns_anew() {
        let mut source = source();
        assert!(source.accepts(&address(NEGOTIATED)));
        source.connect("192.0.2.77:5000".parse().unwrap(), SIGNALLING.parse().unwrap());
        assert!(!source.accepts(&address(NEGOTIATED)));
        assert!(source.accepts(&address("192.0.2.77:5000")));
    }

    #[test]
    fn nothing_is_sent_to_a_peer_without_an_address() {
        for held in ["0.0.0.0:4000", "192.0.2.1:0"] {
            let mut source = source();
            source.connect(held.parse().unwrap(), SIGNALLING.parse().unwrap());
            assert_eq!(source.to(), None);
            assert!(source.accepts(&address("203.0.113.9:50123")));
            assert_eq!(source.to(), None);
        }
    }
}
