//! The whole exchange: an office whose peers, media, store and clock do anything in any order.
//!
//! What must hold: no fault is counted, outputs and wake-ups come to an end, limits are kept, what is sent can be read,
//! nobody unknown gets a call through; and when the office is told to end, nothing is left of any call.

mod peer;
mod plan;
mod write;

use super::steps::{self, Steps};
use bytes::Bytes;
use call::media::{EndId, EndStats, MediaCommand, MediaEvent};
use call::{JourneyId, Note, PlayEnd, RecordEnd, What};
use engine::{Command, Config, Engine, Input, Listener, Output};
use jiff::Timestamp;
use locate::Question;
use peer::{Leg, Peer};
use sip::{Flow, Message, Method, Name, Transport};
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use write::Request;

const OUTPUTS_MAX: usize = 2000;
const KEPT_MAX: usize = 64;
const CALLS_MAX: usize = 6;
const TRANSACTIONS_MAX: usize = 200;

/// The first byte says which manners the peers have: see [`Office::hear`].
pub fn run(data: &[u8]) {
    let mut steps = Steps::new(data);
    let mut office = Office::new(steps.byte());
    while !steps.is_empty() {
        office.step(&mut steps);
    }
    office.end();
}

struct Office {
    engine: Engine,
    facts: presence::Facts,
    now: Instant,
    manners: u8,
    peers: Vec<Peer>,
    /// Requests of the exchange that wait for an answer, and to whom.
    heard: Vec<(usize, Message)>,
    /// What peers have sent.
    said: Vec<(Flow, Bytes)>,
    legs: Vec<Leg>,
    ends: Vec<EndId>,
    closing: BTreeSet<EndId>,
    keeping: Vec<(JourneyId, Note)>,
    asked: Vec<Question>,
    journeys: Vec<JourneyId>,
    queue: VecDeque<(Flow, Bytes)>,
    branches: u64,
}

impl Office {
    fn new(manners: u8) -> Office {
        let now = steps::start();
        let wall: Timestamp = "2026-11-24T08:00:00Z".parse().expect("a moment");
        let listener =
            |transport| Listener { transport, local: SocketAddr::from(([192, 0, 2, 1], 5060)), advertised: None };
        let listeners = vec![listener(Transport::Udp), listener(Transport::Tcp)];
        Office {
            engine: Engine::new(Config { seed: 1, shard: 0, listeners }, plan::plan(), now, wall),
            facts: presence::Facts::default(),
            now,
            manners,
            peers: peer::all(),
            heard: Vec::new(),
            said: Vec::new(),
            legs: Vec::new(),
            ends: Vec::new(),
            closing: BTreeSet::new(),
            keeping: Vec::new(),
            asked: Vec::new(),
            journeys: Vec::new(),
            queue: VecDeque::new(),
            branches: 0,
        }
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        match steps.below(19) {
            0 => self.register(steps),
            1 | 2 => self.invite(steps),
            3 | 4 => self.answer(steps),
            5 | 6 => self.within(steps),
            7 => self.cancel(steps),
            8 => {
                if let Some((flow, bytes)) = steps.recent(&self.said).cloned() {
                    self.input(Input::Datagram { flow, bytes });
                }
            }
            9 => self.disturb(steps),
            10 => {
                let (peer, length) = (self.peer(steps), usize::from(steps.byte()) * 4);
                let bytes = Bytes::copy_from_slice(steps.bytes(length));
                let flow = self.peers[peer].flow();
                self.say(flow, bytes);
            }
            11 => self.media(steps),
            12 => {
                let ok = steps.byte() & 1 == 0;
                if !self.keeping.is_empty() {
                    let (journey, note) = self.keeping.remove(0);
                    self.kept(journey, &note, ok);
                }
            }
            13 => self.sleep(usize::from(steps.byte() % 8) + 1),
            14 => {
                self.now += Duration::from_millis(100) * u32::from(steps.byte());
                self.input(Input::Timeout);
            }
            15 => {
                let peer = self.peer(steps);
                let flow = self.peers[peer].flow();
                self.input(Input::FlowFailed { flow });
            }
            16 => self.command(steps),
            17 => self.subscribe(steps),
            _ => self.resolve(steps),
        }
        while let Some((flow, bytes)) = self.queue.pop_front() {
            self.say(flow, bytes);
        }
        let status = self.engine.status();
        assert_eq!(status.faults, 0, "{status:?}");
        assert!(status.calls <= CALLS_MAX && status.transactions <= TRANSACTIONS_MAX, "{status:?}");
    }

