//! A whole plan for one call: its steps, and a word at the end for callers who have heard us already.

use crate::sequence::Sequence;
use call::{Action, Context, Event, Flow, Leg, Name, Outcome, Play, Program, Reason, Script};
use std::time::Instant;

/// The steps of a route. A caller for whom nobody was found is refused by the engine; one who was answered before
/// (by an announcement, say) hears that nobody is there and is hung up on.
pub(crate) struct Ending {
    sequence: Sequence,
    language: Name,
    is_speaking: bool,
}

impl Ending {
    pub(crate) fn new(sequence: Sequence, language: Name) -> Self {
        Self { sequence, language, is_speaking: false }
    }

    fn speak(&mut self, outcome: Outcome, out: &mut Script) -> Flow {
        self.is_speaking = true;
        let prompt = if outcome == Outcome::Busy { "all-busy" } else { "not-available" };
        let sounds = [prompt, "goodbye"].map(|name| voicemail::prompts::prompt(name, &self.language)).into();
        out.push(Action::Play(Play { leg: Leg::CALLER, sounds, repeat: false, interruptible: false }));
        Flow::Continue
    }
}

impl Program for Ending {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        if self.is_speaking {
            return match event {
                Event::Played(Leg::CALLER, _) => {
                    out.push(Action::Hangup(Leg::CALLER));
                    Flow::Done(Outcome::Ended)
                }
                Event::HungUp(Leg::CALLER) => Flow::Done(Outcome::Ended),
                _ => Flow::Continue,
            };
        }
        match self.sequence.on_event(cx, event, out) {
            Flow::Done(outcome)
                if !outcome.is_final() && cx.journey.answered && *event != Event::HungUp(Leg::CALLER) =>
            {
                self.speak(outcome, out)
            }
            flow => flow,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.is_speaking { None } else { self.sequence.poll_timeout() }
    }
}

/// Refuses a call with a word for the diary.
pub(crate) struct Refuse {
    pub(crate) code: u16,
    pub(crate) words: Name,
}

impl Program for Refuse {
    fn on_event(&mut self, _cx: &Context<'_>, _event: &Event, out: &mut Script) -> Flow {
        out.because(Reason::Words(self.words.clone()));
        out.push(Action::Reject(self.code));
        Flow::Done(Outcome::Ended)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
