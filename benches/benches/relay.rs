//! CPU time per relayed packet, beside the plainest relay there can be, in turns and in one run.
//!
//! 250 calls of G.711 both ways: 25 000 packets a second.

use std::time::Duration;
use vaihde_benches::relay::{Calls, Who};

const CALLS: u16 = 250;
const ROUNDS: usize = 5;
const LENGTH: Duration = Duration::from_secs(2);

fn main() {
    // `cargo test --benches` only wants to see it run.
    let (rounds, length) =
        if std::env::args().any(|arg| arg == "--bench") { (ROUNDS, LENGTH) } else { (1, LENGTH / 20) };
    let (mut floor, mut media) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        floor.push(micros_per_packet(Who::Floor, length));
        media.push(micros_per_packet(Who::Media, length));
    }
    let (floor, media) = (median(floor), median(media));
    println!("relay: {CALLS} calls, CPU µs per packet: {media:.2}, plainest {floor:.2}, ratio {:.2}", media / floor);
}

fn micros_per_packet(who: Who, length: Duration) -> f64 {
    let mut calls = Calls::new(who, CALLS);
    let before = calls.cpu();
    let (sent, heard) = calls.talk(length);
    let used = calls.cpu() - before;
    calls.end();
    println!("{who:?}: {sent} sent, {heard} heard, {:.2} µs per packet", used.as_secs_f64() * 1e6 / heard as f64);
    used.as_secs_f64() * 1e6 / heard as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
