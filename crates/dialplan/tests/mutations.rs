//! Whatever is done to a configuration, the reader answers with a plan or with faults, never with a panic.
#![allow(clippy::disallowed_methods, reason = "a test may unwrap, and begins at any instant")]

use proptest::prelude::*;
use std::time::Instant;
use vaihde_dialplan::{Nothing, Question, Source, explain, read, render, show};

const OFFICE: &str = include_str!("fixtures/office.toml");
const EXAMPLE: &str = include_str!("../../../config/dialplan.toml");
const SETTINGS: &str = include_str!("../../../config/vaihde.toml");

/// Reads, and does with the outcome all that can be done with it.
fn use_up(texts: &[&str]) {
    let source = |(at, text): (usize, &&str)| Source { path: format!("{at}.toml"), text: (*text).to_owned() };
    let sources: Vec<Source> = texts.iter().enumerate().map(source).collect();
    match read(&sources, &Nothing) {
        Ok(read) => {
            render(&read.warnings, &sources, true);
            show(&read.plan);
            for to in ["1001", "1000", "*97", "0401234567"] {
                let question = Question { from: "anna".into(), to: to.into(), ..Question::default() };
                if let Ok(explanation) = explain(&read.plan, &question, Instant::now()) {
                    assert!(!explanation.to_string().contains("without an end"), "{explanation}\n{texts:?}");
                }
            }
        }
        Err(faults) => {
            assert!(faults.iter().any(|fault| fault.is_error()));
            render(&faults, &sources, false);
        }
    }
}

/// Somewhere in the text, on the border of a character.
fn border(text: &str, at: prop::sample::Index) -> usize {
    let mut at = at.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn lines(text: &str, order: &[prop::sample::Index]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    order.iter().map(|at| format!("{}\n", lines[at.index(lines.len())])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_piece_replaced(
        from: prop::sample::Index, to: prop::sample::Index, put in "[a-zåö0-9:.\"'=\\[\\]{}, \n#*+-]{0,6}"
    ) {
        for office in [OFFICE, EXAMPLE, SETTINGS] {
            let (from, to) = (border(office, from), border(office, to));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
            let to = (to..=office.len()).find(|at| office.is_char_boundary(*at)).unwrap();
            use_up(&[&format!("{}{put}{}", &office[..from], &office[to..])]);
        }
    }

    #[test]
    fn lines_shuffled_and_repeated(order in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        use_up(&[&lines(OFFICE, &order)]);
        use_up(&["domain = \"x.example\"", &lines(EXAMPLE, &order)]);
    }

    #[test]
    fn words_exchanged(
        one: prop::sample::Index, other: prop::sample::Index, office in prop::sample::select(vec![OFFICE, EXAMPLE])
    ) {
        let is_break = |c: char| !(c.is_alphanumeric() || "-_:.".contains(c));
        let words: Vec<&str> = office.split(is_break).filter(|word| !word.is_empty()).collect();
        let (one, other) = (words[one.index(words.len())], words[other.index(words.len())]);
        use_up(&[&office.replacen(one, other, 1), SETTINGS]);
        use_up(&[&office.replace(one, other)]);
    }

    #[test]
    fn anything_at_all(text in any::<String>(), toml in "[a-z.]{1,8} = [\\[\"{}0-9a-z,.:\\]-]{0,20}\n") {
        use_up(&[&text]);
        use_up(&["domain = \"x.example\"", &toml]);
    }
}
