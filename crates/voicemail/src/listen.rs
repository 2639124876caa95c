//! Listening to messages.
//!
//! ```text
//! Start ─▶ Pin ─▶ Counts ─▶ Reading ⇄ Menu ─▶ Bye ─▶ Done(Ended)
//!           ⇅                         │ 5
//!         Penalty                  CallBack ─▶ Done(Answered)
//! ```
//! A key ends what is playing; it is acted upon when that has ended, so that two prompts never cross. Keys pressed
//! meanwhile are kept, so that whoever knows the menu need not wait for it.

use crate::Mailbox;
use crate::letters::Letters;
use crate::prompts::prompt;
use call::{Action, Context, Event, Flow, Leg, Outcome, Play, PlayEnd, Program, Script, Sound};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tells whether the digits are the mailbox's PIN. It holds the salted hash, so that the PIN itself is nowhere.
pub type PinCheck = Box<dyn Fn(&str) -> bool + Send>;

/// Makes the program that calls a number back, or `None` where the plan does not let this caller dial it.
pub type CallBack = Box<dyn Fn(&str) -> Option<Box<dyn Program>> + Send>;

/// So many wrong PINs end the call.
const WRONG_MAX: u32 = 3;
/// The pause after the first wrong PIN; it doubles with each.
const PENALTY: Duration = Duration::from_secs(1);
/// How long to wait for a key.
const KEY_WITHIN: Duration = Duration::from_secs(8);
/// So many waits without a key end the call.
const IDLE_MAX: u32 = 3;
/// Keys that are kept while a prompt comes to its end, and digits of a PIN.
const KEYS_MAX: usize = 32;
/// A prompt that has not ended after this (and the length of a message) never will.
const PLAY_MAX: Duration = Duration::from_secs(120);
/// A store that has not said by then whether it kept a deletion never will.
const KEPT_WITHIN: Duration = Duration::from_secs(10);
/// Nobody listens for longer.
const SESSION_MAX: Duration = Duration::from_secs(3600);

/// Plays a mailbox's messages to its owner.
pub struct Listen {
    mailbox: Arc<Mailbox>,
    pin: Option<PinCheck>,
    call_back: Option<CallBack>,
    letters: Letters,
    state: State,
    /// Something plays; what comes next waits for its end.
    playing: bool,
    keys: VecDeque<char>,
    /// What is said before the state's own prompt.
    first: Vec<&'static str>,
    /// Waits without a key, one after another.
    idle: u32,
    due: Option<Instant>,
    ends: Option<Instant>,
    /// The caller has hung up; only a call back that still has something to do goes on.
    gone: bool,
    /// Deletions of which the store has not said yet that they are kept: their files go only then, so the program
    /// stays for as long.
    unkept: usize,
}

enum State {
    New,
    Pin {
        entered: String,
        wrong: u32,
    },
    /// A pause after a wrong PIN.
    Penalty {
        wrong: u32,
    },
    Counts,
    Reading,
    Menu {
        help: bool,
    },
    /// The program that calls back, once "calling back" has been said.
    CallBack {
        program: Box<dyn Program>,
        started: bool,
    },
    Bye,
    Over(Outcome),
}

impl Listen {
    /// Opens a mailbox. Without a `pin` nothing is asked; without `call_back` key 5 says that it cannot be done.
    pub fn new(mailbox: Arc<Mailbox>, pin: Option<PinCheck>, call_back: Option<CallBack>) -> Self {
        Self {
            mailbox,
            pin,
            call_back,
            letters: Letters::default(),
            state: State::New,
            playing: false,
            keys: VecDeque::new(),
            first: Vec::new(),
            idle: 0,
            due: None,
            ends: None,
            gone: false,
            unkept: 0,
        }
    }

    fn begin(&mut self, cx: &Context<'_>, out: &mut Script) {
        out.push(Action::Answer);
        self.ends = Some(cx.now + SESSION_MAX);
        if self.pin.is_some() {
            self.state = State::Pin { entered: String::new(), wrong: 0 };
        } else {
            self.open(cx);
        }
        self.speak(cx, out);
    }

    fn open(&mut self, cx: &Context<'_>) {
        self.letters = Letters::of(&self.mailbox, cx);
        self.state = State::Counts;
    }

