//! A stand-in for the media threads: ends, patches, prompts that take their time, recordings of people who speak for a
//! while.

use call::media::{EndId, EndStats, MediaCommand, MediaEvent, Voice};
use call::{Name, PlayEnd, RecordEnd, Sound};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// When the media threads answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// Within the same instant.
    AtOnce,
    /// So much later.
    After(Duration),
    /// Not at all.
    Never,
}

/// The media threads as the engine knows them.
#[derive(Debug)]
pub struct Media {
    /// When reports come.
    pub replies: Replies,
    /// How long somebody speaks after a beep before they fall silent.
    pub speech: Duration,
    /// Recordings fail: the disk is full.
    pub disk_full: bool,
    /// The next so many ports cannot be bound.
    pub ports_taken: usize,
    /// Commands that no engine should give.
    pub faults: Vec<String>,
    /// Messages whose files are there.
    pub messages: BTreeSet<Name>,
    ends: BTreeMap<EndId, End>,
    /// Ends whose ports could not be bound; the engine may still speak of them.
    unbound: BTreeSet<EndId>,
    /// Numbers plays, recordings and watches, so that the end of an old one is told from that of a new one.
    count: u64,
}

/// One end.
#[derive(Clone, Debug)]
pub struct End {
    /// Our RTP port.
    pub port: u16,
    /// The peer's RTP address.
    pub remote: Option<SocketAddr>,
    /// The peer wants to receive.
    pub send: bool,
    /// What is spoken.
    pub voice: Option<Voice>,
    /// Whom it is relayed to.
    pub patched: Option<EndId>,
    /// What it hears from us.
    pub playing: Option<Playing>,
    recording: Option<Recording>,
    watch: Option<(u64, Duration)>,
}

/// A prompt or music.
#[derive(Clone, Debug)]
pub struct Playing {
    number: u64,
    interruptible: bool,
    /// What.
    pub sounds: Vec<Sound>,
    /// Over and over.
    pub repeat: bool,
}

#[derive(Clone, Debug)]
struct Recording {
    number: u64,
    message: Name,
    since: Instant,
}

/// Something that happens in the media threads by itself.
#[derive(Clone, Debug)]
pub(crate) enum Tick {
    Report(MediaEvent),
    PlayEnds(EndId, u64),
    RecordEnds(EndId, u64, RecordEnd),
    Watch(EndId, u64),
}

impl End {
    /// What comes from the peer is being recorded.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }
}

impl Media {
    pub(crate) fn new() -> Media {
        Media {
            replies: Replies::AtOnce,
            speech: Duration::from_secs(8),
            disk_full: false,
            ports_taken: 0,
            faults: Vec::new(),
            messages: BTreeSet::new(),
            ends: BTreeMap::new(),
            unbound: BTreeSet::new(),
            count: 0,
        }
    }

    /// Every open end.
    pub fn ends(&self) -> impl Iterator<Item = (EndId, &End)> {
        self.ends.iter().map(|(id, end)| (*id, end))
    }

    /// An open end.
    pub fn end(&self, id: EndId) -> Option<&End> {
        self.ends.get(&id)
    }

    /// The end behind one of our ports.
    pub fn at_port(&self, port: u16) -> Option<(EndId, &End)> {
        self.ends().find(|(_, end)| end.port == port)
    }

