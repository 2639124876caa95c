//! The transaction table under any sequence of messages, orders of its user, and timeouts.
//!
//! What must hold: what it sends can be read and checked; it keeps to its limit; nobody hears of a transaction after its
//! end; and when the user has answered everything, time alone empties it.

use super::steps::{self, Steps};
use bytes::Bytes;
use sip::{Flow, Message, Name, Transport, Writer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use transaction::{ClientKey, Limits, Output, ServerKey, Timings, Transactions};

const ROOM: usize = 24;
const OUTPUTS_MAX: usize = 4 * ROOM;
const METHODS: [&str; 8] = ["INVITE", "BYE", "OPTIONS", "REGISTER", "NOTIFY", "PRACK", "FROB", "INFO"];
const CODES: [u16; 10] = [100, 180, 183, 200, 202, 302, 401, 404, 487, 603];

pub fn run(data: &[u8]) {
    let mut steps = Steps::new(data);
    let mut table = Table::new();
    while !steps.is_empty() {
        table.step(&mut steps);
    }
    table.end();
}

/// The table with its user and its peers.
struct Table {
    table: Transactions<u32>,
    now: Instant,
    /// Requests of ours as they went out.
    sent: Vec<(Flow, Message)>,
    clients: Vec<ClientKey>,
    /// How each of them stands, by what the user attached to it.
    told: BTreeMap<u32, Told>,
    /// Requests of peers.
    received: Vec<(Flow, Message)>,
    servers: Vec<(ServerKey, Message)>,
}

#[derive(Clone, Copy, Default)]
struct Told {
    is_invite: bool,
    /// A final response that is no 2xx, or 2xx to another request than INVITE.
    refused: bool,
    accepted: bool,
    over: bool,
    abandoned: bool,
}

impl Table {
    fn new() -> Table {
        let limits = Limits { transactions_max: ROOM, retry_after_secs: 5 };
        Table {
            table: Transactions::new("0", 1, Timings::default(), limits),
            now: steps::start(),
            sent: Vec::new(),
            clients: Vec::new(),
            told: BTreeMap::new(),
            received: Vec::new(),
            servers: Vec::new(),
        }
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        match steps.below(12) {
            0 => {
                let (flow, bytes) = (flow(steps), request(steps));
                self.receive(flow, bytes);
            }
            1 => {
                if let Some((flow, request)) = steps.recent(&self.sent) {
                    let (flow, bytes) = (*flow, response(steps, request));
                    self.receive(flow, bytes);
                }
            }
            2 => self.send(steps),
            3 => {
                if let Some(&key) = steps.recent(&self.clients) {
                    let _ = self.table.cancel(self.now, key, |branch, invite| {
                        assert!(invite.top_via().is_ok_and(|via| via.branch == Some(branch)));
                        transaction::cancel_for(invite, Some("SIP;cause=200"))
                    });
                }
            }
            4 => {
                if let Some(&key) = steps.recent(&self.clients) {
                    self.table.abandon(key);
                    let user = self.clients.iter().position(|one| *one == key).expect("it is there") as u32;
                    self.told.entry(user).or_default().abandoned = true;
                }
            }
            5 => {
                if let Some((key, request)) = steps.recent(&self.servers) {
                    let code = steps.one(&CODES);
                    let response = sip::respond(request, code, None).to_tag("ours").finish();
                    self.table.respond(self.now, *key, response, code);
                }
            }
            6 => {
                if let Some(&(key, _)) = steps.recent(&self.servers) {
                    self.table.set_user(key, u32::MAX);
                }
            }
            7 => self.table.on_flow_failed(self.now, &flow(steps)),
            8 => self.sleep(usize::from(steps.byte() % 16)),
            9 => {
                self.now += Duration::from_millis(50) * u32::from(steps.byte());
                self.table.on_timeout(self.now);
            }
            10 => {
                let (flow, length) = (flow(steps), steps.byte());
                let bytes = Bytes::copy_from_slice(steps.bytes(usize::from(length) * 4));
                self.receive(flow, bytes);
            }
            _ => {
                if let Some((flow, request)) = steps.recent(&self.received) {
                    let (flow, method) = (*flow, steps.one(&["ACK", "CANCEL", "INVITE"]));
                    let bytes = behind(request, method, steps.byte() & 1 == 1);
                    self.receive(flow, bytes);
                }
            }
        }
        self.hear();
    }

    /// As the engine does: what cannot be read or is wrong never gets here.
    fn receive(&mut self, flow: Flow, bytes: Bytes) {
        let Ok(message) = Message::parse(bytes) else { return };
        if message.validate().is_err() {
            return;
        }
        let message = if message.is_request() { sip::fix_via(message, flow.remote) } else { message };
        if message.is_request() && self.received.len() < 64 {
            self.received.push((flow, message.clone()));
        }
        self.table.on_message(self.now, flow, message);
    }

    fn send(&mut self, steps: &mut Steps<'_>) {
        let (flow, method) = (flow(steps), steps.one(&METHODS));
        let user = self.clients.len() as u32;
        let sent = self.table.send_request(self.now, flow, user, |branch| {
            Writer::request(method, "sip:bo@192.0.2.7")
                .header_fmt(Name::Via, format_args!("SIP/2.0/{} 192.0.2.1;branch={branch};rport", flow.transport.via()))
                .header(Name::MaxForwards, "70")
                .header(Name::From, "<sip:pbx@192.0.2.1>;tag=us")
                .header(Name::To, "<sip:bo@192.0.2.7>")
                .header_fmt(Name::CallId, format_args!("call-{user}"))
                .header_fmt(Name::CSeq, format_args!("1 {method}"))
                .finish()
        });
        match sent {
            Ok(key) => {
                assert!(!self.clients.contains(&key));
                self.clients.push(key);
                self.told.insert(user, Told { is_invite: method == "INVITE", ..Told::default() });
            }
            Err(_) => assert!(self.table.is_full()),
        }
    }

    /// Lets time go on to the next so many times that the table wants to be woken.
    fn sleep(&mut self, times: usize) {
        for _ in 0..times {
            let Some(at) = self.table.poll_timeout() else { return };
            self.now = self.now.max(at);
            self.table.on_timeout(self.now);
            self.hear();
            assert!(self.table.poll_timeout().is_none_or(|next| next > self.now), "it would never sleep");
        }
    }

    fn hear(&mut self) {
        let mut count = 0;
        while let Some(output) = self.table.poll_output() {
            count += 1;
            assert!(count <= OUTPUTS_MAX, "more outputs than transactions can have");
            self.hear_one(output);
        }
        assert!(self.table.len() <= ROOM, "{} transactions", self.table.len());
    }

    fn hear_one(&mut self, output: Output<u32>) {
        match output {
            Output::Transmit { flow, bytes } => {
                let message = match Message::parse(bytes) {
                    Ok(message) => message,
                    Err(error) => panic!("sends what cannot be read: {error}"),
                };
                if message.is_request() {
                    assert_eq!(message.validate(), Ok(()));
                    if self.sent.len() < 64 {
                        self.sent.push((flow, message));
                    }
                }
            }
            Output::Request { server, request, .. } => {
                assert!(self.servers.iter().all(|(known, _)| *known != server));
                assert_ne!(request.method_str(), "ACK");
                self.servers.push((server, request));
            }
            Output::Ack { request, .. } => assert_eq!(request.method_str(), "ACK"),
            Output::Cancelled { server, request, .. } => {
                assert_eq!(request.method_str(), "CANCEL");
                assert!(self.servers.iter().any(|(known, of)| *known == server && of.method_str() == "INVITE"));
            }
            Output::NoAck { server, user } => {
                assert!(user.is_none() || self.servers.iter().any(|(known, _)| *known == server));
            }
            Output::Response { client, user, response } => {
                assert_eq!(self.clients[user as usize], client);
                let told = self.told.get_mut(&user).expect("a request of ours");
                assert!(!told.over && !told.refused && !told.abandoned, "{} after its end", response.code());
                match response.code() {
                    ..=199 => assert!(!told.accepted, "provisional after final"),
                    200..=299 if told.is_invite => told.accepted = true,
                    _ => {
                        assert!(!told.accepted, "refused after accepted");
                        told.refused = true;
                    }
                }
            }
            Output::TimedOut { client, user } | Output::Failed { client, user } => {
                assert_eq!(self.clients[user as usize], client);
                let told = self.told.get_mut(&user).expect("a request of ours");
                assert!(!told.over && !told.refused && !told.accepted && !told.abandoned, "an end after its end");
                told.over = true;
            }
        }
    }

    /// The user answers what waits for it, then nothing more happens: the table must come to rest.
    fn end(mut self) {
        for (key, request) in std::mem::take(&mut self.servers) {
            let response = sip::respond(&request, 480, None).to_tag("ours").finish();
            self.table.respond(self.now, key, response, 480);
            self.servers.push((key, request));
            self.hear();
        }
        let began = self.now;
        for key in self.clients.clone() {
            let _ = self.table.cancel(self.now, key, |_, invite| transaction::cancel_for(invite, None));
            self.hear();
        }
        // An INVITE that rings and whose CANCEL nobody answers ends 64*T1 after it, RFC 3261 §9.1.
        while self.table.poll_timeout().is_some() {
            self.sleep(64);
            assert!(self.now - began < Duration::from_secs(600), "{} never end", self.table.len());
        }
        assert!(self.table.is_empty(), "{} have no timer", self.table.len());
        for (user, told) in &self.told {
            assert!(told.over || told.refused || told.accepted || told.abandoned, "request {user} has no end");
        }
    }
}

fn flow(steps: &mut Steps<'_>) -> Flow {
    let which = steps.byte();
    let transport = if which & 1 == 0 { Transport::Udp } else { Transport::Tcp };
    let connection = if which & 1 == 0 { 0 } else { u64::from(which >> 1 & 1) };
    let remote = SocketAddr::from(([192, 0, 2, 7 + (which >> 2 & 1)], 5060));
    Flow { transport, local: SocketAddr::from(([192, 0, 2, 1], 5060)), remote, connection }
}

/// A request of a peer, from so few names that it is often one that was there before.
fn request(steps: &mut Steps<'_>) -> Bytes {
    let (names, tags) = (steps.byte(), steps.byte());
    let method = if tags & 0xc0 == 0xc0 { "ACK" } else { steps.one(&METHODS) };
    let (cookie, to) = (if tags & 1 == 1 { "" } else { "z9hG4bK" }, if tags & 2 == 2 { ";tag=ours" } else { "" });
    let port = if tags & 4 == 4 { ":5070" } else { "" };
    let text = format!(
        "{method} sip:pbx@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7{port};branch={cookie}{}\r\n\
         From: <sip:bo@192.0.2.7>;tag={}\r\nTo: <sip:pbx@192.0.2.1>{to}\r\nCall-ID: c{}\r\nCSeq: {} {method}\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        names & 7,
        tags >> 3 & 1,
        names >> 3 & 3,
        names >> 5,
    );
    Bytes::from(text)
}

/// A response to a request of ours; one bit each makes it for another method, or gives it one Via more.
fn response(steps: &mut Steps<'_>, request: &Message) -> Bytes {
    let (code, how) = (steps.one(&CODES), steps.byte());
    let tag = format!("t{}", how & 3);
    let written = sip::respond(request, code, None).to_tag(&tag).finish();
    let mut text = String::from_utf8_lossy(&written).into_owned();
    if how & 0x80 != 0 {
        text = text.replace(&format!(" {}\r\n", request.method_str()), " CANCEL\r\n");
    }
    if how & 0x40 != 0 {
        text = text.replacen("Via: ", "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKx\r\nVia: ", 1);
    }
    Bytes::from(text)
}

/// What follows a peer's request on its way: ACK, CANCEL, or the same again.
fn behind(request: &Message, method: &str, with_tag: bool) -> Bytes {
    let via = request.values(Name::Via).next().unwrap_or_default();
    let to = request.header(Name::To).unwrap_or_default();
    let tag = if with_tag && request.to_tag().is_none() { ";tag=ours" } else { "" };
    let number = request.cseq().map_or(0, |cseq| cseq.number);
    Writer::request(method, request.request_uri())
        .header(Name::Via, via)
        .header(Name::MaxForwards, "70")
        .header(Name::From, request.header(Name::From).unwrap_or_default())
        .header_fmt(Name::To, format_args!("{to}{tag}"))
        .header(Name::CallId, request.call_id())
        .header_fmt(Name::CSeq, format_args!("{number} {method}"))
        .finish()
}
