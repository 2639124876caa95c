//! What a URI or a Via asks for before DNS is asked: the branches of RFC 3263 §4.1, §4.2 and §5.
//!
//! ```text
//!               address        name:port       name
//! transport=    Address        Host            Service (SRV of that transport, then addresses)
//! none          Address        Host            Domain  (NAPTR, then SRV of each transport, then addresses)
//! ```

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use sip::{Scheme, Transport, Uri, Via};

use crate::{Domain, Reach, Unreachable, naptr::is_secure};

/// What is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// Tried before everything else: where the request came from.
    pub before: Option<SocketAddr>,
    pub way: Way,
    /// The transport of `before` and of the way, or the one that is left when DNS names none.
    pub transport: Transport,
    /// Whom a certificate must name.
    pub host: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Address(SocketAddr),
    Host { name: Domain, port: u16 },
    Service { name: Domain },
    Domain { name: Domain, secure: bool },
}

impl Goal {
    /// Where a request goes whose next hop is this URI, §4.
    pub fn of_request(uri: &Uri<'_>, reach: &Reach) -> Result<Goal, Unreachable> {
        let secure = match uri.scheme {
            Scheme::Sip => false,
            Scheme::Sips => true,
            Scheme::Tel | Scheme::Other => return Err(Unreachable::NotSip),
        };
        let wanted = uri.param("transport").map(|word| transport_of(word, secure)).transpose()?;
        let transport = match wanted {
            Some(transport) => Some(transport).filter(|transport| reach.has(*transport)),
            None => by_default(secure, reach),
        };
        let transport = transport.ok_or(Unreachable::Transport)?;
        let maddr = uri.param("maddr").filter(|maddr| !maddr.is_empty());
        let target = maddr.map_or(uri.host, |maddr| maddr.trim_start_matches('[').trim_end_matches(']'));
        let way = if let Some(ip) = maddr.map_or(uri.ip(), |_| target.parse().ok()) {
            Way::address(ip, uri.port, transport, reach)?
        } else {
            let name = Domain::parse(target).ok_or(Unreachable::BadHost)?;
            match (uri.port, wanted) {
                (Some(port), _) => Way::Host { name, port },
                (None, Some(_)) => Way::Service { name },
                (None, None) => Way::Domain { name, secure },
            }
        };
        Ok(Goal { before: None, way, transport, host: uri.host.trim_end_matches('.').into() })
    }

    /// Where a response goes when the connection that brought the request is gone, or the address that it came from
    /// refuses datagrams: first there once more (RFC 3261 §18.2.2), then what sent-by means (§5).
    pub fn of_response(via: &Via<'_>, reach: &Reach) -> Result<Goal, Unreachable> {
        let transport: Transport = via.transport.parse().map_err(|_| Unreachable::Transport)?;
        // Nobody can call a WebSocket client back, RFC 7118 §5.
        if matches!(transport, Transport::Ws | Transport::Wss) || !reach.has(transport) {
            return Err(Unreachable::Transport);
        }
        let port = via.port.unwrap_or(transport.default_port());
        let asked = via.rport.flatten().filter(|_| transport == Transport::Udp);
        let before = via.received_ip().map(|ip| SocketAddr::new(ip.to_canonical(), asked.unwrap_or(port)));
        let before = before.filter(|source| reach.source(transport, source.ip()).is_some());
        let way = match (via.ip(), Domain::parse(via.host)) {
            (Some(ip), _) => Way::address(ip, Some(port), transport, reach),
            (None, None) => Err(Unreachable::BadHost),
            (None, Some(name)) => Ok(match via.port {
                Some(port) => Way::Host { name, port },
                None => Way::Service { name },
            }),
        };
        // A sent-by that leads nowhere does no harm while the source is known.
        let way = match (way, before) {
            (Err(_), Some(source)) => Way::Address(source),
            (way, _) => way?,
        };
        Ok(Goal { before, way, transport, host: via.host.trim_end_matches('.').into() })
    }
}

impl Way {
    fn address(ip: IpAddr, port: Option<u16>, transport: Transport, reach: &Reach) -> Result<Way, Unreachable> {
        let ip = ip.to_canonical();
        let port = port.unwrap_or(transport.default_port());
        if ip.is_unspecified() || port == 0 {
            return Err(Unreachable::BadHost);
        }
        reach.source(transport, ip).map(|_| Way::Address(SocketAddr::new(ip, port))).ok_or(Unreachable::Family)
    }
}

/// What a URI's `transport` means: with SIPS, TLS below it. `transport=tls` is an old way to say the same, RFC 3261 §26.2.2.
fn transport_of(word: &str, secure: bool) -> Result<Transport, Unreachable> {
    let transport = word.parse().map_err(|_| Unreachable::Transport)?;
    Ok(match transport {
        Transport::Tcp if secure => Transport::Tls,
        Transport::Ws if secure => Transport::Wss,
        Transport::Udp if secure => return Err(Unreachable::Transport),
        other => other,
    })
}

/// UDP for SIP and TLS over TCP for SIPS (§4.1); what we have instead if we lack that.
fn by_default(secure: bool, reach: &Reach) -> Option<Transport> {
    let usual = if secure { Transport::Tls } else { Transport::Udp };
    let allowed = |transport: &Transport| is_secure(*transport) == secure;
    Some(usual).filter(|usual| reach.has(*usual)).or_else(|| reach.transports().find(allowed))
}
