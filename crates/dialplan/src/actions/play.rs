//! `play`: an announcement.

use super::{Act, Begun, Described};
use crate::check::Check;
use crate::diagnostic::Diagnostic;
use crate::nearest::nearest;
use crate::read::{File, section};
use crate::sequence::Scope;
use ::voicemail::prompts;
use call::{Action, Context, Event, Flow, Leg, Outcome, Program, Script, Sound};
use std::time::Instant;

section! {
    /// Answers the caller and plays an announcement; then the next step follows.
    pub(crate) struct Play = "the step `play`" {
        /// A WAV file beside the configuration, or "prompt:closed" for one of the built-in prompts, or a list of them.
        pub(crate) play: Vec<File>;
    }
}

impl Described for Play {
    const WORD: &'static str = "play";
}

fn built_in(file: &File) -> Option<&str> {
    file.path.strip_prefix("prompt:").map(str::trim)
}

impl Act for Play {
    fn words(&self) -> String {
        let files: Vec<&str> = self.play.iter().map(|file| &*file.path).collect();
        format!("play {}", files.join(", "))
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, _out: &mut Script) -> Begun {
        let language = scope.person(cx).map_or(&scope.plan.office.language, |person| &person.language);
        let sound = |file: &File| match built_in(file) {
            Some(name) => Sound::Prompt { name: name.into(), language: language.clone() },
            None => Sound::File(file.path.clone()),
        };
        Begun::with(Playing { sounds: self.play.iter().map(sound).collect() })
    }

    fn check(&self, check: &mut Check<'_>) {
        let names = self.play.iter().filter_map(|file| Some((built_in(file)?, file)));
        for (name, file) in names.filter(|(name, _)| !prompts::ALL.contains(name)) {
            let label = match nearest(name, prompts::ALL.iter().copied()) {
                Some(near) => format!("did you mean `prompt:{near}`?"),
                None => "unknown".into(),
            };
            check.faults.push(Diagnostic::error(format!("no prompt named `{name}`")).at(file.span, label));
        }
        self.play.iter().filter(|file| built_in(file).is_none()).for_each(|file| check.file(file));
    }
}

/// Plays to the caller once.
struct Playing {
    sounds: Vec<Sound>,
}

impl Program for Playing {
    fn on_event(&mut self, _cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        match event {
            Event::Start if self.sounds.is_empty() => Flow::Done(Outcome::Passed),
            Event::Start => {
                out.push(Action::Answer);
                let sounds = std::mem::take(&mut self.sounds);
                out.push(Action::Play(call::Play { leg: Leg::CALLER, sounds, repeat: false, interruptible: false }));
                Flow::Continue
            }
            Event::Played(Leg::CALLER, _) => Flow::Done(Outcome::Passed),
            Event::HungUp(Leg::CALLER) => Flow::Done(Outcome::Ended),
            _ => Flow::Continue,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
