//! RTCP, RFC 3550 §6: passed on in the terms of the stream that its receiver knows, and made for what we speak ourselves.

use crate::stream::Mapping;
use bytes::BufMut;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use webrtc_util::marshal::{Marshal, MarshalSize};
use webrtc_util::{Error, Result};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// Transport and payload feedback, RFC 4585 §6.1: they name a sender and a media source.
const FEEDBACK: std::ops::RangeInclusive<u8> = 205..=206;
const REPORT_BLOCK: usize = 24;
/// Seconds from 1900, NTP's beginning, to 1970.
const NTP_OFFSET: u64 = 2_208_988_800;

/// What a compound packet says about streams, changed in place from the sender's numbers to the receiver's. `forward`
/// maps the stream of its sender, `backward` the stream that its sender receives. Returns the length that goes on;
/// 0 for what is no RTCP. A BYE stays here once we have spoken in the same stream: it goes on without its first speaker.
pub(crate) fn translate(packet: &mut [u8], forward: Option<&Mapping>, backward: Option<&Mapping>) -> usize {
    let (mut read, mut kept) = (0, 0);
    while let Some(length) = length_at(packet, read) {
        let one = &mut packet[read..read + length];
        let kind = one[1];
        rename(one, forward, backward);
        if kind != GOODBYE || forward.is_none_or(|mapping| mapping.from == mapping.to && mapping.sequence == 0) {
            packet.copy_within(read..read + length, kept);
            kept += length;
        }
        read += length;
    }
    kept
}

/// The length of the packet that begins at `at`, header included.
fn length_at(packet: &[u8], at: usize) -> Option<usize> {
    let header = packet.get(at..at + 4)?;
    let length = 4 + 4 * usize::from(u16::from_be_bytes([header[2], header[3]]));
    (header[0] >> 6 == 2 && length >= 8 && packet.len() - at >= length).then_some(length)
}

fn rename(one: &mut [u8], forward: Option<&Mapping>, backward: Option<&Mapping>) {
    let (count, kind) = (usize::from(one[0] & 0x1f), one[1]);
    if let Some(mapping) = forward {
        replace(one, 4, mapping.from, mapping.to);
        if kind == SENDER_REPORT {
            add(one, 16, mapping.timestamp);
        }
    }
    let Some(mapping) = backward else { return };
    let blocks = match kind {
        SENDER_REPORT => 28,
        RECEIVER_REPORT => 8,
        _ if FEEDBACK.contains(&kind) => {
            replace(one, 8, mapping.to, mapping.from);
            return;
        }
        _ => return,
    };
    for block in (0..count).map(|index| blocks + index * REPORT_BLOCK) {
        if replace(one, block, mapping.to, mapping.from) {
            // Extended highest sequence number: its lower half is the packet's.
            add(one, block + 8, u32::from(mapping.sequence).wrapping_neg());
        }
    }
}

fn replace(one: &mut [u8], at: usize, from: u32, to: u32) -> bool {
    match one.get_mut(at..at + 4) {
        Some(word) if *word == from.to_be_bytes() => {
            word.copy_from_slice(&to.to_be_bytes());
            true
        }
        _ => false,
    }
}

fn add(one: &mut [u8], at: usize, offset: u32) {
    if let Some(&[a, b, c, d]) = one.get(at..at + 4) {
        one[at..at + 4].copy_from_slice(&u32::from_be_bytes([a, b, c, d]).wrapping_add(offset).to_be_bytes());
    }
}

/// A sender report about our own speech with the description that §6.1 wants beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) ssrc: u32,
    pub(crate) wall: SystemTime,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

impl MarshalSize for Report {
    fn marshal_size(&self) -> usize {
        28 + 4 + 16
    }
}

