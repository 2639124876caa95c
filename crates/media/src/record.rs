//! A recording in the making: packets to a continuous sound, and when it is over.
//!
//! Sound is placed by RTP timestamp: what is lost is silence, what is late finds its place while that is still here.
//! Silence at the end is held back until something follows it, so that a message ends with its last word.

use crate::codec::{self, Listening};
use crate::rtp::{self, CLOCK};
use call::media::Codec;
use std::mem;
use std::time::{Duration, Instant};

/// So much is kept open for packets that come late.
const LATE: Duration = Duration::from_millis(100);
/// Handed on in pieces of this length.
const PIECE: Duration = Duration::from_millis(500);
/// Kept after the last word.
const TAIL: Duration = Duration::from_millis(300);
/// Silence longer than this is not held back any more.
const HELD_MAX: Duration = Duration::from_secs(30);
/// A timestamp may run ahead of the clock by so much, or lie behind by so much; more is a new count.
const AHEAD_MAX: Duration = Duration::from_millis(500);
const BEHIND_MAX: Duration = Duration::from_secs(1);
/// Loudness (root of the mean square) that is speech on any line, and that is none on any.
const LOUD: u32 = 1500;
const QUIET: u32 = 200;
/// No message is longer.
const LENGTH_MAX: Duration = Duration::from_secs(24 * 3600);
/// No packet holds more samples than this: 120 ms of G.722.
const PACKET_MAX: usize = 1920;

/// Why a recording is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Stopped,
    Silence,
    Limit,
}

/// One recording.
pub(crate) struct Recorder {
    rate: u32,
    limit: Duration,
    silence: Duration,
    started: Instant,
    listening: Listening,
    /// Samples not handed on yet; the first of them is sample number `handed` of the recording.
    open: Vec<i16>,
    handed: usize,
    /// The RTP timestamp of the recording's beginning, and of whose stream.
    base: Option<(u32, u32)>,
    /// One past the last sample of speech.
    spoken: usize,
    spoken_at: Instant,
    heard_at: Instant,
    noise: u32,
}

impl Recorder {
    pub(crate) fn new(codec: Codec, limit: Duration, silence: Duration, now: Instant) -> Recorder {
        Recorder {
            rate: codec::rate(codec),
            limit: limit.min(LENGTH_MAX),
            silence: silence.min(LENGTH_MAX),
            started: now,
            listening: Listening::new(codec),
            open: Vec::new(),
            handed: 0,
            base: None,
            spoken: 0,
            spoken_at: now,
            heard_at: now,
            noise: QUIET,
        }
    }

    /// Samples a second.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes a packet of voice. It may complete a piece to be written, see [`Recorder::piece`].
    pub(crate) fn hear(&mut self, codec: Codec, packet: &[u8], now: Instant) {
        if self.listening.codec() != codec {
            self.listening = Listening::new(codec);
        }
        let mut room = [0; PACKET_MAX];
        let mut converted = Vec::new();
        let mut samples = self.listening.decode(rtp::payload(packet), &mut room);
        if codec::rate(codec) != self.rate {
            converted = audio_codec::resample(samples, codec::rate(codec), self.rate);
            samples = &converted;
        }
        if samples.is_empty() {
            return;
        }
        let loud = self.is_speech(samples);
        let at = self.place(rtp::ssrc(packet), rtp::timestamp(packet), now);
        self.heard_at = now;
        let Some(at) = at.filter(|at| (self.handed..self.samples(self.limit)).contains(at)) else { return };
        let end = at + samples.len();
        let open = at - self.handed;
        if self.open.len() < open + samples.len() {
            self.open.resize(open + samples.len(), 0);
        }
        self.open[open..open + samples.len()].copy_from_slice(samples);
        if loud {
            self.spoken = self.spoken.max(end);
            self.spoken_at = now;
        }
        drop(converted);
    }

    /// The number of the sample with which a packet begins; `None` for what was said before the recording.
    fn place(&mut self, ssrc: u32, timestamp: u32, now: Instant) -> Option<usize> {
        let end = self.handed + self.open.len();
        let elapsed = now.saturating_duration_since(self.heard_at);
        let per_tick = (self.rate / CLOCK) as usize;
        if let Some((base, whose)) = self.base
            && whose == ssrc
        {
            let at = i64::from(timestamp.wrapping_sub(base) as i32) * per_tick as i64;
            let earliest = end as i64 - self.samples(BEHIND_MAX) as i64;
            let latest = (end + self.samples(elapsed + AHEAD_MAX)) as i64;
            if (earliest..=latest).contains(&at) {
                return usize::try_from(at).ok();
            }
        }
        // The first packet, another stream or another count: it begins where the clock says.
        let at = if self.base.is_none() { 0 } else { end + self.samples(elapsed.saturating_sub(LATE / 5)) };
        self.base = Some((timestamp.wrapping_sub((at / per_tick) as u32), ssrc));
        Some(at)
    }

