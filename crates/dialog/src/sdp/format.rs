//! Codecs of a media line: payload types with and without `a=rtpmap`, RFC 3551 §6.

use super::{Kind, Sdp};
use std::borrow::Cow;

/// One payload type of a media line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The RTP payload type, 0 to 127.
    pub payload: u8,
    /// The encoding's name as it is usually written (`PCMU`, `telephone-event`); empty for a dynamic type without
    /// `a=rtpmap`.
    pub name: Cow<'static, str>,
    /// The RTP clock rate in Hz, 0 if unknown.
    pub clock: u32,
    /// Audio channels, 1 unless said.
    pub channels: u8,
    /// The value of `a=fmtp` without the payload type.
    pub fmtp: Option<Box<str>>,
}

/// A codec in which we can speak ourselves, or one that we would accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AudioCodec {
    /// The encoding's name.
    pub name: &'static str,
    /// The RTP clock rate in Hz.
    pub clock: u32,
    /// The payload type with which we offer it.
    pub payload: u8,
}

impl AudioCodec {
    /// G.711 µ-law.
    pub const PCMU: AudioCodec = AudioCodec { name: "PCMU", clock: 8000, payload: 0 };
    /// G.711 A-law.
    pub const PCMA: AudioCodec = AudioCodec { name: "PCMA", clock: 8000, payload: 8 };
    /// G.722, whose RTP clock is 8000 Hz although it samples at 16 kHz, RFC 3551 §4.5.2.
    pub const G722: AudioCodec = AudioCodec { name: "G722", clock: 8000, payload: 9 };
    /// Keys, RFC 4733.
    pub const TELEPHONE_EVENT: AudioCodec = AudioCodec { name: "telephone-event", clock: 8000, payload: 101 };

    /// Whether a format is this codec, whatever its payload type.
    pub fn is(&self, format: &Format) -> bool {
        self.clock == format.clock && format.channels <= 1 && self.name.eq_ignore_ascii_case(&format.name)
    }
}

impl Format {
    /// Carries speech or pictures: neither keys nor comfort noise nor redundancy, which alone make no call.
    pub fn is_codec(&self) -> bool {
        !["telephone-event", "tone", "CN", "red", "rtx", "ulpfec", "flexfec-03"]
            .iter()
            .any(|other| self.name.eq_ignore_ascii_case(other))
    }

    /// The same encoding, clock and channels; payload types may differ, RFC 3264 §6.1.
    pub fn same_codec(&self, other: &Format) -> bool {
        let named = !self.name.is_empty() || self.payload == other.payload;
        named
            && self.name.eq_ignore_ascii_case(&other.name)
            && self.clock == other.clock
            && self.channels == other.channels
    }

    /// What a payload type means without `a=rtpmap`.
    pub(super) fn without_rtpmap(payload: u8) -> Format {
        let (name, clock, channels) = match payload {
            0 => ("PCMU", 8000, 1),
            3 => ("GSM", 8000, 1),
            4 => ("G723", 8000, 1),
            5 => ("DVI4", 8000, 1),
            6 => ("DVI4", 16000, 1),
            7 => ("LPC", 8000, 1),
            8 => ("PCMA", 8000, 1),
            9 => ("G722", 8000, 1),
            10 => ("L16", 44100, 2),
            11 => ("L16", 44100, 1),
            12 => ("QCELP", 8000, 1),
            13 => ("CN", 8000, 1),
            14 => ("MPA", 90000, 1),
            15 => ("G728", 8000, 1),
            16 => ("DVI4", 11025, 1),
            17 => ("DVI4", 22050, 1),
            18 => ("G729", 8000, 1),
            26 => ("JPEG", 90000, 1),
            31 => ("H261", 90000, 1),
            32 => ("MPV", 90000, 1),
            34 => ("H263", 90000, 1),
            _ => ("", 0, 1),
        };
        Format { payload, name: Cow::Borrowed(name), clock, channels, fmtp: None }
    }

    /// Takes `<name>/<clock>[/<channels>]`, the value of `a=rtpmap` after the payload type.
    pub(super) fn set_rtpmap(&mut self, mapping: &str) {
        let mut parts = mapping.trim().split('/');
        let name = parts.next().unwrap_or_default().trim();
        self.name = known_name(name).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed);
        self.clock = parts.next().and_then(|clock| clock.trim().parse().ok()).unwrap_or(0);
        self.channels = parts.next().and_then(|channels| channels.trim().parse().ok()).unwrap_or(1);
    }
}

/// Spares an allocation for the names that nearly every phone sends.
fn known_name(name: &str) -> Option<&'static str> {
    ["PCMU", "PCMA", "telephone-event", "opus", "G722", "G729", "CN", "GSM", "iLBC", "speex", "H264", "VP8", "AMR"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}

/// Whether two descriptions have a codec in common on some live line of the same kind: without one a call between
/// the two would be silent, and is refused with 488 instead. Keys and comfort noise do not count.
pub fn shares_codec(a: &Sdp, b: &Sdp) -> bool {
    a.media().iter().filter(|line| line.is_relayable() && line.kind == Kind::Audio).any(|one| {
        b.media().iter().filter(|line| line.is_relayable() && line.kind == one.kind).any(|other| {
            one.formats
                .iter()
                .filter(|format| format.is_codec())
                .any(|format| other.formats.iter().any(|theirs| format.same_codec(theirs)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp(formats: &str, extra: &str) -> Sdp {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n{extra}"
        );
        Sdp::parse(text.as_bytes()).expect("valid")
    }

    /// RFC 3551 table 4: static payload types need no rtpmap.
    #[test]
    fn static_payload_types_have_their_meaning_without_rtpmap() {
        let offer = sdp("0 8 9 18 3", "");
        let names: Vec<_> = offer.media()[0].formats.iter().map(|f| (&*f.name, f.clock)).collect();
        assert_eq!(names, [("PCMU", 8000), ("PCMA", 8000), ("G722", 8000), ("G729", 8000), ("GSM", 8000)]);
    }

    /// RFC 3264 §6.1: codecs are compared by name, not by dynamic payload type.
    #[test]
    fn a_dynamic_codec_is_shared_whatever_its_numbers() {
        let one = sdp("96", "a=rtpmap:96 opus/48000/2\r\n");
        let other = sdp("111", "a=rtpmap:111 OPUS/48000/2\r\n");
        assert!(shares_codec(&one, &other));
        let mono = sdp("111", "a=rtpmap:111 opus/48000/1\r\n");
        assert!(!shares_codec(&one, &mono));
    }

    #[test]
    fn keys_and_comfort_noise_alone_are_no_common_codec() {
        let one = sdp("0 13 101", "a=rtpmap:101 telephone-event/8000\r\n");
        let other = sdp("8 13 101", "a=rtpmap:101 telephone-event/8000\r\n");
        assert!(!shares_codec(&one, &other));
    }
}
