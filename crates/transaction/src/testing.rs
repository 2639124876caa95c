//! What the tests of the four machines share: instants, messages, and a clock that jumps.

use bytes::Bytes;
use sip::Message;
use std::time::{Duration, Instant};

/// Some first instant.
#[allow(clippy::disallowed_methods)]
pub fn start() -> Instant {
    Instant::now()
}

pub fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The bytes of a request with a Route and one Via.
pub fn bytes_of(method: &str) -> Bytes {
    Bytes::from(format!(
        "{method} sip:bo@192.0.2.7;transport=udp SIP/2.0\r\n\
         Via: SIP/2.0/UDP pbx.example.com:5060;branch=z9hG4bKabc;rport\r\n\
         Max-Forwards: 69\r\n\
         Route: <sip:edge.example.com;lr>\r\n\
         Route: <sip:core.example.com;lr>\r\n\
         From: \"Anna\" <sip:anna@example.com>;tag=a1\r\n\
         To: <sip:bo@example.com>\r\n\
         Call-ID: call-1\r\n\
         CSeq: 41 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    ))
}

pub fn request(method: &str) -> Message {
    Message::parse(bytes_of(method)).expect("a test's request can be read")
}

/// The response of a UAS with the To tag `b1`.
pub fn response(method: &str, code: u16) -> Message {
    let bytes = sip::respond(&request(method), code, None).to_tag("b1").finish();
    Message::parse(bytes).expect("a test's response can be read")
}

/// Lets a machine's time go by until `until` (ms after `start`), and lists what it did and when.
pub fn play<M, T>(
    machine: &mut M,
    start: Instant,
    until: u64,
    poll: impl Fn(&M) -> Option<Instant>,
    act: impl Fn(&mut M, Instant) -> T,
) -> Vec<(u64, T)> {
    let mut done = Vec::new();
    while let Some(at) = poll(machine).filter(|&at| at <= start + ms(until)) {
        done.push(((at - start).as_millis() as u64, act(machine, at)));
    }
    done
}
