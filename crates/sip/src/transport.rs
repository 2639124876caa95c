//! The transports that carry SIP, RFC 3261 §18 and RFC 7118.

use std::{fmt, str::FromStr};

use crate::Fault;

/// A transport as Via and URIs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
    /// WebSocket, RFC 7118.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    const ALL: [Transport; 5] = [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];

    /// Whether the transport itself resends what is lost.
    pub fn is_reliable(self) -> bool {
        self != Transport::Udp
    }

    /// As a Via writes it: `UDP`.
    pub fn via(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// As a URI's `transport` parameter writes it: `udp`.
    pub fn param(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }

    /// The port meant where none is written, RFC 3261 §19.1.2 and RFC 7118 §5.
    pub fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.param())
    }
}

impl FromStr for Transport {
    type Err = Fault;

    /// Reads either form, in any case.
    fn from_str(text: &str) -> Result<Transport, Fault> {
        Transport::ALL
            .into_iter()
            .find(|transport| transport.param().eq_ignore_ascii_case(text))
            .ok_or(Fault("Unknown transport"))
    }
}
