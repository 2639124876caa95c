//! The commented example in `config/` is a configuration that works, as it is and with its trunk.
#![allow(clippy::unwrap_used, reason = "a test may unwrap")]

use std::path::Path;
use vaihde_dialplan::{Environment, Read, Source, read, render};

struct Folder<'a>(&'a Path);

impl Environment for Folder<'_> {
    fn var(&self, name: &str) -> Option<String> {
        (name == "OPERATOR_PASSWORD").then(|| "secret".into())
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.0.join(path)).ok()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.join(path).is_file()
    }
}

fn office(change: impl Fn(&str) -> String) -> Read {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let source = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        Source { path: name.into(), text: change(&text) }
    };
    let sources = [source("dialplan.toml"), source("vaihde.toml")];
    read(&sources, &Folder(&folder)).unwrap_or_else(|faults| panic!("{}", render(&faults, &sources, false)))
}

fn warnings(read: &Read) -> Vec<&str> {
    read.warnings.iter().map(|warning| warning.message.as_str()).collect()
}

#[test]
fn the_example_reads_and_only_misses_its_secrets() {
    let read = office(str::to_owned);
    assert_eq!(warnings(&read), ["the device `anna-desk` and 3 more have no secret"]);
    let plan = read.plan;
    assert_eq!(plan.person_by_number("1002").map(|person| &*person.name), Some("Pekka Koistinen"));
    assert_eq!(plan.lights_of("maija-desk").count(), 2, "her own mailbox and the reception's");
}

/// Taking the `# ` away below the last heading is what the file tells its reader to do.
#[test]
fn the_commented_trunk_works_once_its_marks_are_gone() {
    let read = office(|text| match text.split_once("# ── The world outside") {
        None => text.to_owned(),
        Some((office, world)) => {
            let (_, world) = world.split_once("#\n").unwrap();
            let unmarked = |line: &str| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or(line).to_owned();
            let world: Vec<String> = world.lines().map(unmarked).collect();
            format!("{}{}", office.replace("# mobile", "mobile"), world.join("\n"))
        }
    });
    assert_eq!(warnings(&read), ["the device `anna-desk` and 3 more have no secret"]);
    let trunk = read.plan.trunk("operator").unwrap();
    assert!(trunk.credentials.is_some());
    let mobile = read.plan.person("pekka").unwrap().mobile.clone().unwrap();
    assert_eq!((&*mobile.number, mobile.shown_as.as_deref()), ("+358401234567", Some("+358942421000")));
    assert!(read.plan.trunk_at("192.0.2.10:5060".parse().unwrap()).is_some());
}
