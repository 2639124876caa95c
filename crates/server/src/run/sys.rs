//! The system calls that std lacks: many datagrams at once, the address at which one arrived, our own addresses, timers.

#![allow(unsafe_code)]

use socket2::{SockAddr, SockAddrStorage};
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// At most so many datagrams in one system call.
pub const BATCH: usize = 32;
/// Room for the one control message that we ask for and send: which of our addresses a datagram is for.
const CONTROL: usize = 64;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// Where received datagrams lie until they are taken.
pub struct Inbox {
    bytes: Box<[u8]>,
    slot: usize,
    received: Vec<Received>,
}

/// What is known of one received datagram.
#[derive(Clone, Copy, Debug)]
struct Received {
    length: usize,
    remote: SocketAddr,
    to: Option<IpAddr>,
}

/// One datagram that came.
pub struct Datagram<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Who sent it.
    pub remote: SocketAddr,
    /// The address of ours that it was sent to.
    pub to: Option<IpAddr>,
}

impl Inbox {
    /// Room for datagrams of at most `message_max` bytes; longer ones are thrown away.
    pub fn new(message_max: usize) -> Inbox {
        let slot = message_max.max(1);
        Inbox { bytes: vec![0; slot * BATCH].into_boxed_slice(), slot, received: Vec::with_capacity(BATCH) }
    }

    /// Takes what is waiting at a socket that does not block; tells how many there were.
    pub fn receive(&mut self, socket: &impl AsRawFd) -> io::Result<usize> {
        self.received.clear();
        let mut names = [const { MaybeUninit::<SockAddrStorage>::zeroed() }; BATCH];
        let mut controls = [Control([0; CONTROL]); BATCH];
        // SAFETY: all-zero is a valid value of both plain C structs (null pointers, lengths of 0).
        let mut parts: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for (i, slot) in self.bytes.chunks_exact_mut(self.slot).enumerate() {
            parts[i] = libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: slot.len() };
            let header = &mut headers[i].msg_hdr;
            header.msg_name = names[i].as_mut_ptr().cast();
            header.msg_namelen = mem::size_of::<SockAddrStorage>() as libc::socklen_t;
            header.msg_iov = &mut parts[i];
            header.msg_iovlen = 1;
            header.msg_control = controls[i].0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL as _;
        }
        // SAFETY: each header points at buffers above that outlive the call and have the lengths that it states.
        let count = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), BATCH as u32, libc::MSG_DONTWAIT, ptr::null_mut())
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (header, name) in headers.iter().zip(names).take(count) {
            // SAFETY: the kernel wrote the address and its length; the storage was zeroed before.
            let remote = unsafe { SockAddr::new(name.assume_init(), header.msg_hdr.msg_namelen) }.as_socket();
            let length = if header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0 { header.msg_len as usize } else { 0 };
            let remote = remote.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
            self.received.push(Received { length, remote, to: arrived_at(&header.msg_hdr) });
        }
        Ok(count)
    }

    /// What the last `receive` took, in order.
    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.received.iter().zip(self.bytes.chunks_exact(self.slot)).map(|(received, slot)| {
            let Received { length, remote, to } = *received;
            Datagram { bytes: &slot[..length], remote, to }
        })
    }
}

/// The address of ours in a received header's control messages.
fn arrived_at(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: the kernel filled the control buffer that the header points at; the macros walk it within its length,
    // and each payload is read unaligned as the type that its level and kind define.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = ptr::read_unaligned(libc::CMSG_DATA(control).cast::<libc::in_pktinfo>());
                    return Some(Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = ptr::read_unaligned(libc::CMSG_DATA(control).cast::<libc::in6_pktinfo>());
                    return Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                _ => control = libc::CMSG_NXTHDR(header, control),
            }
        }
        None
    }
}

/// One datagram to send.
pub struct Outgoing {
    /// Its bytes.
    pub bytes: bytes::Bytes,
    /// Where to.
    pub remote: SocketAddr,
    /// From which of our addresses; `None` leaves it to the routing table.
    pub from: Option<IpAddr>,
}

