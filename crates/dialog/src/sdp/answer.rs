//! Answers that we give ourselves, RFC 3264 §6: when the caller hears a prompt, or a leg is held.

use super::rewrite::write_refused;
use super::{AudioCodec, Direction, Format, MediaLine, Sdp, write_connection, write_origin, write_rtcp};
use bytes::Bytes;
use std::fmt::Write;
use std::net::SocketAddr;

/// What we agreed to speak on the one line that we accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which media line of the offer.
    pub media_index: usize,
    /// The codec.
    pub codec: AudioCodec,
    /// Its payload type by the offerer's numbers, RFC 3264 §6.1.
    pub payload: u8,
    /// The payload type of `telephone-event`, if offered.
    pub telephone_event: Option<u8>,
}

/// No audio line that we can relay has a codec that we speak: 488.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCommonCodec;

/// An answer of ours as the offerer shall see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Our RTP end.
    pub local: SocketAddr,
    /// Our session towards the offerer; see [`Origin`](super::Origin).
    pub session_id: u64,
    /// Its version.
    pub version: u64,
    /// What we would like; the answer says what the offer leaves of it.
    pub direction: Direction,
}

impl Chosen {
    /// The first codec of the offer, in the offerer's order, that is one of ours.
    pub fn from(offer: &Sdp, codecs: &[AudioCodec]) -> Result<Chosen, NoCommonCodec> {
        offer
            .media()
            .iter()
            .enumerate()
            .filter(|(_, line)| line.kind == super::Kind::Audio && line.is_relayable())
            .find_map(|(media_index, line)| {
                let spoken = line.spoken(codecs)?;
                let telephone_event = line.telephone_event(spoken.codec.clock);
                Some(Chosen { media_index, codec: spoken.codec, payload: spoken.payload, telephone_event })
            })
            .ok_or(NoCommonCodec)
    }
}

/// Answers an offer ourselves: accepts one audio line with the chosen codec and keys, refuses the others.
pub fn answer_for(offer: &Sdp, chosen: &Chosen, ours: &Answered) -> Bytes {
    let mut ends = vec![None; offer.media().len()];
    if let Some(end) = ends.get_mut(chosen.media_index) {
        *end = Some(ours.local);
    }
    answer_by(offer, &ends, ours, |format| {
        format.payload == chosen.payload || Some(format.payload) == chosen.telephone_event
    })
}

/// Answers an offer on the lines that have an end, with the formats that `accepts` names; lines where none is
/// left are refused. With the formats agreed before, this answers a hold or a refresh without asking the other leg.
pub fn answer_by(
    offer: &Sdp,
    ends: &[Option<SocketAddr>],
    ours: &Answered,
    accepts: impl Fn(&Format) -> bool,
) -> Bytes {
    let mut out = String::with_capacity(512);
    out.push_str("v=0\r\n");
    write_origin(&mut out, ours.session_id, ours.version, ours.local.ip());
    out.push_str("s=-\r\n");
    write_connection(&mut out, ours.local.ip());
    out.push_str("t=0 0\r\n");
    for (nth, line) in offer.media().iter().enumerate() {
        let formats: Vec<&Format> = line.formats.iter().filter(|format| accepts(format)).collect();
        let end = ends.get(nth).copied().flatten();
        match end.filter(|_| line.is_relayable() && formats.iter().any(|format| format.is_codec())) {
            Some(end) => write_accepted(&mut out, line, end, ours, &formats),
            None => write_refused(&mut out, line),
        }
    }
    out.into()
}

/// Refuses every line of an offer but keeps the session: RFC 3264 §6.
pub fn refuse_all(offer: &Sdp, ours: &Answered) -> Bytes {
    answer_by(offer, &[], ours, |_| false)
}

fn write_accepted(out: &mut String, line: &MediaLine, end: SocketAddr, ours: &Answered, formats: &[&Format]) {
    let _ = write!(out, "m={} {} {}", line.media, end.port(), line.proto_text);
    for format in formats {
        let _ = write!(out, " {}", format.payload);
    }
    out.push_str("\r\n");
    if end.ip() != ours.local.ip() {
        write_connection(out, end.ip());
    }
    if line.rtcp.is_some() && !line.rtcp_mux {
        write_rtcp(out, end);
    }
    if line.rtcp_mux {
        out.push_str("a=rtcp-mux\r\n");
    }
    for format in formats {
        write_format(out, format);
    }
    if line.kind == super::Kind::Audio {
        out.push_str("a=ptime:20\r\n");
    }
    let _ = write!(out, "a={}\r\n", line.direction.answered_with(ours.direction).as_str());
}

