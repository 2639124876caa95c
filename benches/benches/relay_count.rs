//! What a relayed packet costs in instructions outside the kernel, beside the plainest relay. Run by `benches/count relay`.
//!
//! Both figures hold the phones' own instructions; their difference is what the exchange does for a packet.

use gungraun::{library_benchmark, library_benchmark_group, main};
use vaihde_benches::relay::{Calls, Who};

const PACKETS: usize = 1000;

fn calls(who: Who) -> Calls {
    let mut calls = Calls::new(who, 1);
    packets(&mut calls, 10);
    calls
}

fn packets(calls: &mut Calls, count: usize) {
    for nth in 0..count {
        calls.say(nth & 1);
        calls.hear(nth & 1);
    }
}

// Divide by 1000 for a packet.
#[library_benchmark]
#[bench::floor(calls(Who::Floor))]
#[bench::media(calls(Who::Media))]
fn thousand_packets(mut calls: Calls) -> Calls {
    packets(&mut calls, PACKETS);
    calls
}

library_benchmark_group!(name = relay_count; benchmarks = thousand_packets);
main!(library_benchmark_groups = relay_count);
