//! Where a message came from or goes to.

use std::{fmt, net::SocketAddr, str::FromStr};

use crate::{Fault, Transport};

/// One path between us and a peer. `connection` is 0 for datagrams, and for a stream that is still to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// What carries the messages.
    pub transport: Transport,
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// The stream's number, counted by whoever owns the sockets.
    pub connection: u64,
}

impl Flow {
    /// A datagram flow.
    pub fn udp(local: SocketAddr, remote: SocketAddr) -> Flow {
        Flow { transport: Transport::Udp, local, remote, connection: 0 }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}>{}", self.transport, self.local, self.remote)?;
        if self.transport.is_reliable() { write!(out, "#{}", self.connection) } else { Ok(()) }
    }
}

impl FromStr for Flow {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Flow, Fault> {
        const BAD: Fault = Fault("Not a flow");
        let (transport, ends) = text.split_once(':').ok_or(BAD)?;
        let (local, remote) = ends.split_once('>').ok_or(BAD)?;
        let (remote, connection) = match remote.split_once('#') {
            Some((remote, number)) => (remote, number.parse().map_err(|_| BAD)?),
            None => (remote, 0),
        };
        Ok(Flow {
            transport: transport.parse()?,
            local: local.parse().map_err(|_| BAD)?,
            remote: remote.parse().map_err(|_| BAD)?,
            connection,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_reads_back_as_it_was_written() {
        for text in ["udp:192.0.2.1:5060>203.0.113.9:5062", "tcp:[::1]:5060>[::1]:40000#17"] {
            assert_eq!(text.parse::<Flow>().unwrap().to_string(), text);
        }
        assert!("udp:192.0.2.1>203.0.113.9:5060".parse::<Flow>().is_err());
    }
}