    fn peer(&self, steps: &mut Steps<'_>) -> usize {
        steps.below(self.peers.len())
    }

    fn ask(&mut self, peer: usize, request: Request) {
        let at = &mut self.peers[peer];
        let bytes = request.write(at.transport, at.address);
        at.remember(request);
        let flow = at.flow();
        self.say(flow, bytes);
    }

    fn next(&mut self) -> u64 {
        self.branches += 1;
        self.branches
    }

    /// A new request outside of any dialog.
    fn outside(&mut self, steps: &mut Steps<'_>, peer: usize, method: &'static str, uri: String) -> Request {
        let branch = self.next();
        let call = if steps.byte() & 0xc0 == 0xc0 { 0 } else { branch };
        Request {
            method,
            from: self.peers[peer].identity(call as u8),
            to: format!("<{uri}>"),
            uri,
            call_id: format!("{call}@{peer}"),
            cseq: branch as u32,
            branch,
            more: write::more(steps),
            body: Vec::new(),
        }
    }

    fn register(&mut self, steps: &mut Steps<'_>) {
        let peer = self.peer(steps);
        let mut request = self.outside(steps, peer, "REGISTER", format!("sip:{}", plan::DOMAIN));
        request.to = format!("<sip:{}@{}>", self.peers[peer].user.unwrap_or("eve"), plan::DOMAIN);
        request.from = format!("{};tag=r", request.to);
        let host = self.peers[peer].address;
        let (how, expires) = (steps.byte(), steps.one(&["3600", "60", "0", "59", "7200", "4294967295", "x"]));
        request.more.push((Name::Expires, expires.to_owned()));
        match how % 8 {
            0 => request.more.push((Name::Contact, "*".into())),
            1 => request.more.push((Name::Contact, format!("<sip:a@{host}>;q=0.5, <sip:b@{host}>;expires=90"))),
            2 => request.more.push((Name::Contact, format!("<sip:a@{host};transport=tcp>;+sip.instance=\"<urn:x>\""))),
            3 => request.more.push((Name::Contact, "<sip:loop@192.0.2.1>".into())),
            _ => {}
        }
        self.ask(peer, request);
    }

    fn invite(&mut self, steps: &mut Steps<'_>) {
        const NUMBERS: [&str; 11] =
            ["1001", "1002", "1003", "2000", "2001", "*97", "0401234567", "+358942421000", "1999", "anna", "8123"];
        let (peer, number) = (self.peer(steps), steps.one(&NUMBERS));
        let mut request = self.outside(steps, peer, "INVITE", format!("sip:{number}@{}", plan::DOMAIN));
        request.body = write::body(steps, self.peers[peer].address);
        self.ask(peer, request);
    }

    fn subscribe(&mut self, steps: &mut Steps<'_>) {
        let (peer, who) = (self.peer(steps), steps.one(&["anna-desk", "1002", "*97", "nobody"]));
        let mut request = self.outside(steps, peer, "SUBSCRIBE", format!("sip:{who}@{}", plan::DOMAIN));
        request.more.push((Name::Event, steps.one(&["message-summary", "presence", "message-summary;id=1"]).into()));
        request.more.push((Name::Expires, steps.one(&["600", "0", "1"]).into()));
        self.ask(peer, request);
    }

    /// A peer answers a request of the exchange.
    fn answer(&mut self, steps: &mut Steps<'_>) {
        const CODES: [u16; 16] = [100, 180, 180, 183, 183, 200, 200, 200, 202, 302, 401, 422, 486, 487, 503, 603];
        let Some((peer, request)) = steps.recent(&self.heard).cloned() else { return };
        let (code, tag, more) = (steps.one(&CODES), steps.byte() % 4, write::more(steps));
        let host = self.peers[peer].address;
        let body = if code == 100 { Vec::new() } else { write::body(steps, host) };
        let contact = if code == 302 { "<sip:1003@192.0.2.1>".to_owned() } else { format!("<sip:phone@{host}>") };
        let bytes = write::answer(&request, code, &format!("t{tag}"), &contact, &more, &body);
        if request.method() == Method::Invite && (101..300).contains(&code) {
            self.add_leg(Leg::of_callee(peer, &request, bytes.clone()));
        }
        let flow = self.peers[peer].flow();
        self.say(flow, bytes);
    }

