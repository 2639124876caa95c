//! The network between the phones and the exchange: delay, loss, duplication and reordering by seed.

use std::time::{Duration, Instant};

/// What one phone's line does to datagrams. Streams are only delayed.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// Each way.
    pub delay: Duration,
    /// Up to so much more, differently for each packet: packets overtake each other.
    pub jitter: Duration,
    /// How many of a thousand are lost.
    pub lost_of_1000: u16,
    /// How many of a thousand come twice.
    pub doubled_of_1000: u16,
}

impl Link {
    /// A millisecond, and nothing is ever lost.
    pub const PERFECT: Link =
        Link { delay: Duration::from_millis(1), jitter: Duration::ZERO, lost_of_1000: 0, doubled_of_1000: 0 };

    /// When a datagram that is sent now arrives: not at all, once, or twice.
    pub(crate) fn arrivals(&self, now: Instant, dice: &mut fastrand::Rng) -> Vec<Instant> {
        let lost = self.lost_of_1000 > 0 && dice.u16(..1000) < self.lost_of_1000;
        let copies = match lost {
            true => 0,
            false if self.doubled_of_1000 > 0 && dice.u16(..1000) < self.doubled_of_1000 => 2,
            false => 1,
        };
        (0..copies).map(|_| now + self.delay + self.jittered(dice)).collect()
    }

    fn jittered(&self, dice: &mut fastrand::Rng) -> Duration {
        let most = self.jitter.as_micros() as u64;
        if most == 0 { Duration::ZERO } else { Duration::from_micros(dice.u64(..most)) }
    }
}

/// A stream between a phone and the exchange. Nothing is lost on it and nothing overtakes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub phone: usize,
    /// The phone's end as the exchange sees it.
    pub remote: std::net::SocketAddr,
    pub open: bool,
    pub to_pbx_after: Instant,
    pub to_phone_after: Instant,
}

impl Stream {
    /// When what is sent now arrives.
    pub fn arrival(&mut self, now: Instant, link: &Link, to_pbx: bool) -> Instant {
        let after = if to_pbx { &mut self.to_pbx_after } else { &mut self.to_phone_after };
        *after = (*after).max(now + link.delay);
        *after
    }
}
