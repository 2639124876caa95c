//! Who did not answer: servers are left alone for a while, and come back by themselves, RFC 3263 §4.3.
//!
//! ```text
//!               failed                  until
//!   (unknown) ─────────▶ Suspended ───────────────▶ one probe
//!       ▲                    ▲                       │  │
//!       │                    └──── failed: twice ────┘  │
//!       └── forgotten ── Well ◀──────── worked ─────────┘
//! ```

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use sip::Transport;

use crate::Target;

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The transport reported it: no connection, a refused datagram, a certificate that is not theirs.
    Refused,
    /// No answer at all.
    TimedOut,
    /// 503. Without Retry-After it speaks of one request only and suspends nobody (RFC 3261 §21.5.4).
    Unavailable {
        /// How long no other request should be sent there.
        retry_after: Option<Duration>,
    },
}

/// How long servers are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspensions {
    /// After the first failure; each further one doubles it.
    pub first: Duration,
    /// No suspension is longer, Retry-After's neither.
    pub longest: Duration,
    /// A probe that reports nothing for so long was lost, and another may go.
    pub probe: Duration,
    /// How many servers are remembered.
    pub entries: usize,
}

impl Default for Suspensions {
    fn default() -> Self {
        Suspensions {
            first: Duration::from_secs(30),
            longest: Duration::from_secs(600),
            probe: Duration::from_secs(40),
            entries: 1024,
        }
    }
}

/// Servers that failed.
#[derive(Clone, Debug, Default)]
pub struct Blacklist {
    settings: Suspensions,
    entries: BTreeMap<Server, Entry>,
}

type Server = (Transport, SocketAddr);

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Failures in a row.
    strikes: u32,
    /// Attempts that began before this say nothing new.
    since: Instant,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Suspended {
        until: Instant,
    },
    /// One attempt is out to see.
    Probed {
        until: Instant,
    },
    /// It works again; kept until attempts from before have ended.
    Well {
        until: Instant,
    },
}

/// A server that is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// Over what.
    pub transport: Transport,
    /// Where.
    pub addr: SocketAddr,
    /// Failures in a row; 0 if it asked for it by Retry-After.
    pub strikes: u32,
    /// When one attempt will be made.
    pub until: Instant,
}

impl Blacklist {
    /// Nobody is suspended.
    pub fn new(settings: Suspensions) -> Blacklist {
        Blacklist { settings, entries: BTreeMap::new() }
    }

    /// Whether to try this one now. When a suspension has ended, this says yes once: to the probe.
    pub fn admit(&mut self, now: Instant, target: &Target) -> bool {
        let server = (target.transport, target.addr);
        let Some(entry) = self.entries.get_mut(&server) else { return true };
        match entry.state {
            State::Well { .. } => true,
            State::Suspended { until } | State::Probed { until } if now < until => false,
            State::Suspended { until } if now >= until + self.settings.longest => {
                self.entries.remove(&server);
                true
            }
            State::Suspended { .. } | State::Probed { .. } => {
                entry.state = State::Probed { until: now + self.settings.probe };
                true
            }
        }
    }

    /// Whether it is left alone now, a probe's wait included. Nothing is claimed by asking.
    pub fn is_suspended(&self, now: Instant, target: &Target) -> bool {
        match self.entries.get(&(target.transport, target.addr)).map(|entry| entry.state) {
            Some(State::Suspended { until } | State::Probed { until }) => now < until,
            Some(State::Well { .. }) | None => false,
        }
    }

    /// Failures in a row.
    pub fn strikes(&self, target: &Target) -> u32 {
        self.entries.get(&(target.transport, target.addr)).map_or(0, |entry| entry.strikes)
    }

    /// An attempt that began at `began` has failed. One that is older than what is known already changes nothing: of
    /// a hundred calls that wait for a dead server, the first to give up is the one that counts.
    pub fn failed(&mut self, now: Instant, began: Instant, target: &Target, failure: Failure) {
        let server = (target.transport, target.addr);
        let known = self.entries.get(&server).copied();
        if known.is_some_and(|entry| began < entry.since) {
            return;
        }
        let strikes = known.map_or(0, |entry| entry.strikes);
        let (strikes, wait) = match failure {
            Failure::Unavailable { retry_after: None } => return self.worked(now, target),
            Failure::Unavailable { retry_after: Some(wait) } => (strikes, wait),
            Failure::Refused | Failure::TimedOut => {
                (strikes.saturating_add(1), self.settings.first.saturating_mul(1 << strikes.min(16)))
            }
        };
        if known.is_none() {
            self.make_room(now);
        }
        let until = now + wait.min(self.settings.longest);
        self.entries.insert(server, Entry { strikes, since: now, state: State::Suspended { until } });
    }

    /// It answered: whatever the answer was, somebody is there.
    pub fn worked(&mut self, now: Instant, target: &Target) {
        if let Some(entry) = self.entries.get_mut(&(target.transport, target.addr)) {
            *entry = Entry { strikes: 0, since: now, state: State::Well { until: now + self.settings.probe } };
        }
    }

    /// Those that are left alone now.
    pub fn suspended(&self, now: Instant) -> impl Iterator<Item = Suspended> {
        self.entries.iter().filter_map(move |((transport, addr), entry)| match entry.state {
            State::Suspended { until } | State::Probed { until } if now < until => {
                Some(Suspended { transport: *transport, addr: *addr, strikes: entry.strikes, until })
            }
            _ => None,
        })
    }

    /// Forgets those that are over, or else the one that will be over first.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < self.settings.entries {
            return;
        }
        self.entries.retain(|_, entry| now < entry.until());
        while self.entries.len() >= self.settings.entries.max(1) {
            let first = self.entries.iter().min_by_key(|(_, entry)| entry.until()).map(|(server, _)| *server);
            let Some(first) = first else { return };
            self.entries.remove(&first);
        }
    }
}

impl Entry {
    fn until(&self) -> Instant {
        match self.state {
            State::Suspended { until } | State::Probed { until } | State::Well { until } => until,
        }
    }
}
