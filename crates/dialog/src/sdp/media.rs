//! One media line (`m=`) with what its own and the session's attributes say about it.

use super::{AudioCodec, Format};
use std::net::{IpAddr, SocketAddr};

/// What a line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `image`: fax, T.38.
    Image,
    /// Anything else.
    Other,
}

/// How a line travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proto {
    /// `RTP/AVP`
    Avp,
    /// `RTP/AVPF`: plain RTP with early feedback, RFC 4585.
    Avpf,
    /// `RTP/SAVP`, `RTP/SAVPF`, `UDP/TLS/RTP/SAVP(F)`: encrypted; refused until we terminate SRTP.
    Secure,
    /// `udptl`, `TCP/MSRP`, …: refused.
    Other,
}

/// Which way media flows, as seen by the one who wrote it, RFC 8866 §6.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// From the writer only: hold with music, RFC 3264 §8.4.
    SendOnly,
    /// To the writer only.
    RecvOnly,
    /// Neither: hold.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// From an attribute's name.
    pub fn parse(word: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.as_str().eq_ignore_ascii_case(word))
    }

    /// From whether the writer sends and whether it receives.
    pub fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// The writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// The writer receives.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same stream as the other side sees it.
    pub fn reversed(self) -> Direction {
        Direction::of(self.receives(), self.sends())
    }

    /// What is left where both must agree, each from the same point of view.
    pub fn and(self, other: Direction) -> Direction {
        Direction::of(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The answer to this offer by somebody who would like `wish`, RFC 3264 §6.1.
    pub fn answered_with(self, wish: Direction) -> Direction {
        self.reversed().and(wish)
    }
}

/// An `m=` line and all that concerns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine {
    /// What it carries.
    pub kind: Kind,
    /// Where RTP is received; 0: the line is refused or not used.
    pub port: u16,
    /// How it travels.
    pub proto: Proto,
    /// The line's own `c=`, else the session's. Unspecified where that is `0.0.0.0`, a host name or missing.
    pub address: IpAddr,
    /// `a=rtcp` with its address, if it has one, else with the line's, RFC 3605.
    pub rtcp: Option<SocketAddr>,
    /// `a=rtcp-mux`, RFC 5761.
    pub rtcp_mux: bool,
    /// Which way media flows. `c=` of `0.0.0.0`, the hold of RFC 2543, counts as "does not receive".
    pub direction: Direction,
    /// The payload types in the writer's order of preference; empty where they are not RTP's.
    pub formats: Vec<Format>,
    /// Milliseconds of sound in a packet, as the writer likes to receive them.
    pub ptime: Option<u16>,
    /// `a=mid`.
    pub mid: Option<Box<str>>,
    /// The word after `m=`, as written.
    pub(super) media: Box<str>,
    /// The protocol as written.
    pub(super) proto_text: Box<str>,
    /// The formats as written.
    pub(super) formats_text: Box<str>,
    /// The section's lines in [`Sdp`](super::Sdp), the `m=` line first.
    pub(super) lines: std::ops::Range<usize>,
}

/// What to speak with towards the writer of a media line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The codec.
    pub codec: AudioCodec,
    /// The payload type that the peer expects.
    pub payload: u8,
    /// The payload type of `telephone-event` at the codec's clock rate (else at any), if there is one.
    pub telephone_event: Option<u8>,
}

impl MediaLine {
    /// We can relay this line: it is in use, is plain RTP and does not go to a multicast group.
    pub fn is_relayable(&self) -> bool {
        self.port != 0 && matches!(self.proto, Proto::Avp | Proto::Avpf) && !self.address.is_multicast()
    }

    /// Where RTP is to be sent: unspecified address while the peer does not receive or its address is not known.
    pub fn rtp(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// Where RTCP is to be sent: multiplexed, as `a=rtcp` says, or the next port.
    pub fn rtcp(&self) -> SocketAddr {
        match self.rtcp {
            _ if self.rtcp_mux => self.rtp(),
            Some(rtcp) => rtcp,
            None => SocketAddr::new(self.address, self.port.checked_add(1).unwrap_or(0)),
        }
    }

    /// The first of the peer's formats that is one of `codecs`, with its numbers.
    pub fn spoken(&self, codecs: &[AudioCodec]) -> Option<Spoken> {
        self.formats.iter().find_map(|format| {
            let codec = *codecs.iter().find(|codec| codec.is(format))?;
            Some(Spoken { codec, payload: format.payload, telephone_event: self.telephone_event(format.clock) })
        })
    }

    /// The codec that the peer likes best and would receive first: what a relayed call most likely carries.
    pub fn first_codec(&self) -> Option<&Format> {
        self.formats.iter().find(|format| format.is_codec())
    }

    /// The payload type of `telephone-event`, at this clock rate where there is one.
    pub fn telephone_event(&self, clock: u32) -> Option<u8> {
        let keys = || self.formats.iter().filter(|format| format.name.eq_ignore_ascii_case("telephone-event"));
        keys().find(|format| format.clock == clock).or_else(|| keys().next()).map(|format| format.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::Direction::*;

    /// RFC 3264 §6.1: "sendonly" is answered "recvonly" or "inactive", and so on.
    #[test]
    fn an_answered_direction_is_the_offered_one_seen_from_the_other_side() {
        for (offer, wish, answer) in [
            (SendRecv, SendRecv, SendRecv),
            (SendOnly, SendRecv, RecvOnly),
            (RecvOnly, SendRecv, SendOnly),
            (Inactive, SendRecv, Inactive),
            (SendRecv, SendOnly, SendOnly),
            (SendRecv, RecvOnly, RecvOnly),
            (SendRecv, Inactive, Inactive),
            (SendOnly, SendOnly, Inactive),
            (SendOnly, RecvOnly, RecvOnly),
            (RecvOnly, RecvOnly, Inactive),
            (Inactive, SendOnly, Inactive),
        ] {
            assert_eq!(offer.answered_with(wish), answer, "{offer:?} by {wish:?}");
        }
    }
}
