//! An exchange with peers that send it exactly the messages that a test writes.

use bytes::Bytes;
use call::media::{MediaCommand, MediaEvent};
use call::{Facts, What};
use dialplan::{Dialplan, Environment, Source};
use sip::{Flow, Message, Method, Name, Transport, Writer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vaihde_engine::{Config, Engine, Input, Listener, Output, Status};

/// The operator's exchange: its calls need no password.
pub const OPERATOR: &str = "203.0.113.9:5060";
/// Another operator, which asks for a password.
pub const CARRIER: &str = "203.0.113.10:5060";
/// Anna's desk phone.
pub const DESK: &str = "192.0.2.50:5060";
/// Anna's second phone.
pub const SOFT: &str = "192.0.2.51:5060";
/// Somebody on the net.
pub const STRANGER: &str = "198.51.100.66:5060";

const PBX: &str = "192.0.2.1:5060";

const PLAN: &str = r#"
domain   = "pbx.example.fi"
timezone = "Europe/Helsinki"
language = "en"

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["desk", "soft"]

[device.desk]
contact = "sip:desk@192.0.2.50"

[device.soft]
contact = "sip:soft@192.0.2.51"

[trunk.operator]
proxy = "sip:203.0.113.9"

[trunk.carrier]
proxy        = "sip:203.0.113.10"
user         = "office"
password_env = "CARRIER_PASSWORD"
as           = "+358942421000"

[reach.default]
ring_for  = "20s"
busy      = ["voicemail"]
offline   = ["voicemail"]
no_answer = ["voicemail"]

[[route]]
name   = "in"
from   = "trunks"
number = "1xxx"
steps  = ["reach"]

[[route]]
name   = "out"
from   = "phones"
number = "0."
steps  = ["dial:trunk:carrier"]

[[route]]
name   = "through"
from   = "trunks"
number = "0."
steps  = ["dial:trunk:carrier"]
"#;

/// The session that a peer describes.
pub const SDP: &str = "v=0\r\no=x 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

/// The same peer puts the other side on hold.
pub const HOLD: &str = "v=0\r\no=x 1 2 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n";

struct Passwords;

impl Environment for Passwords {
    fn var(&self, name: &str) -> Option<String> {
        (name == "CARRIER_PASSWORD").then(|| "secret".to_owned())
    }
    fn text(&self, _path: &str) -> Option<String> {
        None
    }
    fn exists(&self, _path: &str) -> bool {
        true
    }
}

/// The exchange, and what it has sent.
pub struct Exchange {
    pub engine: Engine,
    pub facts: presence::Facts,
    now: Instant,
    /// Everything that was sent and not yet looked for.
    sent: Vec<(Flow, Message)>,
    pub media: Vec<MediaCommand>,
    pub notes: Vec<What>,
    branches: u32,
}

impl Exchange {
    pub fn new() -> Exchange {
        let sources = [Source { path: "office.toml".into(), text: PLAN.to_owned() }];
        let plan = match dialplan::read(&sources, &Passwords) {
            Ok(read) => read.plan,
            Err(faults) => panic!("{}", dialplan::render(&faults, &sources, false)),
        };
        Exchange::with(Arc::new(plan))
    }

    fn with(plan: Arc<Dialplan>) -> Exchange {
        #[allow(clippy::disallowed_methods)] // only differences are looked at
        let now = Instant::now();
        let local = PBX.parse().expect("an address");
        let listener = |transport| Listener { transport, local, advertised: None };
        let listeners = vec![listener(Transport::Udp), listener(Transport::Tcp)];
        let wall = "2026-11-24T08:00:00Z".parse().expect("a moment");
        let engine = Engine::new(Config { seed: 1, shard: 0, listeners }, plan, now, wall);
        let facts = presence::Facts::default();
        Exchange { engine, facts, now, sent: Vec::new(), media: Vec::new(), notes: Vec::new(), branches: 0 }
    }

    pub fn status(&self) -> Status {
        self.engine.status()
    }

    /// A message from a peer over UDP.
    pub fn receive(&mut self, from: &str, bytes: impl Into<Bytes>) {
        let flow = Flow::udp(PBX.parse().expect("an address"), from.parse().expect("an address"));
        self.input(Input::Datagram { flow, bytes: bytes.into() });
    }

    /// An input while the facts are what they are.
    pub fn input(&mut self, input: Input) {
        self.engine.handle_input(self.now, input, &self.facts);
        self.drain();
    }

    /// The same while whoever knows the facts fails.
    pub fn receive_in_a_fault(&mut self, from: &str, bytes: impl Into<Bytes>) {
        let flow = Flow::udp(PBX.parse().expect("an address"), from.parse().expect("an address"));
        self.engine.handle_input(self.now, Input::Datagram { flow, bytes: bytes.into() }, &Faulty);
        self.drain();
    }

    fn drain(&mut self) {
        let mut answers = Vec::new();
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => {
                    self.sent.push((flow, Message::parse(bytes).expect("a readable message")));
                }
                Output::Media(command) => {
                    if let MediaCommand::Close { end } = command {
                        answers.push(Input::Media(MediaEvent::Closed { end, stats: Default::default() }));
                    }
                    self.media.push(command);
                }
                Output::Ask(question) => panic!("{question:?} is asked of nobody here"),
                Output::Note(note) => {
                    self.facts.apply(&note);
                    self.notes.push(note.what);
                }
                Output::Keep { journey, note } => {
                    self.facts.apply(&note);
                    answers.push(Input::Kept { journey, ok: true });
                }
            }
        }
        answers.into_iter().for_each(|answer| self.input(answer));
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.engine.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = until;
    }

    /// Takes the first message to a peer for which this holds.
    #[track_caller]
    pub fn take(&mut self, to: &str, what: &str, is: impl Fn(&Message) -> bool) -> Message {
        let to: SocketAddr = to.parse().expect("an address");
        match self.sent.iter().position(|(flow, message)| flow.remote == to && is(message)) {
            Some(at) => self.sent.remove(at).1,
            None => panic!("no {what} went to {to}; waiting are:\n{}", self.waiting()),
        }
    }

    #[track_caller]
    pub fn take_request(&mut self, to: &str, method: Method) -> Message {
        self.take(to, method.as_str(), |message| message.is_request() && message.method() == method)
    }

    #[track_caller]
    pub fn take_response(&mut self, to: &str, code: u16, method: Method) -> Message {
        self.take(to, &format!("{code} ({})", method.as_str()), |message| {
            message.code() == code && message.method() == method
        })
    }

    /// How many such messages wait to be looked at.
    pub fn count(&self, to: &str, is: impl Fn(&Message) -> bool) -> usize {
        let to: SocketAddr = to.parse().expect("an address");
        self.sent.iter().filter(|(flow, message)| flow.remote == to && is(message)).count()
    }

    /// The way that a message went which still waits to be looked at.
    pub fn flows_of(&self, is: impl Fn(&Message) -> bool) -> Vec<Flow> {
        self.sent.iter().filter(|(_, message)| is(message)).map(|(flow, _)| *flow).collect()
    }

    pub fn forget_sent(&mut self) {
        self.sent.clear();
    }

    fn waiting(&self) -> String {
        let line = |(flow, message): &(Flow, Message)| {
            format!("{flow} {}\n", String::from_utf8_lossy(message.bytes()).lines().next().unwrap_or_default())
        };
        self.sent.iter().map(line).collect()
    }

    /// A peer's answer to a request, with its tag.
    pub fn answer(&mut self, request: &Message, from: &str, code: u16, tag: &str, more: &str, sdp: bool) {
        let mut writer = sip::respond(request, code, None);
        if request.to_tag().is_none() {
            writer = writer.to_tag(tag);
        }
        writer = writer.header(Name::Contact, format!("<sip:peer@{from}>"));
        for line in more.lines() {
            let (name, value) = line.split_once(": ").expect("a header");
            writer = writer.named(name, value);
        }
        let bytes = if sdp { writer.body("application/sdp", SDP.as_bytes()) } else { writer.finish() };
        self.receive(from, bytes);
    }

    /// A peer's request within the dialog that its INVITE and our response have made.
    pub fn within(&mut self, method: &str, cseq: u32, invite: &Message, ours: &Message, more: &str, body: &str) {
        self.branches += 1;
        let (branch, flow) = (self.branches, OPERATOR);
        let uri = ours.contact().and_then(Result::ok).map_or("sip:pbx.example.fi", |contact| contact.uri).to_owned();
        let mut writer = Writer::request(method, &uri)
            .header(Name::Via, format!("SIP/2.0/UDP {flow};branch=z9hG4bKw{branch};rport"))
            .header(Name::MaxForwards, "70")
            .header(Name::From, invite.header(Name::From).expect("From"))
            .header(Name::To, ours.header(Name::To).expect("To"))
            .header(Name::CallId, invite.call_id())
            .header(Name::Contact, format!("<sip:x@{flow}>"))
            .header(Name::CSeq, format!("{cseq} {method}"));
        for line in more.lines() {
            let (name, value) = line.split_once(": ").expect("a header");
            writer = writer.named(name, value);
        }
        let bytes = if body.is_empty() { writer.finish() } else { writer.body("application/sdp", body.as_bytes()) };
        self.receive(flow, bytes);
    }

    /// The operator's ACK for a 2xx, for a re-INVITE too.
    pub fn ack(&mut self, cseq: u32, invite: &Message, ours: &Message, body: &str) {
        self.within("ACK", cseq, invite, ours, "", body);
    }

    /// The desk phone's (any callee's) request within the dialog of our INVITE.
    pub fn callee_sends(&mut self, from: &str, method: &str, cseq: u32, invite: &Message, tag: &str, body: &str) {
        self.branches += 1;
        let branch = self.branches;
        let uri = invite.contact().and_then(Result::ok).expect("Contact").uri.to_owned();
        let writer = Writer::request(method, &uri)
            .header(Name::Via, format!("SIP/2.0/UDP {from};branch=z9hG4bKc{branch};rport"))
            .header(Name::MaxForwards, "70")
            .header(Name::From, format!("{};tag={tag}", invite.header(Name::To).expect("To")))
            .header(Name::To, invite.header(Name::From).expect("From"))
            .header(Name::CallId, invite.call_id())
            .header(Name::Contact, format!("<sip:peer@{from}>"))
            .header(Name::CSeq, format!("{cseq} {method}"));
        let bytes = if body.is_empty() { writer.finish() } else { writer.body("application/sdp", body.as_bytes()) };
        self.receive(from, bytes);
    }

    /// A call from the operator to Anna that her desk phone has answered: the operator's INVITE, our 200, our INVITE.
    pub fn talking(&mut self, desk_says: &str) -> (Message, Message, Message) {
        let invite = invite(OPERATOR, "1001", "");
        self.receive(OPERATOR, invite.bytes().clone());
        let ours = self.take_request(DESK, Method::Invite);
        self.answer(&ours, DESK, 200, "desk", desk_says, true);
        let ok = self.take_response(OPERATOR, 200, Method::Invite);
        self.ack(1, &invite, &ok, "");
        let soft = self.take_request(SOFT, Method::Invite);
        self.answer(&soft, SOFT, 487, "soft", "", false);
        self.run(Duration::from_secs(6));
        self.forget_sent();
        (invite, ok, ours)
    }

    /// Nothing is left once every timer has run out.
    #[track_caller]
    pub fn assert_empty_after(&mut self, time: Duration) {
        self.run(time);
        let status = self.status();
        assert_eq!((status.calls, status.legs, status.transactions, status.ports), (0, 0, 0, 0), "{status:?}");
    }
}

