//! What calls cost the engine in instructions, which a busy machine does not change. Run by `benches/count engine`.

#![allow(clippy::disallowed_methods, reason = "an Instant is made in no other way; virtual time counts from it")]

use engine::Engine;
use gungraun::{library_benchmark, library_benchmark_group, main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use vaihde_benches::calls::{PLAN, Recorded, engine, plan, record, replay};

const CALLS: u32 = 100;

/// An exchange that has had `warm` calls, and the inputs of `CALLS` more.
fn calls(warm: u32) -> (Engine, Instant, Vec<Recorded>) {
    let (plan, start) = (plan(PLAN), Instant::now());
    let mut inputs = record(&plan, start, warm + CALLS, Duration::from_millis(10), false);
    let mut engine = engine(&plan, start);
    let first_counted = inputs.iter().position(|(after, _)| *after >= Duration::from_millis(10) * warm).unwrap_or(0);
    let counted = inputs.split_off(first_counted);
    replay(&mut engine, start, inputs);
    (engine, start, counted)
}

/// An INVITE alone: from the datagram to the datagram.
fn invite() -> (Engine, Instant, Vec<Recorded>) {
    let (engine, start, mut inputs) = calls(20);
    inputs.truncate(1);
    (engine, start, inputs)
}

#[library_benchmark]
#[bench::one_invite(invite())]
fn invite_to_invite(load: (Engine, Instant, Vec<Recorded>)) -> (Engine, usize) {
    let (mut engine, start, inputs) = load;
    let outputs = replay(black_box(&mut engine), start, inputs);
    (engine, outputs)
}

// Divide by 100 for a complete call, records included but not written.
#[library_benchmark]
#[bench::hundred(calls(20))]
fn hundred_calls(load: (Engine, Instant, Vec<Recorded>)) -> (Engine, usize) {
    let (mut engine, start, inputs) = load;
    let outputs = replay(black_box(&mut engine), start, inputs);
    (engine, outputs)
}

library_benchmark_group!(name = engine_count; benchmarks = invite_to_invite, hundred_calls);
main!(library_benchmark_groups = engine_count);
