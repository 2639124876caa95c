//! A softphone: a small user agent of its own, with manners, a clock that is told and dice that are seeded.
//!
//! Transactions are the exchange's own crate; everything above them (dialogs, offer/answer, digest, timers) is
//! written here a second time, so that a mistake in one of the two shows.

mod call;
mod digest;
mod incoming;
mod manners;
mod outgoing;
mod responses;
mod sound;

pub use call::{Call, Phase};
pub use manners::{Manners, Ring};
pub use sound::Heard;

use bytes::Bytes;
use sip::{Flow, Message, Method, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use transaction::{Limits, Timings, Transactions};

pub(crate) const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// What a phone's own request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Register,
    Subscribe,
    Invite(usize),
    Reinvite(usize),
    Update(usize),
    /// A request within a call whose failure ends nothing.
    Within(usize),
    Nobody,
}

/// What a phone wants to do later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Answer(usize),
    Refuse(usize, u16),
    HangUp(usize),
    ResendOk(usize),
    ResendReliable(usize),
    Refresh(usize),
    RetryReinvite(usize),
    /// An ACK came without the answer to our offer: the call should be over by now.
    LacksAnswer(usize),
    Register,
}

/// A message that a phone sent or got.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// The phone sent it.
    pub sent: bool,
    /// The message.
    pub message: Message,
}

/// Where a phone is and who it claims to be.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name: the device's in the plan.
    pub name: String,
    /// The user as which it registers.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The SIP domain.
    pub domain: String,
    /// The address that it believes to have.
    pub address: SocketAddr,
    /// The address that others see; differs behind NAT.
    pub public: SocketAddr,
    /// Over what it talks.
    pub transport: Transport,
    /// The exchange.
    pub pbx: SocketAddr,
}

/// A softphone.
pub struct Phone {
    /// Who and where.
    pub identity: Identity,
    /// How it behaves.
    pub manners: Manners,
    /// Every call it had, first to last.
    pub calls: Vec<Call>,
    /// Every message, first to last.
    pub seen: Vec<Seen>,
    /// What it saw that no exchange should do.
    pub faults: Vec<(Instant, String)>,
    /// The last answer to REGISTER.
    pub register_code: Option<u16>,
    /// What its message light shows: new and old messages.
    pub light: Option<(u32, u32)>,
    /// It is on the network.
    pub alive: bool,
    /// Keep [`Phone::seen`]; a simulation of hundreds does not.
    pub keeps_seen: bool,
    registration: Registration,
    transactions: Transactions<Task>,
    dice: fastrand::Rng,
    due: BTreeMap<(Instant, u64), Due>,
    count: u64,
    pub(crate) out: VecDeque<(Flow, Bytes)>,
}

#[derive(Debug)]
struct Registration {
    call_id: String,
    cseq: u32,
    nc: u32,
    /// Tried with credentials since the last challenge.
    answered: bool,
    expires_secs: u32,
    subscription: Option<Subscription>,
}

#[derive(Debug)]
struct Subscription {
    call_id: String,
    tag: String,
    answered: bool,
    cseq: u32,
}

impl Phone {
    /// A phone that has done nothing yet.
    pub fn new(identity: Identity, seed: u64) -> Phone {
        let mut dice = fastrand::Rng::with_seed(seed);
        let timings = Timings { t1: T1, t2: T2, t4: Duration::from_secs(5) };
        let transactions = Transactions::new(&identity.name, dice.u64(..), timings, Limits::default());
        let registration = Registration {
            call_id: format!("reg-{:08x}@{}", dice.u32(..), identity.name),
            cseq: 0,
            nc: 0,
            answered: false,
            expires_secs: 0,
            subscription: None,
        };
        Phone {
            identity,
            manners: Manners::default(),
            calls: Vec::new(),
            seen: Vec::new(),
            faults: Vec::new(),
            register_code: None,
            light: None,
            alive: true,
            keeps_seen: true,
            registration,
            transactions,
            dice,
            due: BTreeMap::new(),
            count: 0,
            out: VecDeque::new(),
        }
    }

