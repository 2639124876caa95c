//! What an end sends is one RTP stream for its whole life, whoever speaks on it: RFC 3550 §5.1.
//!
//! The first one relayed passes untouched. When a prompt, a digit or another peer takes over, the newcomer continues
//! the numbering under the same SSRC with the marker bit set: there are phones that drop a second of sound at each
//! change of SSRC, and none that mind this.

use crate::rtp::{self, CLOCK, Header};
use std::time::Instant;

/// A packet this much older than the newest is late; older still means that its sender began to count anew.
const LATE_MAX: i16 = 100;

/// The outgoing stream of an end.
#[derive(Debug)]
pub(crate) struct Outgoing {
    ssrc: Option<u32>,
    /// Of the newest packet, as is `timestamp`, which went out `at`.
    sequence: u16,
    timestamp: u32,
    at: Instant,
    relayed: Option<Mapping>,
}

/// How the numbers of a relayed stream become those of the end's own: by adding, modulo their width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// The SSRC that comes in.
    pub(crate) from: u32,
    /// The SSRC that goes out.
    pub(crate) to: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    /// The sequence number with which the mapping began (or a recent one): what is older belongs before the change.
    first: u16,
}

impl Mapping {
    fn is_identity(&self) -> bool {
        self.from == self.to && self.sequence == 0 && self.timestamp == 0
    }
}

impl Outgoing {
    pub(crate) fn new(now: Instant) -> Outgoing {
        Outgoing { ssrc: None, sequence: 0, timestamp: 0, at: now, relayed: None }
    }

    /// Puts a packet of the peer into this stream. False: it is from before the last change and must not go out.
    #[inline]
    pub(crate) fn relay(&mut self, packet: &mut [u8], now: Instant) -> bool {
        let mapping = match self.relayed {
            Some(mapping) if mapping.from == rtp::ssrc(packet) => mapping,
            _ => self.adopt(packet, now),
        };
        let sequence = rtp::sequence(packet).wrapping_add(mapping.sequence);
        let timestamp = rtp::timestamp(packet).wrapping_add(mapping.timestamp);
        if !mapping.is_identity() {
            if !self.after_change(rtp::sequence(packet)) {
                return false;
            }
            rtp::restamp(packet, sequence, timestamp, mapping.to);
        }
        let ahead = sequence.wrapping_sub(self.sequence) as i16;
        if !(-LATE_MAX..0).contains(&ahead) {
            (self.sequence, self.timestamp, self.at) = (sequence, timestamp, now);
        }
        true
    }

    fn adopt(&mut self, packet: &mut [u8], now: Instant) -> Mapping {
        let (from, sequence, timestamp) = (rtp::ssrc(packet), rtp::sequence(packet), rtp::timestamp(packet));
        let mapping = match self.ssrc {
            None => Mapping { from, to: from, sequence: 0, timestamp: 0, first: sequence },
            Some(to) => {
                rtp::mark(packet);
                let (next, then) = (self.sequence.wrapping_add(1), self.timestamp_at(now));
                Mapping {
                    from,
                    to,
                    sequence: next.wrapping_sub(sequence),
                    timestamp: then.wrapping_sub(timestamp),
                    first: sequence,
                }
            }
        };
        self.ssrc = Some(mapping.to);
        if mapping.is_identity() {
            (self.sequence, self.timestamp, self.at) = (sequence, timestamp, now);
        }
        self.relayed = Some(mapping);
        mapping
    }

    fn after_change(&mut self, sequence: u16) -> bool {
        let Some(mapping) = &mut self.relayed else { return true };
        let since = sequence.wrapping_sub(mapping.first) as i16;
        if since > 4 * LATE_MAX {
            mapping.first = sequence.wrapping_sub(LATE_MAX as u16);
        }
        since >= 0
    }

    /// We begin to speak ourselves; returns the RTP timestamp of now.
    pub(crate) fn speak(&mut self, now: Instant) -> u32 {
        self.relayed = None;
        if self.ssrc.is_none() {
            self.ssrc = Some(fastrand::u32(..));
            (self.sequence, self.timestamp, self.at) = (fastrand::u16(..), fastrand::u32(..), now);
        }
        self.timestamp_at(now)
    }

