//! Threads with nothing to do sleep. Alone in its process, whose threads it looks at.
#![allow(clippy::disallowed_methods, reason = "sleep is the subject")]

mod common;

use call::media::MediaCommand;
use common::{A, Call, PATIENCE};
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, thread};

#[test]
fn a_quiet_call_wakes_nobody() {
    let Call { exchange, .. } = Call::new();
    exchange.send(MediaCommand::Watch { end: A, limit: Some(PATIENCE * 10) });
    exchange.settle(A);
    thread::sleep(Duration::from_millis(100));
    let before = wake_ups();
    thread::sleep(Duration::from_millis(400));
    assert_eq!(before.len(), 4);
    assert_eq!(wake_ups(), before);
}

/// How often each of our threads has gone to sleep.
fn wake_ups() -> Vec<(PathBuf, u64)> {
    let mut found: Vec<(PathBuf, u64)> = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let ours = ["media-0", "media-1", "sounds", "messages"];
            ours.contains(&status.lines().next()?.strip_prefix("Name:\t")?).then_some(())?;
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
            Some((task.path(), line.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    found.sort();
    found
}
