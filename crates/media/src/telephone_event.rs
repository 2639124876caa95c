//! Digits as RFC 4733 events: heard once for each press, and pressed for those who cannot.

use crate::rtp;
use std::time::Duration;

const KEYS: &[u8; 16] = b"0123456789*#ABCD";
const END: u8 = 0x80;
/// -10 dBm0, what phones send.
const VOLUME: u8 = 10;
/// An event longer than its 16-bit duration goes on as another segment, §2.5.1.3.
const SEGMENT: u32 = 0xffff;
/// RTP clock ticks in 20 ms.
const STEP: u32 = rtp::CLOCK / 50;

/// Hears presses in a stream of event packets, of which any may be lost, late or double.
#[derive(Debug, Default)]
pub(crate) struct Presses {
    last: Option<Heard>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    ssrc: u32,
    timestamp: u32,
    event: u8,
    duration: u32,
    ended: bool,
}

impl Presses {
    /// Takes an event packet; the key when it is the first one heard of its press.
    pub(crate) fn hear(&mut self, packet: &[u8]) -> Option<char> {
        let [event, flags, high, low, ..] = *rtp::payload(packet) else { return None };
        let heard = Heard {
            ssrc: rtp::ssrc(packet),
            timestamp: rtp::timestamp(packet),
            event,
            duration: u16::from_be_bytes([high, low]).into(),
            ended: flags & END != 0,
        };
        match self.last.filter(|last| last.ssrc == heard.ssrc) {
            Some(last) if (heard.timestamp.wrapping_sub(last.timestamp) as i32) < 0 => None,
            Some(last) if last.is_same_press(&heard, rtp::is_marked(packet)) => {
                let ended = heard.ended || last.ended && last.timestamp == heard.timestamp;
                self.last = Some(Heard { ended, ..heard });
                None
            }
            _ => {
                self.last = Some(heard);
                KEYS.get(usize::from(event)).map(|key| char::from(*key))
            }
        }
    }
}

impl Heard {
    fn is_same_press(&self, next: &Heard, marked: bool) -> bool {
        let later = next.timestamp.wrapping_sub(self.timestamp);
        let continued = !marked && !self.ended && (later == SEGMENT || later == self.duration);
        self.event == next.event && (later == 0 || continued)
    }
}

/// A key that we press: one packet each 20 ms, the last of them three times (§2.5.1.4).
#[derive(Debug)]
pub(crate) struct Press {
    event: u8,
    /// When the press began: all its packets carry it.
    pub(crate) timestamp: u32,
    sent: u32,
    steps: u32,
}

impl Press {
    /// `None` for what is no key. Presses are between 40 ms and 8 s, one segment, long.
    pub(crate) fn new(digit: char, during: Duration, timestamp: u32) -> Option<Press> {
        let digit = u8::try_from(digit).ok()?.to_ascii_uppercase();
        let event = KEYS.iter().position(|key| *key == digit)?;
        let steps = (during.as_millis() / 20).clamp(2, 400) as u32;
        Some(Press { event: event as u8, timestamp, sent: 0, steps })
    }

    /// True for the first packet, which carries the marker.
    pub(crate) fn is_new(&self) -> bool {
        self.sent == 0
    }

    /// The payload for the next 20 ms; `None` when all has been said.
    pub(crate) fn next(&mut self) -> Option<[u8; 4]> {
        self.sent += 1;
        if self.sent > self.steps + 2 {
            return None;
        }
        let [.., high, low] = (self.sent.min(self.steps) * STEP).to_be_bytes();
        let end = if self.sent >= self.steps { END } else { 0 };
        Some([self.event, end | VOLUME, high, low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Header;
    use webrtc_util::marshal::Marshal;

    fn packet(marker: bool, timestamp: u32, payload: [u8; 4]) -> Vec<u8> {
        let header = Header { marker, payload: 101, sequence: 1, timestamp, ssrc: 5 };
        let mut packet = header.marshal().unwrap().to_vec();
        packet.extend_from_slice(&payload);
        packet
    }

    fn pressed(digit: char, millis: u64, timestamp: u32) -> Vec<Vec<u8>> {
        let mut press = Press::new(digit, Duration::from_millis(millis), timestamp).unwrap();
        let mut packets = Vec::new();
        loop {
            let marker = press.is_new();
            match press.next() {
                Some(payload) => packets.push(packet(marker, timestamp, payload)),
                None => return packets,
            }
        }
    }

    fn heard<'a>(packets: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
        let mut presses = Presses::default();
        packets.into_iter().filter_map(|packet| presses.hear(packet)).collect()
    }

    #[test]
    fn a_press_grows_by_20_ms_and_ends_three_times() {
        let packets = pressed('#', 100, 8000);
        let tails: Vec<[u8; 4]> = packets.iter().map(|packet| packet[12..].try_into().unwrap()).collect();
        let durations: Vec<u16> = tails.iter().map(|tail| u16::from_be_bytes([tail[2], tail[3]])).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        assert_eq!(tails.iter().filter(|tail| tail[1] & END != 0).count(), 3);
        assert!(tails.iter().all(|tail| tail[0] == 11));
        assert_eq!(packets.iter().map(|packet| rtp::is_marked(packet)).filter(|marked| *marked).count(), 1);
    }

    #[test]
    fn every_key_is_heard_as_it_was_pressed() {
        let keys = "0123456789*#ABCD";
        let packets: Vec<_> =
            keys.chars().enumerate().flat_map(|(at, key)| pressed(key, 80, 2000 * at as u32)).collect();
        assert_eq!(heard(&packets), keys);
    }

    #[test]
    fn a_press_is_heard_once_whatever_packets_of_it_are_lost() {
        for lost in 1..0x7f_u32 {
            let kept = |(at, _): &(usize, &Vec<u8>)| lost & 1 << at == 0;
            let (five, again) = (pressed('5', 100, 8000), pressed('5', 100, 9600));
            let packets: Vec<_> = five.iter().enumerate().filter(kept).map(|(_, packet)| packet).collect();
            assert_eq!(heard(packets.iter().copied()), "5", "{lost:b}");
            assert_eq!(heard(packets.into_iter().chain(&again)), "55", "{lost:b}");
        }
    }

    #[test]
    fn late_and_double_packets_of_an_older_press_are_not_another() {
        let (one, two) = (pressed('1', 60, 8000), pressed('2', 60, 9000));
        assert_eq!(heard(one.iter().chain(&one).chain(&two).chain(&one).chain(&two)), "12");
    }

    #[test]
    fn a_press_longer_than_a_segment_is_one_press() {
        let long = |timestamp, duration: u16, marker| {
            let [high, low] = duration.to_be_bytes();
            packet(marker, timestamp, [5, VOLUME, high, low])
        };
        assert_eq!(heard(&[long(100, 160, true), long(100, 0xffff, false), long(100 + 0xffff, 160, false)]), "5");
    }

    #[test]
    fn the_timestamp_may_wrap_between_two_presses() {
        let packets: Vec<_> = pressed('1', 60, u32::MAX - 200).into_iter().chain(pressed('1', 60, 3000)).collect();
        assert_eq!(heard(&packets), "11");
    }

    #[test]
    fn a_hook_flash_and_a_cut_off_packet_are_no_keys() {
        assert_eq!(heard(&[packet(true, 1, [16, 0, 0, 160])]), "");
        assert_eq!(heard(&[packet(true, 1, [5, 0, 0, 160])[..14].to_vec()]), "");
        assert!(Press::new('x', Duration::ZERO, 0).is_none());
        assert!(Press::new('é', Duration::ZERO, 0).is_none());
    }
}
