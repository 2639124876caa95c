//! People, legs, lengths and moments as they are called in a sentence.

use call::{Caller, Leg, Note, Target, What};
use dialplan::Dialplan;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// "Anna Virtanen" for `anna`; a name that the plan no longer knows stays as it is.
pub fn person(plan: &Dialplan, name: &str) -> String {
    plan.person(name).map_or_else(|| name.to_string(), |person| person.name.to_string())
}

/// "Anna Virtanen (1001)", "+358401234567", "somebody who withholds the number".
pub fn caller(plan: &Dialplan, caller: &Caller) -> String {
    let name = match &caller.person {
        Some(name) => person(plan, name),
        None => caller.name.to_string(),
    };
    let number = caller.number.as_ref();
    let said = match (name.is_empty(), number.is_empty()) {
        (false, false) if name != number => format!("{name} ({number})"),
        (false, _) => name,
        (true, false) => number.to_string(),
        (true, true) => "somebody without a number".to_string(),
    };
    if caller.private { format!("{said}, withheld,") } else { said }
}

/// The number dialled, and whose it is.
pub fn dialled(plan: &Dialplan, number: &str) -> String {
    match plan.person_by_number(number) {
        Some(person) => format!("{number} ({})", person.name),
        None => number.to_string(),
    }
}

/// Who is at each leg: the caller at leg 0, whoever was hoped for at the others.
pub fn legs(plan: &Dialplan, notes: &[Note]) -> BTreeMap<Leg, String> {
    let mut legs = BTreeMap::from([(Leg::CALLER, "the caller".to_string())]);
    for note in notes {
        match &note.what {
            What::Began { caller: from, .. } => {
                legs.insert(Leg::CALLER, caller(plan, from));
            }
            What::Offered { leg, person: hoped, target, .. } => {
                let at = match hoped {
                    Some(name) => person(plan, name),
                    None => place(target),
                };
                legs.insert(*leg, at);
            }
            _ => {}
        }
    }
    legs
}

/// Who a leg is, in a sentence.
pub fn leg(legs: &BTreeMap<Leg, String>, leg: Leg) -> String {
    legs.get(&leg).cloned().unwrap_or_else(|| format!("leg {leg}"))
}

/// Where a leg rings: "anna-desk", "+358401234567 through operator".
pub fn place(target: &Target) -> String {
    match target {
        Target::Contact { device, .. } => device.to_string(),
        Target::Trunk { trunk, number, .. } => format!("{number} through {trunk}"),
    }
}

/// "4.2 s", "1 min 5 s", "2 h 10 min".
pub fn length(length: Duration) -> String {
    match length.as_secs() {
        0..=9 => format!("{:.1} s", length.as_secs_f64()),
        seconds @ 10..=59 => format!("{seconds} s"),
        seconds @ 60..=3599 => match seconds % 60 {
            0 => format!("{} min", seconds / 60),
            rest => format!("{} min {rest} s", seconds / 60),
        },
        seconds => match seconds % 3600 / 60 {
            0 => format!("{} h", seconds / 3600),
            rest => format!("{} h {rest} min", seconds / 3600),
        },
    }
}

/// "Tue 14 Jul 2026, 10:00:03" in the office's time zone.
pub fn moment(plan: &Dialplan, at: Timestamp) -> String {
    at.to_zoned(plan.office.timezone.clone()).strftime("%a %-d %b %Y, %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_as_people_say_them() {
        let said = |ms| length(Duration::from_millis(ms));
        assert_eq!([said(0), said(4_230), said(12_900)], ["0.0 s", "4.2 s", "12 s"]);
        assert_eq!([said(60_000), said(65_000), said(3_600_000)], ["1 min", "1 min 5 s", "1 h"]);
        assert_eq!(said(7_800_000), "2 h 10 min");
    }
}
