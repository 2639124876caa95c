//! What a media thread does when it is told: one function for each command, and for what the other threads answer.

use crate::end::{Asked, End, Lines, Play, Watch};
use crate::loader::Loaded;
use crate::play::Playing;
use crate::record::{Recorder, Why};
use crate::speak;
use crate::thread::Thread;
use crate::writer::Written;
use call::media::{EndId, MediaCommand, MediaEvent, Voice};
use call::{Name, PlayEnd, RecordEnd};
use std::io;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;
use tracing::warn;

/// Ends on one thread.
const ENDS_MAX: usize = 32_000;
/// Silence longer than a day is not watched for.
const WATCH_MAX: Duration = Duration::from_secs(24 * 3600);

impl Thread {
    pub(crate) fn on_command(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Open { end, local, port } => {
                if let Err(fault) = self.open(end, local, port) {
                    warn!(%local, port, %fault, "cannot open an RTP port");
                    self.tell(MediaEvent::OpenFailed { end });
                }
            }
            MediaCommand::Patch { a, b } => self.patch(a, b),
            MediaCommand::Delete { message } => self.writer.delete(message),
            MediaCommand::Connect { end, .. }
            | MediaCommand::Unpatch { end }
            | MediaCommand::Play { end, .. }
            | MediaCommand::StopPlay { end }
            | MediaCommand::Record { end, .. }
            | MediaCommand::StopRecord { end }
            | MediaCommand::Digit { end, .. }
            | MediaCommand::Watch { end, .. }
            | MediaCommand::Close { end } => self.on_end_command(end, command),
        }
    }

    fn on_end_command(&mut self, end: EndId, command: MediaCommand) {
        let Some(slot) = self.slots.get(&end).copied() else {
            return self.refuse(end, &command);
        };
        let Some(this) = self.ends.get_mut(slot) else { return };
        match command {
            MediaCommand::Connect { remote, rtcp, signalling, voice, send, .. } => {
                if let Some(lines) = &mut this.lines {
                    lines.mux = rtcp == remote;
                    lines.rtp.source.connect(remote, signalling);
                    lines.rtcp.source.connect(rtcp, signalling);
                }
                let codec = |voice: Option<Voice>| voice.map(|voice| voice.codec);
                let another = codec(this.voice) != codec(voice);
                (this.voice, this.send) = (voice, send);
                if another && let Some(asked) = this.play.asked().cloned() {
                    self.play(slot, asked);
                }
            }
            MediaCommand::Unpatch { .. } => self.unpatch(slot),
            MediaCommand::Play { sounds, repeat, interruptible, .. } => {
                self.play(slot, Asked { sounds: sounds.into(), repeat, interruptible });
            }
            MediaCommand::StopPlay { .. } => {
                if !matches!(this.play, Play::Nothing) {
                    this.play = Play::Nothing;
                    self.tell(MediaEvent::Played { end, ended: PlayEnd::Interrupted });
                }
            }
            MediaCommand::Record { message, limit, silence, .. } => self.record(slot, message, limit, silence),
            MediaCommand::StopRecord { .. } => {
                if let Some(recorder) = this.recorder.take() {
                    self.finish(slot, recorder, Why::Stopped);
                }
            }
            MediaCommand::Digit { digit, during, .. } => this.pressing.add(digit, during, self.now),
            MediaCommand::Watch { limit, .. } => {
                this.watch = limit.map(|limit| Watch { limit: limit.min(WATCH_MAX), since: self.now });
            }
            MediaCommand::Close { .. } => self.close(slot),
            MediaCommand::Open { .. } | MediaCommand::Patch { .. } | MediaCommand::Delete { .. } => {}
        }
        self.arm(slot);
    }

    /// Every play, recording and close is reported, also where its end could never be opened.
    fn refuse(&mut self, end: EndId, command: &MediaCommand) {
        match command {
            MediaCommand::Play { .. } => self.tell(MediaEvent::Played { end, ended: PlayEnd::Failed }),
            MediaCommand::Record { .. } => self.tell(MediaEvent::Recorded { end, ended: RecordEnd::Failed }),
            MediaCommand::Close { .. } => self.tell(MediaEvent::Closed { end, stats: Default::default() }),
            _ => {}
        }
    }

    fn open(&mut self, id: EndId, local: IpAddr, port: u16) -> io::Result<()> {
        if self.ends.len() >= ENDS_MAX || self.slots.contains_key(&id) {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let lines = Lines::open(local, port)?;
        let entry = self.ends.vacant_entry();
        let slot = entry.key();
        self.poller.add(&lines.rtp, 2 * slot as u64)?;
        self.poller.add(&lines.rtcp, 2 * slot as u64 + 1)?;
        entry.insert(End::new(id, lines, self.now));
        self.slots.insert(id, slot);
        Ok(())
    }

    fn patch(&mut self, a: EndId, b: EndId) {
        let (Some(&one), Some(&other)) = (self.slots.get(&a), self.slots.get(&b)) else { return };
        if one == other {
            return;
        }
        self.unpatch(one);
        self.unpatch(other);
        for (slot, peer) in [(one, other), (other, one)] {
            if let Some(end) = self.ends.get_mut(slot) {
                end.peer = Some(peer);
                // Silence counts from here: before, nothing had to come.
                end.watch = end.watch.map(|watch| Watch { since: self.now, ..watch });
            }
            self.arm(slot);
        }
    }

    fn unpatch(&mut self, slot: usize) {
        let peer = self.ends.get_mut(slot).and_then(|end| end.peer.take());
        if let Some(peer) = peer.and_then(|peer| self.ends.get_mut(peer)) {
            peer.peer = None;
        }
    }

    fn play(&mut self, slot: usize, asked: Asked) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        end.plays += 1;
        let (id, play) = (end.id, (end.id, end.plays));
        let sounds = asked.sounds.clone();
        end.play = match end.voice {
            Some(voice) if self.loader.load(play, voice.codec, sounds) => Play::Loading(asked),
            _ => Play::Nothing,
        };
        if matches!(end.play, Play::Nothing) {
            self.tell(MediaEvent::Played { end: id, ended: PlayEnd::Failed });
        }
    }

    /// The sounds of a play are there, unless it has been stopped or replaced meanwhile.
    pub(crate) fn on_loaded(&mut self, loaded: Loaded) {
        let Loaded { play: (id, number), codec, clips } = loaded;
        let (due, now) = (self.grid(), self.now);
        let Some(slot) = self.slots.get(&id).copied() else { return };
        let Some(end) = self.ends.get_mut(slot).filter(|end| end.plays == number) else { return };
        let Play::Loading(asked) = mem::replace(&mut end.play, Play::Nothing) else { return };
        let Some(clips) = clips else {
            return self.tell(MediaEvent::Played { end: id, ended: PlayEnd::Failed });
        };
        match Playing::new(clips, codec, asked.repeat, due, end.out.speak(now)) {
            Some(playing) => {
                end.play = Play::Sound(playing, asked);
                self.arm(slot);
            }
            None => self.tell(MediaEvent::Played { end: id, ended: PlayEnd::Finished }),
        }
    }

    fn record(&mut self, slot: usize, message: Name, limit: Duration, silence: Duration) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let id = end.id;
        let (Some(voice), None, Some(_)) = (end.voice, &end.recorder, &end.lines) else {
            return self.tell(MediaEvent::Recorded { end: id, ended: RecordEnd::Failed });
        };
        end.recordings += 1;
        end.unwritten += 1;
        let recorder = Recorder::new(voice.codec, limit, silence, self.now);
        self.writer.begin((id, end.recordings), message, recorder.rate());
        end.recorder = Some(recorder);
    }

    /// A recording is safe on the disk, or is not.
    pub(crate) fn on_written(&mut self, written: &Written) {
        let (id, number) = written.recording;
        let Some(slot) = self.slots.get(&id).copied() else { return };
        let Some(end) = self.ends.get_mut(slot) else { return };
        end.unwritten = end.unwritten.saturating_sub(1);
        if end.recordings == number {
            end.recorder = None;
        }
        let over = end.lines.is_none() && end.unwritten == 0;
        let ended = match written.kept {
            Some((Why::Stopped, length)) => RecordEnd::Stopped { length },
            Some((Why::Silence, length)) => RecordEnd::Silence { length },
            Some((Why::Limit, length)) => RecordEnd::Limit { length },
            None => RecordEnd::Failed,
        };
        self.tell(MediaEvent::Recorded { end: id, ended });
        if over {
            self.forget(slot);
        }
    }

    fn close(&mut self, slot: usize) {
        self.unpatch(slot);
        let Some(end) = self.ends.get_mut(slot) else { return };
        speak::say_goodbye(end);
        end.lines = None;
        end.play = Play::Nothing;
        end.pressing = Default::default();
        let unwritten = end.unwritten;
        if let Some(recorder) = end.recorder.take() {
            self.finish(slot, recorder, Why::Stopped);
        }
        if unwritten == 0 {
            self.forget(slot);
        }
    }

    fn forget(&mut self, slot: usize) {
        if let Some(End { id, stats, .. }) = self.ends.try_remove(slot) {
            self.slots.remove(&id);
            self.tell(MediaEvent::Closed { end: id, stats });
        }
    }

    /// The exchange stops: what has been said so far is kept.
    pub(crate) fn finish_recordings(&mut self) {
        let slots: Vec<usize> = self.ends.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(recorder) = self.ends.get_mut(slot).and_then(|end| end.recorder.take()) {
                self.finish(slot, recorder, Why::Stopped);
            }
        }
    }
}
