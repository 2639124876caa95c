//! A group that rings: its members' turns, which may be groups themselves.
//!
//! ```text
//! Queued ──a place is free──▶ Waiting ──its delay is over──▶ Ringing ──refused, rang out──▶ Over
//! ```
//! Where all ring at once there is a place for each; where members take turns there are `at_once` places.

use crate::ledger::Moment;
use crate::order::order;
use crate::phones::Phones;
use crate::{Branch, DEPTH_MAX, GIVE_UP_MAX, Group, Strategy, Target};
use call::{Action, Gone, Leg, Name};
use std::time::{Duration, Instant};

/// A group that has begun.
pub(crate) struct Team {
    name: Option<Name>,
    turns: Vec<Turn>,
    places: usize,
    /// Where members take turns, how long each rings.
    each: Option<Duration>,
    depth: usize,
}

struct Turn {
    branch: Branch,
    state: State,
}

enum State {
    Queued,
    Waiting { at: Instant },
    Ringing { member: Member, until: Option<Instant> },
    Over,
}

enum Member {
    Phones(Phones),
    Team(Team),
}

impl Team {
    /// Puts the members in order; [`Team::advance`] then rings them. `name` goes on the legs.
    pub(crate) fn begin(moment: &mut Moment<'_, '_>, group: &Group, name: Option<Name>, depth: usize) -> Team {
        let dice = moment.throw();
        let members = order(group, moment.cx.world, dice);
        let (places, each) = match group.strategy {
            Strategy::All => (members.len(), None),
            _ => (group.at_once.max(1), Some(group.ring_each)),
        };
        let turns = members.into_iter().map(|branch| Turn { branch, state: State::Queued }).collect();
        Team { name, turns, places, each, depth }
    }

    /// Nobody is left and nothing rings.
    pub(crate) fn is_over(&self) -> bool {
        self.turns.iter().all(|turn| matches!(turn.state, State::Over))
    }

    /// Does what is due at `now`. `rest` is how long the whole hunt may still last.
    pub(crate) fn advance(&mut self, moment: &mut Moment<'_, '_>, now: Instant, rest: Duration) {
        loop {
            self.fill_places(now);
            let mut freed = false;
            for turn in &mut self.turns {
                let was_over = matches!(turn.state, State::Over);
                turn.advance(moment, now, rest, &self.name, self.each, self.depth);
                freed |= !was_over && matches!(turn.state, State::Over);
            }
            if !freed {
                return;
            }
        }
    }

    fn fill_places(&mut self, now: Instant) {
        let taken = |turn: &&Turn| matches!(turn.state, State::Waiting { .. } | State::Ringing { .. });
        let free = self.places.saturating_sub(self.turns.iter().filter(taken).count());
        for turn in self.turns.iter_mut().filter(|turn| matches!(turn.state, State::Queued)).take(free) {
            turn.state = State::Waiting { at: now + turn.branch.after.min(GIVE_UP_MAX) };
        }
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        self.turns.iter().filter_map(|turn| match &turn.state {
            State::Ringing { member, .. } => Some(member),
            _ => None,
        })
    }