/// An INVITE with an offer, with a Call-ID for each number; `more` are header lines.
pub fn invite(from: &str, number: &str, more: &str) -> Message {
    let mut writer = Writer::request("INVITE", &format!("sip:{number}@pbx.example.fi"))
        .header(Name::Via, format!("SIP/2.0/UDP {from};branch=z9hG4bKinvite{number};rport"))
        .header(Name::MaxForwards, "70")
        .header(Name::From, "\"Outside\" <sip:+358401234567@operator.example>;tag=outside")
        .header(Name::To, format!("<sip:{number}@pbx.example.fi>"))
        .header(Name::CallId, format!("call-{number}@operator.example"))
        .header(Name::CSeq, "1 INVITE")
        .header(Name::Contact, format!("<sip:x@{from}>"))
        .header(Name::Allow, "INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, INFO");
    for line in more.lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        writer = writer.named(name, value);
    }
    Message::parse(writer.body("application/sdp", SDP.as_bytes())).expect("an INVITE")
}

/// Facts that cannot be asked.
struct Faulty;

impl Facts for Faulty {
    fn bindings(&self, _device: &str) -> Vec<call::Binding> {
        panic!("the facts are out of order")
    }
    fn calls(&self, _device: &str) -> (usize, usize) {
        panic!("the facts are out of order")
    }
    fn idle_since(&self, _device: &str) -> Option<jiff::Timestamp> {
        panic!("the facts are out of order")
    }
    fn do_not_disturb(&self, _person: &str) -> bool {
        panic!("the facts are out of order")
    }
    fn last_rung(&self, _group: &str) -> Option<call::Name> {
        panic!("the facts are out of order")
    }
    fn messages(&self, _mailbox: &str) -> Vec<call::MessageInfo> {
        panic!("the facts are out of order")
    }
}