/// Sends the first of these datagrams, at most [`BATCH`]; tells how many went. An error is about the first one.
pub fn send(socket: &impl AsRawFd, datagrams: &[Outgoing]) -> io::Result<usize> {
    let count = datagrams.len().min(BATCH);
    let mut controls = [Control([0; CONTROL]); BATCH];
    // SAFETY: all-zero is a valid value of both plain C structs (null pointers, lengths of 0).
    let mut parts: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    let names: Vec<SockAddr> = datagrams[..count].iter().map(|datagram| datagram.remote.into()).collect();
    for (i, datagram) in datagrams[..count].iter().enumerate() {
        parts[i] = libc::iovec { iov_base: datagram.bytes.as_ptr().cast_mut().cast(), iov_len: datagram.bytes.len() };
        let header = &mut headers[i].msg_hdr;
        header.msg_name = names[i].as_ptr().cast_mut().cast();
        header.msg_namelen = names[i].len();
        header.msg_iov = &mut parts[i];
        header.msg_iovlen = 1;
        if let Some(from) = datagram.from {
            leave_from(header, &mut controls[i], from);
        }
    }
    // SAFETY: each header points at an address, a part and a control buffer that outlive the call; the kernel only
    // reads the bytes that they point at.
    let sent = unsafe {
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count as u32, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Writes the control message that names the source address.
fn leave_from(header: &mut libc::msghdr, control: &mut Control, from: IpAddr) {
    // SAFETY: the control buffer is aligned for `cmsghdr` and larger than CMSG_SPACE of either payload, so that the
    // first header and its data lie within it.
    unsafe {
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = CONTROL as _;
        let first = libc::CMSG_FIRSTHDR(header);
        let length = match from {
            IpAddr::V4(from) => {
                let mut info: libc::in_pktinfo = mem::zeroed();
                info.ipi_spec_dst.s_addr = u32::from_ne_bytes(from.octets());
                (*first).cmsg_level = libc::IPPROTO_IP;
                (*first).cmsg_type = libc::IP_PKTINFO;
                ptr::write_unaligned(libc::CMSG_DATA(first).cast(), info);
                mem::size_of::<libc::in_pktinfo>()
            }
            IpAddr::V6(from) => {
                let mut info: libc::in6_pktinfo = mem::zeroed();
                info.ipi6_addr.s6_addr = from.octets();
                (*first).cmsg_level = libc::IPPROTO_IPV6;
                (*first).cmsg_type = libc::IPV6_PKTINFO;
                ptr::write_unaligned(libc::CMSG_DATA(first).cast(), info);
                mem::size_of::<libc::in6_pktinfo>()
            }
        };
        (*first).cmsg_len = libc::CMSG_LEN(length as u32) as _;
        header.msg_controllen = libc::CMSG_SPACE(length as u32) as _;
    }
}

/// Asks for the control message that [`Inbox`] reads.
pub fn tell_arrival_address(socket: &impl AsRawFd, ipv6: bool) -> io::Result<()> {
    let (level, option) =
        if ipv6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO) } else { (libc::IPPROTO_IP, libc::IP_PKTINFO) };
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int that outlives the call.
    let done = unsafe {
        let length = mem::size_of::<libc::c_int>() as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(&on).cast(), length)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A timer that becomes readable when its time has come, in this thread's runtime.
pub fn timer() -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor and nobody else has it; an `OwnedFd` is the same open
    // descriptor for as long as it lives.
    unsafe { AsyncFd::register_with_interest(OwnedFd::from_raw_fd(fd), Interest::READABLE).map_err(Into::into) }
}

/// Lets a timer ring after a while, once; what was set before is forgotten.
pub fn set_timer(timer: &OwnedFd, after: Duration) -> io::Result<()> {
    let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // A time of 0 would stop the timer.
    let after = after.max(Duration::from_nanos(1));
    let first = libc::timespec { tv_sec: after.as_secs() as _, tv_nsec: after.subsec_nanos() as _ };
    let time = libc::itimerspec { it_interval: none, it_value: first };
    // SAFETY: the time outlives the call, and the old one is not asked for.
    let done = unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &time, ptr::null_mut()) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The addresses of this machine's interfaces that are up.