    fn add_leg(&mut self, leg: Option<Leg>) {
        let Some(leg) = leg.filter(|leg| !self.legs.iter().any(|known| known.is(leg))) else { return };
        if self.legs.len() < KEPT_MAX {
            self.legs.push(leg);
        }
    }

    /// A request within a dialog.
    fn within(&mut self, steps: &mut Steps<'_>) {
        const METHODS: [&str; 12] = [
            "ACK", "BYE", "INVITE", "UPDATE", "PRACK", "INFO", "OPTIONS", "NOTIFY", "REFER", "MESSAGE", "BYE", "INVITE",
        ];
        let back = usize::from(steps.byte());
        let Some(last) = self.legs.len().checked_sub(1) else { return };
        let at = last - back % self.legs.len();
        let (method, how) = (steps.one(&METHODS), steps.byte());
        let branch = self.next();
        let leg = &mut self.legs[at];
        // ACK repeats the INVITE's number; now and then a number comes twice or jumps.
        leg.cseq += if method == "ACK" { 0 } else { [1, 1, 1, 0, 1000][usize::from(how % 5)] };
        let leg = leg.clone();
        let mut more = write::more(steps);
        if method == "PRACK" {
            more.push((Name::RAck, format!("{} {} INVITE", how, leg.cseq)));
        }
        let body = write::body(steps, self.peers[leg.peer].address);
        let (uri, from, to, call_id) = (leg.target, leg.from, leg.to, leg.call_id);
        self.ask(leg.peer, Request { method, uri, from, to, call_id, cseq: leg.cseq, branch, more, body });
    }

    /// A peer gives up the newest INVITE of its own, or acknowledges it.
    fn cancel(&mut self, steps: &mut Steps<'_>) {
        let (peer, method) = (self.peer(steps), steps.one(&["CANCEL", "CANCEL", "CANCEL", "ACK"]));
        let invite = self.peers[peer].last.iter().rev().find(|request| request.method == "INVITE");
        let Some(invite) = invite.cloned() else { return };
        self.ask(peer, Request { method, more: Vec::new(), body: Vec::new(), ..invite });
    }

    /// What was said before comes again with some bytes changed.
    fn disturb(&mut self, steps: &mut Steps<'_>) {
        let Some((flow, bytes)) = steps.recent(&self.said).cloned() else { return };
        let (high, low, count) = (steps.byte(), steps.byte(), usize::from(steps.byte() % 16));
        let at = (usize::from(high) << 8 | usize::from(low)) % bytes.len().max(1);
        let mut changed = bytes.to_vec();
        let new = steps.bytes(count);
        let end = (at + new.len()).min(changed.len());
        if high & 0x80 == 0 {
            changed[at..end].copy_from_slice(&new[..end - at]);
        } else {
            changed.splice(at..at, new.iter().copied());
        }
        self.say(flow, changed.into());
    }

    fn media(&mut self, steps: &mut Steps<'_>) {
        let Some(&end) = steps.recent(&self.ends) else { return };
        let length = Duration::from_millis(100) * u32::from(steps.byte());
        let event = match steps.below(12) {
            0 => MediaEvent::OpenFailed { end },
            1..=3 => MediaEvent::Digit { end, digit: steps.one(&['0', '1', '2', '3', '5', '7', '9', '*', '#', 'D']) },
            4 | 5 => MediaEvent::Played { end, ended: PlayEnd::Finished },
            6 => MediaEvent::Played { end, ended: steps.one(&[PlayEnd::Interrupted, PlayEnd::Failed]) },
            7 => MediaEvent::Recorded { end, ended: RecordEnd::Silence { length } },
            8 => MediaEvent::Recorded { end, ended: RecordEnd::Stopped { length } },
            9 => MediaEvent::Recorded { end, ended: steps.one(&[RecordEnd::Failed, RecordEnd::Limit { length }]) },
            10 => MediaEvent::Silent { end },
            _ => return self.close(),
        };
        self.input(Input::Media(event));
    }

    /// The media threads close what they were told to.
    fn close(&mut self) {
        for end in std::mem::take(&mut self.closing) {
            self.ends.retain(|open| *open != end);
            self.input(Input::Media(MediaEvent::Closed { end, stats: EndStats::default() }));
        }
    }

    fn kept(&mut self, journey: JourneyId, note: &Note, ok: bool) {
        if ok {
            self.facts.apply(note);
        }
        self.input(Input::Kept { journey, ok });
    }

