//! The system calls that std lacks: epoll, and datagrams without a copy of the address.
//!
//! The only place in this crate with `unsafe`: each block is one call whose pointers come from live Rust values.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

const FAMILY_V4: [u8; 2] = (libc::AF_INET as u16).to_ne_bytes();
const FAMILY_V6: [u8; 2] = (libc::AF_INET6 as u16).to_ne_bytes();

/// A socket address in the kernel's own form (`sockaddr_in` or `sockaddr_in6`), so that the relay never converts one.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct Address {
    bytes: [u8; 28],
    length: libc::socklen_t,
}

impl Address {
    /// Room for an address that the kernel will write.
    pub(crate) const EMPTY: Address = Address { bytes: [0; 28], length: 28 };

    pub(crate) fn ip(&self) -> IpAddr {
        let mut v4 = [0; 4];
        let mut v6 = [0; 16];
        if self.bytes[..2] == FAMILY_V4 {
            v4.copy_from_slice(&self.bytes[4..8]);
            return IpAddr::V4(Ipv4Addr::from(v4));
        }
        v6.copy_from_slice(&self.bytes[8..24]);
        IpAddr::V6(Ipv6Addr::from(v6))
    }

    fn head(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes;
        u64::from_ne_bytes([a, b, c, d, e, f, g, h])
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        let mut bytes = [0; 28];
        bytes[2..4].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(v4) => {
                bytes[..2].copy_from_slice(&FAMILY_V4);
                bytes[4..8].copy_from_slice(&v4.ip().octets());
                Address { bytes, length: 16 }
            }
            SocketAddr::V6(v6) => {
                bytes[..2].copy_from_slice(&FAMILY_V6);
                bytes[8..24].copy_from_slice(&v6.ip().octets());
                bytes[24..28].copy_from_slice(&v6.scope_id().to_ne_bytes());
                Address { bytes, length: 28 }
            }
        }
    }
}

impl PartialEq for Address {
    /// Same family, port and IP. The flow label of IPv6 is not part of who somebody is.
    fn eq(&self, other: &Address) -> bool {
        if self.bytes[..2] == FAMILY_V4 {
            return self.head() == other.head();
        }
        self.bytes[..4] == other.bytes[..4] && self.bytes[8..24] == other.bytes[8..24]
    }
}

impl Eq for Address {}

/// Takes one datagram. `None` when there is none, or when it is longer than `buffer`.
pub(crate) fn receive(socket: RawFd, buffer: &mut [u8], from: &mut Address) -> Option<usize> {
    from.length = 28;
    // SAFETY: buffer and address are exclusively borrowed for the call and their true lengths are given.
    let length = unsafe {
        libc::recvfrom(
            socket,
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            libc::MSG_DONTWAIT | libc::MSG_TRUNC,
            from.bytes.as_mut_ptr().cast(),
            &mut from.length,
        )
    };
    usize::try_from(length).ok().filter(|length| *length <= buffer.len())
}

/// Sends one datagram; false when the kernel would not take it, which for RTP is a lost packet.
pub(crate) fn send(socket: RawFd, datagram: &[u8], to: &Address) -> bool {
    // SAFETY: datagram and address are borrowed for the call and their true lengths are given.
    let sent = unsafe {
        libc::sendto(
            socket,
            datagram.as_ptr().cast(),
            datagram.len(),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            to.bytes.as_ptr().cast(),
            to.length,
        )
    };
    sent >= 0
}

/// An epoll instance; sockets leave it when they are closed.
#[derive(Clone, Debug)]
pub(crate) struct Poller(Arc<OwnedFd>);

/// What a [`Poller`] has found ready.
pub(crate) struct Ready {
    events: Vec<libc::epoll_event>,
    count: usize,
}

impl Ready {
    const MAX: usize = 256;

    pub(crate) fn new() -> Ready {
        Ready { events: vec![libc::epoll_event { events: 0, u64: 0 }; Self::MAX], count: 0 }
    }