    /// The last call, whose end a test usually asks about.
    pub fn last_call(&self) -> &Call {
        self.calls.last().expect("this phone has had a call")
    }

    /// Requests of a method that it got, first to last.
    pub fn got(&self, method: Method) -> Vec<&Message> {
        let is_wanted = |seen: &&Seen| !seen.sent && seen.message.is_request() && seen.message.method() == method;
        self.seen.iter().filter(is_wanted).map(|seen| &seen.message).collect()
    }

    /// Responses with a code that it got to requests of a method, first to last.
    pub fn got_response(&self, code: u16, method: Method) -> Vec<&Message> {
        let is_wanted = |seen: &&Seen| !seen.sent && seen.message.code() == code && seen.message.method() == method;
        self.seen.iter().filter(is_wanted).map(|seen| &seen.message).collect()
    }

    /// No call, no transaction, nothing planned but the next registration.
    pub fn is_idle(&self) -> bool {
        !self.alive
            || self.transactions.is_empty()
                && self.out.is_empty()
                && self.calls.iter().all(|call| call.phase == Phase::Ended)
                && self.due.values().all(|due| *due == Due::Register)
    }

    /// What keeps it from being idle, in words.
    pub(crate) fn busy_with(&self) -> String {
        let calls = self.calls.iter().enumerate().filter(|(_, call)| call.phase != Phase::Ended);
        let calls: Vec<String> =
            calls.map(|(nth, call)| format!("call {nth} with {} {:?}", call.with, call.phase)).collect();
        let Identity { name, .. } = &self.identity;
        format!("{name} is busy with {calls:?}, {} transactions, {:?}", self.transactions.len(), self.due)
    }

