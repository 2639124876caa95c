//! One end: its two sockets towards one leg, and all that is going on there.

use crate::play::Playing;
use crate::record::Recorder;
use crate::source::Source;
use crate::stream::Outgoing;
use crate::sys::Address;
use crate::telephone_event::{Press, Presses};
use call::Sound;
use call::media::{EndId, EndStats, Voice};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Expedited forwarding, RFC 3246, as RFC 4594 §4.1 asks for telephony.
const VOICE_CLASS: u32 = 46 << 2;
/// Digits that wait for the one being pressed.
const PRESSES_MAX: usize = 32;

/// A socket and who is on its other side.
pub(crate) struct Line {
    socket: Socket,
    pub(crate) source: Source,
}

impl Line {
    pub(crate) fn open(local: IpAddr, port: u16) -> io::Result<Line> {
        let address = SocketAddr::new(local, port);
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        // Precedence on the way is welcome and not needed: containers may forbid it.
        let _ = match local {
            IpAddr::V4(_) => socket.set_tos_v4(VOICE_CLASS),
            IpAddr::V6(_) => socket.set_only_v6(true).and_then(|()| socket.set_tclass_v6(VOICE_CLASS)),
        };
        socket.bind(&address.into())?;
        Ok(Line { socket, source: Source::CLOSED })
    }

    #[inline]
    pub(crate) fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Socket and destination, when anything may be sent.
    #[inline]
    pub(crate) fn out(&self) -> Option<(RawFd, &Address)> {
        Some((self.fd(), self.source.to()?))
    }
}

impl AsRawFd for Line {
    fn as_raw_fd(&self) -> RawFd {
        self.fd()
    }
}

/// RTP and RTCP.
pub(crate) struct Lines {
    pub(crate) rtp: Line,
    pub(crate) rtcp: Line,
    /// RTCP goes over the port of RTP, RFC 5761.
    pub(crate) mux: bool,
}

impl Lines {
    pub(crate) fn open(local: IpAddr, port: u16) -> io::Result<Lines> {
        let rtcp_port = port.checked_add(1).filter(|_| port != 0).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Lines { rtp: Line::open(local, port)?, rtcp: Line::open(local, rtcp_port)?, mux: false })
    }

    /// The line on which RTCP goes out.
    pub(crate) fn rtcp_out(&self) -> Option<(RawFd, &Address)> {
        if self.mux { self.rtp.out() } else { self.rtcp.out() }
    }
}

/// What is played to an end.
pub(crate) enum Play {
    Nothing,
    /// The sounds are being read.
    Loading(Asked),
    /// Under way.
    Sound(Playing, Asked),
}

/// A play as it was asked for; a new codec begins it anew.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) sounds: Arc<[Sound]>,
    pub(crate) repeat: bool,
    pub(crate) interruptible: bool,
}

impl Play {
    pub(crate) fn asked(&self) -> Option<&Asked> {
        match self {
            Play::Nothing => None,
            Play::Loading(asked) | Play::Sound(_, asked) => Some(asked),
        }
    }
}

/// Digits that we press.
#[derive(Default)]
pub(crate) struct Pressing {
    /// The one being pressed and its payload type.
    pub(crate) now: Option<(Press, u8)>,
    pub(crate) due: Option<Instant>,
    waiting: VecDeque<(char, Duration)>,
}

impl Pressing {
    pub(crate) fn add(&mut self, digit: char, during: Duration, now: Instant) {
        if self.waiting.len() < PRESSES_MAX {
            self.waiting.push_back((digit, during));
            self.due.get_or_insert(now);
        }
    }

    pub(crate) fn take(&mut self) -> Option<(char, Duration)> {
        self.waiting.pop_front()
    }
}

/// Watching for silence.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    pub(crate) limit: Duration,
    pub(crate) since: Instant,
}

/// What we have said ourselves, for our sender reports.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    pub(crate) reported_at: Option<Instant>,
}

/// One end.
pub(crate) struct End {
    pub(crate) id: EndId,
    /// Gone once the end is closed and only its recording is still to be reported.
    pub(crate) lines: Option<Lines>,
    pub(crate) voice: Option<Voice>,
    /// The peer wants to receive.
    pub(crate) send: bool,
    /// The slot of the end that it is patched to.
    pub(crate) peer: Option<usize>,
    pub(crate) out: Outgoing,
    pub(crate) said: Said,
    pub(crate) presses: Presses,
    pub(crate) play: Play,
    /// How many plays there have been; names the newest.
    pub(crate) plays: u32,
    pub(crate) pressing: Pressing,
    pub(crate) recorder: Option<Recorder>,
    /// How many recordings there have been; names the newest.
    pub(crate) recordings: u32,
    /// Recordings that the disk has not confirmed.
    pub(crate) unwritten: u32,
    pub(crate) watch: Option<Watch>,
    pub(crate) heard_at: Instant,
    pub(crate) stats: EndStats,
    /// The time that is set in the thread's deadlines.
    pub(crate) timer: Option<Instant>,
}

impl End {
    pub(crate) fn new(id: EndId, lines: Lines, now: Instant) -> End {
        End {
            id,
            lines: Some(lines),
            voice: None,
            send: false,
            peer: None,
            out: Outgoing::new(now),
            said: Said::default(),
            presses: Presses::default(),
            play: Play::Nothing,
            plays: 0,
            pressing: Pressing::default(),
            recorder: None,
            recordings: 0,
            unwritten: 0,
            watch: None,
            heard_at: now,
            stats: EndStats::default(),
            timer: None,
        }
    }

    /// True while we speak ourselves: the relay stands still.
    #[inline]
    pub(crate) fn is_spoken_to(&self) -> bool {
        !matches!(self.play, Play::Nothing) || self.pressing.due.is_some()
    }

    /// When something is to be done though nothing comes.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let playing = match &self.play {
            Play::Sound(playing, _) => Some(playing.due),
            _ => None,
        };
        let recording = self.recorder.as_ref().map(Recorder::poll_timeout);
        [playing, self.pressing.due, recording, self.silent_at()].into_iter().flatten().min()
    }

    /// When the peer will have been silent for too long.
    pub(crate) fn silent_at(&self) -> Option<Instant> {
        let watch = self.watch.filter(|_| self.peer.is_some())?;
        Some(self.heard_at.max(watch.since) + watch.limit)
    }
}
