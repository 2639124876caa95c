//! A load of voice for the relay, and the plainest relay there can be beside it.
//!
//! Phones of so many calls send 20 ms packets both ways from one thread; what is measured is the thread that relays.
#![allow(unsafe_code, reason = "the plainest relay is system calls and nothing else")]
#![allow(clippy::disallowed_methods, reason = "packets are paced in real time")]

use call::media::{Codec, EndId, MediaCommand, MediaEvent, Voice};
use media::{Config, Media};
use std::fs;
use std::mem::size_of;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;
const VOICE: Voice = Voice { codec: Codec::Pcma, payload: 8, digits: Some(101) };
const STEP: Duration = Duration::from_millis(20);
const FIRST_PORT: u16 = 10_000;

/// Who relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// `epoll_wait`, `recvfrom`, `sendto`: no look at the packet, the address or the call.
    Floor,
    /// The media threads of the exchange, one of them.
    Media,
}

/// Both phones of some calls, and who relays between them.
pub struct Calls {
    /// Two for each call.
    phones: Vec<Phone>,
    relay: Relay,
}

struct Phone {
    socket: UdpSocket,
    sequence: u16,
}

enum Relay {
    Floor { stop: Arc<AtomicBool>, thread: JoinHandle<()> },
    Media(Media),
}

impl Calls {
    /// Sets up so many calls.
    pub fn new(who: Who, calls: u16) -> Calls {
        let phones: Vec<Phone> = (0..2 * calls).map(|end| Phone::new(port(end))).collect();
        let relay = match who {
            Who::Floor => floor(&phones),
            Who::Media => exchange(&phones),
        };
        Calls { phones, relay }
    }

    /// Sends one packet of the `nth` phone.
    pub fn say(&mut self, nth: usize) {
        self.phones[nth].say();
    }

    /// Waits for a packet to the other phone of that call.
    pub fn hear(&self, nth: usize) {
        self.phones[nth ^ 1].socket.recv(&mut [0; 256]).expect("the packet comes through");
    }

    /// Talks for so long at 50 packets a second and phone. Returns how many were sent and how many heard.
    pub fn talk(&mut self, length: Duration) -> (u64, u64) {
        let (start, steps) = (Instant::now(), length.as_millis() / STEP.as_millis() * 20);
        let (mut sent, mut heard) = (0, 0);
        for slice in 0..steps as u32 {
            // Phones are not in step: a twentieth of them each millisecond.
            let due = start + Duration::from_millis(1) * slice;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for phone in self.phones.iter_mut().skip(slice as usize % 20).step_by(20) {
                heard += phone.drain();
                phone.say();
                sent += 1;
            }
        }
        thread::sleep(STEP);
        heard += self.phones.iter_mut().map(Phone::drain).sum::<u64>();
        (sent, heard)
    }

    /// The CPU time that the relaying thread has had.
    pub fn cpu(&self) -> Duration {
        let name = match self.relay {
            Relay::Floor { .. } => "floor",
            Relay::Media(_) => "media-0",
        };
        // A thread takes its name only when it begins to run.
        let task = loop {
            if let Some(task) = thread_named(name) {
                break task;
            }
            thread::yield_now();
        };
        let times = fs::read_to_string(task.join("schedstat")).expect("schedstat");
        Duration::from_nanos(times.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds"))
    }

    /// Ends the calls.
    pub fn end(self) {
        match self.relay {
            Relay::Media(media) => media.stop(),
            Relay::Floor { stop, thread } => {
                stop.store(true, Ordering::Relaxed);
                thread.join().expect("the floor has not failed");
            }
        }
    }
}

impl Phone {
    fn new(relay: u16) -> Phone {
        let socket = UdpSocket::bind((LOCAL, 0)).expect("a free port");
        socket.connect((LOCAL, relay)).expect("the loopback");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
        Phone { socket, sequence: 0 }
    }

    fn say(&mut self) {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = [0xd5; 172];
        packet[..2].copy_from_slice(&[0x80, 8]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&[1, 2, 3, 4]);
        self.socket.send(&packet).expect("the loopback");
    }

