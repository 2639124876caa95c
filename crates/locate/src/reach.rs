//! What we can send by: our transports, each with its own addresses.

use std::{net::IpAddr, sync::Arc};

use sip::Transport;

use crate::Kind;

/// Our own addresses by transport, in the order in which we like to use the transports. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach(Arc<[(Transport, IpAddr)]>);

impl Reach {
    /// The first address of a transport and family is the one that messages leave from.
    pub fn new(ours: impl IntoIterator<Item = (Transport, IpAddr)>) -> Reach {
        Reach(ours.into_iter().collect())
    }

    /// Whether we have this transport at all.
    pub fn has(&self, transport: Transport) -> bool {
        self.0.iter().any(|(known, _)| *known == transport)
    }

    /// The transports that we have, best first.
    pub fn transports(&self) -> impl Iterator<Item = Transport> {
        let first = |at: usize, transport| !self.0[..at].iter().any(|(known, _)| *known == transport);
        self.0.iter().enumerate().filter(move |(at, (transport, _))| first(*at, *transport)).map(|(_, ours)| ours.0)
    }

    /// The address from which a message over this transport would reach another; `None` if we lack its family.
    pub fn source(&self, transport: Transport, to: IpAddr) -> Option<IpAddr> {
        self.0.iter().find(|(known, ours)| *known == transport && ours.is_ipv4() == to.is_ipv4()).map(|(_, ours)| *ours)
    }

    /// Which addresses of a host are worth a question, RFC 7984 §3.1.
    pub(crate) fn families(&self, transport: Transport) -> impl Iterator<Item = Kind> {
        let has = |v6: bool| self.0.iter().any(|(known, ours)| *known == transport && ours.is_ipv6() == v6);
        [(Kind::Aaaa, has(true)), (Kind::A, has(false))].into_iter().filter(|(_, ours)| *ours).map(|(kind, _)| kind)
    }
}
