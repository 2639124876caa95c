//! The configuration's TOML: never a panic, faults point into the text, and what is shown reads back.

use super::steps;
use dialplan::{Diagnostic, Incoming, Nothing, Question, Source, View, explain, read, render, show};
use jiff::Timestamp;

/// Files, with a NUL between each two.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sources: Vec<Source> = text
        .split('\0')
        .take(3)
        .enumerate()
        .map(|(nth, text)| Source { path: format!("{nth}.toml"), text: text.to_owned() })
        .collect();
    let _ = dialplan::normalise(text);
    match read(&sources, &Nothing) {
        Err(faults) => {
            assert!(faults.iter().any(Diagnostic::is_error), "refused without a reason");
            check(&faults, &sources);
        }
        Ok(found) => {
            assert!(!found.warnings.iter().any(Diagnostic::is_error));
            check(&found.warnings, &sources);
            reads_back(&found.plan);
            ask(&found.plan);
        }
    }
}

fn check(faults: &[Diagnostic], sources: &[Source]) {
    for fault in faults {
        assert!(!fault.message.is_empty());
        for mark in &fault.marks {
            let source = &sources[mark.span.source as usize];
            let range = mark.span.start as usize..mark.span.end as usize;
            assert!(source.text.get(range.clone()).is_some(), "{range:?} is not in {}: {fault:?}", source.path);
        }
        assert_eq!(fault.position(sources).is_some(), !fault.marks.is_empty());
    }
    for colour in [false, true] {
        assert_eq!(render(faults, sources, colour).is_empty(), faults.is_empty());
    }
}

fn reads_back(plan: &dialplan::Dialplan) {
    let shown = show(plan);
    let sources = [Source { path: "shown.toml".into(), text: shown }];
    match read(&sources, &Nothing) {
        Ok(again) => assert_eq!(show(&again.plan), sources[0].text),
        Err(faults) => panic!("{}", render(&faults, &sources, false)),
    }
}

/// Calls everybody, from the first phone and from outside.
fn ask(plan: &dialplan::Dialplan) {
    let at: Timestamp = "2026-11-24T10:00:00+02:00".parse().expect("a moment");
    let from: Vec<&str> = plan.people().iter().take(1).map(|person| &*person.id).chain(["+358401234567"]).collect();
    let numbers: Vec<&str> = plan.people().iter().filter_map(|person| person.number()).map(|name| &**name).collect();
    for from in from {
        for to in numbers.iter().take(4).chain(&["1000", "*97", "+358942421000", "112"]) {
            let question = Question { from: from.to_owned(), to: (*to).to_owned(), at, ..Question::default() };
            if let Ok(explanation) = explain(plan, &question, steps::start()) {
                assert!(explanation.lines.len() < 5000, "{} lines", explanation.lines.len());
                let _ = explanation.to_string();
            }
        }
    }
    let facts = presence::Facts::default();
    let world = View { plan, facts: &facts, wall: at };
    let caller = call::Caller::default();
    for dialled in numbers {
        let _ = plan.route(&Incoming { caller: &caller, dialled, wall: at }, &world).map(|routed| routed.name);
    }
}
