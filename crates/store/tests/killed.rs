//! Intact after `kill -9`: everything that was acknowledged is there, and the file is whole.

#![allow(clippy::unwrap_used)]

use call::{JourneyId, Message, Note, What};
use jiff::Timestamp;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{Entry, Sqlite, Store, Writer, WriterConfig};

const CHILD: &str = "VAIHDE_STORE_TEST_DATABASE";

fn entries(count: u64) -> Vec<Entry> {
    let (journey, at) = (JourneyId(count + 1), Timestamp::UNIX_EPOCH);
    let (id, length) = (format!("m-{count}").into(), Duration::from_secs(3));
    let message = Message { id, mailbox: "office".into(), from_number: "1001".into(), from_name: "".into(), length };
    let words = What::Fault { message: "a diary note ".repeat(20).into() };
    let diary = Entry { note: Note { at, journey: Some(journey), what: words }, keep: None };
    let keep =
        Entry { note: Note { at, journey: Some(journey), what: What::MessageLeft(message) }, keep: Some(journey) };
    vec![diary, keep]
}

/// Not a test of its own: the process that is killed. Prints the number of each promise once it is kept.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(database) = std::env::var(CHILD) else { return };
    let kept = |journey: JourneyId, ok: bool| {
        assert!(ok);
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept {}", journey.0 - 1).unwrap();
        out.flush().unwrap();
    };
    let store = Sqlite::open(Path::new(&database)).unwrap();
    let writer = Writer::start(Box::new(store), WriterConfig::default(), kept).unwrap();
    for count in 0.. {
        writer.write(&mut entries(count));
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn everything_acknowledged_survives_a_kill_in_the_middle_of_writing() {
    let folder = std::env::temp_dir().join(format!("vaihde-store-killed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = folder.join("vaihde.db");
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(CHILD, &database)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let kept = lines.map_while(Result::ok).filter_map(|line| line.split_once("kept ")?.1.parse().ok());
        acknowledged.extend(kept.take(50 * round).collect::<Vec<u64>>());
        child.kill().unwrap();
        child.wait().unwrap();
        let mut store = Sqlite::open(&database).unwrap();
        store.check().unwrap();
        let messages = store.restore(Timestamp::UNIX_EPOCH).unwrap().messages;
        for count in &acknowledged {
            let id = format!("m-{count}");
            assert!(messages.iter().any(|info| *info.message.id == *id), "{id} was promised");
            assert!(store.journey(JourneyId(count + 1)).unwrap().len() >= 2, "the notes before {id}");
        }
    }
    assert!(acknowledged.len() >= 300);
    std::fs::remove_dir_all(&folder).ok();
}
