//! Every input that the fuzzers found worth keeping, or once broke something, goes through its target again.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;

/// Runs a target on its corpus in the order of names; a failure names the file.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).expect("a corpus for each target");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    for path in paths {
        let input = std::fs::read(&path).expect("a readable input");
        if let Err(panic) = catch_unwind(|| run(&input)) {
            eprintln!("the input is {}", path.display());
            resume_unwind(panic);
        }
    }
}

macro_rules! targets {
    ($($target:ident)+) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), fuzz::$target::run);
            }
        )+

        #[test]
        fn every_corpus_is_replayed() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
            for entry in std::fs::read_dir(folder).expect("the corpora") {
                let name = entry.expect("a readable folder").file_name();
                assert!([$(stringify!($target)),+].iter().any(|target| name == *target), "no target named {name:?}");
            }
        }
    };
}

targets! { configuration dialog digest framer message next_hop office packet sdp sound transactions }
