//! What became of everybody whom a hunt wanted, and what the whole hunt's outcome is.

use call::{Outcome, Reachability};

/// The outcomes seen, as a set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    no_answer: bool,
    busy: bool,
    do_not_disturb: bool,
    absent: bool,
    failed: bool,
    declined: bool,
    rung_before: bool,
}

impl Tally {
    /// One target ended so.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::NoAnswer => self.no_answer = true,
            Outcome::Busy => self.busy = true,
            Outcome::DoNotDisturb => self.do_not_disturb = true,
            Outcome::Absent => self.absent = true,
            Outcome::Failed => self.failed = true,
            Outcome::Offline | Outcome::Answered | Outcome::Ended | Outcome::Passed => {}
        }
    }

    /// Somebody pressed "decline".
    pub(crate) fn add_decline(&mut self) {
        self.declined = true;
    }

    /// Somebody was left out because this journey rang them before.
    pub(crate) fn add_rung_before(&mut self) {
        self.rung_before = true;
    }

    /// How the hunt ended. One person who declined has decided for the hunt (`direct`); of a group the outcome is the
    /// one that says most about waiting longer: rang, talked, asked for quiet, refused, away, not there at all.
    pub(crate) fn outcome(self, direct: bool) -> Outcome {
        let ranks = [
            (self.declined && direct, Outcome::Failed),
            (self.no_answer, Outcome::NoAnswer),
            (self.busy, Outcome::Busy),
            (self.do_not_disturb, Outcome::DoNotDisturb),
            (self.failed || self.declined, Outcome::Failed),
            (self.absent, Outcome::Absent),
            (self.rung_before, Outcome::NoAnswer),
        ];
        ranks.iter().find(|(seen, _)| *seen).map_or(Outcome::Offline, |(_, outcome)| *outcome)
    }
}

/// What a leg's final status says of its target. `rang`: it had answered 180; `outside`: beyond a trunk.
pub(crate) fn judge(code: u16, rang: bool, outside: bool) -> Outcome {
    match code {
        486 | 600 => Outcome::Busy,
        487 => Outcome::NoAnswer,
        // A phone that rang and then says this has rung out by its own clock; one that never rang is not there.
        408 | 480 | 504 if rang => Outcome::NoAnswer,
        408 | 430 | 480 | 504 => Outcome::Offline,
        // Of a phone: it has forgotten its account or cannot be reached. Of a number: it is wrong, or the trunk is.
        404 | 410 | 500 | 502 | 503 | 604 if !outside => Outcome::Offline,
        _ => Outcome::Failed,
    }
}

/// The outcome for somebody who cannot be rung.
pub(crate) fn outcome_of(reachability: &Reachability) -> Outcome {
    match reachability {
        Reachability::Free => Outcome::NoAnswer,
        Reachability::Absent(_) => Outcome::Absent,
        Reachability::DoNotDisturb => Outcome::DoNotDisturb,
        Reachability::Busy { .. } => Outcome::Busy,
        Reachability::Offline => Outcome::Offline,
    }
}
