//! What an administrator sees: every fault at once, underlined, with the nearest name.

use vaihde_dialplan::{Nothing, Source, read, render};

/// An office in which only what a test adds can be wrong.
const OFFICE: &str = r#"
domain = "pbx.example.fi"
[person.anna]
number = "1001"
devices = ["anna-desk"]
[person.pekka]
number = "1002"
devices = ["pekka-desk"]
[secret]
anna-desk = {}
pekka-desk = {}
"#;

fn told(text: &str) -> String {
    let sources = [("plan.toml", text), ("office.toml", OFFICE)];
    let sources = sources.map(|(path, text)| Source { path: path.into(), text: text.into() });
    match read(&sources, &Nothing) {
        Ok(read) => render(&read.warnings, &sources, false),
        Err(faults) => render(&faults, &sources, false),
    }
}

/// Compares without the first line of the test's literal.
#[track_caller]
fn check(text: &str, expected: &str) {
    let told = told(text);
    assert!(told == expected.trim_matches('\n'), "told:\n{told}\n\nexpected:\n{expected}");
}
