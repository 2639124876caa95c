//! A mailbox, a caller, and what the program did, second by second.

use call::{
    Action, Caller, Contact, Context, Event, Flow, Journey, JourneyId, Leg, Message, MessageInfo, Name, PlayEnd,
    Program, Reachability, Script, Sound, What, World,
};
use jiff::{Timestamp, Zoned};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// An office in Helsinki that knows nothing but its messages.
#[derive(Default)]
pub struct Office {
    pub messages: Vec<MessageInfo>,
}

impl World for Office {
    fn reachability(&self, _person: &str) -> Reachability {
        Reachability::Free
    }
    fn devices(&self, _person: &str) -> Vec<Name> {
        Vec::new()
    }
    fn contacts(&self, _device: &str) -> Vec<Contact> {
        Vec::new()
    }
    fn idle_for(&self, _person: &str) -> Duration {
        Duration::MAX
    }
    fn last_rung(&self, _group: &str) -> Option<Name> {
        None
    }
    fn is_open(&self, _hours: &str) -> bool {
        true
    }
    fn messages(&self, _mailbox: &str) -> Vec<MessageInfo> {
        self.messages.clone()
    }
    fn civil(&self, at: Timestamp) -> Zoned {
        at.in_tz("Europe/Helsinki").unwrap()
    }
}

pub struct Story {
    pub journey: Journey,
    pub office: Office,
    pub flow: Flow,
    program: Box<dyn Program>,
    script: Script,
    began: Instant,
    now: Duration,
    trace: Vec<String>,
    begun: bool,
}

/// One instant for all stories: they count from it.
fn zero() -> Instant {
    static ZERO: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "there is no other way to get a first instant")]
    *ZERO.get_or_init(Instant::now)
}

/// Tuesday, the third of November 2026, noon in Helsinki.
pub fn noon() -> Timestamp {
    "2026-11-03T12:00:00+02:00".parse().unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn message(id: &str, from: &str, left_at: &str, heard: bool) -> MessageInfo {
    let message = Message {
        id: id.into(),
        mailbox: "anna".into(),
        from_number: from.into(),
        from_name: "".into(),
        length: Duration::from_secs(9),
    };
    MessageInfo { message, left_at: at(left_at), heard }
}

pub const PLAYED: Event = Event::Played(Leg::CALLER, PlayEnd::Finished);
pub const UNPLAYED: Event = Event::Played(Leg::CALLER, PlayEnd::Failed);
pub const CUT: Event = Event::Played(Leg::CALLER, PlayEnd::Interrupted);
pub const HANGS_UP: Event = Event::HungUp(Leg::CALLER);

pub fn key(key: char) -> Event {
    Event::Digit(Leg::CALLER, key)
}

pub fn story(program: impl Program + 'static) -> Story {
    let caller = Caller { number: "0401234567".into(), name: "Bo".into(), ..Caller::default() };
    Story {
        journey: Journey::new(JourneyId(1), caller, "1001".into()),
        office: Office::default(),
        flow: Flow::Continue,
        program: Box::new(program),
        script: Script::default(),
        began: zero(),
        now: Duration::ZERO,
        trace: Vec::new(),
        begun: false,
    }
}

impl Story {
    pub fn with(mut self, messages: &[MessageInfo]) -> Self {
        self.office.messages = messages.to_vec();
        self
    }

    /// What is due before `secs` happens, then this.
    pub fn at(mut self, secs: u64, event: Event) -> Self {
        self.run_until(secs);
        if self.flow == Flow::Continue {
            self.now = Duration::from_secs(secs);
            self.tell(event);
        }
        self
    }

    /// A key while something plays: the prompt ends by it.
    pub fn cuts(self, secs: u64, digit: char) -> Self {
        self.at(secs, key(digit)).at(secs, CUT)
    }

    pub fn run_until(&mut self, secs: u64) {
        if !std::mem::replace(&mut self.begun, true) {
            self.tell(Event::Start);
        }
        while let (Flow::Continue, Some(due)) = (self.flow, self.program.poll_timeout())
            && due <= self.began + Duration::from_secs(secs)
        {
            self.now = self.now.max(due - self.began);
            self.tell(Event::Timeout);
        }
    }

    fn tell(&mut self, event: Event) {
        let now = self.began + self.now;
        let cx = Context { now, wall: noon(), world: &self.office, journey: &self.journey, dice: 7 };
        self.flow = self.program.on_event(&cx, &event, &mut self.script);
        let secs = self.now.as_secs();
        self.trace.extend(self.script.take().iter().map(|action| format!("{secs} {}", told(action))));
    }

    /// Compares what happened from the start on.
    #[track_caller]
    pub fn check(mut self, flow: Flow, trace: &[&str]) {
        self.run_until(0);
        assert_eq!(self.trace, trace);
        assert_eq!(self.flow, flow);
    }

    /// Compares what happened from second `from` on, the legs' StopPlay left out.
    #[track_caller]
    pub fn check_from(mut self, from: u64, flow: Flow, trace: &[&str]) {
        self.run_until(0);
        let second = |line: &String| line.split(' ').next().and_then(|second| second.parse::<u64>().ok());
        self.trace.retain(|line| second(line) >= Some(from) && !line.ends_with("StopPlay"));
        assert_eq!(self.trace, trace);
        assert_eq!(self.flow, flow);
    }

    pub fn seconds(&self) -> u64 {
        self.now.as_secs()
    }
}

fn told(action: &Action) -> String {
    match action {
        Action::Play(play) => {
            let sounds: Vec<_> = play.sounds.iter().map(sound).collect();
            format!("Play({}{})", sounds.join(" "), if play.interruptible { "" } else { ", to the end" })
        }
        Action::StopPlay(_) => "StopPlay".into(),
        Action::Record(record) => format!("Record({})", record.message),
        Action::StopRecord(_) => "StopRecord".into(),
        Action::Hangup(leg) => format!("Hangup({leg})"),
        Action::Keep(what) => format!("Keep({})", note(what)),
        Action::Note(what) => note(what),
        Action::Dial(dial) => format!("Dial({})", dial.leg),
        Action::Bridge(a, b) => format!("Bridge({a}, {b})"),
        other => format!("{other:?}"),
    }
}

fn sound(sound: &Sound) -> String {
    match sound {
        Sound::Prompt { name, .. } => name.to_string(),
        Sound::File(file) => file.to_string(),
        Sound::Message(id) => format!("<{id}>"),
        other => format!("{other:?}"),
    }
}

fn note(what: &What) -> String {
    match what {
        What::MessageLeft(message) => {
            format!("MessageLeft({} from {}, {} s)", message.id, message.from_number, message.length.as_secs())
        }
        What::MessageDeleted { message, .. } => format!("MessageDeleted({message})"),
        What::MessageHeard { message, heard, .. } => format!("MessageHeard({message}, {heard})"),
        other => format!("{other:?}"),
    }
}
