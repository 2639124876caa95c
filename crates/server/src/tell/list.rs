//! One line for each journey.

use super::words;
use call::{EndedBy, Leg, Note, What};
use dialplan::Dialplan;
use jiff::Timestamp;
use store::{End, Summary};

/// The cells of one line.
pub type Line = [String; 6];

const HEAD: [&str; 6] = ["JOURNEY", "BEGAN", "FROM", "DIALLED", "HOW IT ENDED", "TALKED"];

/// A journey as a line. One that an exchange running since then has not noted the end of goes on.
pub fn line(plan: &Dialplan, summary: &Summary, notes: &[Note], runs_since: Option<Timestamp>) -> Line {
    let caller = notes.iter().find_map(|note| match &note.what {
        What::Began { caller, .. } => Some(words::caller(plan, caller)),
        _ => None,
    });
    let talked = summary.end.and_then(|end| end.talked).map(words::length);
    [
        summary.id.to_string(),
        words::moment(plan, summary.began),
        caller.unwrap_or_else(|| summary.number.to_string()),
        words::dialled(plan, &summary.dialled),
        match summary.end {
            Some(end) => ended(plan, &end, notes),
            None if runs_since.is_some_and(|since| summary.began >= since) => "in progress".into(),
            None => "cut off: the exchange stopped".into(),
        },
        talked.unwrap_or_default(),
    ]
}

fn ended(plan: &Dialplan, end: &End, notes: &[Note]) -> String {
    let legs = words::legs(plan, notes);
    let answered = notes.iter().rev().find_map(|note| match note.what {
        What::Bridged { a, b } => Some(words::leg(&legs, if a == Leg::CALLER { b } else { a })),
        _ => None,
    });
    let message = notes.iter().find_map(|note| match &note.what {
        What::MessageLeft(message) => Some(format!("message for {}", message.mailbox)),
        _ => None,
    });
    let listens = |what: &What| matches!(what, What::MessageHeard { .. } | What::MessageDeleted { .. });
    match (message, answered, end.by) {
        (Some(message), ..) => message,
        (None, Some(who), _) => format!("answered: {who}"),
        (None, None, EndedBy::Caller) if end.code == 487 => "caller gave up".into(),
        (None, None, EndedBy::Exchange) => "ended by the exchange".into(),
        (None, None, _) if notes.iter().any(|note| listens(&note.what)) => "listened to messages".into(),
        (None, None, _) if end.code == 200 => "heard us, left no message".into(),
        (None, None, _) => format!("{} {}", end.code, sip::reason_phrase(end.code)),
    }
}

/// All lines below each other, in columns.
pub fn table(lines: &[Line]) -> String {
    let head = HEAD.map(str::to_string);
    let all = || std::iter::once(&head).chain(lines);
    let width = |column: usize| all().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let row = |line: &Line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    all().map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_the_letters() {
        let line = |name: &str| ["1", "now", name, "1001", "busy", ""].map(str::to_string);
        let table = table(&[line("Äijä"), line("Bo")]);
        let at: Vec<_> = table
            .lines()
            .map(|line| line.chars().collect::<Vec<_>>())
            .map(|l| l[22..26].iter().collect::<String>())
            .collect();
        assert_eq!(at, ["DIAL", "1001", "1001"]);
    }
}