    /// Says what is to be said in this state; the state waits for a key where that is nothing.
    fn speak(&mut self, cx: &Context<'_>, out: &mut Script) {
        if self.ends.is_some_and(|ends| ends <= cx.now) {
            self.state = State::Bye;
        }
        let language = &self.mailbox.language;
        let mut sounds: Vec<Sound> = self.first.drain(..).map(|name| prompt(name, language)).collect();
        let mut longest = PLAY_MAX;
        match &self.state {
            State::Pin { .. } => sounds.push(prompt("enter-pin", language)),
            State::Counts => sounds.extend(self.letters.say_counts(language)),
            State::Reading => {
                if let Some(letter) = self.letters.current() {
                    longest = longest.saturating_add(letter.info.message.length);
                    sounds.extend(letter.say(cx, language));
                }
            }
            State::Menu { help } => sounds.push(prompt(if *help { "menu-help" } else { "menu" }, language)),
            State::CallBack { .. } => sounds.push(prompt("calling-back", language)),
            State::Bye => sounds.push(prompt("goodbye", language)),
            State::New | State::Penalty { .. } | State::Over(_) => return,
        }
        let interruptible = !matches!(self.state, State::Bye | State::CallBack { .. });
        out.push(Action::Play(Play { leg: Leg::CALLER, sounds, repeat: false, interruptible }));
        self.playing = true;
        self.due = cx.now.checked_add(longest);
    }

    fn on_key(&mut self, cx: &Context<'_>, out: &mut Script, key: char) {
        if matches!(self.state, State::Penalty { .. } | State::Bye | State::CallBack { .. }) {
            return;
        }
        self.idle = 0;
        if self.keys.len() < KEYS_MAX {
            self.keys.push_back(key);
        }
        if self.playing {
            // A phone that sends its keys as SIP INFO has not stopped the prompt by them.
            out.push(Action::StopPlay(Leg::CALLER));
        } else {
            self.take_keys(cx, out);
        }
    }

    fn take_keys(&mut self, cx: &Context<'_>, out: &mut Script) {
        let mut says = false;
        while let Some(key) = self.keys.pop_front() {
            says = match &mut self.state {
                State::Pin { entered, .. } => match key {
                    '#' => self.check_pin(cx),
                    '*' => {
                        entered.clear();
                        true
                    }
                    digit => {
                        if entered.len() < KEYS_MAX {
                            entered.push(digit);
                        }
                        false
                    }
                },
                State::Counts | State::Reading | State::Menu { .. } => {
                    self.press(out, key);
                    true
                }
                _ => says,
            };
            if matches!(self.state, State::Penalty { .. } | State::Bye | State::CallBack { .. }) {
                self.keys.clear();
            }
        }
        if says {
            self.speak(cx, out);
        } else if !matches!(self.state, State::Penalty { .. }) {
            self.due = Some(cx.now + KEY_WITHIN);
        }
    }

    /// Whether there is something to say now: after a wrong PIN there is a pause before.
    fn check_pin(&mut self, cx: &Context<'_>) -> bool {
        let State::Pin { entered, wrong } = &self.state else { return false };
        if self.pin.as_ref().is_none_or(|is_right| is_right(entered)) {
            self.open(cx);
            return true;
        }
        let wrong = wrong + 1;
        self.due = Some(cx.now + PENALTY * 2u32.pow(wrong - 1));
        self.state = State::Penalty { wrong };
        false
    }

    fn on_penalty_over(&mut self, wrong: u32) {
        self.state = if wrong < WRONG_MAX {
            self.first.push("wrong-pin");
            State::Pin { entered: String::new(), wrong }
        } else {
            self.first.push("too-many-attempts");
            State::Bye
        };
    }

    /// A key of the menu.
    fn press(&mut self, out: &mut Script, key: char) {
        if self.letters.is_empty() {
            self.state = State::Bye;
            return;
        }
        let menu = State::Menu { help: false };
        self.state = match key {
            '#' => State::Bye,
            '*' => State::Menu { help: true },
            // "You have …" is cut short by any key of the menu: to the first message.
            _ if matches!(self.state, State::Counts) => State::Reading,
            '1' => State::Reading,
            '2' => {
                self.letters.mark(true, out);
                self.go_to_next()
            }
            '3' => self.delete_or_restore(out),
            '4' => {
                if !self.letters.previous() {
                    self.first.push("first-message");
                }
                State::Reading
            }
            '5' => {
                self.letters.mark(true, out);
                self.begin_call_back()
            }
            '6' => {
                self.letters.mark(false, out);
                self.first.push("message-kept-new");
                menu
            }
            _ => {
                self.first.push("invalid-choice");
                menu
            }
        };
    }

    fn go_to_next(&mut self) -> State {
        if self.letters.next() {
            return State::Reading;
        }
        self.first.push("no-more-messages");
        State::Menu { help: false }
    }

    fn delete_or_restore(&mut self, out: &mut Script) -> State {
        self.letters.mark(true, out);
        let deleted = self.letters.current().is_some_and(|letter| {
            letter.deleted = !letter.deleted;
            letter.deleted
        });
        if !deleted {
            self.first.push("message-restored");
            return State::Menu { help: false };
        }
        self.first.push("message-deleted");
        self.go_to_next()
    }