    /// Speech is what stands out from the line's own noise, or is loud in any case.
    fn is_speech(&mut self, samples: &[i16]) -> bool {
        let energy: u64 = samples.iter().map(|sample| (i64::from(*sample) * i64::from(*sample)) as u64).sum();
        let loudness = (energy / samples.len() as u64).isqrt() as u32;
        self.noise = if loudness < self.noise { loudness } else { self.noise + 1 + self.noise / 256 };
        loudness > (3 * self.noise).clamp(QUIET, LOUD)
    }

    fn samples(&self, length: Duration) -> usize {
        (length.as_millis() * u128::from(self.rate) / 1000) as usize
    }

    fn length(&self, samples: usize) -> Duration {
        Duration::from_millis(samples as u64 * 1000 / u64::from(self.rate))
    }

    /// When [`Recorder::over`] should be asked though nothing has come.
    pub(crate) fn poll_timeout(&self) -> Instant {
        (self.spoken_at + self.silence).min(self.started + self.limit)
    }

    /// Whether the limit is reached or the caller has fallen silent.
    pub(crate) fn over(&self, now: Instant) -> Option<Why> {
        let full = self.handed + self.open.len() >= self.samples(self.limit);
        if full || now >= self.started + self.limit {
            return Some(Why::Limit);
        }
        (now >= self.spoken_at + self.silence).then_some(Why::Silence)
    }

    /// What can be written now; empty until there is enough of it.
    pub(crate) fn piece(&mut self) -> Vec<i16> {
        let settled = self.open.len().saturating_sub(self.samples(LATE));
        let spoken = (self.spoken + self.samples(TAIL)).saturating_sub(self.handed);
        let ready = if settled > self.samples(HELD_MAX) { settled } else { settled.min(spoken) };
        if ready < self.samples(PIECE) {
            return Vec::new();
        }
        self.hand_on(ready)
    }

    /// The rest, to a little after the last word, and how long it all is.
    pub(crate) fn finish(mut self) -> (Vec<i16>, Duration) {
        let spoken = if self.spoken == 0 { 0 } else { self.spoken + self.samples(TAIL) };
        let all = self.samples(self.limit).min(self.handed + self.open.len());
        let end = spoken.min(all).max(self.handed);
        let rest = self.hand_on(end - self.handed);
        (rest, self.length(end))
    }