    /// Takes a command; returns what follows and when.
    pub(crate) fn on_command(&mut self, now: Instant, command: &MediaCommand) -> Vec<(Instant, Tick)> {
        let mut ticks = Vec::new();
        match command {
            MediaCommand::Open { end, port, .. } => self.open(now, *end, *port, &mut ticks),
            MediaCommand::Connect { end, remote, voice, send, .. } => {
                if let Some(end) = self.find(*end, command) {
                    end.remote = Some(*remote).filter(|remote| remote.port() != 0 && !remote.ip().is_unspecified());
                    (end.voice, end.send) = (*voice, *send);
                }
            }
            MediaCommand::Patch { a, b } => {
                self.unpatch(*a);
                self.unpatch(*b);
                for (one, other) in [(*a, *b), (*b, *a)] {
                    if let Some(end) = self.find(one, command) {
                        end.patched = Some(other);
                    }
                }
            }
            MediaCommand::Unpatch { end } => {
                self.find(*end, command);
                self.unpatch(*end);
            }
            MediaCommand::Play { end, sounds, repeat, interruptible } => {
                self.stop_play(now, *end, &mut ticks);
                self.count += 1;
                let number = self.count;
                let length: Duration = sounds.iter().map(length).sum();
                if let Some(found) = self.find(*end, command) {
                    let (sounds, repeat) = (sounds.clone(), *repeat);
                    found.playing = Some(Playing { number, interruptible: *interruptible, sounds, repeat });
                    if !repeat {
                        ticks.push((now + length, Tick::PlayEnds(*end, number)));
                    }
                }
            }
            MediaCommand::StopPlay { end } => self.stop_play(now, *end, &mut ticks),
            MediaCommand::Record { end, message, limit, silence } => {
                self.record(now, command, *end, message, *limit, *silence, &mut ticks);
            }
            MediaCommand::StopRecord { end } => self.stop_record(now, *end, &mut ticks),
            MediaCommand::Delete { message } => {
                self.messages.remove(message);
            }
            MediaCommand::Digit { end, .. } => {
                self.find(*end, command);
            }
            MediaCommand::Watch { end, limit } => {
                self.count += 1;
                let number = self.count;
                if let Some(found) = self.find(*end, command) {
                    found.watch = limit.map(|limit| (number, limit));
                    ticks.extend(limit.map(|limit| (now + limit, Tick::Watch(*end, number))));
                }
            }
            MediaCommand::Close { end } => {
                self.stop_record(now, *end, &mut ticks);
                self.unpatch(*end);
                if self.unbound.remove(end) {
                    return ticks;
                }
                if self.find(*end, command).is_some() {
                    self.ends.remove(end);
                }
                self.report(now, MediaEvent::Closed { end: *end, stats: EndStats::default() }, &mut ticks);
            }
        }
        ticks
    }

    /// Something has come to its end; `None` if that is old.
    pub(crate) fn on_tick(&mut self, tick: Tick) -> Option<MediaEvent> {
        match tick {
            Tick::Report(event) => Some(event),
            Tick::PlayEnds(id, number) => {
                let end = self.ends.get_mut(&id)?;
                end.playing.take_if(|playing| playing.number == number)?;
                Some(MediaEvent::Played { end: id, ended: PlayEnd::Finished })
            }
            Tick::RecordEnds(id, number, ended) => {
                let end = self.ends.get_mut(&id)?;
                let recording = end.recording.take_if(|recording| recording.number == number)?;
                self.messages.insert(recording.message);
                Some(MediaEvent::Recorded { end: id, ended })
            }
            // Whether anything is heard is seen by whoever knows the phones.
            Tick::Watch(..) => None,
        }
    }

    /// The limit of a watch that still stands.
    pub(crate) fn watched(&self, id: EndId, number: u64) -> Option<Duration> {
        let (standing, limit) = self.ends.get(&id)?.watch?;
        (standing == number).then_some(limit)
    }

    /// A key pressed by the peer of this end, RFC 4733.
    pub(crate) fn press(&mut self, now: Instant, id: EndId, digit: char) -> Vec<(Instant, Tick)> {
        let mut ticks = Vec::new();
        self.report(now, MediaEvent::Digit { end: id, digit }, &mut ticks);
        let Some(end) = self.ends.get(&id) else { return ticks };
        let (interrupts, ends_recording) = (
            end.playing.as_ref().is_some_and(|playing| playing.interruptible),
            digit == '#' && end.recording.is_some(),
        );
        if interrupts {
            self.stop_play(now, id, &mut ticks);
        }
        if ends_recording {
            self.stop_record(now, id, &mut ticks);
        }
        ticks
    }