    fn begin_call_back(&mut self) -> State {
        let number = self.letters.current().map(|letter| letter.info.message.from_number.clone());
        let number = number.filter(|number| !number.is_empty());
        match number.zip(self.call_back.as_ref()).and_then(|(number, call_back)| call_back(&number)) {
            Some(program) => State::CallBack { program, started: false },
            None => {
                self.first.push("cannot-call-back");
                State::Menu { help: false }
            }
        }
    }

    fn on_played(&mut self, cx: &Context<'_>, out: &mut Script, end: PlayEnd) {
        self.playing = false;
        if !self.keys.is_empty() {
            return self.take_keys(cx, out);
        }
        match &mut self.state {
            State::Counts => {
                self.state = if self.letters.is_empty() { State::Bye } else { State::Reading };
                self.speak(cx, out);
            }
            State::Reading => {
                match end {
                    PlayEnd::Failed => self.first.push("message-unreadable"),
                    PlayEnd::Finished => self.letters.mark(true, out),
                    PlayEnd::Interrupted => {}
                }
                self.state = State::Menu { help: false };
                self.speak(cx, out);
            }
            State::Pin { .. } | State::Menu { .. } => self.due = Some(cx.now + KEY_WITHIN),
            State::CallBack { started, .. } => {
                *started = true;
                self.due = None;
                self.tell_call_back(cx, &Event::Start, out);
            }
            State::Bye => self.end(cx, out, Outcome::Ended),
            State::New | State::Penalty { .. } | State::Over(_) => {}
        }
    }

    /// The other call has the word until it ends; if nobody answered the menu is there again.
    fn tell_call_back(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) {
        let State::CallBack { program, .. } = &mut self.state else { return };
        match program.on_event(cx, event, out) {
            Flow::Continue => {}
            Flow::Done(outcome) if outcome.is_final() => self.end(cx, out, outcome),
            Flow::Done(_) if self.gone => self.end(cx, out, Outcome::Ended),
            Flow::Done(_) => {
                self.first.push("call-back-failed");
                self.state = State::Menu { help: false };
                self.speak(cx, out);
            }
        }
    }

    fn on_timeout(&mut self, cx: &Context<'_>, out: &mut Script) {
        if self.playing {
            return self.on_played(cx, out, PlayEnd::Failed);
        }
        match &self.state {
            State::Penalty { wrong } => self.on_penalty_over(*wrong),
            State::Pin { entered, .. } if !entered.is_empty() => {
                if !self.check_pin(cx) {
                    return;
                }
            }
            _ => {
                self.idle += 1;
                self.state = match std::mem::replace(&mut self.state, State::Bye) {
                    _ if self.idle >= IDLE_MAX => State::Bye,
                    State::Menu { .. } => State::Menu { help: false },
                    unmoved => unmoved,
                };
            }
        }
        self.speak(cx, out);
    }

    fn commit(&mut self, out: &mut Script) {
        self.unkept += self.letters.commit(out);
    }

    fn end(&mut self, cx: &Context<'_>, out: &mut Script, outcome: Outcome) {
        self.commit(out);
        self.due = Some(cx.now + KEPT_WITHIN);
        self.state = State::Over(outcome);
    }
}

impl Program for Listen {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        let calling = matches!(self.state, State::CallBack { started: true, .. });
        match event {
            Event::Start if matches!(self.state, State::New) => self.begin(cx, out),
            Event::HungUp(Leg::CALLER) => {
                self.commit(out);
                self.gone = true;
                if calling {
                    self.tell_call_back(cx, event, out);
                } else {
                    self.end(cx, out, Outcome::Ended);
                }
            }
            Event::Kept(_) if self.unkept > 0 => self.unkept -= 1,
            Event::Timeout if matches!(self.state, State::Over(_)) && self.due.is_some_and(|due| due <= cx.now) => {
                self.unkept = 0;
            }
            _ if matches!(self.state, State::Over(_)) => {}
            _ if calling => self.tell_call_back(cx, event, out),
            Event::Digit(Leg::CALLER, key) => self.on_key(cx, out, *key),
            Event::Played(Leg::CALLER, end) if self.playing => self.on_played(cx, out, *end),
            Event::Timeout if self.due.is_some_and(|due| due <= cx.now) => self.on_timeout(cx, out),
            _ => {}
        }
        match self.state {
            State::Over(outcome) if self.unkept == 0 => {
                if outcome == Outcome::Ended && !self.gone {
                    out.push(Action::Hangup(Leg::CALLER));
                }
                Flow::Done(outcome)
            }
            _ => Flow::Continue,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::CallBack { program, started: true } => program.poll_timeout(),
            _ => self.due,
        }
    }
}
