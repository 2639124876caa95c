//! One journey, sentence by sentence.

use super::words::{caller, dialled, leg, legs, length, moment, person, place};
use call::{EndedBy, Gone, Leg, Note, What};
use dialplan::Dialplan;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Tells a journey: when it began, then each thing that happened, with the seconds since. One that an exchange running
/// since then has not noted the end of goes on.
pub fn journey(plan: &Dialplan, notes: &[Note], runs_since: Option<Timestamp>) -> String {
    let Some(first) = notes.first() else { return String::new() };
    let legs = legs(plan, notes);
    let answered = notes.iter().filter_map(|note| match note.what {
        What::Answered { leg, .. } => Some(leg),
        _ => None,
    });
    let answered: BTreeSet<Leg> = answered.collect();
    let mut told = String::new();
    if let Some(id) = first.journey {
        writeln!(told, "Journey {id}, {}", moment(plan, first.at)).ok();
    }
    for note in notes {
        let after = note.at.duration_since(first.at).as_secs_f64();
        if let Some(sentence) = what(plan, &legs, &answered, &note.what) {
            writeln!(told, "{after:>8.1} s  {sentence}").ok();
        }
    }
    if !notes.iter().any(|note| matches!(note.what, What::Ended { .. })) {
        told.push_str(match runs_since.is_some_and(|since| first.at >= since) {
            true => "            It goes on.\n",
            false => "            The exchange stopped in the middle of it: nothing more is known.\n",
        });
    }
    told
}

/// One sentence; `None` for what only the ladder shows, or what the next sentence tells anyway.
fn what(plan: &Dialplan, legs: &BTreeMap<Leg, String>, answered: &BTreeSet<Leg>, what: &What) -> Option<String> {
    let who = |at: &Leg| leg(legs, *at);
    let sentence = match what {
        What::Began { caller: from, dialled: number, call_id } => {
            let over = from.trunk.as_ref().map(|trunk| format!(" over the trunk {trunk}"));
            let with = from.device.as_ref().map(|device| format!(" with {device}"));
            let way = over.or(with).unwrap_or_default();
            format!("{} calls {}{way}. (Call-ID {call_id})", caller(plan, from), dialled(plan, number))
        }
        What::Because(reason) => return dialplan::sentence(plan, reason),
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
        // A caller who never heard us has not been in the call: how it ended says the rest.
        What::HungUp { leg, .. } if !answered.contains(leg) => return None,
        What::HungUp { leg, .. } => format!("{} is no longer in the call.", who(leg)),
        What::Ended { by, code, lasted, talked, .. } => {
            let talked = talked.map(|talked| format!(", {} of them talking", length(talked))).unwrap_or_default();
            format!("{} It took {}{talked}.", ended(*by, *code), length(*lasted))
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

/// Who ended it, and with what if nobody answered.
fn ended(by: EndedBy, code: u16) -> String {
    let with = || format!("{code} {}", sip::reason_phrase(code));
    match by {
        EndedBy::Caller if code >= 300 => "The caller gives up.".into(),
        EndedBy::Caller => "The caller hangs up.".into(),
        EndedBy::Callee => "The one called hangs up.".into(),
        EndedBy::Plan if code >= 300 => format!("The caller is refused: {}.", with()),
        EndedBy::Plan => "The plan is at its end, and so is the call.".into(),
        EndedBy::Exchange if code >= 300 => format!("The exchange refuses the caller: {}.", with()),
        EndedBy::Exchange => "The exchange ends the call.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use call::{JourneyId, Outcome, Reason};
    use std::time::Duration;

    fn told(whats: Vec<What>, runs_since: Option<Timestamp>) -> String {
        let source = dialplan::Source { path: "a.toml".into(), text: "domain = \"a.example\"".into() };
        let plan = dialplan::read(&[source], &dialplan::Nothing).unwrap().plan;
        let note = |what| Note { at: Timestamp::UNIX_EPOCH, journey: Some(JourneyId(1)), what };
        journey(&plan, &whats.into_iter().map(note).collect::<Vec<_>>(), runs_since)
    }

    fn ended_with(by: EndedBy, code: u16) -> Vec<What> {
        let reason = Reason::StepEnded { step: "ring reception".into(), outcome: Outcome::Ended };
        let lasted = Duration::from_secs(3);
        vec![
            What::Because(reason),
            What::HungUp { leg: Leg::CALLER, device: None },
            What::Ended { outcome: Some(Outcome::Ended), by, code, lasted, talked: None },
        ]
    }

    #[test]
    fn a_call_that_nobody_answered_ends_in_one_plain_sentence() {
        for (by, code, sentence) in [
            (EndedBy::Caller, 487, "The caller gives up. It took 3.0 s."),
            (EndedBy::Plan, 404, "The caller is refused: 404 Not Found. It took 3.0 s."),
            (EndedBy::Exchange, 503, "The exchange refuses the caller: 503 Service Unavailable. It took 3.0 s."),
        ] {
            let told = told(ended_with(by, code), None);
            let lines: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
            assert_eq!(lines, [format!("0.0 s  {sentence}")]);
        }
    }

    #[test]
    fn a_journey_without_an_end_goes_on_or_was_cut_off() {
        let began = || vec![What::Ringing { leg: Leg(1) }];
        assert!(told(began(), Some(Timestamp::MIN)).contains("It goes on."));
        let after = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1);
        for runs_since in [None, Some(after)] {
            assert!(told(began(), runs_since).contains("stopped in the middle of it"));
        }
    }
}
