//! What the engine and the media threads say to each other: values only, no sound.
//!
//! An *end* is our RTP socket pair towards one leg for one media line of its SDP. The engine gives out the ports,
//! so that the exchange stays one function; a port that cannot be bound is reported and not used again for a while.

use crate::{PlayEnd, RecordEnd, Sound};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Names an end: a number that the engine never uses twice.
///
/// The bits above [`EndId::CALL_SHIFT`] are the same for all ends of a call and different between calls: ends with the
/// same upper bits live on one media thread, and only such ends can be patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndId(pub u64);

impl EndId {
    /// So many lower bits number the ends of one call.
    pub const CALL_SHIFT: u32 = 8;
}

/// How a media line is encoded on one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The codec that we send and expect.
    pub codec: Codec,
    /// Its RTP payload type.
    pub payload: u8,
    /// The payload type of `telephone-event` (RFC 4733), if negotiated.
    pub digits: Option<u8>,
}

/// The codecs in which we can speak and listen ourselves. Others are relayed untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law
    Pcmu,
    /// G.711 A-law
    Pcma,
    /// G.722: 16 kHz audio with an RTP clock of 8 kHz, RFC 3551 §4.5.2
    G722,
}

/// What the engine wants of the media threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaCommand {
    /// Bind RTP on `port` (even) and RTCP on `port + 1` of this local address.
    Open {
        /// The new end.
        end: EndId,
        /// The address to bind, as the configuration gives it.
        local: IpAddr,
        /// The RTP port.
        port: u16,
    },
    /// The peer's side as negotiated; again after each new offer/answer. Until it comes nothing is accepted.
    Connect {
        /// The end.
        end: EndId,
        /// Where its SDP says that it receives RTP. Unspecified address or port 0: nothing is sent.
        remote: SocketAddr,
        /// Where it receives RTCP (`a=rtcp`, else port + 1; equal to `remote` with `a=rtcp-mux`).
        rtcp: SocketAddr,
        /// Where its signalling comes from: behind NAT the media may come from this address, too.
        signalling: IpAddr,
        /// What to speak with; `None` where the codec is one that we only relay.
        voice: Option<Voice>,
        /// The peer wants to receive (`sendrecv` or `recvonly` on its side).
        send: bool,
    },
    /// Relay between two ends, both ways.
    Patch {
        /// One.
        a: EndId,
        /// The other.
        b: EndId,
    },
    /// Take an end out of its patch.
    Unpatch {
        /// The end.
        end: EndId,
    },
    /// Play to an end, 20 ms a packet; the relay towards it stands still meanwhile. It takes the place of what is playing
    /// there, which is not reported. It fails where the end has no `voice`, or where one of the sounds cannot be played.
    Play {
        /// The end.
        end: EndId,
        /// One after another.
        sounds: Vec<Sound>,
        /// Begin again at the end.
        repeat: bool,
        /// A digit ends it.
        interruptible: bool,
    },
    /// End what is playing.
    StopPlay {
        /// The end.
        end: EndId,
    },
    /// Record what comes from an end into `<message>.wav` in the message folder.
    Record {
        /// The end.
        end: EndId,
        /// The message's id.
        message: crate::Name,
        /// At most so long.
        limit: Duration,
        /// End after so much silence.
        silence: Duration,
    },
    /// End a recording.
    StopRecord {
        /// The end.
        end: EndId,
    },
    /// Remove a message's file.
    Delete {
        /// The message's id.
        message: crate::Name,
    },
    /// Send a digit as RFC 4733 events (it came as SIP INFO on the other leg).
    Digit {
        /// The end.
        end: EndId,
        /// The key.
        digit: char,
        /// For so long.
        during: Duration,
    },
    /// Report `Silent` when nothing has come for so long while the patch stands; `None` while on hold.
    Watch {
        /// The end.
        end: EndId,
        /// The limit.
        limit: Option<Duration>,
    },
    /// Close the sockets; the ports are free once `Closed` is reported. A recording ends first and is reported.
    Close {
        /// The end.
        end: EndId,
    },
}

/// What the media threads report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// The ports could not be bound.
    OpenFailed {
        /// The end.
        end: EndId,
    },
    /// A digit by RFC 4733, once for each press.
    Digit {
        /// The end.
        end: EndId,
        /// The key.
        digit: char,
    },
    /// A `Play` ended.
    Played {
        /// The end.
        end: EndId,
        /// How.
        ended: PlayEnd,
    },
    /// A `Record` ended.
    Recorded {
        /// The end.
        end: EndId,
        /// How.
        ended: RecordEnd,
    },
    /// Nothing has come for as long as `Watch` allowed.
    Silent {
        /// The end.
        end: EndId,
    },
    /// The end is closed and its ports are free.
    Closed {
        /// The end.
        end: EndId,
        /// What went through it.
        stats: EndStats,
    },
}

/// What went through an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndStats {
    /// RTP packets from the peer.
    pub received: u64,
    /// RTP packets to the peer.
    pub sent: u64,
    /// Packets from elsewhere, thrown away.
    pub strange: u64,
}