    /// The header of our next packet.
    pub(crate) fn next(&mut self, marker: bool, payload: u8, timestamp: u32, now: Instant) -> Header {
        self.relayed = None;
        self.sequence = self.sequence.wrapping_add(1);
        (self.timestamp, self.at) = (timestamp, now);
        Header { marker, payload, sequence: self.sequence, timestamp, ssrc: self.ssrc.unwrap_or_default() }
    }

    /// How the peer's numbers are changed; `None` while we speak ourselves or nothing has come.
    pub(crate) fn mapping(&self) -> Option<&Mapping> {
        self.relayed.as_ref()
    }

    /// The SSRC, as soon as anything was sent.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// At least one sample after the newest packet.
    pub(crate) fn timestamp_at(&self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.at).as_micros() * u128::from(CLOCK) / 1_000_000;
        self.timestamp.wrapping_add((elapsed as u32).max(1))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an instant to count from")]
mod tests {
    use super::*;
    use std::time::Duration;
    use webrtc_util::marshal::{Marshal, Unmarshal};

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Vec<u8> {
        Header { marker: false, payload: 8, sequence, timestamp, ssrc }.marshal().unwrap().to_vec()
    }

    fn relayed(out: &mut Outgoing, mut packet: Vec<u8>, now: Instant) -> Option<Header> {
        out.relay(&mut packet, now).then(|| Header::unmarshal(&mut &packet[..]).unwrap())
    }

    #[test]
    fn the_first_speaker_passes_untouched_even_where_packets_are_lost_or_late() {
        let now = Instant::now();
        let mut out = Outgoing::new(now);
        for sequence in [65534, 65535, 2, 0, 3] {
            let mut bytes = packet(7, sequence, u32::from(sequence) * 160);
            let before = bytes.clone();
            assert!(out.relay(&mut bytes, now));
            assert_eq!(bytes, before);
        }
    }

    #[test]
    fn a_prompt_continues_the_numbers_and_the_phone_continues_the_prompts() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut out = Outgoing::new(start);
        relayed(&mut out, packet(7, 10, 1000), at(0)).unwrap();

        let timestamp = out.speak(at(20));
        assert_eq!(timestamp, 1160);
        let spoken = out.next(true, 8, timestamp, at(20));
        assert_eq!((spoken.sequence, spoken.ssrc, spoken.marker), (11, 7, true));

        // The phone went on counting meanwhile; one packet from before the prompt comes late.
        let resumed = relayed(&mut out, packet(7, 500, 90_000), at(40)).unwrap();
        assert_eq!((resumed.sequence, resumed.timestamp, resumed.ssrc, resumed.marker), (12, 1320, 7, true));
        assert_eq!(relayed(&mut out, packet(7, 499, 89_840), at(40)), None);
        let next = relayed(&mut out, packet(7, 502, 90_320), at(60)).unwrap();
        assert_eq!((next.sequence, next.timestamp, next.marker), (14, 1640, false));
        let late = relayed(&mut out, packet(7, 501, 90_160), at(61)).unwrap();
        assert_eq!((late.sequence, late.timestamp), (13, 1480));
    }

    #[test]
    fn another_phone_after_a_transfer_keeps_the_stream() {
        let start = Instant::now();
        let mut out = Outgoing::new(start);
        relayed(&mut out, packet(7, 10, 1000), start).unwrap();
        let other = relayed(&mut out, packet(8, 33_000, 5), start + Duration::from_millis(100)).unwrap();
        assert_eq!((other.ssrc, other.sequence, other.timestamp, other.marker), (7, 11, 1800, true));
        assert_eq!(out.mapping().map(|mapping| (mapping.from, mapping.to)), Some((8, 7)));
    }

    #[test]
    fn a_long_call_after_a_prompt_never_takes_its_packets_for_late_ones() {
        let now = Instant::now();
        let mut out = Outgoing::new(now);
        let timestamp = out.speak(now);
        let spoken = out.next(true, 8, timestamp, now).sequence;
        for count in 0..200_000u32 {
            let header = relayed(&mut out, packet(7, count as u16, count * 160), now).unwrap();
            assert_eq!(header.sequence, spoken.wrapping_add(1).wrapping_add(count as u16));
        }
    }
}