    /// When it wants to be woken.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.alive {
            return None;
        }
        let due = self.due.keys().next().map(|(at, _)| *at);
        self.transactions.poll_timeout().into_iter().chain(due).min()
    }

    /// Does what is due.
    pub fn on_timeout(&mut self, now: Instant) {
        if !self.alive {
            return;
        }
        self.transactions.on_timeout(now);
        self.pump(now);
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let due = entry.remove();
            self.on_due(now, due);
            self.pump(now);
        }
    }

    /// Takes a message from the network.
    pub fn on_message(&mut self, now: Instant, flow: Flow, bytes: Bytes) {
        if !self.alive {
            return;
        }
        match Message::parse(bytes) {
            Ok(message) => {
                if let Err(fault) = message.validate() {
                    self.blame(now, format!("an invalid message came: {fault}"));
                }
                if let Some(stranger) = self.foreign_address(&message) {
                    let line = message.header(sip::Name::CSeq).unwrap_or_default();
                    self.blame(now, format!("{stranger}, another phone's address, is shown in a message ({line})"));
                }
                self.remember(now, false, &message);
                let begins = message.is_request() && message.method() == Method::Invite && message.to_tag().is_none();
                if begins && self.manners.ring == Ring::Mute {
                    return;
                }
                self.transactions.on_message(now, flow, sip::fix_via(message, flow.remote));
                self.pump(now);
            }
            Err(fault) => self.blame(now, format!("nonsense came: {fault}")),
        }
    }

    /// An address of the phones' network that is not ours, anywhere in a message: one leg must not show on the other.
    fn foreign_address(&self, message: &Message) -> Option<Ipv4Addr> {
        let own = [self.identity.address.ip(), self.identity.public.ip()];
        let text = std::str::from_utf8(message.bytes()).ok()?;
        text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| word.parse::<Ipv4Addr>().ok()).find(
            |address| matches!(address.octets(), [10, 0, ..] | [203, 0, ..]) && !own.contains(&IpAddr::V4(*address)),
        )
    }

    /// The network says that a flow is no more.
    pub fn on_flow_failed(&mut self, now: Instant, flow: &Flow) {
        self.transactions.on_flow_failed(now, flow);
        self.pump(now);
    }

    /// Falls off the network, with everything that it was doing.
    pub fn die(&mut self, now: Instant) {
        self.alive = false;
        self.due.clear();
        for call in &mut self.calls {
            if call.phase != Phase::Ended {
                call.phase = Phase::Ended;
                call.ended_at = Some(now);
            }
        }
    }

    fn blame(&mut self, at: Instant, fault: impl Into<String>) {
        self.faults.push((at, fault.into()));
    }

    fn remember(&mut self, at: Instant, sent: bool, message: &Message) {
        if self.keeps_seen {
            self.seen.push(Seen { at, sent, message: message.clone() });
        }
    }

    fn later(&mut self, at: Instant, due: Due) {
        self.count += 1;
        self.due.insert((at, self.count), due);
    }

    fn flow(&self) -> Flow {
        let Identity { transport, address, pbx, .. } = self.identity;
        Flow { transport, local: address, remote: pbx, connection: 0 }
    }

    fn contact(&self) -> String {
        let Identity { user, address, transport, .. } = &self.identity;
        match transport {
            Transport::Udp => format!("<sip:{user}@{address}>"),
            other => format!("<sip:{user}@{address};transport={}>", other.param()),
        }
    }

    fn via(&self, branch: &str) -> String {
        format!("SIP/2.0/{} {};branch={branch};rport", self.identity.transport.via(), self.identity.address)
    }

    fn tag(&mut self) -> String {
        format!("{:08x}", self.dice.u32(..))
    }

    fn allow(&self) -> &'static str {
        if self.manners.update {
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY"
        } else {
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, NOTIFY"
        }
    }

    fn supported(&self) -> Option<&'static str> {
        match (self.manners.reliable, self.manners.session_secs.is_some()) {
            (true, true) => Some("100rel, timer"),
            (true, false) => Some("100rel"),
            (false, true) => Some("timer"),
            (false, false) => None,
        }
    }

    /// Takes what the transactions say until they are silent.
    fn pump(&mut self, now: Instant) {
        while let Some(output) = self.transactions.poll_output() {
            match output {
                transaction::Output::Transmit { flow, bytes } => {
                    if let (true, Ok(message)) = (self.keeps_seen, Message::parse(bytes.clone())) {
                        self.remember(now, true, &message);
                    }
                    self.out.push_back((flow, bytes));
                }
                transaction::Output::Request { server, flow, request } => self.on_request(now, server, flow, &request),
                transaction::Output::Ack { request, .. } => self.on_ack(now, &request),
                transaction::Output::Cancelled { server, request, .. } => self.on_cancelled(now, server, &request),
                transaction::Output::Response { user, response, .. } => self.on_response(now, user, &response),
                transaction::Output::TimedOut { user, .. } => self.on_no_response(now, user, 408),
                transaction::Output::Failed { user, .. } => self.on_no_response(now, user, 503),
                transaction::Output::NoAck { .. } => {}
            }
        }
    }

    fn on_due(&mut self, now: Instant, due: Due) {
        match due {
            Due::Answer(call) => self.answer(now, call),
            Due::Refuse(call, code) => self.refuse(now, call, code),
            Due::HangUp(call) => self.hang_up(now, call),
            Due::ResendOk(call) => self.resend_ok(now, call),
            Due::ResendReliable(call) => self.resend_reliable(now, call),
            Due::Refresh(call) => self.refresh(now, call),
            Due::RetryReinvite(call) => self.reinvite(now, call),
            Due::LacksAnswer(call) if self.calls[call].phase == Phase::Talking => {
                self.blame(now, "an ACK came without the answer to our offer");
            }
            Due::LacksAnswer(_) => {}
            Due::Register => self.register(now),
        }
    }
}
