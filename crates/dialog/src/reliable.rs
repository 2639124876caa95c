//! Reliable provisional responses, RFC 3262, and what is sent again until it is acknowledged.

use bytes::Bytes;
use sip::{Fault, Message, Method, Name};
use std::time::{Duration, Instant};

/// `RAck: 776656 1 INVITE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq that is acknowledged.
    pub rseq: u32,
    /// The CSeq number of the INVITE.
    pub cseq: u32,
}

impl RAck {
    /// Reads the RAck of a PRACK, RFC 3262 §7.2. Only INVITE has reliable provisional responses.
    pub fn of(prack: &Message) -> Result<RAck, Fault> {
        let value = prack.header(Name::RAck).ok_or(Fault("PRACK without RAck"))?;
        let mut words = value.split_ascii_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok()).ok_or(Fault("Malformed RAck"));
        let (rseq, cseq) = (number()?, number()?);
        match (words.next().map(|method| Method::from_bytes(method.as_bytes())), words.next()) {
            (Some(Method::Invite), None) => Ok(RAck { rseq, cseq }),
            _ => Err(Fault("Malformed RAck")),
        }
    }
}

/// The UAS side: numbers reliable provisional responses and holds back the next until the last is acknowledged, §3.
#[derive(Clone, Debug)]
pub struct Reliable {
    rseq: u32,
    invite_cseq: u32,
    unacknowledged: Option<Resend>,
    /// The final response overtook the last one: its PRACK may still come.
    overtaken: bool,
}

impl Reliable {
    /// For one INVITE. The first RSeq is random, from 1 to 2^31 - 1, §3.
    pub fn new(dice: u64, invite_cseq: u32) -> Reliable {
        Reliable { rseq: (dice % 0x7fff_fffe) as u32, invite_cseq, unacknowledged: None, overtaken: false }
    }

    /// The next reliable response may be sent: none waits for its PRACK.
    pub fn may_send(&self) -> bool {
        self.unacknowledged.is_none()
    }

    /// Sends a response: `write` gets its RSeq. The bytes are to be sent now and again as `on_timeout` says.
    pub fn send(&mut self, now: Instant, t1: Duration, write: impl FnOnce(u32) -> Bytes) -> Bytes {
        self.rseq += 1;
        let bytes = write(self.rseq);
        self.unacknowledged = Some(Resend::provisional(now, bytes.clone(), t1));
        bytes
    }

    /// A PRACK came. `false`: it acknowledges nothing that waits, 481, §3.
    pub fn acknowledge(&mut self, rack: RAck) -> bool {
        let waits = self.unacknowledged.is_some() || self.overtaken;
        let matches = waits && rack == RAck { rseq: self.rseq, cseq: self.invite_cseq };
        if matches {
            (self.unacknowledged, self.overtaken) = (None, false);
        }
        matches
    }

    /// The final response is out: nothing is sent again, though a late PRACK may still come, §3.
    pub fn stop(&mut self) {
        self.overtaken |= self.unacknowledged.take().is_some();
    }

    /// When the response is to be sent again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.unacknowledged.as_ref().map(Resend::poll_timeout)
    }

    /// What time has brought. After `GiveUp` the INVITE is answered with a 5xx, §3.
    pub fn on_timeout(&mut self, now: Instant) -> Again {
        let again = self.unacknowledged.as_mut().map_or(Again::Nothing, |resend| resend.on_timeout(now));
        if again == Again::GiveUp {
            self.unacknowledged = None;
        }
        again
    }
}

/// The UAC side: which reliable responses of one early dialog have been seen, §4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    last: Option<u32>,
}

impl Heard {
    /// A response with this RSeq came. `true`: it is the next one and wants a PRACK; else it is a repetition or out
    /// of order and to be ignored.
    pub fn is_next(&mut self, rseq: u32) -> bool {
        let is_next = rseq != 0 && self.last.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if is_next {
            self.last = Some(rseq);
        }
        is_next
    }
}

/// What is to be done with something unacknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Not yet.
    Nothing,
    /// Send it again.
    Send(Bytes),
    /// 64*T1 have passed.
    GiveUp,
}

/// A response that the transaction layer does not repeat: a reliable 1xx until PRACK, a 2xx until ACK.
#[derive(Clone, Debug)]
pub struct Resend {
    bytes: Bytes,
    next_at: Instant,
    interval: Duration,
    interval_max: Duration,
    give_up_at: Instant,
}

impl Resend {
    /// After `first`, doubling up to `interval_max`, until `give_up_after` has passed since `now`.
    pub fn new(now: Instant, bytes: Bytes, first: Duration, interval_max: Duration, give_up_after: Duration) -> Resend {
        Resend { bytes, next_at: now + first, interval: first, interval_max, give_up_at: now + give_up_after }
    }

