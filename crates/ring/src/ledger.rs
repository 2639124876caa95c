//! What a hunt remembers of whom it rang, and the moment in which it acts.

use crate::tally::{Tally, outcome_of};
use crate::{LEGS_MAX, Rules};
use call::{Action, Context, Leg, Name, Outcome, Reachability, Reason, Script, Target};

/// What the whole hunt remembers.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Every leg that the hunt dialled and where: nobody's phone rings twice.
    dialled: Vec<(Leg, Target)>,
    /// Whom it rang.
    people: Vec<Name>,
    /// Who said no for all of their phones.
    refused: Vec<Name>,
    /// Whom the diary mentions as not rung.
    told: Vec<Name>,
    /// What became of them.
    pub(crate) tally: Tally,
    progress_told: bool,
    /// How many orders were thrown, so that two groups that begin together do not get the same one.
    throws: u64,
}

impl Ledger {
    /// Whether the hunt dialled this leg.
    pub(crate) fn dialled(&self, leg: Leg) -> bool {
        self.dialled.iter().any(|(known, _)| *known == leg)
    }

    /// Nothing was dialled so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.dialled.is_empty()
    }
}

/// One event's moment: the ledger, what may be asked and where actions go.
pub(crate) struct Moment<'a, 'b> {
    pub(crate) cx: &'a Context<'b>,
    pub(crate) out: &'a mut Script,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) rules: Rules,
    /// One person was called, not a group.
    pub(crate) direct: bool,
    /// What the diary says before the next leg is dialled.
    pub(crate) announce: Option<Reason>,
}

impl Moment<'_, '_> {
    /// Whether this person's phones (`outside`: their number beyond a trunk) may ring now. If not, the diary is told
    /// why, once.
    pub(crate) fn may_ring(&mut self, person: &Name, outside: bool) -> bool {
        if self.ledger.refused.contains(person) {
            return false;
        }
        let ours = self.ledger.people.contains(person);
        let rung = ours || self.cx.journey.was_rung(person);
        if rung && !ours && !self.rules.again {
            self.tell_already_rung(person);
            return false;
        }
        let reachability = if self.is_caller(person) && !self.direct {
            Reachability::Busy { ringing: false }
        } else if self.rules.regardless {
            Reachability::Free
        } else {
            self.cx.world.reachability(person)
        };
        match reachability {
            Reachability::Free => true,
            // What rings there is this journey itself.
            Reachability::Busy { ringing: true } if rung => true,
            Reachability::Offline if outside => true,
            because => {
                self.tell_not_rung(person, because);
                false
            }
        }
    }

    /// A group does not ring the member who calls it.
    fn is_caller(&self, person: &Name) -> bool {
        self.cx.journey.caller.person.as_ref() == Some(person)
    }

    /// The person, or this phone of theirs, was rung before.
    pub(crate) fn tell_already_rung(&mut self, person: &Name) {
        self.ledger.tally.add_rung_before();
        if self.tells_first(person) {
            self.out.because(Reason::AlreadyRung { person: person.clone() });
        }
    }

    /// The person will not be rung.
    pub(crate) fn tell_not_rung(&mut self, person: &Name, because: Reachability) {
        self.ledger.tally.add(outcome_of(&because));
        if self.tells_first(person) {
            self.out.because(Reason::NotRung { person: person.clone(), because });
        }
    }

    fn tells_first(&mut self, person: &Name) -> bool {
        let first = !self.ledger.told.contains(person);
        if first {
            self.ledger.told.push(person.clone());
        }
        first
    }

    /// Whether this hunt has dialled the phone or number already.
    fn has_dialled(&self, target: &Target) -> bool {
        self.ledger.dialled.iter().any(|(_, known)| match (known, target) {
            (Target::Trunk { number: known, .. }, Target::Trunk { number, .. }) => known == number,
            _ => known == target,
        })
    }

    /// Rings a phone or number, unless the hunt has dialled it before or has dialled too much already.
    pub(crate) fn dial(&mut self, target: Target, person: Option<&Name>, group: Option<&Name>) -> Option<Leg> {
        if self.ledger.dialled.len() >= LEGS_MAX || self.has_dialled(&target) {
            return None;
        }
        if let Some(reason) = self.announce.take() {
            self.out.because(reason);
        }
        let inside = matches!(target, Target::Contact { .. });
        let leg = self.out.dial(target.clone(), person.cloned(), group.cloned());
        self.ledger.dialled.push((leg, target));
        if let Some(person) = person
            && !self.ledger.people.contains(person)
        {
            self.ledger.people.push(person.clone());
        }
        // Beyond a trunk the network tells the caller itself, perhaps with an announcement.
        if inside && !std::mem::replace(&mut self.ledger.progress_told, true) {
            self.out.push(Action::Progress);
        }
        Some(leg)
    }

    /// The person said no for all of their phones, RFC 3261 §21.6.
    pub(crate) fn refuse(&mut self, person: &Name) {
        self.ledger.refused.push(person.clone());
    }

    /// Something that rang was given up.
    pub(crate) fn rang_out(&mut self) {
        self.ledger.tally.add(Outcome::NoAnswer);
    }

    /// A number for one order.
    pub(crate) fn throw(&mut self) -> u64 {
        self.ledger.throws += 1;
        self.cx.dice.wrapping_add(self.ledger.throws)
    }
}