    fn open(&mut self, now: Instant, id: EndId, port: u16, ticks: &mut Vec<(Instant, Tick)>) {
        if port % 2 == 1 || self.at_port(port).is_some() || self.ends.contains_key(&id) {
            self.faults.push(format!("{id:?} was opened on port {port}, which is in use or odd"));
        }
        if self.ports_taken > 0 {
            self.ports_taken -= 1;
            self.unbound.insert(id);
            return self.report(now, MediaEvent::OpenFailed { end: id }, ticks);
        }
        let end = End {
            port,
            remote: None,
            send: false,
            voice: None,
            patched: None,
            playing: None,
            recording: None,
            watch: None,
        };
        self.ends.insert(id, end);
    }

    #[allow(clippy::too_many_arguments)] // The command's own fields.
    fn record(
        &mut self,
        now: Instant,
        command: &MediaCommand,
        id: EndId,
        message: &Name,
        limit: Duration,
        silence: Duration,
        ticks: &mut Vec<(Instant, Tick)>,
    ) {
        self.count += 1;
        let (number, speech, disk_full) = (self.count, self.speech, self.disk_full);
        let Some(end) = self.find(id, command) else { return };
        if disk_full {
            return self.report(now, MediaEvent::Recorded { end: id, ended: RecordEnd::Failed }, ticks);
        }
        end.recording = Some(Recording { number, message: message.clone(), since: now });
        let (lasts, ended) = match speech + silence < limit {
            true => (speech + silence, RecordEnd::Silence { length: speech }),
            false => (limit, RecordEnd::Limit { length: limit }),
        };
        ticks.push((now + lasts, Tick::RecordEnds(id, number, ended)));
    }

    fn stop_play(&mut self, now: Instant, id: EndId, ticks: &mut Vec<(Instant, Tick)>) {
        if self.ends.get_mut(&id).and_then(|end| end.playing.take()).is_some() {
            self.report(now, MediaEvent::Played { end: id, ended: PlayEnd::Interrupted }, ticks);
        }
    }

    fn stop_record(&mut self, now: Instant, id: EndId, ticks: &mut Vec<(Instant, Tick)>) {
        let Some(recording) = self.ends.get_mut(&id).and_then(|end| end.recording.take()) else { return };
        let length = now.saturating_duration_since(recording.since).min(self.speech);
        self.messages.insert(recording.message);
        self.report(now, MediaEvent::Recorded { end: id, ended: RecordEnd::Stopped { length } }, ticks);
    }

    fn unpatch(&mut self, id: EndId) {
        let other = self.ends.get_mut(&id).and_then(|end| end.patched.take());
        if let Some(other) = other.and_then(|other| self.ends.get_mut(&other)) {
            other.patched = None;
        }
    }

    fn find(&mut self, id: EndId, command: &MediaCommand) -> Option<&mut End> {
        if !self.ends.contains_key(&id) && !self.unbound.contains(&id) {
            self.faults.push(format!("{command:?} names an end that is not open"));
        }
        self.ends.get_mut(&id)
    }

    fn report(&mut self, now: Instant, event: MediaEvent, ticks: &mut Vec<(Instant, Tick)>) {
        match self.replies {
            Replies::AtOnce => ticks.push((now, Tick::Report(event))),
            Replies::After(late) => ticks.push((now + late, Tick::Report(event))),
            Replies::Never => {}
        }
    }
}

/// How long a sound is.
fn length(sound: &Sound) -> Duration {
    match sound {
        Sound::Prompt { name, .. } if name.starts_with("digit-") || name.starts_with("number-") => {
            Duration::from_millis(600)
        }
        Sound::Prompt { .. } => Duration::from_secs(2),
        Sound::File(_) => Duration::from_secs(3),
        Sound::Message(_) => Duration::from_secs(8),
        Sound::Beep => Duration::from_millis(300),
        Sound::Silence(length) => *length,
    }
}

/// A sound in a word or two, for the ladder.
pub(crate) fn short(sound: &Sound) -> String {
    match sound {
        Sound::Prompt { name, .. } => name.to_string(),
        Sound::File(name) => format!("file {name}"),
        Sound::Message(_) => "message".to_owned(),
        Sound::Beep => "beep".to_owned(),
        Sound::Silence(length) => format!("silence {length:?}"),
    }
}