    fn command(&mut self, steps: &mut Steps<'_>) {
        let command = match steps.below(12) {
            0 => Command::Drain,
            1 => Command::EndAll,
            2 | 3 => match steps.recent(&self.journeys) {
                Some(&journey) => Command::End(journey),
                None => return,
            },
            4..=6 => {
                Command::DoNotDisturb { person: steps.one(&["anna", "bo", "cia"]).into(), on: steps.byte() & 1 == 1 }
            }
            7 => return self.input(Input::Dialplan(plan::plan())),
            8 => {
                let wall: Timestamp = steps
                    .one(&[
                        "2026-11-24T02:00:00Z",
                        "2026-12-24T10:00:00Z",
                        "2026-11-28T10:00:00Z",
                        "2027-03-28T01:00:00Z",
                    ])
                    .parse()
                    .expect("a moment");
                return self.input(Input::Wall(wall));
            }
            _ => {
                let bindings = |device: &&str| {
                    let name = call::Name::from(*device);
                    let found = call::Facts::bindings(&self.facts, device);
                    found.into_iter().map(move |binding| (name.clone(), binding)).collect::<Vec<_>>()
                };
                Command::Restored(plan::DEVICES.iter().flat_map(bindings).collect())
            }
        };
        self.input(Input::Command(command));
    }

    /// DNS answers the oldest question.
    fn resolve(&mut self, steps: &mut Steps<'_>) {
        if !self.asked.is_empty() {
            let question = self.asked.remove(0);
            let answer = super::records::answer(steps, &question);
            self.input(Input::Answer { question, answer });
        }
    }

    fn say(&mut self, flow: Flow, bytes: Bytes) {
        if self.said.len() == KEPT_MAX {
            self.said.remove(0);
        }
        trace("→", &flow, &bytes);
        self.said.push((flow, bytes.clone()));
        self.input(Input::Datagram { flow, bytes });
    }

    /// Lets time go on to so many wake-ups.
    fn sleep(&mut self, times: usize) {
        for _ in 0..times {
            let Some(at) = self.engine.poll_timeout() else { return };
            self.now = self.now.max(at);
            self.input(Input::Timeout);
            // What is due at once may need another turn, but never many.
            let mut turns = 0;
            while self.engine.poll_timeout().is_some_and(|at| at <= self.now) {
                self.input(Input::Timeout);
                turns += 1;
                assert!(turns < 16, "the exchange never sleeps");
            }
        }
    }

    fn input(&mut self, input: Input) {
        self.engine.handle_input(self.now, input, &self.facts);
        let mut count = 0;
        while let Some(output) = self.engine.poll_output() {
            count += 1;
            assert!(count <= OUTPUTS_MAX, "one input makes no end of outputs");
            match output {
                Output::Transmit { flow, bytes } => self.hear(flow, bytes),
                Output::Media(command) => self.on_media(command),
                Output::Note(note) => {
                    self.check(&note);
                    self.facts.apply(&note);
                }
                Output::Ask(question) => self.asked.push(question),
                Output::Keep { journey, note } => self.keeping.push((journey, note)),
            }
        }
    }

