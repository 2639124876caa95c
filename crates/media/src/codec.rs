//! The codecs in which we speak and listen: 160 octets make 20 ms in each of them.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};
use call::media::Codec;
use std::sync::LazyLock;

/// Octets of 20 ms.
pub(crate) const FRAME: usize = 160;

/// Samples a second.
pub(crate) fn rate(codec: Codec) -> u32 {
    match codec {
        Codec::Pcmu | Codec::Pcma => 8000,
        Codec::G722 => 16_000,
    }
}

/// The codec that a static payload type means, RFC 3551 §6: a phone may send another one than we do.
pub(crate) fn by_payload(payload: u8) -> Option<Codec> {
    match payload {
        0 => Some(Codec::Pcmu),
        8 => Some(Codec::Pcma),
        9 => Some(Codec::G722),
        _ => None,
    }
}

/// Encodes samples at the codec's own [`rate`] into whole frames, the last one filled up with silence.
pub(crate) fn encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
    let frame = rate(codec) as usize / 50;
    let mut samples = samples.to_vec();
    samples.resize(samples.len().next_multiple_of(frame), 0);
    match codec {
        Codec::Pcmu => PcmuEncoder::new().encode(&samples),
        Codec::Pcma => PcmaEncoder::new().encode(&samples),
        Codec::G722 => G722Encoder::new().encode(&samples),
    }
}

/// 20 ms of nothing.
pub(crate) fn silence(codec: Codec) -> &'static [u8; FRAME] {
    static G722: LazyLock<[u8; FRAME]> = LazyLock::new(|| {
        let mut frame = [0; FRAME];
        for (octet, coded) in frame.iter_mut().zip(encode(Codec::G722, &[0; 640]).iter().skip(FRAME)) {
            *octet = *coded;
        }
        frame
    });
    match codec {
        Codec::Pcmu => &[0xff; FRAME],
        Codec::Pcma => &[0xd5; FRAME],
        Codec::G722 => &G722,
    }
}

/// Decodes one stream.
pub(crate) enum Listening {
    Pcmu(PcmuDecoder),
    Pcma(PcmaDecoder),
    G722(Box<G722Decoder>),
}

impl Listening {
    pub(crate) fn new(codec: Codec) -> Listening {
        match codec {
            Codec::Pcmu => Listening::Pcmu(PcmuDecoder::new()),
            Codec::Pcma => Listening::Pcma(PcmaDecoder::new()),
            Codec::G722 => Listening::G722(Box::new(G722Decoder::new())),
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        match self {
            Listening::Pcmu(_) => Codec::Pcmu,
            Listening::Pcma(_) => Codec::Pcma,
            Listening::G722(_) => Codec::G722,
        }
    }

    /// Decodes one packet's payload into `out` and returns the samples.
    pub(crate) fn decode<'a>(&mut self, payload: &[u8], out: &'a mut [i16]) -> &'a [i16] {
        let count = match self {
            Listening::Pcmu(decoder) => decoder.decode_into(payload, out),
            Listening::Pcma(decoder) => decoder.decode_into(payload, out),
            Listening::G722(decoder) => decoder.decode_into(payload, out),
        };
        out.get(..count.unwrap_or(0)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;

    const ALL: [Codec; 3] = [Codec::Pcmu, Codec::Pcma, Codec::G722];

    #[test]
    fn a_tone_is_the_same_tone_after_encoding_and_decoding() {
        for codec in ALL {
            let samples = tone::sine(440, rate(codec), 1000);
            let encoded = encode(codec, &samples);
            assert_eq!(encoded.len(), 50 * FRAME, "{codec:?}");
            let mut out = vec![0; 2 * encoded.len()];
            let decoded = Listening::new(codec).decode(&encoded, &mut out);
            assert_eq!(decoded.len(), samples.len(), "{codec:?}");
            assert!(tone::share(decoded, 440, rate(codec)) > 0.9, "{codec:?}");
        }
    }

    #[test]
    fn a_frame_of_silence_is_silent() {
        for codec in ALL {
            let mut out = [0; 2 * FRAME];
            let decoded = Listening::new(codec).decode(silence(codec), &mut out);
            let loudest = decoded.iter().map(|sample| sample.unsigned_abs()).max();
            assert!(loudest < Some(32), "{codec:?} {loudest:?}");
        }
    }

    #[test]
    fn a_part_of_a_frame_is_filled_up() {
        for codec in ALL {
            assert_eq!(encode(codec, &[0; 7]).len(), FRAME);
            assert_eq!(encode(codec, &[]).len(), 0);
        }
    }

    #[test]
    fn a_payload_longer_than_the_room_for_it_is_dropped() {
        for codec in ALL {
            assert!(Listening::new(codec).decode(&[0; FRAME], &mut [0; 20]).len() <= 20);
        }
    }
}
