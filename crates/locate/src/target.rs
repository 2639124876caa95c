//! Where a message may go, and why it may not.

use std::{fmt, net::SocketAddr, sync::Arc};

use sip::Transport;

/// One address to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Over what.
    pub transport: Transport,
    /// Address and port.
    pub addr: SocketAddr,
    /// For TLS and WSS, whom the certificate must name: the host that the URI named, whatever DNS led to (RFC 5922 §4).
    pub tls_name: Option<Arc<str>>,
    /// Addresses with the same number belong to one server: when it says 503, the others would say so too.
    pub server_index: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.transport, self.addr)
    }
}

/// Why there is nowhere to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Neither a SIP nor a SIPS URI.
    NotSip,
    /// The host is neither an address nor a name that DNS can have.
    BadHost,
    /// The URI asks for a transport that we do not have, or SIPS over one that is not secure.
    Transport,
    /// The host is an address of a family that we do not have.
    Family,
    /// The domain says that it does not offer this service (RFC 2782: the target is the root).
    NotOffered,
    /// DNS knows no address.
    Unknown,
    /// DNS did not answer.
    NoAnswer,
    /// Too much is being looked up already.
    Busy,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unreachable::NotSip => "not a SIP URI",
            Unreachable::BadHost => "not a host",
            Unreachable::Transport => "asks for a transport that we do not have",
            Unreachable::Family => "an address of a family that we do not have",
            Unreachable::NotOffered => "the domain says that it does not offer SIP this way",
            Unreachable::Unknown => "DNS knows no address",
            Unreachable::NoAnswer => "DNS does not answer",
            Unreachable::Busy => "too many names are being looked up",
        })
    }
}
