//! What a SIP message costs in time: reading, answering, writing the other leg's; rsip beside it.

use divan::{Bencher, black_box};
use rsip::prelude::{HeadersExt, ToTypedHeader};
use sip::{Message, fix_via, respond};
use vaihde_benches::messages::{invite, read, write_b_leg};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// A fresh datagram each time, as a socket gives it.
fn datagram() -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(&invite())
}

fn message() -> Message {
    Message::parse(invite()).expect("a good INVITE")
}

#[divan::bench]
fn index_only(bencher: Bencher) {
    bencher.with_inputs(datagram).bench_values(Message::parse);
}

#[divan::bench]
fn read_invite(bencher: Bencher) {
    bencher.with_inputs(datagram).bench_values(read);
}

#[divan::bench]
fn validate_invite(bencher: Bencher) {
    let message = message();
    bencher.bench(|| black_box(&message).validate());
}

#[divan::bench]
fn fix_its_via(bencher: Bencher) {
    let source = std::net::SocketAddr::from(([203, 0, 113, 9], 1024));
    bencher.with_inputs(message).bench_values(|message| fix_via(message, source));
}

#[divan::bench]
fn answer_invite(bencher: Bencher) {
    let message = message();
    bencher.bench(|| respond(black_box(&message), 180, None).to_tag("v1s0-00000000000004d2").finish());
}

#[divan::bench]
fn write_b_leg_invite(bencher: Bencher) {
    let message = message();
    bencher.bench(|| write_b_leg(black_box(&message)));
}

#[divan::bench]
fn rsip_read_invite(bencher: Bencher) {
    bencher.with_inputs(datagram).bench_values(|bytes| {
        let request = rsip::Request::try_from(bytes).ok()?;
        let via = request.via_header().ok()?.typed().ok()?;
        let from = request.from_header().ok()?.typed().ok()?;
        let to = request.to_header().ok()?.typed().ok()?;
        let cseq = request.cseq_header().ok()?.typed().ok()?;
        Some((via, from, to, cseq))
    });
}

#[divan::bench]
fn show_invite_in_rsip(bencher: Bencher) {
    let message = message();
    bencher.bench(|| black_box(&message).to_rsip());
}