/// `a=rtpmap`, also for static payload types, and `a=fmtp`. For keys we claim what everybody sends: 0-9, `*`, `#`,
/// A-D and flash, RFC 4733 §3.2.
pub(super) fn write_format(out: &mut String, format: &Format) {
    if format.name.is_empty() {
        return;
    }
    let _ = write!(out, "a=rtpmap:{} {}/{}", format.payload, format.name, format.clock);
    if format.channels > 1 {
        let _ = write!(out, "/{}", format.channels);
    }
    out.push_str("\r\n");
    if format.name.eq_ignore_ascii_case("telephone-event") {
        let _ = write!(out, "a=fmtp:{} 0-16\r\n", format.payload);
    } else if let Some(fmtp) = format.fmtp.as_deref().filter(|fmtp| !super::address::mentions_address(fmtp)) {
        let _ = write!(out, "a=fmtp:{} {fmtp}\r\n", format.payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [AudioCodec; 3] = [AudioCodec::PCMA, AudioCodec::PCMU, AudioCodec::G722];

    fn offer(media: &str) -> Sdp {
        Sdp::parse(format!("v=0\r\no=- 9 9 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n{media}").as_bytes())
            .expect("valid")
    }

    fn ours(direction: Direction) -> Answered {
        Answered { local: "203.0.113.1:20000".parse().expect("an address"), session_id: 3, version: 1, direction }
    }

    /// RFC 3264 §6.1: the answerer uses the payload type numbers of the offer.
    #[test]
    fn the_answer_takes_the_offerers_order_and_numbers() {
        let offer = offer(
            "m=audio 4000 RTP/AVP 96 0 8 100\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:100 telephone-event/8000\r\n",
        );
        let chosen = Chosen::from(&offer, &OURS).expect("PCMU");
        assert_eq!((chosen.codec, chosen.payload, chosen.telephone_event), (AudioCodec::PCMU, 0, Some(100)));
        let answer = answer_for(&offer, &chosen, &ours(Direction::SendRecv));
        assert_eq!(
            answer,
            "v=0\r\no=- 3 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n\
             m=audio 20000 RTP/AVP 0 100\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:100 telephone-event/8000\r\n\
             a=fmtp:100 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
        );
    }

    /// RFC 3264 §6: a stream is refused with port 0; the answer has as many lines as the offer.
    #[test]
    fn other_lines_are_refused_in_their_places() {
        let offer =
            offer("m=video 9 RTP/AVP 34\r\nm=audio 4000 RTP/SAVP 8\r\nm=audio 4002 RTP/AVP 8\r\na=sendonly\r\n");
        let chosen = Chosen::from(&offer, &OURS).expect("PCMA");
        assert_eq!(chosen.media_index, 2);
        let answer = Sdp::parse(&answer_for(&offer, &chosen, &ours(Direction::SendRecv))).expect("valid");
        let lines: Vec<_> = answer.media().iter().map(|line| (line.port, line.direction)).collect();
        assert_eq!(lines, [(0, Direction::SendRecv), (0, Direction::SendRecv), (20000, Direction::RecvOnly)]);
    }

    #[test]
    fn encrypted_media_and_unknown_codecs_have_nothing_in_common_with_us() {
        assert_eq!(Chosen::from(&offer("m=audio 4000 RTP/SAVP 0 8\r\n"), &OURS), Err(NoCommonCodec));
        assert_eq!(Chosen::from(&offer("m=audio 4000 RTP/AVP 18\r\n"), &OURS), Err(NoCommonCodec));
        assert_eq!(Chosen::from(&offer("m=audio 0 RTP/AVP 0\r\n"), &OURS), Err(NoCommonCodec));
        assert_eq!(Chosen::from(&offer(""), &OURS), Err(NoCommonCodec));
    }

    #[test]
    fn a_hold_of_a_codec_that_we_only_relay_can_be_answered_without_the_other_leg() {
        let offer = offer("m=audio 4000 RTP/AVP 96 0\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 cbr=1\r\na=sendonly\r\n");
        let end = ours(Direction::SendRecv);
        let answer = answer_by(&offer, &[Some(end.local)], &end, |format| format.name == "opus");
        let text = std::str::from_utf8(&answer).expect("text");
        assert!(text.ends_with(
            "m=audio 20000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 cbr=1\r\na=ptime:20\r\na=recvonly\r\n"
        ));
    }
}
