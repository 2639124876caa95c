//! Tones: written for a phone to send, and found again in what another one heard.

use std::f64::consts::TAU;
use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

/// How much of a recording is looked at in one go: long enough to tell 440 Hz from 480 Hz.
const WINDOW_SECS: f64 = 0.05;

/// An RTP header without contributing sources or extensions, RFC 3550 §5.1.
const RTP_HEADER: usize = 12;

/// A recording: samples between -1 and 1.
pub struct Recording {
    /// Samples a second.
    pub rate: f64,
    /// One channel.
    pub samples: Vec<f64>,
}

/// Writes a sine of half the full amplitude as a WAV file of one channel.
pub fn write(path: &Path, rate: u32, hertz: f64, secs: u32) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = hound::WavWriter::create(path, spec).expect("the tone's file can be created");
    for i in 0..rate * secs {
        let sample = (TAU * hertz * f64::from(i) / f64::from(rate)).sin() * 16_384.0;
        file.write_sample(sample as i16).expect("the tone can be written");
    }
    file.finalize().expect("the tone can be written");
}

/// Writes a square wave as bare A-law, as sipp streams it.
pub fn write_alaw(path: &Path, hertz: usize, secs: usize) {
    const UP: u8 = 0xaa; // the loudest positive and negative samples but one segment
    const DOWN: u8 = 0x2a;
    let half = 8_000 / hertz / 2;
    let wave: Vec<u8> = (0..8_000 * secs).map(|i| if (i / half).is_multiple_of(2) { UP } else { DOWN }).collect();
    std::fs::write(path, wave).expect("the speech can be written");
}

/// Reads 16-bit WAV, also one whose header was not completed by the phone that still writes it.
pub fn read(path: &Path) -> Recording {
    let mut file = hound::WavReader::open(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let spec = file.spec();
    let samples = file.samples::<i16>().map_while(Result::ok).map(|s| f64::from(s) / 32_768.0);
    Recording { rate: f64::from(spec.sample_rate), samples: samples.step_by(usize::from(spec.channels)).collect() }
}

/// Takes the RTP packets that come to a socket for so long, and decodes their A-law (RFC 3551 payload type 8).
pub fn listen(socket: &UdpSocket, during: Duration) -> Recording {
    let (began, mut samples, mut packet) = (Instant::now(), Vec::new(), [0; 2_048]);
    socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a limit");
    while began.elapsed() < during {
        let Ok(length) = socket.recv(&mut packet) else { continue };
        if length > RTP_HEADER && packet[1] & 0x7f == 8 {
            samples.extend(packet[RTP_HEADER..length].iter().map(|&byte| alaw(byte)));
        }
    }
    Recording { rate: 8_000.0, samples }
}

/// ITU-T G.711 §4: sign, exponent, mantissa, with the even bits inverted.
fn alaw(byte: u8) -> f64 {
    let bits = byte ^ 0x55;
    let (exponent, mantissa) = (i32::from(bits >> 4 & 7), i32::from(bits & 15));
    let level = if exponent == 0 { 2 * mantissa + 1 } else { (2 * mantissa + 33) << (exponent - 1) };
    f64::from(if bits & 0x80 == 0 { -level } else { level }) / 4_096.0
}

impl Recording {
    /// For how many seconds hardly anything but this tone is heard: windows in which it has nine tenths of the energy.
    pub fn secs_of(&self, hertz: f64) -> f64 {
        let tone = |window: &&[f64]| energy(window) > 1e-4 && self.share(window, hertz) > 0.9;
        self.windows().filter(tone).count() as f64 * WINDOW_SECS
    }

    /// For how many seconds something is heard.
    pub fn secs_of_sound(&self) -> f64 {
        self.windows().filter(|window| energy(window) > 1e-4).count() as f64 * WINDOW_SECS
    }

    /// The part from one second to another.
    pub fn between(&self, from: f64, to: f64) -> Recording {
        let at = |secs: f64| ((secs * self.rate) as usize).min(self.samples.len());
        Recording { rate: self.rate, samples: self.samples[at(from)..at(to)].to_vec() }
    }

    /// How long it is.
    pub fn secs(&self) -> f64 {
        self.samples.len() as f64 / self.rate
    }

    fn windows(&self) -> impl Iterator<Item = &[f64]> {
        self.samples.chunks_exact((self.rate * WINDOW_SECS) as usize)
    }

    /// The part of a window's energy that one frequency has: Goertzel's algorithm, 1.0 for a pure sine.
    fn share(&self, window: &[f64], hertz: f64) -> f64 {
        let turn = 2.0 * (TAU * hertz / self.rate).cos();
        let (one, two) = window.iter().fold((0.0, 0.0), |(one, two), s| (s + turn * one - two, one));
        let power = one * one + two * two - turn * one * two;
        2.0 * power / (window.len() as f64).powi(2) / energy(window)
    }
}

/// The mean square.
fn energy(window: &[f64]) -> f64 {
    window.iter().map(|s| s * s).sum::<f64>() / window.len() as f64
}