    /// The tokens of what is ready.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = u64> + '_ {
        self.events.iter().take(self.count).map(|event| event.u64)
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        // SAFETY: no pointers.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        Ok(Poller(Arc::new(owned(epoll)?)))
    }

    /// Reports `token` whenever something can be read from `socket`.
    pub(crate) fn add(&self, socket: &impl AsRawFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        // SAFETY: the event lives through the call.
        let done = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Sleeps until something is ready or the time is over; without a limit nothing else wakes it.
    pub(crate) fn wait(&self, ready: &mut Ready, limit: Option<Duration>) {
        // Rounded up: waking before a deadline would mean another sleep.
        let millis = limit.map_or(-1, |limit| limit.as_micros().div_ceil(1000).min(60_000) as i32);
        let events = &mut ready.events;
        // SAFETY: the kernel writes at most `events.len()` events into `events`.
        let count = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), events.len() as i32, millis) };
        ready.count = usize::try_from(count).unwrap_or(0);
    }
}

/// Wakes a thread that sleeps in [`Poller::wait`].
#[derive(Debug)]
pub(crate) struct Waker(File);

impl Waker {
    pub(crate) fn new() -> io::Result<Waker> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        Ok(Waker(owned(fd)?.into()))
    }

    pub(crate) fn wake(&self) {
        // Fails only when the counter is full, and then the thread is awake already.
        let _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    pub(crate) fn clear(&self) {
        let _ = (&self.0).read(&mut [0; size_of::<u64>()]);
    }
}

impl AsRawFd for Waker {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_they_went_in() {
        for text in ["192.0.2.7:4000", "[2001:db8::7]:4000", "0.0.0.0:1"] {
            let socket_address: SocketAddr = text.parse().unwrap();
            let address = Address::from(socket_address);
            assert_eq!(address.ip(), socket_address.ip());
            assert_eq!(address, Address::from(socket_address));
        }
    }

    #[test]
    fn another_port_or_another_ip_is_another_address() {
        let address = |text: &str| Address::from(text.parse::<SocketAddr>().unwrap());
        assert_ne!(address("192.0.2.7:4000"), address("192.0.2.7:4001"));
        assert_ne!(address("192.0.2.7:4000"), address("192.0.2.8:4000"));
        assert_ne!(address("[2001:db8::7]:4000"), address("[2001:db8::8]:4000"));
        assert_ne!(address("[2001:db8::7]:4000"), address("[2001:db8::7]:4001"));
    }

    #[test]
    fn a_datagram_arrives_with_its_senders_address() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(here) = std::net::UdpSocket::bind(local) else { continue };
            let there = std::net::UdpSocket::bind(local).unwrap();
            assert!(send(there.as_raw_fd(), b"hello", &here.local_addr().unwrap().into()));
            let mut buffer = [0; 16];
            let mut from = Address::EMPTY;
            assert_eq!(receive(here.as_raw_fd(), &mut buffer, &mut from), Some(5));
            assert_eq!(from, there.local_addr().unwrap().into());
            assert_eq!(receive(here.as_raw_fd(), &mut buffer, &mut from), None);
        }
    }

    #[test]
    fn a_datagram_too_long_for_the_buffer_is_no_datagram() {
        let here = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        here.send_to(&[7; 64], here.local_addr().unwrap()).unwrap();
        assert_eq!(receive(here.as_raw_fd(), &mut [0; 16], &mut Address::EMPTY.clone()), None);
    }

    #[test]
    fn a_sleeper_is_woken_and_sleeps_again() {
        let waker = Waker::new().unwrap();
        let (poller, mut ready) = (Poller::new().unwrap(), Ready::new());
        poller.add(&waker, 42).unwrap();
        poller.wait(&mut ready, Some(Duration::ZERO));
        assert_eq!(ready.tokens().count(), 0);
        waker.wake();
        waker.wake();
        poller.wait(&mut ready, None);
        assert_eq!(ready.tokens().collect::<Vec<_>>(), [42]);
        waker.clear();
        poller.wait(&mut ready, Some(Duration::ZERO));
        assert_eq!(ready.tokens().count(), 0);
    }
}
