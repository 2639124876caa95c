//! What a SIP message costs in instructions, which a busy machine does not change. Run by `benches/count`.

#![allow(missing_docs, reason = "the macros make items that have none")]

use std::hint::black_box;

use bytes::Bytes;
use gungraun::{library_benchmark, library_benchmark_group, main};
use rsip::prelude::{HeadersExt, ToTypedHeader};
use sip::{Message, fix_via, respond};
use vaihde_benches::messages::{invite, read, write_b_leg};

fn message() -> Message {
    Message::parse(invite()).expect("a good INVITE")
}

#[library_benchmark]
#[bench::invite(invite())]
fn index_only(bytes: Bytes) -> Option<Message> {
    black_box(Message::parse(black_box(bytes)).ok())
}

#[library_benchmark]
#[bench::invite(invite())]
fn read_invite(bytes: Bytes) -> Option<usize> {
    black_box(read(black_box(bytes)))
}

#[library_benchmark]
#[bench::invite(message())]
fn validate_invite(message: Message) -> Message {
    assert!(black_box(&message).validate().is_ok());
    message
}

#[library_benchmark]
#[bench::invite(message())]
fn fix_its_via(message: Message) -> Message {
    fix_via(black_box(message), std::net::SocketAddr::from(([203, 0, 113, 9], 1024)))
}

#[library_benchmark]
#[bench::invite(message())]
fn answer_invite(message: Message) -> (Message, Bytes) {
    let answer = respond(black_box(&message), 180, None).to_tag("v1s0-00000000000004d2").finish();
    (message, answer)
}

#[library_benchmark]
#[bench::invite(message())]
fn write_b_leg_invite(message: Message) -> (Option<Bytes>, Message) {
    (write_b_leg(black_box(&message)), message)
}

#[library_benchmark]
#[bench::invite(invite())]
fn rsip_read_invite(bytes: Bytes) -> Option<rsip::Request> {
    let request = rsip::Request::try_from(black_box(bytes)).ok()?;
    black_box(request.via_header().ok()?.typed().ok()?);
    black_box(request.from_header().ok()?.typed().ok()?);
    black_box(request.to_header().ok()?.typed().ok()?);
    black_box(request.cseq_header().ok()?.typed().ok()?);
    Some(request)
}

library_benchmark_group!(
    name = parse;
    benchmarks = index_only, read_invite, validate_invite, fix_its_via, answer_invite, write_b_leg_invite,
        rsip_read_invite
);
main!(library_benchmark_groups = parse);