    /// A 2xx to INVITE: T1, doubling up to T2, RFC 3261 §13.3.1.4; BYE follows after 64*T1.
    pub fn success(now: Instant, bytes: Bytes, t1: Duration, t2: Duration) -> Resend {
        Resend::new(now, bytes, t1, t2, t1 * 64)
    }

    /// A reliable provisional response: T1, doubling without a limit, RFC 3262 §3.
    pub fn provisional(now: Instant, bytes: Bytes, t1: Duration) -> Resend {
        Resend::new(now, bytes, t1, Duration::MAX, t1 * 64)
    }

    /// What is sent, for a repeated request that wants it at once.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// When [`on_timeout`](Self::on_timeout) has something to say.
    pub fn poll_timeout(&self) -> Instant {
        self.next_at.min(self.give_up_at)
    }

    /// What time has brought.
    pub fn on_timeout(&mut self, now: Instant) -> Again {
        if now >= self.give_up_at {
            return Again::GiveUp;
        }
        if now < self.next_at {
            return Again::Nothing;
        }
        self.interval = self.interval.saturating_mul(2).min(self.interval_max);
        self.next_at += self.interval;
        Again::Send(self.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T1: Duration = Duration::from_millis(500);
    const T2: Duration = Duration::from_secs(4);

    #[allow(clippy::disallowed_methods)] // An Instant can be made in no other way; only differences are looked at.
    fn start() -> Instant {
        Instant::now()
    }

    fn times(mut resend: Resend, start: Instant) -> Vec<u128> {
        let mut times = Vec::new();
        loop {
            let at = resend.poll_timeout();
            times.push((at - start).as_millis());
            if resend.on_timeout(at) == Again::GiveUp {
                return times;
            }
        }
    }

    /// RFC 3261 §13.3.1.4: "an interval that starts at T1 seconds and doubles for each retransmission until it
    /// reaches T2 seconds"; 64*T1 seconds without an ACK end it.
    #[test]
    fn a_2xx_is_repeated_until_its_ack_or_32_seconds() {
        let now = start();
        let times = times(Resend::success(now, Bytes::new(), T1, T2), now);
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000]);
    }

    /// RFC 3262 §3: the interval of a reliable provisional response doubles and has no cap.
    #[test]
    fn a_reliable_provisional_response_is_repeated_ever_more_slowly() {
        let now = start();
        let times = times(Resend::provisional(now, Bytes::new(), T1), now);
        assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500, 32000]);
    }

    /// RFC 3262 §3: the second reliable response waits for the PRACK of the first; each RSeq is one higher.
    #[test]
    fn reliable_responses_are_numbered_one_by_one() {
        let now = start();
        let mut reliable = Reliable::new(41, 7);
        assert_eq!(reliable.send(now, T1, |rseq| rseq.to_string().into()), "42");
        assert!(!reliable.may_send());
        assert!(!reliable.acknowledge(RAck { rseq: 41, cseq: 7 }));
        assert!(!reliable.acknowledge(RAck { rseq: 42, cseq: 8 }));
        assert!(reliable.acknowledge(RAck { rseq: 42, cseq: 7 }));
        assert!(!reliable.acknowledge(RAck { rseq: 42, cseq: 7 }), "once");
        assert_eq!(reliable.send(now, T1, |rseq| rseq.to_string().into()), "43");
        assert_eq!(reliable.on_timeout(now + T1), Again::Send("43".into()));
        assert_eq!(reliable.on_timeout(now + T1 * 64), Again::GiveUp);
        assert_eq!(reliable.poll_timeout(), None);
    }

    /// RFC 3262 §3: the first RSeq lies between 1 and 2^31 - 1.
    #[test]
    fn the_first_rseq_is_in_range_for_any_dice() {
        for dice in [0, 1, 0x7fff_fffd, 0x7fff_fffe, u64::MAX] {
            Reliable::new(dice, 1).send(start(), T1, |rseq| {
                assert!((1..=0x7fff_ffff).contains(&rseq));
                Bytes::new()
            });
        }
    }

    /// RFC 3262 §4: a response whose RSeq is not one higher than the last is not acknowledged.
    #[test]
    fn reliable_responses_out_of_order_are_ignored() {
        let mut heard = Heard::default();
        let seen: Vec<bool> = [0, 5, 5, 7, 6, 7].into_iter().map(|rseq| heard.is_next(rseq)).collect();
        assert_eq!(seen, [false, true, false, false, true, true]);
    }
}
