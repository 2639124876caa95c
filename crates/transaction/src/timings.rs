//! The durations from which all timers are made, RFC 3261 §17.1.1.1 and table 4.

use std::time::{Duration, Instant};

/// T1, T2 and T4; timers A to M are multiples of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// An estimate of the round trip: 500 ms.
    pub t1: Duration,
    /// The longest wait between retransmissions of anything but an INVITE request: 4 s.
    pub t2: Duration,
    /// How long a message may linger in the network: 5 s.
    pub t4: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timings {
    /// 64*T1: timers B, F, H, J, L and M.
    pub fn transaction(&self) -> Duration {
        self.t1 * 64
    }

    /// Timer D: 64*T1, and at least 32 s whatever our T1 is, because the other side's H is made of its own T1.
    pub(crate) fn d(&self) -> Duration {
        self.transaction().max(Duration::from_secs(32))
    }

    /// How long a client's timer E takes until it is T2: the earliest and latest moment for a 100 to a non-INVITE
    /// request, RFC 4320 §4.1.
    pub(crate) fn late_trying(&self) -> Duration {
        let mut waited = Duration::ZERO;
        let mut interval = self.t1;
        while interval < self.t2 && !interval.is_zero() {
            waited += interval;
            interval *= 2;
        }
        waited
    }
}

/// When to send the same bytes again, and how long after that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resend {
    /// The next time.
    pub at: Instant,
    after: Duration,
}

impl Resend {
    /// Timers A, E and G: first after T1. Reliable transports resend for us, so there is none.
    pub fn begin(now: Instant, timings: &Timings, reliable: bool) -> Option<Self> {
        (!reliable).then(|| Self { at: now + timings.t1, after: timings.t1 })
    }

    /// Timer A: twice as long each time.
    pub fn doubled(self, now: Instant) -> Self {
        let after = self.after * 2;
        Self { at: now + after, after }
    }

    /// Timers E and G: twice as long each time, T2 at most.
    pub fn doubled_to_t2(self, now: Instant, timings: &Timings) -> Self {
        let after = (self.after * 2).min(timings.t2);
        Self { at: now + after, after }
    }

    /// Timer E in Proceeding: every T2.
    pub fn every_t2(now: Instant, timings: &Timings) -> Self {
        Self { at: now + timings.t2, after: timings.t2 }
    }
}

/// The earlier of a retransmission and an end.
pub(crate) fn earlier(resend: Option<Resend>, until: Instant) -> Instant {
    resend.map_or(until, |resend| resend.at.min(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4320 §4.1 with the default timers: E runs at 0.5 s, 1.5 s and 3.5 s, and is T2 from then on.
    #[test]
    fn a_late_trying_is_due_after_three_and_a_half_seconds() {
        assert_eq!(Timings::default().late_trying(), Duration::from_millis(3500));
    }

    /// RFC 3261 §17.1.1.2: timer D "at least 32 seconds for unreliable transports".
    #[test]
    fn timer_d_is_never_below_thirty_two_seconds() {
        let fast = Timings { t1: Duration::from_millis(100), ..Timings::default() };
        assert_eq!(fast.d(), Duration::from_secs(32));
        let slow = Timings { t1: Duration::from_secs(1), ..Timings::default() };
        assert_eq!(slow.d(), Duration::from_secs(64));
    }
}
