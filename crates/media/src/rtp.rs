//! The RTP header, RFC 3550 §5.1: read where it lies for the relay, and as a value for what we speak ourselves.

use bytes::{Buf, BufMut};
use webrtc_util::marshal::{Marshal, MarshalSize, Unmarshal};
use webrtc_util::{Error, Result};

/// Octets of a header without contributing sources and extension.
pub(crate) const HEADER: usize = 12;
/// The RTP clock of every codec that we speak, a second; G.722 keeps it by decree (RFC 3551 §4.5.2).
pub(crate) const CLOCK: u32 = 8000;

const MARKER: u8 = 0x80;

/// True for what can be an RTP or RTCP packet at all: version 2 and long enough for its own header.
pub(crate) fn is_valid(packet: &[u8]) -> bool {
    packet.len() >= HEADER && packet[0] >> 6 == 2 && payload_at(packet) <= packet.len()
}

/// True for RTCP that shares the port of RTP, RFC 5761 §4.
pub(crate) fn is_rtcp(packet: &[u8]) -> bool {
    packet.len() >= 8 && packet[0] >> 6 == 2 && (192..=223).contains(&packet[1])
}

/// Where the payload begins. More than the packet's length when the header is cut off.
fn payload_at(packet: &[u8]) -> usize {
    let at = HEADER + 4 * usize::from(packet[0] & 0x0f);
    if packet[0] & 0x10 == 0 {
        return at;
    }
    match packet.get(at + 2..at + 4) {
        Some(words) => at + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]])),
        None => usize::MAX,
    }
}

/// The payload without padding (§5.1). Call it on what [`is_valid`] says.
pub(crate) fn payload(packet: &[u8]) -> &[u8] {
    let body = packet.get(payload_at(packet)..).unwrap_or_default();
    let padding = if packet[0] & 0x20 == 0 { 0 } else { body.last().copied().unwrap_or(0) };
    body.get(..body.len().saturating_sub(padding.into())).unwrap_or_default()
}

pub(crate) fn payload_type(packet: &[u8]) -> u8 {
    packet[1] & !MARKER
}

pub(crate) fn set_payload_type(packet: &mut [u8], payload: u8) {
    packet[1] = packet[1] & MARKER | payload & !MARKER;
}

pub(crate) fn is_marked(packet: &[u8]) -> bool {
    packet[1] & MARKER != 0
}

pub(crate) fn mark(packet: &mut [u8]) {
    packet[1] |= MARKER;
}

pub(crate) fn sequence(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[2], packet[3]])
}

pub(crate) fn timestamp(packet: &[u8]) -> u32 {
    word(packet, 4)
}

pub(crate) fn ssrc(packet: &[u8]) -> u32 {
    word(packet, 8)
}

/// Puts a packet into another stream.
pub(crate) fn restamp(packet: &mut [u8], sequence: u16, timestamp: u32, ssrc: u32) {
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
    packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

fn word(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]])
}

/// The header of a packet that we make ourselves: no contributing sources, no extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) marker: bool,
    pub(crate) payload: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl MarshalSize for Header {
    fn marshal_size(&self) -> usize {
        HEADER
    }
}

impl Marshal for Header {
    fn marshal_to(&self, mut buf: &mut [u8]) -> Result<usize> {
        if buf.remaining_mut() < HEADER {
            return Err(Error::ErrBufferShort);
        }
        buf.put_u8(2 << 6);
        buf.put_u8(if self.marker { MARKER } else { 0 } | self.payload & !MARKER);
        buf.put_u16(self.sequence);
        buf.put_u32(self.timestamp);
        buf.put_u32(self.ssrc);
        Ok(HEADER)
    }
}

impl Unmarshal for Header {
    fn unmarshal<B: Buf>(buf: &mut B) -> Result<Header> {
        if buf.remaining() < HEADER {
            return Err(Error::ErrBufferShort);
        }
        if buf.get_u8() >> 6 != 2 {
            return Err(Error::Other("not RTP version 2".into()));
        }
        let second = buf.get_u8();
        Ok(Header {
            marker: second & MARKER != 0,
            payload: second & !MARKER,
            sequence: buf.get_u16(),
            timestamp: buf.get_u32(),
            ssrc: buf.get_u32(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(header: Header, payload: &[u8]) -> Vec<u8> {
        let mut packet = header.marshal().unwrap().to_vec();
        packet.extend_from_slice(payload);
        packet
    }

    const HEADER_OF_A_VOICE: Header =
        Header { marker: true, payload: 8, sequence: 65535, timestamp: 0xdead_beef, ssrc: 0x0102_0304 };

    #[test]
    fn a_header_is_the_same_as_a_value_and_where_it_lies() {
        let bytes = packet(HEADER_OF_A_VOICE, &[1, 2, 3]);
        assert!(is_valid(&bytes) && is_marked(&bytes));
        assert_eq!((payload_type(&bytes), sequence(&bytes)), (8, 65535));
        assert_eq!((timestamp(&bytes), ssrc(&bytes)), (0xdead_beef, 0x0102_0304));
        assert_eq!(payload(&bytes), [1, 2, 3]);
        assert_eq!(Header::unmarshal(&mut &bytes[..]).unwrap(), HEADER_OF_A_VOICE);
    }

    #[test]
    fn contributing_sources_extension_and_padding_are_not_payload() {
        let mut bytes = packet(HEADER_OF_A_VOICE, &[]);
        bytes[0] |= 0x20 | 0x10 | 1;
        bytes.extend_from_slice(&[9, 9, 9, 9]);
        bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
        bytes.extend_from_slice(&[1, 2, 3, 0, 2]);
        assert!(is_valid(&bytes));
        assert_eq!(payload(&bytes), [1, 2, 3]);
    }

    #[test]
    fn a_cut_off_extension_is_not_valid() {
        let mut bytes = packet(HEADER_OF_A_VOICE, &[0xbe, 0xde]);
        bytes[0] |= 0x10;
        assert!(!is_valid(&bytes));
        bytes.extend_from_slice(&[0, 1]);
        assert!(!is_valid(&bytes));
        bytes.extend_from_slice(&[0; 4]);
        assert!(is_valid(&bytes));
    }

    #[test]
    fn rtcp_on_the_same_port_is_told_apart_by_its_second_octet() {
        assert!(is_rtcp(&[0x80, 200, 0, 1, 0, 0, 0, 1]));
        assert!(!is_rtcp(&packet(HEADER_OF_A_VOICE, &[])));
    }

    proptest! {
        #[test]
        fn no_packet_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if is_valid(&bytes) {
                prop_assert!(payload(&bytes).len() <= bytes.len() - HEADER);
                let _ = (payload_type(&bytes), sequence(&bytes), timestamp(&bytes), ssrc(&bytes));
            }
            let _ = (is_rtcp(&bytes), Header::unmarshal(&mut &bytes[..]).is_ok());
        }
    }
}