pub fn own_addresses() -> io::Result<Vec<IpAddr>> {
    let mut list: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: getifaddrs fills in one pointer.
    if unsafe { libc::getifaddrs(&mut list) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut addresses = Vec::new();
    let mut next = list;
    // SAFETY: the list is valid until freeifaddrs; an address of family AF_INET or AF_INET6 has that family's layout.
    unsafe {
        while let Some(entry) = next.as_ref() {
            next = entry.ifa_next;
            if entry.ifa_addr.is_null() || entry.ifa_flags & libc::IFF_UP as u32 == 0 {
                continue;
            }
            match i32::from((*entry.ifa_addr).sa_family) {
                libc::AF_INET => {
                    let address = ptr::read_unaligned(entry.ifa_addr.cast::<libc::sockaddr_in>());
                    addresses.push(Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes()).into());
                }
                libc::AF_INET6 => {
                    let address = ptr::read_unaligned(entry.ifa_addr.cast::<libc::sockaddr_in6>());
                    addresses.push(Ipv6Addr::from(address.sin6_addr.s6_addr).into());
                }
                _ => {}
            }
        }
        libc::freeifaddrs(list);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn bound(at: &str) -> UdpSocket {
        let socket = UdpSocket::bind(at).unwrap();
        tell_arrival_address(&socket, at.starts_with('[')).unwrap();
        socket
    }

    fn to(socket: &UdpSocket, host: &str, from: Option<IpAddr>, bytes: &'static [u8]) -> Outgoing {
        let remote = SocketAddr::new(host.parse().unwrap(), socket.local_addr().unwrap().port());
        Outgoing { bytes: bytes::Bytes::from_static(bytes), remote, from }
    }

    #[test]
    fn datagrams_arrive_in_order_with_both_their_addresses() {
        let (here, there) = (bound("0.0.0.0:0"), bound("0.0.0.0:0"));
        let three: IpAddr = "127.0.0.3".parse().unwrap();
        let from = Some(three);
        let out = [
            to(&there, "127.0.0.2", from, b"one"),
            to(&there, "127.0.0.2", None, b""),
            to(&there, "127.0.0.2", from, b"three"),
        ];
        assert_eq!(send(&here, &out).unwrap(), 3);
        let mut inbox = Inbox::new(100);
        assert_eq!(inbox.receive(&there).unwrap(), 3);
        let got: Vec<_> = inbox.datagrams().map(|d| (d.bytes.to_vec(), d.remote.ip(), d.to)).collect();
        let at = Some("127.0.0.2".parse().unwrap());
        assert_eq!(got[0], (b"one".to_vec(), three, at));
        assert_eq!((got[1].0.len(), got[2].0.as_slice(), got[2].1), (0, b"three".as_slice(), three));
        assert_eq!(inbox.receive(&there).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_datagram_that_is_too_long_is_empty_rather_than_cut() {
        let (here, there) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        send(&here, &[to(&there, "127.0.0.1", None, &[b'x'; 101]), to(&there, "127.0.0.1", None, &[b'y'; 100])])
            .unwrap();
        let mut inbox = Inbox::new(100);
        inbox.receive(&there).unwrap();
        assert_eq!(inbox.datagrams().map(|d| d.bytes.len()).collect::<Vec<_>>(), [0, 100]);
    }

    #[test]
    fn ipv6_works_the_same_way_where_the_machine_has_it() {
        let Ok(probe) = UdpSocket::bind("[::1]:0") else { return };
        drop(probe);
        let (here, there) = (bound("[::]:0"), bound("[::]:0"));
        send(&here, &[to(&there, "::1", Some("::1".parse().unwrap()), b"six")]).unwrap();
        let mut inbox = Inbox::new(100);
        inbox.receive(&there).unwrap();
        let got = inbox.datagrams().next().unwrap();
        assert_eq!(
            (got.bytes, got.remote.ip(), got.to),
            (b"six".as_slice(), "::1".parse().unwrap(), "::1".parse().ok())
        );
    }

    #[test]
    fn more_than_a_batch_goes_in_several() {
        let (here, there) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let out: Vec<_> = (0..BATCH + 5).map(|_| to(&there, "127.0.0.1", None, b"x")).collect();
        assert_eq!(send(&here, &out).unwrap(), BATCH);
        assert_eq!(send(&here, &out[BATCH..]).unwrap(), 5);
        let mut inbox = Inbox::new(100);
        assert_eq!((inbox.receive(&there).unwrap(), inbox.receive(&there).unwrap()), (BATCH, 5));
    }

    #[test]
    fn the_loopback_address_is_among_our_own() {
        assert!(own_addresses().unwrap().contains(&Ipv4Addr::LOCALHOST.into()));
    }
}
