//! Two tables and a network that loses, doubles, delays and reorders: every transaction ends, nothing is told twice.

use crate::{ms, start};
use bytes::Bytes;
use proptest::prelude::*;
use sip::{Flow, Message, Method, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use vaihde_transaction::{ClientKey, Limits, Output, ServerKey, Timings, Transactions, cancel_for};

/// What the network does.
#[derive(Clone, Copy, Debug)]
struct Weather {
    transport: Transport,
    /// Of 100 messages.
    lost: u64,
    doubled: u64,
    /// The longest way takes so long, the shortest 1 ms.
    delay_ms: u64,
}

/// What one request does to its answerer.
#[derive(Clone, Copy, Debug)]
struct Plan {
    method: Method,
    sent_ms: u64,
    /// A provisional response after so long, if it is an INVITE.
    rings_ms: Option<u64>,
    /// The final response after so long.
    answer: (u64, u16),
    cancel_ms: Option<u64>,
}

enum Happening {
    Ask(usize),
    Cancel(usize),
    ToServer(Bytes),
    ToClient(Bytes),
    Ring(ServerKey, Message),
    Answer(ServerKey, Message, u16),
    /// The dialog's part: the 2xx again until its ACK.
    Again(ServerKey, Bytes, u16, Duration, Instant),
}

/// What became of one request.
#[derive(Clone, Debug, Default)]
struct Fate {
    asked: usize,
    finals: BTreeMap<u16, usize>,
    timed_out: usize,
    /// As its answerer saw it.
    requests: usize,
    cancelled: usize,
    acked: bool,
    no_ack: usize,
}

struct World {
    weather: Weather,
    plans: Vec<Plan>,
    began: Instant,
    now: Instant,
    dice: fastrand::Rng,
    coming: BTreeMap<(Instant, usize), Happening>,
    count: usize,
    client: Transactions<usize>,
    server: Transactions<usize>,
    keys: Vec<Option<ClientKey>>,
    fates: Vec<Fate>,
    trace: Vec<String>,
    /// When the last message in order arrives, for streams.
    last: [Instant; 2],
}

impl World {
    fn new(weather: Weather, plans: Vec<Plan>, seed: u64) -> Self {
        let limits = Limits { transactions_max: 1000, ..Limits::default() };
        let now = start();
        let mut world = Self {
            weather,
            began: now,
            now,
            dice: fastrand::Rng::with_seed(seed),
            coming: BTreeMap::new(),
            count: 0,
            client: Transactions::new("c", seed, Timings::default(), limits),
            server: Transactions::new("s", !seed, Timings::default(), limits),
            keys: vec![None; plans.len()],
            fates: vec![Fate::default(); plans.len()],
            trace: Vec::new(),
            last: [now; 2],
            plans,
        };
        for index in 0..world.plans.len() {
            world.after(ms(world.plans[index].sent_ms), Happening::Ask(index));
        }
        world
    }

    fn after(&mut self, wait: Duration, happening: Happening) {
        self.count += 1;
        self.coming.insert((self.now + wait, self.count), happening);
    }

    /// Puts a message on the wire.
    fn post(&mut self, bytes: Bytes, way: usize, wrap: fn(Bytes) -> Happening) {
        let reliable = self.weather.transport.is_reliable();
        let copies = match self.dice.u64(0..100) {
            _ if reliable => 1,
            chance if chance < self.weather.lost => 0,
            chance if chance < self.weather.lost + self.weather.doubled => 2,
            _ => 1,
        };
        for _ in 0..copies {
            // Beyond 64*T1 a copy that took longer than the last wait would be a new request, by RFC 3261's own timers.
            let calm = self.now > self.began + ms(25_000);
            let delay_ms = if calm { self.weather.delay_ms.min(400) } else { self.weather.delay_ms };
            let mut at = self.now + ms(self.dice.u64(1..=delay_ms));
            if reliable {
                at = at.max(self.last[way]);
                self.last[way] = at;
            }
            self.after(at - self.now, wrap(bytes.clone()));
        }
    }

    fn flow(&self) -> Flow {
        Flow {
            transport: self.weather.transport,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.2:5060".parse().unwrap(),
            connection: u64::from(self.weather.transport.is_reliable()),
        }
    }

    fn run(mut self) -> Self {
        let end = self.now + Duration::from_secs(600);
        loop {
            let timers = [self.client.poll_timeout(), self.server.poll_timeout()].into_iter().flatten().min();
            let happening = self.coming.keys().next().map(|&(at, _)| at);
            let Some(next) = [timers, happening].into_iter().flatten().min() else { return self };
            assert!(next <= end, "it does not end");
            self.now = self.now.max(next);
            self.client.on_timeout(self.now);
            self.server.on_timeout(self.now);
            if happening == Some(next)
                && let Some((_, happening)) = self.coming.pop_first()
            {
                self.happen(happening);
            }
            self.drain();
        }
    }

    fn happen(&mut self, happening: Happening) {
        let flow = self.flow();
        match happening {
            Happening::Ask(index) => {
                let (method, via) = (self.plans[index].method, self.weather.transport.via());
                let write = |branch: &str| {
                    Bytes::from(format!(
                        "{method} sip:bo@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/{via} 192.0.2.1:5060;branch={branch}\r\n\
                         Max-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>\r\n\
                         Call-ID: {index}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
                    ))
                };
                self.keys[index] = Some(self.client.send_request(self.now, flow, index, write).unwrap());
                self.fates[index].asked += 1;
                if let Some(wait) = self.plans[index].cancel_ms {
                    self.after(ms(wait), Happening::Cancel(index));
                }
            }
            Happening::Cancel(index) => {
                if let Some(key) = self.keys[index] {
                    self.client.cancel(self.now, key, |_, invite| cancel_for(invite, None));
                }
            }
            Happening::ToServer(bytes) => {
                let message = sip::fix_via(Message::parse(bytes).unwrap(), flow.remote);
                self.server.on_message(self.now, flow, message);
            }
            Happening::ToClient(bytes) => self.client.on_message(self.now, flow, Message::parse(bytes).unwrap()),
            Happening::Ring(server, request) => {
                let bytes = sip::respond(&request, 180, None).to_tag("b").finish();
                self.server.respond(self.now, server, bytes, 180);
            }
            Happening::Answer(server, request, code) => {
                let bytes = sip::respond(&request, code, None).to_tag("b").finish();
                self.server.respond(self.now, server, bytes.clone(), code);
                if request.method() == Method::Invite && code < 300 {
                    let index = index_of(&request);
                    self.after(ms(500), Happening::Again(server, bytes, index as u16, ms(500), self.now));
                }
            }
            Happening::Again(server, bytes, index, waited, since) => {
                let index = usize::from(index);
                // The final response in force may be a 487: then the table drops this.
                if !self.fates[index].acked && self.now < since + ms(32_000) {
                    self.server.respond(self.now, server, bytes.clone(), 200);
                    let wait = (waited * 2).min(ms(4_000));
                    self.after(wait, Happening::Again(server, bytes, index as u16, wait, since));
                }
            }
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            self.trace.push(format!("{:?} client {output:?}", self.now - self.began));
            match output {
                Output::Transmit { bytes, .. } => self.post(bytes, 0, Happening::ToServer),
                Output::Response { user, response, .. } if response.code() >= 200 => {
                    *self.fates[user].finals.entry(response.code()).or_default() += 1;
                    if response.method() == Method::Invite && response.code() < 300 {
                        let branch = self.client.branch();
                        let flow = self.flow();
                        self.client.send(flow, ack_for_2xx(&response, &branch));
                    }
                }
                Output::Response { .. } => {}
                Output::TimedOut { user, .. } => self.fates[user].timed_out += 1,
                other => panic!("a client saw {other:?}"),
            }
        }
        while let Some(output) = self.server.poll_output() {
            self.trace.push(format!("{:?} server {output:?}", self.now - self.began));
            match output {
                Output::Transmit { bytes, .. } => self.post(bytes, 1, Happening::ToClient),
                Output::Request { server, request, .. } => {
                    let index = index_of(&request);
                    let plan = self.plans[index];
                    self.fates[index].requests += 1;
                    self.server.set_user(server, index);
                    if let Some(rings) = plan.rings_ms {
                        self.after(ms(rings), Happening::Ring(server, request.clone()));
                    }
                    self.after(ms(plan.answer.0), Happening::Answer(server, request, plan.answer.1));
                }
                Output::Ack { request, .. } => self.fates[index_of(&request)].acked = true,
                Output::Cancelled { server, user, request } => {
                    let user = user.expect("the user was set with the request");
                    self.fates[user].cancelled += 1;
                    let text = String::from_utf8(request.bytes().to_vec()).unwrap().replace("CANCEL", "INVITE");
                    let invite = Message::parse(Bytes::from(text)).unwrap();
                    self.after(Duration::ZERO, Happening::Answer(server, invite, 487));
                }
                Output::NoAck { user, .. } => self.fates[user.expect("it was set")].no_ack += 1,
                other => panic!("a server saw {other:?}"),
            }
        }
    }
}

/// Call-IDs are numbers here.
fn index_of(message: &Message) -> usize {
    message.call_id().parse().unwrap()
}

fn ack_for_2xx(response: &Message, branch: &str) -> Bytes {
    Bytes::from(format!(
        "ACK sip:bo@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch={branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\nCall-ID: {}\r\nCSeq: 1 ACK\r\n\
         Content-Length: 0\r\n\r\n",
        response.call_id()
    ))
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let invite = (
        0..2_000u64,
        proptest::option::of(0..1_000u64),
        (0..20_000u64, prop::sample::select(vec![200u16, 202, 302, 404, 486, 603])),
        proptest::option::of(0..20_000u64),
    )
        .prop_map(|(sent_ms, rings_ms, answer, cancel_ms)| Plan {
            method: Method::Invite,
            sent_ms,
            rings_ms,
            answer,
            cancel_ms,
        });
    let other = (0..2_000u64, (0..30_000u64, prop::sample::select(vec![200u16, 404, 408, 500]))).prop_map(
        |(sent_ms, answer)| Plan { method: Method::Options, sent_ms, rings_ms: None, answer, cancel_ms: None },
    );
    proptest::collection::vec(prop_oneof![invite, other], 1..12)
}

fn bad_weather() -> impl Strategy<Value = Weather> {
    (0..40u64, 0..40u64, 1..1_500u64).prop_map(|(lost, doubled, delay_ms)| Weather {
        transport: Transport::Udp,
        lost,
        doubled,
        delay_ms,
    })
}

fn check(world: &World) -> Result<(), TestCaseError> {
    let told = |fate: &Fate| fate.finals.values().sum::<usize>() + fate.timed_out;
    for (plan, fate) in world.plans.iter().zip(&world.fates) {
        prop_assert!(fate.requests <= 1, "told twice of one request: {:?} {:?}", plan, fate);
        prop_assert!(fate.cancelled <= 1, "told twice of one CANCEL: {:?} {:?}", plan, fate);
        prop_assert!(told(fate) >= 1, "never told of the end: {:?} {:?}", plan, fate);
        prop_assert!(fate.timed_out <= 1 && fate.no_ack <= 1, "{:?} {:?}", plan, fate);
        let codes: BTreeSet<u16> = fate.finals.keys().copied().collect();
        prop_assert!(codes.len() + fate.timed_out == 1, "two ends: {:?} {:?}", plan, fate);
        let is_2xx = codes.iter().any(|code| *code < 300) && plan.method == Method::Invite;
        prop_assert!(is_2xx || told(fate) == 1, "told twice of one end: {:?} {:?}", plan, fate);
        prop_assert!(!codes.contains(&408), "a 408 went out: {:?} {:?}", plan, fate);
    }
    prop_assert!(world.client.is_empty() && world.server.is_empty(), "left over");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_network_does_each_request_ends_once(plans in plans(), weather in bad_weather(), seed: u64) {
        let world = World::new(weather, plans, seed).run();
        check(&world)?;
    }

    #[test]
    fn over_a_stream_each_request_arrives_and_ends_once(plans in plans(), seed: u64, delay_ms in 1..400u64) {
        let weather = Weather { transport: Transport::Tcp, lost: 0, doubled: 0, delay_ms };
        let world = World::new(weather, plans, seed).run();
        check(&world)?;
        for (plan, fate) in world.plans.iter().zip(&world.fates) {
            prop_assert_eq!(fate.requests, 1);
            prop_assert_eq!(fate.no_ack, 0);
            // A 408 is never sent, and an INVITE may be given up after its CANCEL only; the rest has an answer.
            prop_assert!(plan.answer.1 == 408 || fate.timed_out == 0, "{:?} {:?}", plan, fate);
        }
    }

    #[test]
    fn one_seed_gives_one_run(plans in plans(), weather in bad_weather(), seed: u64) {
        let first = World::new(weather, plans.clone(), seed).run();
        prop_assert_eq!(first.trace, World::new(weather, plans, seed).run().trace);
    }
}
