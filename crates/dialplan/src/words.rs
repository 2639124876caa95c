//! Decisions in plain words: the same for what would happen (`vaihde explain`) and for what did (`vaihde journey`).

use crate::plan::Dialplan;
use call::{Absence, Name, Outcome, Reachability, Reason};
use std::time::Duration;

/// A decision and its cause as a sentence; `None` for what the next one tells anyway.
pub fn sentence(plan: &Dialplan, reason: &Reason) -> Option<String> {
    match reason {
        Reason::StepEnded { outcome: Outcome::Passed | Outcome::Answered | Outcome::Ended, .. } => None,
        reason => Some(said(plan, reason)),
    }
}

fn said(plan: &Dialplan, reason: &Reason) -> String {
    let name = |person: &Name| plan.person(person).map_or_else(|| person.clone(), |person| person.name.clone());
    match reason {
        Reason::Route { route, at } => match route.strip_prefix("route ") {
            Some(number) => format!("Route {number} fits ({at})."),
            None => format!("The route \"{route}\" fits ({at})."),
        },
        Reason::Step { step, at } => format!("Next: {step} ({at})."),
        Reason::Skipped { step, when } => format!("Left out: {step}, for `{when}` does not hold."),
        Reason::NotRung { person, because } => {
            format!("{} is not rung: {}.", name(person), unreachable_because(plan, because))
        }
        Reason::AlreadyRung { person } => format!("{} is not rung a second time.", name(person)),
        Reason::Rings { person, during } => format!("{} rings for {} at most.", name(person), length(*during)),
        Reason::NobodyFree { group } => format!("Nobody of {group} can be rung."),
        Reason::GoesOn { from, to, after } => {
            format!("The call goes on from {} to {to}: {}.", name(from), ended(*after))
        }
        Reason::StepEnded { step, outcome } => format!("Done with {step}: {}.", ended(*outcome)),
        Reason::NoRoute { dialled } => format!("No route leads this caller to {dialled}."),
        Reason::Words(words) => {
            let mut letters = words.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).chain(['.']).collect()
        }
    }
}

/// Why somebody cannot be rung, and until when.
pub fn unreachable_because(plan: &Dialplan, reachability: &Reachability) -> String {
    match reachability {
        Reachability::Free => "free".into(),
        Reachability::Absent(absence) => absent(plan, absence),
        Reachability::DoNotDisturb => "they asked not to be disturbed".into(),
        Reachability::Busy { ringing: true } => "their phone rings for somebody else".into(),
        Reachability::Busy { ringing: false } => "they are in a call".into(),
        Reachability::Offline => "none of their phones is registered".into(),
    }
}

fn absent(plan: &Dialplan, absence: &Absence) -> String {
    let reason = absence.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let until = absence.until.map(|until| {
        let back = until.to_zoned(plan.office.timezone.clone());
        // Back from the first moment of a day: the day says enough.
        let shape = if back.time() == jiff::civil::Time::midnight() { "%Y-%m-%d" } else { "%Y-%m-%d at %H:%M" };
        format!(", back on {}", back.strftime(shape))
    });
    format!("they are away{reason}{}", until.unwrap_or_default())
}

/// How a step ended, as part of a sentence.
pub fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "answered",
        Outcome::Ended => "the caller was served",
        Outcome::NoAnswer => "nobody answered",
        Outcome::Busy => "busy",
        Outcome::Absent => "away",
        Outcome::Offline => "no phone is registered",
        Outcome::DoNotDisturb => "not to be disturbed",
        Outcome::Failed => "it failed",
        Outcome::Passed => "nothing more to do there",
    }
}

/// A duration as people say it.
fn length(duration: Duration) -> String {
    match duration.as_secs() {
        secs if secs < 120 => format!("{secs} s"),
        secs if secs % 60 == 0 => format!("{} min", secs / 60),
        secs => format!("{} min {} s", secs / 60, secs % 60),
    }
}
