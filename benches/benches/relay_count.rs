//! What a relayed packet costs in instructions outside the kernel, beside the plainest relay. Run by `benches/count relay`.
//!
//! Whole runs are counted, all threads: the difference between 100 and 1100 packets, divided by 1000, is a packet, its
//! phones included; what the exchange does more than the plainest relay is the difference of those.

#![allow(missing_docs, reason = "the macros make items that have none")]

use gungraun::prelude::*;
use gungraun::{Callgrind, EntryPoint};
use vaihde_benches::relay::{Calls, Who};

#[library_benchmark]
#[bench::floor_100(Who::Floor, 100)]
#[bench::floor_1100(Who::Floor, 1100)]
#[bench::media_100(Who::Media, 100)]
#[bench::media_1100(Who::Media, 1100)]
fn packets(who: Who, count: usize) {
    let mut calls = Calls::new(who, 1);
    for nth in 0..count {
        calls.say(nth & 1);
        calls.hear(nth & 1);
    }
    calls.end();
}

library_benchmark_group!(name = relay_count; benchmarks = packets);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::default().entry_point(EntryPoint::None));
    library_benchmark_groups = relay_count
);
