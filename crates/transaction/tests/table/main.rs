//! The table from outside: as a server, as a client, and two of them over a bad network.

#![allow(clippy::unwrap_used)] // nothing here meets the world

mod asking;
mod lossy;
mod matching;

use bytes::Bytes;
use sip::{Flow, Message, Transport};
use std::time::{Duration, Instant};
use vaihde_transaction::{Limits, Output, Timings, Transactions};

/// Some first instant.
#[allow(clippy::disallowed_methods)]
fn start() -> Instant {
    Instant::now()
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn table(transactions_max: usize) -> Transactions<u32> {
    let limits = Limits { transactions_max, retry_after_secs: 5 };
    Transactions::new("n1s0", 7, Timings::default(), limits)
}

/// A flow between us and a phone, as we see it.
fn flow(transport: Transport) -> Flow {
    let connection = u64::from(transport != Transport::Udp) * 17;
    Flow {
        transport,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "203.0.113.9:40000".parse().unwrap(),
        connection,
    }
}

/// A request whose To and CSeq can be chosen.
fn request(method: &str, uri_to_and_cseq: (&str, u32), via: &str, transport: Transport) -> Message {
    let (to, number) = uri_to_and_cseq;
    let bytes = Bytes::from(format!(
        "{method} sip:2000@example.com SIP/2.0\r\nVia: SIP/2.0/{} {via}\r\nMax-Forwards: 70\r\n\
         From: <sip:anna@example.com>;tag=a1\r\nTo: <sip:2000@example.com>{to}\r\nCall-ID: call-1\r\n\
         CSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n",
        transport.via()
    ));
    let message = Message::parse(bytes).unwrap();
    message.validate().unwrap();
    sip::fix_via(message, flow(transport).remote)
}

/// Everything that the table wants, one short line each: `> 180` is a response sent, `> ACK` a request sent.
fn drain(table: &mut Transactions<u32>) -> Vec<String> {
    std::iter::from_fn(|| table.poll_output()).map(|output| line(&output)).collect()
}

fn line(output: &Output<u32>) -> String {
    match output {
        Output::Transmit { bytes, .. } => {
            let message = Message::parse(bytes.clone()).unwrap();
            if message.is_request() {
                return format!("> {}", message.method_str());
            }
            let tag = message
                .to_tag()
                .map_or(String::new(), |tag| if tag.starts_with("n1s0.") { " ours".into() } else { format!(" {tag}") });
            format!("> {} {}{tag}", message.code(), message.method_str())
        }
        Output::Request { request, .. } => format!("request {}", request.method_str()),
        Output::Ack { .. } => "ack".into(),
        Output::Cancelled { user, .. } => format!("cancelled {user:?}"),
        Output::Response { user, response, .. } => format!("{user} heard {}", response.code()),
        Output::TimedOut { user, .. } => format!("{user} timed out"),
        Output::Failed { user, .. } => format!("{user} failed"),
        Output::NoAck { user, .. } => format!("no ack {user:?}"),
    }
}
