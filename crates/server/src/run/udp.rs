//! UDP listeners: batches of datagrams in and out.

use super::sys::{self, Inbox, Outgoing};
use bytes::Bytes;
use sip::{Flow, Transport};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Room in the kernel for a burst, as far as the system's own limit allows.
const BUFFER: usize = 4 << 20;

/// One bound UDP socket.
pub struct UdpListener {
    socket: UdpSocket,
    bound: SocketAddr,
    queue: Vec<Outgoing>,
}

/// Binds a UDP socket, before any thread or runtime is needed.
pub fn bind(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A smaller buffer only means that a larger burst is lost.
    socket.set_recv_buffer_size(BUFFER).and_then(|()| socket.set_send_buffer_size(BUFFER)).ok();
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    sys::tell_arrival_address(&socket, address.is_ipv6())?;
    Ok(socket.into())
}

impl UdpListener {
    /// Takes a bound socket into this thread's runtime.
    pub fn new(socket: std::net::UdpSocket) -> io::Result<UdpListener> {
        let bound = socket.local_addr()?;
        Ok(UdpListener { socket: UdpSocket::from_std(socket)?, bound, queue: Vec::new() })
    }

    /// Fills the inbox with what has come; pending when nothing has.
    pub fn poll_receive(&self, cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<usize> {
        while ready!(self.socket.poll_recv_ready(cx)).is_ok() {
            let mut received = Ok(0);
            let read = self.socket.try_io(Interest::READABLE, || {
                received = inbox.receive(&self.socket);
                match received {
                    Ok(sys::BATCH) => Ok(()),
                    // A batch that is not full has emptied the socket: what comes later wakes us again. To say so
                    // to the runtime is to say that we would have to wait.
                    _ => Err(io::ErrorKind::WouldBlock.into()),
                }
            });
            match (read, received) {
                (_, Ok(count @ 1..)) => return Poll::Ready(count),
                (_, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => {
                    tracing::debug!(%error, listener = %self.bound, "receiving failed");
                }
                _ => {}
            }
        }
        Poll::Pending
    }

    /// The flow of a datagram that came here.
    pub fn flow(&self, datagram: &sys::Datagram<'_>) -> Flow {
        let ip = datagram.to.filter(|_| self.bound.ip().is_unspecified()).unwrap_or(self.bound.ip());
        Flow::udp(SocketAddr::new(ip, self.bound.port()), datagram.remote)
    }

    /// Whether messages of this flow leave from here: exactly, or as one address of a wildcard.
    pub fn serves(&self, local: SocketAddr) -> bool {
        self.bound == local
            || (self.bound.ip().is_unspecified()
                && self.bound.is_ipv4() == local.is_ipv4()
                && self.bound.port() == local.port())
    }

    /// Whether this listener can reach an address at all.
    pub fn can_reach(&self, remote: SocketAddr) -> bool {
        self.bound.is_ipv4() == remote.is_ipv4()
    }

    /// Puts a datagram into the next batch.
    pub fn queue(&mut self, flow: &Flow, bytes: Bytes) {
        let ip = flow.local.ip();
        let from = (self.bound.ip().is_unspecified() && !ip.is_unspecified()).then_some(ip);
        self.queue.push(Outgoing { bytes, remote: flow.remote, from });
    }

    /// Sends what is queued. A datagram for which there is no room in the kernel is lost, as any datagram may be; one
    /// that has no way is reported.
    pub fn flush(&mut self, mut on_failed: impl FnMut(Flow)) {
        let mut rest = self.queue.as_slice();
        while let Some(first) = rest.first() {
            match sys::send(&self.socket, rest) {
                Ok(count) => rest = &rest[count.max(1)..],
                Err(error) => {
                    let local = SocketAddr::new(first.from.unwrap_or(self.bound.ip()), self.bound.port());
                    let (remote, transport) = (first.remote, Transport::Udp);
                    tracing::debug!(%error, %local, %remote, "sending failed");
                    if error.kind() != io::ErrorKind::WouldBlock {
                        on_failed(Flow { transport, local, remote, connection: 0 });
                    }
                    rest = &rest[1..];
                }
            }
        }
        self.queue.clear();
    }
}