    fn on_media(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Open { end, port, .. } => {
                assert!((20_000..=20_039).contains(&port) && port % 2 == 0);
                assert!(!self.ends.contains(&end), "an end is opened twice");
                self.ends.push(end);
            }
            MediaCommand::Close { end } => {
                self.closing.insert(end);
            }
            _ => {}
        }
    }

    fn check(&mut self, note: &Note) {
        match &note.what {
            What::Fault { message } => panic!("{message}"),
            What::Began { caller, .. } => {
                assert!(caller.device.is_some() || caller.trunk.is_some(), "a stranger's call: {caller:?}");
                if let Some(journey) = note.journey.filter(|_| self.journeys.len() < KEPT_MAX) {
                    self.journeys.push(journey);
                }
            }
            _ => {}
        }
    }

    /// What the exchange sends reaches its peer, who does at once what the manners' bits say: 1 acknowledges 2xx,
    /// 2 answers everything but INVITE, 4 obeys CANCEL.
    fn hear(&mut self, flow: Flow, bytes: Bytes) {
        trace("←", &flow, &bytes);
        let message = match Message::parse(bytes.clone()) {
            Ok(message) => message,
            Err(error) => panic!("{error}:\n{}", String::from_utf8_lossy(&bytes)),
        };
        if message.is_request() {
            assert_eq!(message.validate(), Ok(()), "{}", String::from_utf8_lossy(&bytes));
        }
        let Some(peer) = self.peers.iter().position(|peer| peer.address == flow.remote) else { return };
        if message.is_request() { self.hear_request(peer, message) } else { self.hear_response(peer, &message) }
    }

    fn hear_request(&mut self, peer: usize, request: Message) {
        let flow = self.peers[peer].flow();
        let simple = !matches!(request.method(), Method::Invite | Method::Ack | Method::Cancel);
        if request.method() == Method::Cancel && self.manners & 4 != 0 {
            self.queue.push_back((flow, sip::respond(&request, 200, None).to_tag("t0").finish()));
            let invite =
                self.heard.iter().rev().find(|(to, one)| {
                    *to == peer && one.method() == Method::Invite && one.call_id() == request.call_id()
                });
            if let Some((_, invite)) = invite {
                self.queue.push_back((flow, sip::respond(invite, 487, None).to_tag("t0").finish()));
            }
        } else if simple && self.manners & 2 != 0 {
            self.queue.push_back((flow, sip::respond(&request, 200, None).to_tag("t0").finish()));
        }
        if request.method() != Method::Ack {
            if self.heard.len() == KEPT_MAX {
                self.heard.remove(0);
            }
            self.heard.push((peer, request));
        }
    }

    fn hear_response(&mut self, peer: usize, response: &Message) {
        let Some(request) = self.peers[peer].asked(response).cloned() else { return };
        let code = response.code();
        let branch = self.next();
        let at = &mut self.peers[peer];
        let (flow, address) = (at.flow(), at.address);
        if request.method == "INVITE" && code >= 200 {
            let accepted = code < 300;
            if !accepted || self.manners & 1 != 0 {
                let ack = Request {
                    method: "ACK",
                    to: response.header(Name::To).unwrap_or_default().to_owned(),
                    branch: if accepted { branch } else { request.branch },
                    more: Vec::new(),
                    body: Vec::new(),
                    ..request.clone()
                };
                self.queue.push_back((flow, ack.write(at.transport, address)));
            }
        }
        if let (401, Some(user)) = (code, at.user)
            && !request.more.iter().any(|(name, _)| *name == Name::Authorization)
        {
            at.proofs += 1;
            if let Some(proof) = write::proof(response, user, request.method, &request.uri, 1) {
                let mut again = Request { cseq: request.cseq + 1, branch, ..request.clone() };
                again.more.push((Name::Authorization, proof));
                self.queue.push_back((flow, again.write(at.transport, address)));
                at.remember(again);
            }
        }
        if request.method == "INVITE" && (101..300).contains(&code) {
            self.add_leg(Leg::of_caller(peer, &request, response));
        }
    }

    /// Everybody falls silent and the exchange is told to end: nothing may be left.
    fn end(mut self) {
        self.manners = 0;
        self.input(Input::Command(Command::EndAll));
        let began = self.now;
        for _ in 0..3000 {
            self.queue.clear();
            self.close();
            for (journey, note) in std::mem::take(&mut self.keeping) {
                self.kept(journey, &note, true);
            }
            if self.left() == [0; 6] {
                break;
            }
            self.sleep(1);
        }
        self.close();
        let hours = (self.now - began).as_secs() / 3600;
        assert!(hours < 3 && self.left() == [0; 6], "after {hours} h: {:?}", self.engine.status());
    }

    /// What is there of calls and subscriptions. Registrations end by the clock on the wall, which may have been set back.
    fn left(&self) -> [usize; 6] {
        let status = self.engine.status();
        [status.calls, status.legs, status.transactions, status.ports, status.timers, status.subscriptions]
    }
}

/// With `FUZZ_TRACE` set, a ladder of what is said, and with `FUZZ_TRACE=full` every word of it: for whoever looks into a
/// finding.
fn trace(arrow: &str, flow: &Flow, bytes: &[u8]) {
    static WANTED: OnceLock<Option<bool>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| Some(std::env::var_os("FUZZ_TRACE")? == "full"));
    if let Some(full) = wanted {
        let text = String::from_utf8_lossy(bytes);
        let text = if *full { &*text } else { text.lines().next().unwrap_or_default() };
        eprintln!("{:21} {arrow} {text}", flow.remote.to_string());
    }
}