    fn drain(&mut self) -> u64 {
        self.socket.set_nonblocking(true).expect("a socket");
        let heard = (0..).take_while(|_| self.socket.recv(&mut [0; 256]).is_ok()).count();
        self.socket.set_nonblocking(false).expect("a socket");
        heard as u64
    }
}

fn thread_named(name: &str) -> Option<PathBuf> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten().map(|task| task.path());
    let is_it = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == name);
    tasks.into_iter().find(is_it)
}

/// Even ports are those of RTP.
fn port(end: u16) -> u16 {
    FIRST_PORT + 2 * end
}

fn exchange(phones: &[Phone]) -> Relay {
    let folder = std::env::temp_dir().join(format!("vaihde-relay-bench-{}", std::process::id()));
    let config = Config { threads: 1, prompts: folder.clone(), files: folder.clone(), messages: folder };
    let closed = Arc::new(AtomicUsize::new(0));
    let seen = closed.clone();
    let media = Media::start(config, move |event| {
        assert!(matches!(event, MediaEvent::Closed { .. }), "{event:?}");
        seen.fetch_add(1, Ordering::Release);
    })
    .expect("media threads");
    let mut told = Vec::new();
    let id = |end: usize| EndId(((end as u64 / 2) << EndId::CALL_SHIFT) | (end as u64 & 1));
    for (nth, phone) in phones.iter().enumerate() {
        let end = id(nth);
        let remote = phone.socket.local_addr().expect("a bound socket");
        let rtcp = SocketAddr::new(remote.ip(), remote.port() ^ 1);
        media.send(MediaCommand::Open { end, local: LOCAL.into(), port: port(nth as u16) }, &mut told);
        let voice = Some(VOICE);
        media.send(MediaCommand::Connect { end, remote, rtcp, signalling: remote.ip(), voice, send: true }, &mut told);
        if nth % 2 == 1 {
            media.send(MediaCommand::Patch { a: id(nth - 1), b: end }, &mut told);
        }
    }
    // Closing what was never open is answered when all before it is done.
    media.send(MediaCommand::Close { end: EndId(u64::MAX) }, &mut told);
    while told.is_empty() && closed.load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
    Relay::Media(media)
}

fn floor(phones: &[Phone]) -> Relay {
    let sockets: Vec<UdpSocket> = (0..phones.len())
        .map(|end| {
            let socket = UdpSocket::bind((LOCAL, port(end as u16))).expect("a free port");
            socket.set_nonblocking(true).expect("a socket");
            socket
        })
        .collect();
    let to: Vec<libc::sockaddr_in> = phones
        .iter()
        .map(|phone| libc::sockaddr_in {
            sin_family: libc::AF_INET as u16,
            sin_port: phone.socket.local_addr().expect("a bound socket").port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from(LOCAL).to_be() },
            sin_zero: [0; 8],
        })
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let relay = move || {
        // SAFETY: every pointer is to a live value of the length that is given with it.
        unsafe {
            let epoll = libc::epoll_create1(0);
            for (end, socket) in sockets.iter().enumerate() {
                let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: end as u64 };
                libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event);
            }
            let mut ready = [libc::epoll_event { events: 0, u64: 0 }; 256];
            let mut buffer = [0u8; 2048];
            while !asked.load(Ordering::Relaxed) {
                let count = libc::epoll_wait(epoll, ready.as_mut_ptr(), 256, 100);
                for event in ready.iter().take(count.max(0) as usize) {
                    let end = event.u64 as usize;
                    let mut from: libc::sockaddr_in = std::mem::zeroed();
                    let mut length = size_of::<libc::sockaddr_in>() as u32;
                    let got = libc::recvfrom(
                        sockets[end].as_raw_fd(),
                        buffer.as_mut_ptr().cast(),
                        buffer.len(),
                        0,
                        (&raw mut from).cast(),
                        &mut length,
                    );
                    if got > 0 {
                        libc::sendto(
                            sockets[end ^ 1].as_raw_fd(),
                            buffer.as_ptr().cast(),
                            got as usize,
                            0,
                            (&raw const to[end ^ 1]).cast(),
                            length,
                        );
                    }
                }
            }
            libc::close(epoll);
        }
    };
    Relay::Floor { stop, thread: thread::Builder::new().name("floor".into()).spawn(relay).expect("a thread") }
}