    fn hand_on(&mut self, count: usize) -> Vec<i16> {
        let rest = self.open.split_off(count);
        self.handed += count;
        mem::replace(&mut self.open, rest)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an instant to count from")]
mod tests {
    use super::*;
    use crate::rtp::Header;
    use crate::tone;
    use webrtc_util::marshal::Marshal;

    const LIMIT: Duration = Duration::from_secs(60);
    const SILENCE: Duration = Duration::from_secs(5);

    struct Call {
        recorder: Recorder,
        codec: Codec,
        start: Instant,
        written: Vec<i16>,
    }

    impl Call {
        fn new(codec: Codec, limit: Duration) -> Call {
            let start = Instant::now();
            Call { recorder: Recorder::new(codec, limit, SILENCE, start), codec, start, written: Vec::new() }
        }

        /// A 20 ms packet: the `number`th of its stream, arriving at its time.
        fn packet(&mut self, number: u32, payload: &[u8]) {
            self.packet_of(1, number, 7_000_000, payload);
        }

        fn packet_of(&mut self, ssrc: u32, number: u32, base: u32, payload: &[u8]) {
            let timestamp = base.wrapping_add(number * 160);
            let header = Header { marker: false, payload: 0, sequence: number as u16, timestamp, ssrc };
            let mut packet = header.marshal().unwrap().to_vec();
            packet.extend_from_slice(payload);
            let now = self.start + Duration::from_millis(20) * number;
            self.recorder.hear(self.codec, &packet, now);
            self.written.extend(self.recorder.piece());
        }

        fn tone(&mut self, numbers: impl IntoIterator<Item = u32>) {
            let millis = 3000;
            let frames = codec::encode(self.codec, &tone::sine(440, codec::rate(self.codec), millis));
            for number in numbers {
                let at = number as usize * 160 % frames.len();
                self.packet(number, &frames[at..at + 160]);
            }
        }

        fn finish(mut self) -> (Vec<i16>, Duration) {
            let (rest, length) = self.recorder.finish();
            self.written.extend(rest);
            assert_eq!(self.written.len() as u128, length.as_millis() * u128::from(codec::rate(self.codec)) / 1000);
            (self.written, length)
        }
    }

    #[test]
    fn the_recording_is_the_tone_that_was_sent() {
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
            let mut call = Call::new(codec, LIMIT);
            call.tone(0..100);
            let (sound, length) = call.finish();
            assert_eq!(length, Duration::from_secs(2), "{codec:?}");
            assert!(tone::share(&sound, 440, codec::rate(codec)) > 0.9, "{codec:?}");
        }
    }

    #[test]
    fn late_packets_find_their_place_and_lost_ones_are_silence() {
        let mut ordered = Call::new(Codec::Pcma, LIMIT);
        ordered.tone(0..50);
        let mut shuffled = Call::new(Codec::Pcma, LIMIT);
        shuffled.tone((0..50u32).map(|number| if number % 4 > 1 { number ^ 1 } else { number }));
        assert!(ordered.finish() == shuffled.finish());

        let mut lossy = Call::new(Codec::Pcma, LIMIT);
        lossy.tone((0..50).filter(|number| *number != 20));
        let (sound, length) = lossy.finish();
        assert_eq!(length, Duration::from_secs(1));
        assert!(sound[20 * 160..21 * 160].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn what_was_said_before_the_recording_is_not_in_it() {
        let mut call = Call::new(Codec::Pcma, LIMIT);
        call.tone([1, 0, 2, 3]);
        assert_eq!(call.finish().1, Duration::from_millis(60));
    }

    #[test]
    fn silence_ends_it_and_is_not_kept() {
        let mut call = Call::new(Codec::Pcmu, LIMIT);
        call.tone(0..50);
        for number in 50..299 {
            call.packet(number, codec::silence(Codec::Pcmu));
            assert_eq!(call.recorder.over(call.start + Duration::from_millis(20) * number), None);
        }
        let now = call.recorder.poll_timeout();
        assert_eq!(now, call.start + Duration::from_millis(20) * 49 + SILENCE);
        assert_eq!(call.recorder.over(now), Some(Why::Silence));
        assert_eq!(call.finish().1, Duration::from_millis(1300));
    }

    #[test]
    fn a_pause_between_two_words_is_kept() {
        let mut call = Call::new(Codec::Pcmu, LIMIT);
        call.tone(0..50);
        for number in 50..200 {
            call.packet(number, codec::silence(Codec::Pcmu));
        }
        call.tone(200..250);
        let (sound, length) = call.finish();
        assert_eq!(length, Duration::from_secs(5));
        assert!(sound[52 * 160..198 * 160].iter().all(|sample| sample.abs() < 16));
    }

    #[test]
    fn a_caller_who_says_nothing_leaves_nothing() {
        let mut call = Call::new(Codec::Pcmu, LIMIT);
        for number in 0..250 {
            call.packet(number, codec::silence(Codec::Pcmu));
        }
        assert_eq!(call.recorder.over(call.start + SILENCE), Some(Why::Silence));
        assert_eq!(call.finish(), (Vec::new(), Duration::ZERO));
        let silent = Call::new(Codec::Pcmu, LIMIT);
        assert_eq!(silent.recorder.over(silent.recorder.poll_timeout()), Some(Why::Silence));
    }

    #[test]
    fn the_lines_own_noise_is_silence() {
        let mut call = Call::new(Codec::Pcmu, LIMIT);
        let mut seed = fastrand::Rng::with_seed(1);
        let mut noise = || -> Vec<i16> { (0..160).map(|_| seed.i16(-250..250)).collect() };
        for number in 0..250 {
            let noise = codec::encode(Codec::Pcmu, &noise());
            call.packet(number, &noise);
        }
        assert_eq!(call.recorder.over(call.start + SILENCE), Some(Why::Silence));
    }

    #[test]
    fn the_limit_is_kept_to_the_sample() {
        let mut call = Call::new(Codec::G722, Duration::from_millis(1010));
        call.tone(0..51);
        let now = call.start + Duration::from_millis(1000);
        assert_eq!(call.recorder.over(now), Some(Why::Limit));
        assert_eq!(call.finish().1, Duration::from_millis(1010));
    }

    #[test]
    fn a_phone_that_counts_anew_goes_on_where_the_clock_says() {
        let mut call = Call::new(Codec::Pcma, LIMIT);
        call.tone(0..50);
        let frames = codec::encode(Codec::Pcma, &tone::sine(440, 8000, 1000));
        for number in 50..75 {
            call.packet_of(2, number, 3, &frames[..160]);
        }
        for number in 75..100 {
            call.packet_of(2, number, 900_000_000, &frames[..160]);
        }
        let (_, length) = call.finish();
        assert!(length.abs_diff(Duration::from_secs(2)) < Duration::from_millis(50), "{length:?}");
    }

    #[test]
    fn no_timestamp_takes_more_room_than_time_has_passed() {
        let mut seed = fastrand::Rng::with_seed(7);
        let mut call = Call::new(Codec::G722, LIMIT);
        for number in 0..500 {
            call.packet_of(seed.u32(0..3), number, seed.u32(..), &[0x7a; 160]);
        }
        assert!(call.written.len() + call.recorder.open.len() <= 16_000 * 11, "{}", call.recorder.open.len());
    }
}
