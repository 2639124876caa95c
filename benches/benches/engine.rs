//! Complete calls per second of one core, engine alone: what is left when sockets, media and records are not counted.

#![allow(clippy::disallowed_methods, reason = "an Instant is made in no other way; virtual time counts from it")]

use divan::{Bencher, counter::ItemsCount};
use std::time::{Duration, Instant};
use vaihde_benches::calls::{PLAN, engine, plan, record, replay};

fn main() {
    divan::main();
}

/// A thousand complete calls, one every ten milliseconds of virtual time.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn thousand_calls(bencher: Bencher<'_, '_>) {
    let (plan, start) = (plan(PLAN), Instant::now());
    let inputs = record(&plan, start, 1000, Duration::from_millis(10), false);
    bencher.counter(ItemsCount::new(1000usize)).with_inputs(|| (engine(&plan, start), inputs.clone())).bench_values(
        |(mut engine, inputs)| {
            let outputs = replay(&mut engine, start, inputs);
            (engine, outputs)
        },
    );
}
