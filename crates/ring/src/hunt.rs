//! The hunt: one schedule of branches, rung until somebody answers or nobody is left.
//!
//! - The first to answer is bridged with the caller; the others' phones stop without a missed call.
//! - Whoever is busy, away, offline or on do-not-disturb at the moment of ringing is not rung, and nobody is rung whom
//!   this journey rang before; the diary says so. No phone and no number is dialled twice in one hunt.
//! - A phone that refuses (486, 480 …) is out, and its owner's other phones ring on. "Decline" (6xx) is the person's
//!   word: all of their phones stop. Of a group the others ring on; whoever was called directly has ended the hunt,
//!   with [`Outcome::Failed`].
//! - When nothing rings any more whoever is next in time rings at once.
//! - It ends by `give_up`, in any case.

use crate::ledger::{Ledger, Moment};
use crate::team::Team;
use crate::{Branch, GIVE_UP_MAX, Group, Number, Rules, Target};
use call::{Action, Context, Event, Flow, Gone, Leg, Name, Outcome, Program, Reason, Script};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rings a group, a person or a number until somebody answers or nobody is left.
pub struct Hunt {
    group: Arc<Group>,
    rules: Rules,
    /// One person or number was wanted, not a group.
    direct: bool,
    ledger: Ledger,
    state: State,
}

enum State {
    New,
    Ringing {
        team: Team,
        /// When the hunt gives up.
        ends: Instant,
        /// How far the schedule runs ahead of the clock: delays that were skipped because nothing rang.
        ahead: Duration,
    },
    Over(Outcome),
}

impl Hunt {
    /// Rings a group.
    pub fn group(group: Arc<Group>, rules: Rules) -> Self {
        Self { group, rules, direct: false, ledger: Ledger::default(), state: State::New }
    }

    /// Rings one person. `branches` are their devices and numbers where the plan tells them apart ("the mobile joins
    /// after 15 s"); empty: all devices at once.
    pub fn person(person: Name, mut branches: Vec<Branch>, rules: Rules) -> Self {
        for branch in &mut branches {
            match &mut branch.target {
                Target::Device { person: owner @ None, .. } => *owner = Some(person.clone()),
                Target::Number(number) => number.person = number.person.take().or(Some(person.clone())),
                _ => {}
            }
        }
        if branches.is_empty() {
            branches.push(Branch::new(Target::Person(person.clone())));
        }
        let group = Arc::new(Group::new(person, branches));
        Self { direct: true, ..Self::group(group, rules) }
    }

    /// Dials one number outside, whatever presence says of its owner and though they were rung before: a plan that
    /// writes this step wants it.
    pub fn number(number: Number, rules: Rules) -> Self {
        let rules = Rules { again: true, regardless: true, ..rules };
        let group = Arc::new(Group::new(number.number.clone(), vec![Branch::new(Target::Number(number))]));
        Self { direct: true, ..Self::group(group, rules) }
    }

    fn begin(&mut self, moment: &mut Moment<'_, '_>) -> Flow {
        let name = (!self.direct).then(|| self.group.name.clone());
        let team = Team::begin(moment, &self.group, name, 0);
        let ends = moment.cx.now + self.rules.give_up.min(GIVE_UP_MAX);
        self.state = State::Ringing { team, ends, ahead: Duration::ZERO };
        self.go_on(moment)
    }

    /// Rings whoever is due. When nothing rings the schedule jumps to whoever is next.
    fn go_on(&mut self, moment: &mut Moment<'_, '_>) -> Flow {
        let State::Ringing { team, ends, ahead } = &mut self.state else { return self.flow() };
        let now = moment.cx.now;
        if now >= *ends {
            if team.cancel(moment, Gone::RangOut, None) {
                moment.rang_out();
            }
            return self.end(moment);
        }
        let rest = *ends - now;
        loop {
            team.advance(moment, now + *ahead, rest);
            let mut legs = Vec::new();
            team.legs(&mut legs);
            match team.poll_timeout() {
                _ if !legs.is_empty() => return Flow::Continue,
                // Each jump uses up one delay or one turn, so there are no more jumps than those.
                Some(next) => *ahead = next.saturating_duration_since(now),
                None => return self.end(moment),
            }
        }
    }

    fn end(&mut self, moment: &mut Moment<'_, '_>) -> Flow {
        if moment.ledger.is_empty() && !self.direct {
            moment.out.because(Reason::NobodyFree { group: self.group.name.clone() });
        }
        self.close(moment.ledger.tally.outcome(self.direct))
    }

    fn close(&mut self, outcome: Outcome) -> Flow {
        self.state = State::Over(outcome);
        self.flow()
    }

    fn flow(&self) -> Flow {
        match self.state {
            State::Over(outcome) => Flow::Done(outcome),
            _ => Flow::Continue,
        }
    }

    fn on_answered(&mut self, moment: &mut Moment<'_, '_>, winner: Leg) -> Flow {
        let mut legs = Vec::new();
        if let State::Ringing { team, .. } = &mut self.state {
            team.legs(&mut legs);
            if legs.contains(&winner) {
                team.cancel(moment, Gone::AnsweredElsewhere, Some(winner));
                moment.out.push(Action::Bridge(Leg::CALLER, winner));
                return self.close(Outcome::Answered);
            }
        }
        // Somebody picked up a phone that we had stopped ringing: there is no call for them any more.
        if moment.ledger.dialled(winner) {
            moment.out.push(Action::Hangup(winner));
        }
        self.flow()
    }

    fn on_failed(&mut self, moment: &mut Moment<'_, '_>, leg: Leg, code: u16) -> Flow {
        if let State::Ringing { team, .. } = &mut self.state
            && let Some(person) = team.on_failed(moment, leg, code)
        {
            moment.refuse(&person);
            // They know of the call, so it is none that they missed.
            team.cancel_person(moment, &person, Gone::AnsweredElsewhere);
        }
        self.go_on(moment)
    }

    fn on_event(&mut self, moment: &mut Moment<'_, '_>, event: &Event) -> Flow {
        match (&mut self.state, event) {
            (State::New, Event::Start) => self.begin(moment),
            (State::Ringing { team, .. }, Event::HungUp(Leg::CALLER)) => {
                team.cancel(moment, Gone::CallerGone, None);
                self.close(Outcome::Ended)
            }
            (State::New, Event::HungUp(Leg::CALLER)) => self.close(Outcome::Ended),
            (State::Ringing { team, .. }, Event::Ringing(leg)) => {
                team.on_ringing(*leg);
                Flow::Continue
            }
            (_, Event::Answered(leg)) => self.on_answered(moment, *leg),
            (_, Event::Failed(leg, code)) => self.on_failed(moment, *leg, *code),
            (_, Event::HungUp(leg)) => self.on_failed(moment, *leg, 487),
            (_, Event::Timeout) => self.go_on(moment),
            _ => self.flow(),
        }
    }
}

impl Program for Hunt {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        let mut ledger = std::mem::take(&mut self.ledger);
        let (rules, direct) = (self.rules, self.direct);
        let mut moment = Moment { cx, out, ledger: &mut ledger, rules, direct, announce: None };
        let flow = self.on_event(&mut moment, event);
        self.ledger = ledger;
        flow
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let State::Ringing { team, ends, ahead } = &self.state else { return None };
        let next = team.poll_timeout().and_then(|next| next.checked_sub(*ahead));
        Some(next.map_or(*ends, |next| next.min(*ends)))
    }
}
