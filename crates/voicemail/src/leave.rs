//! Taking a message.
//!
//! ```text
//! Start ─▶ Greeting ─▶ Beep ─▶ Recording ─▶ Keeping ─▶ Closing ─▶ Done(Ended)
//!   │ mailbox full               │ too short: once more from the beep   ▲
//!   └────────────────────────────┴──────────────────────────────────────┘
//! ```
//! The caller hears that the message is saved only after the store has committed it. A caller who hangs up while
//! recording has left a message all the same: the program then goes on without them, and expects `Recorded` and
//! `Kept` from the engine until it is done.

use crate::prompts::prompt;
use crate::say::say_return;
use crate::{Mailbox, Why};
use call::{
    Action, Context, Event, Flow, Leg, Message, Name, Outcome, Play, Program, Record, RecordEnd, Script, Sound, What,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A prompt that has not ended after this never will.
const PLAY_MAX: Duration = Duration::from_secs(300);
/// How long a recording may take to be reported once it should have ended.
const RECORDED_WITHIN: Duration = Duration::from_secs(15);
/// How long the store may take.
const KEPT_WITHIN: Duration = Duration::from_secs(15);
/// How often a caller may try who says nothing.
const ATTEMPTS_MAX: u32 = 2;

/// Greets the caller and takes a message.
pub struct Leave {
    mailbox: Arc<Mailbox>,
    why: Why,
    state: State,
    /// Counts the recordings of this call.
    attempt: u32,
    /// The caller has hung up.
    gone: bool,
    /// When to go on without the event that the state waits for.
    due: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    New,
    /// `own`: the administrator's file plays.
    Greeting {
        own: bool,
    },
    Beep,
    Recording {
        message: Name,
        stopped: bool,
    },
    Keeping {
        message: Name,
    },
    Closing,
    Over,
}

impl Leave {
    /// Takes a message for a mailbox.
    pub fn new(mailbox: Arc<Mailbox>, why: Why) -> Self {
        Self { mailbox, why, state: State::New, attempt: 0, gone: false, due: None }
    }

    fn begin(&mut self, cx: &Context<'_>, out: &mut Script) {
        out.push(Action::Answer);
        if cx.world.messages(&self.mailbox.name).len() >= self.mailbox.messages_max {
            return self.close(cx, out, &["mailbox-full", "goodbye"]);
        }
        match self.mailbox.greetings.file(self.why).cloned() {
            Some(file) => self.play(cx, out, vec![Sound::File(file)], State::Greeting { own: true }),
            None => self.greet(cx, out),
        }
    }

    /// The built-in greeting.
    fn greet(&mut self, cx: &Context<'_>, out: &mut Script) {
        let language = &self.mailbox.language;
        let greeting = match self.why {
            Why::Busy => "greeting-busy",
            Why::NoAnswer => "greeting-no-answer",
            Why::Away { until: Some(_) } => "greeting-away-until",
            Why::Away { until: None } => "greeting-away",
            Why::Closed => "greeting-closed",
            Why::Unavailable => "greeting-unavailable",
            Why::DoNotDisturb => "greeting-do-not-disturb",
        };
        let mut sounds = vec![prompt(greeting, language)];
        if let Why::Away { until: Some(until) } = self.why {
            sounds.extend(say_return(&cx.world.civil(until), &cx.world.civil(cx.wall), language));
        }
        sounds.push(prompt("leave-message", language));
        self.play(cx, out, sounds, State::Greeting { own: false });
    }

    fn play(&mut self, cx: &Context<'_>, out: &mut Script, sounds: Vec<Sound>, state: State) {
        let interruptible = matches!(state, State::Greeting { .. });
        out.push(Action::Play(Play { leg: Leg::CALLER, sounds, repeat: false, interruptible }));
        self.due = Some(cx.now + PLAY_MAX);
        self.state = state;
    }

    fn beep(&mut self, cx: &Context<'_>, out: &mut Script) {
        self.play(cx, out, vec![Sound::Beep], State::Beep);
    }

    fn record(&mut self, cx: &Context<'_>, out: &mut Script) {
        self.attempt += 1;
        let message = cx.message_id(self.attempt);
        let (limit, silence) = (self.mailbox.length_max, self.mailbox.silence);
        out.push(Action::Record(Record { leg: Leg::CALLER, message: message.clone(), limit, silence }));
        self.due = cx.now.checked_add(limit.saturating_add(RECORDED_WITHIN));
        self.state = State::Recording { message, stopped: false };
    }

    fn on_recorded(&mut self, cx: &Context<'_>, out: &mut Script, message: Name, end: RecordEnd) {
        let length = match end {
            RecordEnd::Stopped { length } | RecordEnd::Silence { length } | RecordEnd::Limit { length } => length,
            RecordEnd::Failed => return self.close(cx, out, &["cannot-record", "goodbye"]),
        };
        if length < self.mailbox.length_min {
            self.discard(out, message);
            if self.attempt >= ATTEMPTS_MAX || self.gone {
                return self.close(cx, out, &["message-too-short", "goodbye"]);
            }
            let language = &self.mailbox.language;
            let sounds = vec![prompt("message-too-short", language), prompt("leave-message", language)];
            return self.play(cx, out, sounds, State::Greeting { own: false });
        }
        let caller = &cx.journey.caller;
        out.push(Action::Keep(What::MessageLeft(Message {
            id: message.clone(),
            mailbox: self.mailbox.name.clone(),
            from_number: caller.number.clone(),
            from_name: caller.name.clone(),
            length,
        })));
        self.due = Some(cx.now + KEPT_WITHIN);
        self.state = State::Keeping { message };
    }

    fn on_kept(&mut self, cx: &Context<'_>, out: &mut Script, message: Name, kept: bool) {
        if kept {
            return self.close(cx, out, &["message-saved", "goodbye"]);
        }
        self.discard(out, message);
        self.close(cx, out, &["cannot-record", "goodbye"]);
    }

    /// The recording's file goes.
    fn discard(&self, out: &mut Script, message: Name) {
        out.push(Action::Note(What::MessageDeleted { mailbox: self.mailbox.name.clone(), message }));
    }

    /// Says a last word, to a caller who is still there.
    fn close(&mut self, cx: &Context<'_>, out: &mut Script, names: &[&str]) {
        if self.gone {
            return self.end();
        }
        let sounds = names.iter().map(|name| prompt(name, &self.mailbox.language)).collect();
        self.play(cx, out, sounds, State::Closing);
    }

    fn hang_up(&mut self, out: &mut Script) {
        out.push(Action::Hangup(Leg::CALLER));
        self.end();
    }

    fn end(&mut self) {
        self.due = None;
        self.state = State::Over;
    }

    fn on_hung_up(&mut self, cx: &Context<'_>) {
        self.gone = true;
        match self.state {
            State::Recording { .. } => self.due = Some(cx.now + RECORDED_WITHIN),
            State::Keeping { .. } => {}
            _ => self.end(),
        }
    }

    /// What the state waits for did not come.
    fn on_overdue(&mut self, cx: &Context<'_>, out: &mut Script) {
        match self.state.clone() {
            State::Greeting { .. } => self.beep(cx, out),
            State::Beep => self.record(cx, out),
            State::Recording { message, stopped: false } if !self.gone => {
                out.push(Action::StopRecord(Leg::CALLER));
                self.due = Some(cx.now + RECORDED_WITHIN);
                self.state = State::Recording { message, stopped: true };
            }
            State::Recording { message, .. } => {
                self.discard(out, message);
                self.close(cx, out, &["cannot-record", "goodbye"]);
            }
            // The store may yet commit the message, so its file stays.
            State::Keeping { .. } => self.close(cx, out, &["cannot-record", "goodbye"]),
            State::Closing => self.hang_up(out),
            State::New | State::Over => {}
        }
    }
}

impl Program for Leave {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        match (self.state.clone(), event) {
            (State::New, Event::Start) => self.begin(cx, out),
            (_, Event::HungUp(Leg::CALLER)) => self.on_hung_up(cx),
            (State::Greeting { .. }, Event::Digit(Leg::CALLER, _)) => out.push(Action::StopPlay(Leg::CALLER)),
            // The file is missing or broken: the caller shall hear a greeting all the same.
            (State::Greeting { own: true }, Event::Played(Leg::CALLER, call::PlayEnd::Failed)) => self.greet(cx, out),
            (State::Greeting { .. }, Event::Played(Leg::CALLER, _)) => self.beep(cx, out),
            (State::Beep, Event::Played(Leg::CALLER, _)) => self.record(cx, out),
            (State::Recording { .. }, Event::Digit(Leg::CALLER, '#')) => out.push(Action::StopRecord(Leg::CALLER)),
            (State::Recording { message, .. }, Event::Recorded(Leg::CALLER, end)) => {
                self.on_recorded(cx, out, message, *end);
            }
            (State::Keeping { message }, Event::Kept(kept)) => self.on_kept(cx, out, message, *kept),
            (State::Closing, Event::Played(Leg::CALLER, _)) => self.hang_up(out),
            (_, Event::Timeout) if self.due.is_some_and(|due| due <= cx.now) => self.on_overdue(cx, out),
            _ => {}
        }
        if self.state == State::Over { Flow::Done(Outcome::Ended) } else { Flow::Continue }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }
}
