//! Whole calls through the engine: played once against two phones made of templates, then replayed as inputs alone.
//!
//! The engine is a function of its seed and its inputs, so a replay has the same outputs and none of the phones' cost.

use bytes::Bytes;
use call::media::{EndStats, MediaCommand, MediaEvent};
use dialplan::{Dialplan, Nothing, Source};
use engine::{Config, Engine, Input, Listener, Output};
use jiff::Timestamp;
use sip::{Flow, Message, Method, Name, Transport, Writer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An office with one outside line and one telephone that does not need to register.
pub const PLAN: &str = r#"
domain = "office.example"
timezone = "Europe/Helsinki"

[listen]
udp = "127.0.0.5:5060"

[limits]
calls = 200000
transactions = 2000000

[media]
ports = "10000-65000"

[trunk.line]
proxy = "sip:127.0.0.12:5090"
addresses = ["127.0.0.11"]

[[route]]
from = "trunk:line"
number = "1001"
steps = [{ dial = "trunk:line" }]
"#;

/// An input and how long after the start it came.
pub type Recorded = (Duration, Input);

/// Reads a plan from its text.
pub fn plan(text: &str) -> Arc<Dialplan> {
    let sources = [Source { path: "bench.toml".into(), text: text.into() }];
    match dialplan::read(&sources, &Nothing) {
        Ok(read) => Arc::new(read.plan),
        Err(faults) => panic!("{}", dialplan::render(&faults, &sources, false)),
    }
}

/// A new exchange with the plan, at `start`.
pub fn engine(plan: &Arc<Dialplan>, start: Instant) -> Engine {
    let local = SocketAddr::from(([127, 0, 0, 5], 5060));
    let listeners = vec![Listener { transport: Transport::Udp, local, advertised: None }];
    Engine::new(Config { seed: 7, shard: 0, listeners }, plan.clone(), start, Timestamp::UNIX_EPOCH)
}

/// The phones of both sides, which answer whatever the exchange sends.
struct Phones {
    start: Instant,
    now: Duration,
    engine: Engine,
    facts: presence::Facts,
    recorded: Vec<Recorded>,
    answers: Vec<Input>,
}

/// Plays `calls` complete calls, `apart` after each other: INVITE, 100, 180, 200, ACK, BYE, 200 on both sides. With
/// `hold`, nobody hangs up. Gives all inputs of the exchange in order.
pub fn record(plan: &Arc<Dialplan>, start: Instant, calls: u32, apart: Duration, hold: bool) -> Vec<Recorded> {
    let engine = engine(plan, start);
    let mut phones = Phones {
        start,
        now: Duration::ZERO,
        engine,
        facts: presence::Facts::default(),
        recorded: vec![],
        answers: vec![],
    };
    for number in 0..calls {
        phones.at(apart * number);
        phones.give(datagram("127.0.0.11:5080", invite(number)));
        if !hold {
            phones.give(datagram("127.0.0.11:5080", bye(&phones.recorded, number)));
        }
    }
    let ended = phones.now + Duration::from_secs(64);
    phones.at(ended);
    phones.recorded
}

/// Gives recorded inputs to an exchange and drops its outputs; returns how many there were.
pub fn replay(engine: &mut Engine, start: Instant, inputs: Vec<Recorded>) -> usize {
    let mut facts = presence::Facts::default();
    let mut outputs = 0;
    for (after, input) in inputs {
        engine.handle_input(start + after, input, &facts);
        while let Some(output) = engine.poll_output() {
            outputs += 1;
            if let Output::Note(note) = output {
                facts.apply(&note);
            }
        }
    }
    outputs
}

impl Phones {
    /// Lets time pass, timer by timer.
    fn at(&mut self, then: Duration) {
        while let Some(due) = self.engine.poll_timeout().map(|at| at.saturating_duration_since(self.start)) {
            if due > then {
                break;
            }
            self.now = self.now.max(due);
            self.give(Input::Timeout);
        }
        self.now = then;
    }

    fn give(&mut self, input: Input) {
        self.answers.push(input);
        while !self.answers.is_empty() {
            let input = self.answers.remove(0);
            self.recorded.push((self.now, input.clone()));
            self.engine.handle_input(self.start + self.now, input, &self.facts);
            while let Some(output) = self.engine.poll_output() {
                self.hear(output);
            }
        }
    }

    fn hear(&mut self, output: Output) {
        match output {
            Output::Note(note) => self.facts.apply(&note),
            Output::Media(MediaCommand::Close { end }) => {
                self.answers.push(Input::Media(MediaEvent::Closed { end, stats: EndStats::default() }));
            }
            Output::Transmit { flow, bytes } => {
                let Ok(message) = Message::parse(bytes) else { return };
                let answers = answers(&message);
                self.answers.extend(answers.into_iter().map(|bytes| datagram(&flow.remote.to_string(), bytes)));
            }
            Output::Media(_) | Output::Keep { .. } | Output::Ask(_) => (),
        }
    }
}

/// What a phone says to a message.
fn answers(message: &Message) -> Vec<Bytes> {
    let answer = |code: u16| {
        sip::respond(message, code, None).to_tag("callee").header(Name::Contact, "<sip:1001@127.0.0.12:5090>")
    };
    match (message.is_request(), message.method()) {
        (true, Method::Invite) => vec![
            sip::respond(message, 100, None).finish(),
            answer(180).finish(),
            answer(200).body("application/sdp", &sdp("127.0.0.12", 41_000)),
        ],
        (true, Method::Bye) => vec![sip::respond(message, 200, None).finish()],
        (false, Method::Invite) if message.code() == 200 => vec![ack(message)],
        _ => Vec::new(),
    }
}

fn datagram(from: &str, bytes: Bytes) -> Input {
    let local = SocketAddr::from(([127, 0, 0, 5], 5060));
    Input::Datagram { flow: Flow::udp(local, from.parse().expect("an address")), bytes }
}

fn invite(number: u32) -> Bytes {
    Writer::request("INVITE", "sip:1001@127.0.0.5:5060")
        .header(Name::Via, format!("SIP/2.0/UDP 127.0.0.11:5080;rport;branch=z9hG4bK-bench-{number}-1"))
        .header(Name::MaxForwards, "70")
        .header(Name::From, format!("\"x{number}\" <sip:700@127.0.0.11>;tag=caller{number}"))
        .header(Name::To, "<sip:1001@127.0.0.5>")
        .header(Name::CallId, format!("call-{number}@127.0.0.11"))
        .header(Name::CSeq, "1 INVITE")
        .header(Name::Contact, "<sip:700@127.0.0.11:5080>")
        .header(Name::UserAgent, "bench")
        .body("application/sdp", &sdp("127.0.0.11", 40_000))
}

/// The same headers as the response's, for a request of the caller's in the dialog.
fn in_dialog(method: &str, seq: u32, response: &Message) -> Bytes {
    let target = response.contact().and_then(Result::ok).map_or("sip:127.0.0.5:5060", |contact| contact.uri);
    Writer::request(method, target)
        .header(Name::Via, format!("SIP/2.0/UDP 127.0.0.11:5080;rport;branch=z9hG4bK-{method}-{}", response.call_id()))
        .header(Name::MaxForwards, "70")
        .copy(response, Name::From)
        .copy(response, Name::To)
        .copy(response, Name::CallId)
        .header(Name::CSeq, format!("{seq} {method}"))
        .finish()
}

fn ack(response: &Message) -> Bytes {
    in_dialog("ACK", 1, response)
}

/// BYE for a call, made of the ACK that its caller has sent.
fn bye(recorded: &[Recorded], number: u32) -> Bytes {
    let call_id = format!("call-{number}@127.0.0.11");
    let acks = recorded.iter().rev().filter_map(|(_, input)| match input {
        Input::Datagram { bytes, .. } if bytes.starts_with(b"ACK") => Message::parse(bytes.clone()).ok(),
        _ => None,
    });
    let ack = acks.into_iter().find(|ack| ack.call_id() == call_id).expect("an answered call");
    Writer::request("BYE", ack.request_uri())
        .header(Name::Via, format!("SIP/2.0/UDP 127.0.0.11:5080;rport;branch=z9hG4bK-BYE-{call_id}"))
        .header(Name::MaxForwards, "70")
        .copy(&ack, Name::From)
        .copy(&ack, Name::To)
        .copy(&ack, Name::CallId)
        .header(Name::CSeq, "2 BYE")
        .finish()
}

fn sdp(host: &str, port: u16) -> Bytes {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
    )
    .into()
}
