//! WAV files as offices have them: PCM of any usual width, G.711, mono or stereo, at any usual rate.

use audio_codec::pcma::PcmaDecoder;
use audio_codec::pcmu::PcmuDecoder;
use audio_codec::{Decoder, resample};
use hound::{SampleFormat, WavReader};
use std::io::Cursor;

/// Longer than this is no prompt: 15 minutes.
const SECONDS_MAX: usize = 15 * 60;
const RATES: std::ops::RangeInclusive<u32> = 6000..=192_000;

/// One channel of sound.
#[derive(Debug, PartialEq)]
pub(crate) struct Pcm {
    pub(crate) rate: u32,
    pub(crate) samples: Vec<i16>,
}

/// Why a file is no sound that we can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotPlayable {
    NoWav,
    Rate,
    TooLong,
}

impl Pcm {
    pub(crate) fn read(file: &[u8]) -> Result<Pcm, NotPlayable> {
        let pcm = match g711(file) {
            Some(pcm) => pcm,
            None => linear(file)?,
        };
        if !RATES.contains(&pcm.rate) {
            return Err(NotPlayable::Rate);
        }
        if pcm.samples.len() / pcm.rate as usize > SECONDS_MAX {
            return Err(NotPlayable::TooLong);
        }
        Ok(pcm)
    }

    /// The same sound at another rate.
    pub(crate) fn at(self, rate: u32) -> Vec<i16> {
        if self.rate == rate { self.samples } else { resample(&self.samples, self.rate, rate) }
    }
}

fn linear(file: &[u8]) -> Result<Pcm, NotPlayable> {
    let mut reader = WavReader::new(Cursor::new(file)).map_err(|_| NotPlayable::NoWav)?;
    let spec = reader.spec();
    let samples: Result<Vec<i16>, hound::Error> = match spec.sample_format {
        SampleFormat::Float => {
            reader.samples::<f32>().map(|sample| Ok((sample?.clamp(-1.0, 1.0) * 32767.0) as i16)).collect()
        }
        SampleFormat::Int => {
            let to_16 = 16 - i32::from(spec.bits_per_sample);
            let scale = |sample: i32| if to_16 < 0 { sample >> -to_16 } else { sample << to_16 };
            reader.samples::<i32>().map(|sample| Ok(scale(sample?) as i16)).collect()
        }
    };
    let samples = samples.map_err(|_| NotPlayable::NoWav)?;
    Ok(Pcm { rate: spec.sample_rate, samples: mono(samples, usize::from(spec.channels)) })
}

fn mono(samples: Vec<i16>, channels: usize) -> Vec<i16> {
    if channels < 2 {
        return samples;
    }
    let mean = |frame: &[i16]| (frame.iter().map(|sample| i32::from(*sample)).sum::<i32>() / channels as i32) as i16;
    samples.chunks_exact(channels).map(mean).collect()
}

/// G.711 in a WAV, format tags 6 and 7, which hound leaves aside.
fn g711(file: &[u8]) -> Option<Pcm> {
    let format = chunk(file, b"fmt ")?;
    let [tag, _, channels, _, r0, r1, r2, r3, ..] = *format else { return None };
    let mut decoder: Box<dyn Decoder> = match tag {
        6 => Box::new(PcmaDecoder::new()),
        7 => Box::new(PcmuDecoder::new()),
        _ => return None,
    };
    let samples = decoder.decode(chunk(file, b"data")?);
    let rate = u32::from_le_bytes([r0, r1, r2, r3]);
    Some(Pcm { rate, samples: mono(samples, usize::from(channels)) })
}

/// The body of a RIFF chunk; the last one may be cut off.
fn chunk<'a>(file: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut rest = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    loop {
        let (head, body) = rest.split_at_checked(8)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if head.starts_with(name) {
            return Some(&body[..length.min(body.len())]);
        }
        rest = body.get(length.checked_next_multiple_of(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone;
    use audio_codec::Encoder;
    use audio_codec::pcma::PcmaEncoder;
    use hound::{WavSpec, WavWriter};
    use proptest::prelude::*;

    fn written<S: hound::Sample>(spec: WavSpec, samples: impl IntoIterator<Item = S>) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).unwrap();
        for sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec { channels, sample_rate, bits_per_sample, sample_format }
    }

    #[test]
    fn every_usual_width_and_rate_is_the_same_tone() {
        for rate in [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000] {
            let sine = tone::sine(440, rate, 1000);
            let files = [
                written(spec(1, rate, 16, SampleFormat::Int), sine.clone()),
                written(spec(1, rate, 8, SampleFormat::Int), sine.iter().map(|sample| (sample >> 8) as i8)),
                written(spec(1, rate, 24, SampleFormat::Int), sine.iter().map(|sample| i32::from(*sample) << 8)),
                written(spec(1, rate, 32, SampleFormat::Float), sine.iter().map(|sample| f32::from(*sample) / 32768.0)),
                written(spec(2, rate, 16, SampleFormat::Int), sine.iter().flat_map(|sample| [*sample, *sample])),
            ];
            for (index, file) in files.iter().enumerate() {
                for to in [8000, 16_000] {
                    let samples = Pcm::read(file).unwrap().at(to);
                    assert!(samples.len().abs_diff(to as usize) < to as usize / 50, "{index} {rate} {}", samples.len());
                    assert!(tone::share(&samples, 440, to) > 0.9, "{index} {rate} to {to}");
                }
            }
        }
    }

    #[test]
    fn what_lies_above_the_new_rates_band_is_gone() {
        let high = written(spec(1, 16_000, 16, SampleFormat::Int), tone::sine(6000, 16_000, 1000));
        let samples = Pcm::read(&high).unwrap().at(8000);
        let loudest = samples[400..7600].iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest < Some(500), "{loudest:?}");
    }

    #[test]
    fn g711_in_a_wav_is_sound() {
        let sine = tone::sine(440, 8000, 500);
        let body = PcmaEncoder::new().encode(&sine);
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0\x06\0\x01\0".to_vec();
        file.extend_from_slice(&8000u32.to_le_bytes());
        file.extend_from_slice(&8000u32.to_le_bytes());
        file.extend_from_slice(b"\x01\0\x08\0\0\0fact\x04\0\0\0\0\0\0\0data");
        file.extend_from_slice(&(body.len() as u32).to_le_bytes());
        file.extend_from_slice(&body);
        let pcm = Pcm::read(&file).unwrap();
        assert_eq!((pcm.rate, pcm.samples.len()), (8000, 4000));
        assert!(tone::share(&pcm.samples, 440, 8000) > 0.9);
    }

    #[test]
    fn what_is_no_wav_or_no_telephone_sound_is_refused() {
        assert_eq!(Pcm::read(b"ID3 something else"), Err(NotPlayable::NoWav));
        let slow = written(spec(1, 100, 16, SampleFormat::Int), [0i16; 10]);
        assert_eq!(Pcm::read(&slow), Err(NotPlayable::Rate));
        let long = written(spec(1, 6000, 8, SampleFormat::Int), vec![0i8; 6000 * (SECONDS_MAX + 1)]);
        assert_eq!(Pcm::read(&long), Err(NotPlayable::TooLong));
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..80), cut in 0usize..200, at in 0usize..60, to: u8,
        ) {
            let _ = Pcm::read(&bytes);
            let mut file = written(spec(1, 8000, 16, SampleFormat::Int), [1i16; 60]);
            file[at] = to;
            file.truncate(cut);
            let _ = Pcm::read(&file);
        }
    }
}