impl Marshal for Report {
    fn marshal_to(&self, mut buf: &mut [u8]) -> Result<usize> {
        if buf.remaining_mut() < self.marshal_size() {
            return Err(Error::ErrBufferShort);
        }
        let since = self.wall.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        header(&mut buf, 0, SENDER_REPORT, 28);
        buf.put_u32(self.ssrc);
        buf.put_u32(since.as_secs().wrapping_add(NTP_OFFSET) as u32);
        buf.put_u32(((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000) as u32);
        buf.put_u32(self.timestamp);
        buf.put_u32(self.packets);
        buf.put_u32(self.octets);
        header(&mut buf, 1, DESCRIPTION, 20);
        buf.put_u32(self.ssrc);
        // CNAME, RFC 7022: the SSRC itself is random and as short-lived as the name should be.
        buf.put_slice(&[1, 8]);
        for nibble in (0..8).rev().map(|at| self.ssrc >> (4 * at) & 0xf) {
            buf.put_u8(b"0123456789abcdef"[nibble as usize]);
        }
        buf.put_slice(&[0, 0]);
        Ok(self.marshal_size())
    }
}

/// The end of our own speech: an empty receiver report, as a compound packet begins with one, and a BYE.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goodbye(pub(crate) u32);

impl MarshalSize for Goodbye {
    fn marshal_size(&self) -> usize {
        16
    }
}

impl Marshal for Goodbye {
    fn marshal_to(&self, mut buf: &mut [u8]) -> Result<usize> {
        if buf.remaining_mut() < self.marshal_size() {
            return Err(Error::ErrBufferShort);
        }
        header(&mut buf, 0, RECEIVER_REPORT, 8);
        buf.put_u32(self.0);
        header(&mut buf, 1, GOODBYE, 8);
        buf.put_u32(self.0);
        Ok(self.marshal_size())
    }
}

fn header(buf: &mut impl BufMut, count: u8, kind: u8, length: u16) {
    buf.put_u8(2 << 6 | count);
    buf.put_u8(kind);
    buf.put_u16(length / 4 - 1);
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an instant to count from")]
mod tests {
    use super::*;
    use crate::stream::Outgoing;
    use proptest::prelude::*;
    use std::time::Instant;

    const REPORT: Report = Report { ssrc: 7, wall: UNIX_EPOCH, timestamp: 1000, packets: 3, octets: 480 };

    /// The stream of SSRC 7 as it goes on after we have spoken in it: under the same SSRC and other numbers.
    fn mapped() -> (Outgoing, Mapping) {
        let now = Instant::now();
        let mut out = Outgoing::new(now);
        let timestamp = out.speak(now);
        out.next(true, 8, timestamp, now);
        let mut packet = [0; 12];
        crate::rtp::restamp(&mut packet, 10, 1000, 7);
        out.relay(&mut packet, now);
        let mapping = *out.mapping().unwrap();
        (out, mapping)
    }

    fn word(packet: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(packet[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn an_untouched_stream_has_untouched_reports() {
        let mut packet = REPORT.marshal().unwrap().to_vec();
        let before = packet.clone();
        assert_eq!(translate(&mut packet, None, None), before.len());
        assert_eq!(packet, before);
    }

    #[test]
    fn a_sender_report_speaks_of_the_stream_that_the_receiver_knows() {
        let (out, mapping) = mapped();
        let mut packet = REPORT.marshal().unwrap().to_vec();
        assert_eq!(translate(&mut packet, Some(&mapping), None), packet.len());
        assert_eq!(word(&packet, 4), out.ssrc().unwrap());
        assert_eq!(word(&packet, 16), 1000u32.wrapping_add(mapping.timestamp));
        assert_eq!(word(&packet, 32), out.ssrc().unwrap());
    }

    #[test]
    fn a_receiver_report_comes_back_in_the_speakers_own_numbers() {
        let (out, mapping) = mapped();
        let mut packet = vec![0x81, RECEIVER_REPORT, 0, 7];
        packet.extend_from_slice(&99u32.to_be_bytes());
        packet.extend_from_slice(&out.ssrc().unwrap().to_be_bytes());
        packet.extend_from_slice(&[0; 4]);
        packet.extend_from_slice(&(u32::from(mapping.sequence) + 10).to_be_bytes());
        packet.extend_from_slice(&[0; 12]);
        assert_eq!(translate(&mut packet, None, Some(&mapping)), 32);
        assert_eq!((word(&packet, 4), word(&packet, 8), word(&packet, 16)), (99, 7, 10));
    }

    #[test]
    fn a_bye_does_not_end_a_stream_in_which_we_have_spoken() {
        let (_, mapping) = mapped();
        let bye = Goodbye(7).marshal().unwrap();
        assert_eq!(translate(&mut bye.to_vec(), Some(&mapping), None), 8);
        assert_eq!(translate(&mut bye.to_vec(), None, None), 16);
    }

    #[test]
    fn a_report_about_1970_counts_from_1900() {
        let packet = REPORT.marshal().unwrap();
        assert_eq!(word(&packet, 8), 2_208_988_800);
        assert_eq!(packet.len() % 4, 0);
    }

    proptest! {
        #[test]
        fn no_packet_makes_the_translator_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (_, mapping) = mapped();
            if let Some(first) = bytes.first_mut() { *first |= 0x80; *first &= 0xbf; }
            let length = translate(&mut bytes, Some(&mapping), Some(&mapping));
            prop_assert!(length <= bytes.len());
        }
    }
}
