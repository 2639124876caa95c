//! One journey, sentence by sentence.

use super::words::{caller, dialled, leg, legs, length, moment, person, place};
use call::{EndedBy, Gone, Leg, Note, What};
use dialplan::Dialplan;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Tells a journey: when it began, then each thing that happened, with the seconds since.
pub fn journey(plan: &Dialplan, notes: &[Note]) -> String {
    let Some(first) = notes.first() else { return String::new() };
    let legs = legs(plan, notes);
    let mut told = String::new();
    if let Some(id) = first.journey {
        writeln!(told, "Journey {id}, {}", moment(plan, first.at)).ok();
    }
    for note in notes {
        let after = note.at.duration_since(first.at).as_secs_f64();
        if let Some(sentence) = what(plan, &legs, &note.what) {
            writeln!(told, "{after:>8.1} s  {sentence}").ok();
        }
    }
    if !notes.iter().any(|note| matches!(note.what, What::Ended { .. })) {
        told.push_str("            It has not ended yet, or the exchange was stopped in the middle of it.\n");
    }
    told
}

/// One sentence; `None` for what only the ladder shows.
fn what(plan: &Dialplan, legs: &BTreeMap<Leg, String>, what: &What) -> Option<String> {
    let who = |at: &Leg| leg(legs, *at);
    let sentence = match what {
        What::Began { caller: from, dialled: number, call_id } => {
            let over = from.trunk.as_ref().map(|trunk| format!(" over the trunk {trunk}"));
            let with = from.device.as_ref().map(|device| format!(" with {device}"));
            let way = over.or(with).unwrap_or_default();
            format!("{} calls {}{way}. (Call-ID {call_id})", caller(plan, from), dialled(plan, number))
        }
        What::Because(reason) => dialplan::sentence(plan, reason),
        What::Offered { person: None, target, .. } => format!("{} is rung.", place(target)),
        What::Offered { person: Some(name), target, group, .. } => {
            let group = group.as_ref().map(|group| format!(", as one of {group}")).unwrap_or_default();
            format!("{} is rung at {}{group}.", person(plan, name), place(target))
        }
        What::Ringing { leg } => format!("The phone of {} rings.", who(leg)),
        What::Answered { leg: Leg::CALLER, .. } => "The caller hears us.".into(),
        What::Answered { leg, device } => {
            let at = device.as_ref().map(|device| format!(" at {device}")).unwrap_or_default();
            format!("{} answers{at}.", who(leg))
        }
        What::Failed { leg, code, cancelled, .. } => failed(&who(leg), *code, *cancelled),
        What::Bridged { a, b } => format!("{} and {} hear each other.", who(a), who(b)),
        What::Held { leg, held: true } => format!("{} puts the other side on hold.", who(leg)),
        What::Held { leg, held: false } => format!("{} takes the other side back from hold.", who(leg)),
        What::HungUp { leg, .. } => format!("{} is no longer in the call.", who(leg)),
        What::Ended { outcome, by, code, lasted, talked } => {
            let how = outcome.map(|outcome| format!(": {}", dialplan::ended(outcome))).unwrap_or_default();
            let talked = talked.map(|talked| format!(", {} of them talking", length(talked))).unwrap_or_default();
            format!("{}{how}. It took {}{talked}; the caller's phone was told {code}.", ended_by(*by), length(*lasted))
        }
        What::MessageLeft(message) => {
            format!("A message of {} was left for {} ({}).", length(message.length), message.mailbox, message.id)
        }
        What::MessageHeard { mailbox, message, heard } => {
            format!("The message {message} of {mailbox} is {}.", if *heard { "heard" } else { "new again" })
        }
        What::MessageDeleted { mailbox, message } => format!("The message {message} of {mailbox} is deleted."),
        What::DoNotDisturb { person: name, on } => {
            let switched = if *on { "asks not to be disturbed" } else { "may be disturbed again" };
            format!("{} {switched}.", person(plan, name))
        }
        What::Registered { device, .. } => format!("{device} registers."),
        What::Unregistered { device, expired: true, .. } => format!("The registration of {device} runs out."),
        What::Unregistered { device, expired: false, .. } => format!("{device} unregisters."),
        What::Fault { message } => format!("A fault in vaihde ended this call: {message}. Please report it."),
        What::Sip { .. } => return None,
    };
    Some(sentence)
}

fn failed(who: &str, code: u16, cancelled: Option<Gone>) -> String {
    match (cancelled, code) {
        (Some(Gone::AnsweredElsewhere), _) => format!("{who} stops ringing: somebody else has answered."),
        (Some(Gone::RangOut), _) => format!("{who} stops ringing: it rang for as long as it might."),
        (Some(Gone::CallerGone), _) => format!("{who} stops ringing: the caller has hung up."),
        (None, 486 | 600) => format!("{who} is busy ({code})."),
        (None, 603 | 403) => format!("{who} declines ({code})."),
        (None, 408) => format!("{who} does not react at all (408)."),
        (None, 503) => format!("{who} cannot be reached over the network (503)."),
        (None, 488 | 606) => format!("{who} shares no codec with the caller ({code})."),
        (None, _) => format!("{who} cannot be rung: {code} {}.", sip::reason_phrase(code)),
    }
}

fn ended_by(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Caller => "The caller hangs up",
        EndedBy::Callee => "The one called hangs up",
        EndedBy::Plan => "The plan is at its end",
        EndedBy::Exchange => "The exchange ends the call",
    }
}