    fn members_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.turns.iter_mut().filter_map(|turn| match &mut turn.state {
            State::Ringing { member, .. } => Some(member),
            _ => None,
        })
    }

    /// The legs that ring.
    pub(crate) fn legs(&self, into: &mut Vec<Leg>) {
        for member in self.members() {
            match member {
                Member::Phones(phones) => into.extend(phones.legs()),
                Member::Team(team) => team.legs(into),
            }
        }
    }

    /// When something is due next.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let due = |turn: &Turn| match &turn.state {
            State::Waiting { at } => Some(*at),
            State::Ringing { member: Member::Team(team), until } => {
                until.iter().copied().chain(team.poll_timeout()).min()
            }
            State::Ringing { until, .. } => *until,
            State::Queued | State::Over => None,
        };
        self.turns.iter().filter_map(due).min()
    }

    /// A leg rings.
    pub(crate) fn on_ringing(&mut self, leg: Leg) {
        self.members_mut().for_each(|member| match member {
            Member::Phones(phones) => phones.on_ringing(leg),
            Member::Team(team) => team.on_ringing(leg),
        });
    }

    /// A leg failed. Returns who thereby refuses on all of their phones.
    pub(crate) fn on_failed(&mut self, moment: &mut Moment<'_, '_>, leg: Leg, code: u16) -> Option<Name> {
        self.members_mut().find_map(|member| match member {
            Member::Phones(phones) => phones.on_failed(moment, leg, code).then(|| phones.person().cloned())?,
            Member::Team(team) => team.on_failed(moment, leg, code),
        })
    }

    /// Stops the phones of one person.
    pub(crate) fn cancel_person(&mut self, moment: &mut Moment<'_, '_>, person: &Name, gone: Gone) {
        self.members_mut().for_each(|member| match member {
            Member::Phones(phones) if phones.person() == Some(person) => {
                phones.cancel(moment, gone);
            }
            Member::Phones(_) => {}
            Member::Team(team) => team.cancel_person(moment, person, gone),
        });
    }

    /// Stops everything but one leg. Returns whether anything was stopped.
    pub(crate) fn cancel(&mut self, moment: &mut Moment<'_, '_>, gone: Gone, except: Option<Leg>) -> bool {
        let mut legs = Vec::new();
        self.legs(&mut legs);
        legs.retain(|leg| Some(*leg) != except);
        legs.iter().for_each(|leg| moment.out.push(Action::Cancel(*leg, gone)));
        self.turns.clear();
        !legs.is_empty()
    }
}

impl Turn {
    fn advance(
        &mut self,
        moment: &mut Moment<'_, '_>,
        now: Instant,
        rest: Duration,
        group: &Option<Name>,
        each: Option<Duration>,
        depth: usize,
    ) {
        if let State::Waiting { at } = self.state
            && at <= now
        {
            let during = self.during(each);
            let member = self.begin(moment, during.map_or(rest, |during| during.min(rest)), group, depth);
            self.state = State::Ringing { member, until: during.map(|during| now + during) };
        }
        let State::Ringing { member, until } = &mut self.state else { return };
        if until.is_some_and(|until| until <= now) {
            if member.cancel(moment, Gone::RangOut) {
                moment.rang_out();
            }
        } else if let Member::Team(team) = member {
            team.advance(moment, now, rest);
        }
        if member.is_over() {
            self.state = State::Over;
        }
    }

    /// How long it may ring. A group that takes turns within a turn ends by itself.
    fn during(&self, each: Option<Duration>) -> Option<Duration> {
        let own_end = matches!(&self.branch.target, Target::Group(group) if group.strategy != Strategy::All);
        let during = self.branch.during.or(if own_end { None } else { each });
        during.map(|during| during.min(GIVE_UP_MAX))
    }

    fn begin(&self, moment: &mut Moment<'_, '_>, during: Duration, group: &Option<Name>, depth: usize) -> Member {
        if let Target::Group(inner) = &self.branch.target {
            let empty = Group::new(inner.name.clone(), Vec::new());
            let inner = if depth < DEPTH_MAX { inner } else { &empty };
            return Member::Team(Team::begin(moment, inner, Some(inner.name.clone()), depth + 1));
        }
        Member::Phones(Phones::begin(moment, &self.branch.target, group.as_ref(), during))
    }
}

impl Member {
    fn is_over(&self) -> bool {
        match self {
            Member::Phones(phones) => phones.is_over(),
            Member::Team(team) => team.is_over(),
        }
    }

    fn cancel(&mut self, moment: &mut Moment<'_, '_>, gone: Gone) -> bool {
        match self {
            Member::Phones(phones) => phones.cancel(moment, gone),
            Member::Team(team) => team.cancel(moment, gone, None),
        }
    }
}
