//! The stage on which a program plays: phones that ring, sounds that end, a clock that jumps.

use super::Question;
use crate::plan::Dialplan;
use crate::words::sentence;
use call::{
    Action, Context, Dial, Event, Flow, Gone, Journey, Leg, Offer, Outcome, PlayEnd, Program, Reason, Script, Sound,
    Target, What, World,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A phone that answers does so after this time.
const ANSWERS_AFTER: Duration = Duration::from_secs(3);
/// What a prompt is taken to last.
const PROMPT: Duration = Duration::from_secs(4);
const BEEP: Duration = Duration::from_millis(500);
/// Enough for every plan: a bound, should a program never end.
const EVENTS_MAX: usize = 2000;
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// A call under way, and what has been said of it.
pub(super) struct Stage<'a> {
    plan: &'a Dialplan,
    question: &'a Question,
    journey: Journey,
    /// The moment at which the story began: any will do, for only differences count.
    began: Instant,
    now: Duration,
    /// Events to come, by their time and then in order.
    coming: BTreeMap<(Duration, usize), Event>,
    count: usize,
    legs: BTreeMap<Leg, String>,
    is_over: bool,
    pub(super) lines: Vec<(Duration, String)>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(plan: &'a Dialplan, question: &'a Question, journey: Journey, began: Instant) -> Self {
        Self {
            plan,
            question,
            journey,
            began,
            now: Duration::ZERO,
            coming: BTreeMap::new(),
            count: 0,
            legs: BTreeMap::new(),
            is_over: false,
            lines: Vec::new(),
        }
    }

    pub(super) fn say(&mut self, line: String) {
        self.lines.push((self.now, line));
    }

    /// Plays a program to its end.
    pub(super) fn play(&mut self, mut program: Box<dyn Program>, world: &dyn World) {
        self.after(Duration::ZERO, Event::Start);
        let mut out = Script::default();
        for _ in 0..EVENTS_MAX {
            let Some(event) = self.next_event(program.poll_timeout()) else { break };
            let flow = {
                let wall =
                    self.question.at.saturating_add(jiff::SignedDuration::try_from(self.now).unwrap_or_default());
                let wall = wall.unwrap_or(self.question.at);
                let cx = Context { now: self.began + self.now, wall, world, journey: &self.journey, dice: 0 };
                program.on_event(&cx, &event, &mut out)
            };
            for action in out.take() {
                self.act(action);
            }
            if let Flow::Done(outcome) = flow {
                return self.end(outcome);
            }
            if self.is_over {
                return;
            }
        }
        self.say("It goes on like this without an end.".into());
    }

    /// The next event, with the clock set to it; `None` when nothing will happen any more.
    fn next_event(&mut self, timeout: Option<Instant>) -> Option<Event> {
        let timeout = timeout.map(|at| at.saturating_duration_since(self.began).max(self.now));
        let first = self.coming.keys().next().copied();
        let event = match (first, timeout) {
            (Some((at, count)), timeout) if timeout.is_none_or(|timeout| at <= timeout) => {
                self.now = at;
                self.coming.remove(&(at, count))
            }
            (_, Some(timeout)) => {
                self.now = timeout;
                Some(Event::Timeout)
            }
            _ => None,
        };
        event.filter(|_| self.now <= LONGEST)
    }

    fn after(&mut self, wait: Duration, event: Event) {
        self.count += 1;
        self.coming.insert((self.now + wait, self.count), event);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Dial(dial) => self.dial(dial),
            Action::Cancel(leg, gone) => self.cancel(leg, gone),
            Action::Answer => self.journey.answered = true,
            Action::Bridge(_, leg) => {
                let who = self.legs.get(&leg).cloned().unwrap_or_default();
                self.say(format!("The caller and {who} talk."));
            }
            Action::Play(play) => {
                self.say(format!("The caller hears {}.", heard(&play.sounds)));
                self.after(play.sounds.iter().map(lasts).sum(), Event::Played(play.leg, PlayEnd::Finished));
            }
            Action::Record(record) => {
                let limit = crate::duration::show(record.limit);
                self.say(format!("The caller leaves a message of {limit} at most, and the call ends."));
                self.is_over = true;
            }
            Action::Reject(_) if self.journey.answered => self.say("The call ends.".into()),
            Action::Reject(code) => self.say(format!("The caller is refused: {code}.")),
            Action::Hangup(Leg::CALLER) => self.say("The call ends.".into()),
            Action::Keep(_) => self.after(Duration::ZERO, Event::Kept(true)),
            Action::Note(What::Because(reason)) => self.because(&reason),
            Action::Divert(diversion) => self.journey.diversions.push(diversion),
            Action::StopPlay(leg) => self.after(Duration::ZERO, Event::Played(leg, PlayEnd::Interrupted)),
            Action::Progress | Action::Hangup(_) | Action::StopRecord(_) | Action::Note(_) => {}
        }
    }

    pub(super) fn because(&mut self, reason: &Reason) {
        if let Some(sentence) = sentence(self.plan, reason) {
            self.say(sentence);
        }
    }

    fn dial(&mut self, dial: Dial) {
        let person = dial.person.as_deref().and_then(|person| self.plan.person(person));
        let name = person.map(|person| person.name.to_string());
        let (device, place) = match &dial.target {
            Target::Contact { device, .. } => (Some(device.clone()), device.to_string()),
            Target::Trunk { trunk, number, .. } => (None, format!("{number} through {trunk}")),
        };
        self.say(format!("{place} rings."));
        self.legs.insert(dial.leg, name.unwrap_or(place));
        let answers = self.question.answers.iter().any(|one| match &dial.target {
            Target::Trunk { number, .. } => crate::normalise(one).as_ref() == Some(number),
            Target::Contact { .. } => dial.person.as_deref() == Some(one),
        });
        self.journey.offers.push(Offer { leg: dial.leg, person: dial.person, device });
        self.after(Duration::ZERO, Event::Ringing(dial.leg));
        if answers {
            self.after(ANSWERS_AFTER, Event::Answered(dial.leg));
        }
    }

    fn cancel(&mut self, leg: Leg, gone: Gone) {
        self.coming.retain(|_, event| *event != Event::Answered(leg));
        if gone == Gone::RangOut {
            let who = self.legs.get(&leg).cloned().unwrap_or_default();
            self.say(format!("{who} stops ringing."));
        }
        self.after(Duration::ZERO, Event::Failed(leg, 487));
    }

    fn end(&mut self, outcome: Outcome) {
        if !outcome.is_final() {
            let (code, how) = (outcome.code(), crate::words::ended(outcome));
            self.say(format!("The plan is at its end ({how}): the caller is refused with {code}."));
        }
    }
}

fn lasts(sound: &Sound) -> Duration {
    match sound {
        Sound::Beep => BEEP,
        Sound::Silence(length) => *length,
        Sound::Prompt { .. } | Sound::File(_) | Sound::Message(_) => PROMPT,
    }
}

fn heard(sounds: &[Sound]) -> String {
    let heard = sounds.iter().map(|sound| match sound {
        Sound::Prompt { name, language } => format!("\"{name}\" ({language})"),
        Sound::File(file) => file.to_string(),
        Sound::Message(_) => "a message".into(),
        Sound::Beep => "a beep".into(),
        Sound::Silence(_) => "nothing".into(),
    });
    heard.collect::<Vec<_>>().join(", ")
}
