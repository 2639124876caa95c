//! What an administrator sees: every fault at once, underlined, with the nearest name.
//!
//! Each file of `tests/diagnostics/` is read beside a faultless office, and what is told of it stands in the `.txt` of
//! the same name. `BLESS=1 cargo test -p vaihde-dialplan --test diagnostics` writes them anew, to be read by eye.
#![allow(clippy::unwrap_used, reason = "a test may unwrap")]

use std::fs;
use std::path::{Path, PathBuf};
use vaihde_dialplan::{Environment, Source, read, render};

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
[[route]]
from = "phones"
number = "*97"
steps = ["voicemail_menu"]
"#;

/// Nothing is set, and the file `missing.wav` is missing.
struct Beside;

impl Environment for Beside {
    fn var(&self, _name: &str) -> Option<String> {
        None
    }

    fn text(&self, _path: &str) -> Option<String> {
        None
    }

    fn exists(&self, path: &str) -> bool {
        path != "missing.wav"
    }
}

fn told(text: &str) -> String {
    let sources = [("plan.toml", text), ("office.toml", OFFICE)];
    let sources = sources.map(|(path, text)| Source { path: path.into(), text: text.into() });
    match read(&sources, &Beside) {
        Ok(read) => render(&read.warnings, &sources, false),
        Err(faults) => render(&faults, &sources, false),
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    cases.sort();
    cases
}

#[test]
fn every_fault_is_told_as_it_was_blessed() {
    let mut wrong = Vec::new();
    for case in cases() {
        let told = told(&fs::read_to_string(&case).unwrap()) + "\n";
        let blessed = case.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&blessed, &told).unwrap();
        } else if fs::read_to_string(&blessed).unwrap_or_default() != told {
            wrong.push(format!("{}\n{told}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_fault_knows_its_line_and_column_for_editors() {
    let sources = [Source { path: "plan.toml".into(), text: "domain = \"ä.example\"\nlanguage = \"de\"\n".into() }];
    let faults = read(&sources, &Beside).unwrap_err();
    assert_eq!(faults[0].position(&sources).unwrap().to_string(), "plan.toml:2:12");
    assert_eq!(read(&[], &Beside).unwrap_err()[0].message, "the configuration needs the key `domain`");
}
