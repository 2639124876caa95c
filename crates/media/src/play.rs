//! What is being played to an end: one frame each 20 ms at absolute times, so that nothing drifts.

use crate::codec::{self, FRAME};
use crate::sounds::Clip;
use call::media::Codec;
use std::time::{Duration, Instant};

/// The length of a frame.
pub(crate) const STEP: Duration = Duration::from_millis(20);
/// A thread that was away longer than this goes on from now instead of catching up.
const BEHIND_MAX: Duration = Duration::from_millis(100);

/// Sounds on their way to one end.
#[derive(Debug)]
pub(crate) struct Playing {
    codec: Codec,
    clips: Vec<Clip>,
    clip: usize,
    frame: usize,
    repeat: bool,
    /// When the next frame is due.
    pub(crate) due: Instant,
    /// The RTP timestamp of the next frame.
    pub(crate) timestamp: u32,
    /// The next frame is the first after a pause.
    pub(crate) marker: bool,
}

impl Playing {
    /// `None` when there is nothing to play.
    pub(crate) fn new(clips: Vec<Clip>, codec: Codec, repeat: bool, due: Instant, timestamp: u32) -> Option<Playing> {
        let playing = Playing { codec, clips, clip: 0, frame: 0, repeat, due, timestamp, marker: true };
        (0..playing.clips.len()).any(|clip| playing.frames(clip) > 0).then_some(playing)
    }

    fn frames(&self, clip: usize) -> usize {
        match self.clips.get(clip) {
            Some(Clip::Frames(frames)) => frames.len() / FRAME,
            Some(Clip::Silence(frames)) => *frames as usize,
            None => 0,
        }
    }

    /// The frame that is due at `now`; `None` when the last one has had its time.
    pub(crate) fn next(&mut self, now: Instant) -> Option<&[u8]> {
        while self.frame >= self.frames(self.clip) {
            self.frame = 0;
            self.clip += 1;
            if self.clip >= self.clips.len() {
                if !self.repeat {
                    return None;
                }
                self.clip = 0;
            }
        }
        let at = self.frame * FRAME;
        self.frame += 1;
        self.step(now);
        match self.clips.get(self.clip) {
            Some(Clip::Frames(frames)) => frames.get(at..at + FRAME),
            _ => Some(codec::silence(self.codec)),
        }
    }

    /// Time goes on by one frame, also while the frame itself has to wait.
    fn step(&mut self, now: Instant) {
        self.due += STEP;
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        if now.saturating_duration_since(self.due) > BEHIND_MAX {
            let missed = (now - self.due).as_millis() / STEP.as_millis();
            self.due += STEP * missed as u32;
            self.timestamp = self.timestamp.wrapping_add(FRAME as u32 * missed as u32);
            self.marker = true;
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an instant to count from")]
mod tests {
    use super::*;

    fn clip(first: u8, frames: usize) -> Clip {
        Clip::Frames((0..frames).flat_map(|frame| [first + frame as u8; FRAME]).collect())
    }

    fn playing(clips: Vec<Clip>, repeat: bool, start: Instant) -> Playing {
        Playing::new(clips, Codec::Pcma, repeat, start, 0).unwrap()
    }

    #[test]
    fn sounds_follow_each_other_frame_by_frame() {
        let now = Instant::now();
        let mut playing = playing(vec![clip(1, 2), Clip::Silence(1), clip(7, 1)], false, now);
        let heard: Vec<u8> = std::iter::from_fn(|| playing.next(now).map(|frame| frame[80])).collect();
        assert_eq!(heard, [1, 2, 0xd5, 7]);
    }

    #[test]
    fn an_hour_of_music_is_an_hour_on_the_clock_and_in_the_timestamps() {
        let start = Instant::now();
        let mut playing = playing(vec![clip(1, 7)], true, start);
        for frame in 0..180_000u32 {
            assert_eq!(playing.due, start + STEP * frame);
            assert_eq!(playing.timestamp, 160 * frame);
            // The thread is always a little late.
            playing.next(playing.due + Duration::from_millis(7)).unwrap();
        }
    }

    #[test]
    fn a_thread_that_was_away_does_not_send_a_burst() {
        let start = Instant::now();
        let mut playing = playing(vec![clip(1, 100)], false, start);
        let now = start + Duration::from_secs(1);
        assert_eq!(playing.next(now).map(|frame| frame[0]), Some(1));
        assert!(playing.marker && now - playing.due < STEP);
        assert_eq!(playing.timestamp, 160 * playing.due.duration_since(start).as_millis() as u32 / 20);
        assert_eq!(playing.next(now).map(|frame| frame[0]), Some(2));
    }

    #[test]
    fn nothing_cannot_be_repeated() {
        for clips in [vec![], vec![Clip::Silence(0)], vec![clip(1, 0), Clip::Silence(0)]] {
            assert!(Playing::new(clips, Codec::Pcma, true, Instant::now(), 0).is_none());
        }
    }
}
