//! An office in virtual time: the engine, its facts, and everything that stands around it in the server.

use crate::ladder::Ladder;
use crate::media::{Media, Tick, short};
use crate::network::{Link, Stream};
use crate::phone::{Identity, Phone};
use crate::secrets;
use bytes::Bytes;
use call::media::{MediaCommand, MediaEvent};
use call::{JourneyId, Note, What};
use dialplan::{Dialplan, Source};
use engine::{Command, Config, Engine, Input, Listener, Output, Status};
use jiff::Timestamp;
use locate::{Answer, LookupFault, Question};
use sip::{Flow, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the exchange is, over UDP and TCP.
pub const PBX: &str = "192.0.2.1:5060";
/// The same over IPv6.
pub const PBX_V6: &str = "[2001:db8::1]:5060";
/// A Tuesday in November, ten o'clock in Helsinki.
pub const TUESDAY: &str = "2026-11-24T08:00:00Z";

/// How long a name server takes.
const DNS_TAKES: Duration = Duration::from_millis(20);
/// More steps than this in one instant are a circle.
const STANDING_MAX: usize = 100_000;

/// A store that commits at once, later, or never.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// Nothing can be kept.
    pub fails: bool,
    /// How long a commit takes.
    pub delay: Duration,
}

/// What will happen at some instant.
pub(crate) enum Happening {
    ToPbx(Flow, Bytes),
    ToPhone(usize, Flow, Bytes),
    PbxFlowFailed(Flow),
    Media(Tick),
    Kept(JourneyId, Note, bool),
    Answer(Question, Answer),
    Do(Box<dyn FnOnce(&mut Office)>),
}

/// The exchange with everything around it.
pub struct Office {
    /// The exchange.
    pub engine: Engine,
    /// What is known: the fold of the notes.
    pub facts: presence::Facts,
    /// The plan in force.
    pub plan: Arc<Dialplan>,
    /// The media threads.
    pub media: Media,
    /// The store.
    pub store: Store,
    /// What DNS knows; about anything else it says nothing.
    pub dns: BTreeMap<Question, Answer>,
    /// The diary.
    pub notes: Vec<Note>,
    /// Keep [`Office::notes`].
    pub keeps_notes: bool,
    pub(crate) seed: u64,
    pub(crate) wall: (Instant, Timestamp),
    pub(crate) now: Instant,
    pub(crate) phones: Vec<Phone>,
    pub(crate) links: Vec<Link>,
    pub(crate) names: BTreeMap<String, usize>,
    pub(crate) addresses: BTreeMap<IpAddr, usize>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) agenda: BTreeMap<(Instant, u64), Happening>,
    pub(crate) count: u64,
    pub(crate) wakes: BTreeSet<(Instant, usize)>,
    pub(crate) woken_at: Vec<Option<Instant>>,
    pub(crate) dice: fastrand::Rng,
    pub(crate) ladder: Ladder,
    /// Steps since time last moved.
    pub(crate) standing: usize,
    /// Requests that reached the exchange, by branch and method; `None` once they have their final response.
    pub(crate) requests: BTreeMap<(String, String), Option<String>>,
}

impl Office {
    /// An office with this configuration on a Tuesday morning. Every device of the plan gets a phone, and a password
    /// that the plan knows.
    pub fn new(toml: &str, seed: u64) -> Office {
        Office::at(toml, seed, TUESDAY)
    }

    /// The same at another moment.
    pub fn at(toml: &str, seed: u64, wall: &str) -> Office {
        let devices = secrets::devices(toml);
        let plan = Arc::new(read(toml));
        #[allow(clippy::disallowed_methods)] // An Instant can be made in no other way; only differences are looked at.
        let now = Instant::now();
        let wall: Timestamp = wall.parse().expect("a moment such as 2026-11-24T08:00:00Z");
        let mut office = Office {
            engine: new_engine(seed, plan.clone(), now, wall),
            facts: presence::Facts::default(),
            plan,
            media: Media::new(),
            dns: BTreeMap::new(),
            store: Store { fails: false, delay: Duration::from_millis(2) },
            notes: Vec::new(),
            keeps_notes: true,
            seed,
            wall: (now, wall),
            now,
            phones: Vec::new(),
            links: Vec::new(),
            names: BTreeMap::new(),
            addresses: BTreeMap::new(),
            streams: Vec::new(),
            agenda: BTreeMap::new(),
            count: 0,
            wakes: BTreeSet::new(),
            woken_at: Vec::new(),
            dice: fastrand::Rng::with_seed(seed ^ 0x6e65_7477_6f72_6b21),
            ladder: Ladder::new(now),
            standing: 0,
            requests: BTreeMap::new(),
        };
        for device in devices {
            office.add_phone(&device.name, &device.user, &device.password, &device.domain);
        }
        office
    }

    /// Puts a phone on the network; ours and strangers' alike. Addresses are given out in turn.
    pub fn add_phone(&mut self, name: &str, user: &str, password: &str, domain: &str) {
        let nth = self.phones.len();
        let address = SocketAddr::from(([10, 0, (nth / 250) as u8, (nth % 250) as u8 + 1], 5060));
        let identity = Identity {
            name: name.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            domain: domain.to_owned(),
            address,
            public: address,
            transport: Transport::Udp,
            pbx: PBX.parse().expect("an address"),
        };
        self.phones.push(Phone::new(identity, self.seed.wrapping_mul(1_000_003).wrapping_add(nth as u64)));
        self.links.push(Link::PERFECT);
        self.woken_at.push(None);
        self.names.insert(name.to_owned(), nth);
        self.addresses.insert(address.ip(), nth);
    }

    /// Moves a phone behind a NAT: it believes in its private address, others see the public one.
    pub fn put_behind_nat(&mut self, name: &str, public: &str) {
        let nth = self.nth(name);
        let public: SocketAddr = public.parse().expect("an address");
        self.phones[nth].identity.public = public;
        self.addresses.insert(public.ip(), nth);
    }

    /// Gives a phone another address, perhaps of IPv6.
    pub fn move_to(&mut self, name: &str, address: &str) {
        let nth = self.nth(name);
        let address: SocketAddr = address.parse().expect("an address");
        let identity = &mut self.phones[nth].identity;
        (identity.address, identity.public) = (address, address);
        identity.pbx = if address.is_ipv6() { PBX_V6 } else { PBX }.parse().expect("an address");
        self.addresses.insert(address.ip(), nth);
    }

    /// Lets a phone talk over a stream.
    pub fn use_tcp(&mut self, name: &str) {
        let nth = self.nth(name);
        self.phones[nth].identity.transport = Transport::Tcp;
    }

    /// A phone, to look at.
    pub fn phone(&self, name: &str) -> &Phone {
        &self.phones[self.nth(name)]
    }

    /// A phone, to give it manners; [`Office::act`] makes it do something.
    pub fn phone_mut(&mut self, name: &str) -> &mut Phone {
        let nth = self.nth(name);
        &mut self.phones[nth]
    }

    /// Every phone.
    pub fn phones(&self) -> &[Phone] {
        &self.phones
    }

    /// Every phone, to be changed.
    pub fn phones_mut(&mut self) -> &mut [Phone] {
        &mut self.phones
    }

    /// A phone's line.
    pub fn link(&mut self, name: &str) -> &mut Link {
        let nth = self.nth(name);
        &mut self.links[nth]
    }

    /// Every phone's line.
    pub fn links_mut(&mut self) -> &mut [Link] {
        &mut self.links
    }

    /// The dice of the office, for tests that roll some of their own.
    pub fn dice(&mut self) -> &mut fastrand::Rng {
        &mut self.dice
    }

    /// The clock.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The clock on the wall.
    pub fn wall(&self) -> Timestamp {
        let past = self.now - self.wall.0;
        self.wall.1 + jiff::SignedDuration::try_from(past).expect("a time that fits")
    }

    /// How full the exchange is.
    pub fn status(&self) -> Status {
        self.engine.status()
    }

    /// Lets a phone do something now.
    pub fn act<T>(&mut self, name: &str, act: impl FnOnce(&mut Phone, Instant) -> T) -> T {
        let nth = self.nth(name);
        let done = act(&mut self.phones[nth], self.now);
        self.settle_phone(nth);
        done
    }

    /// Plans something.
    pub fn later(&mut self, after: Duration, act: impl FnOnce(&mut Office) + 'static) {
        self.plan_at(self.now + after, Happening::Do(Box::new(act)));
    }

    /// Registers these phones, then starts a new ladder at time zero.
    pub fn register(&mut self, names: &[&str]) {
        for name in names {
            self.act(name, Phone::register);
        }
        self.run_for(Duration::from_secs(1));
        for name in names {
            assert_eq!(self.phone(name).register_code, Some(200), "{name} registers\n{}", self.ladder());
        }
        self.run_for(Duration::from_secs(40));
        self.mark();
    }

    /// A phone calls a number; returns which of the phone's calls it is.
    pub fn call(&mut self, name: &str, number: &str) -> usize {
        self.act(name, |phone, now| phone.call(now, number, &[]))
    }

    /// A phone hangs up its last call, or gives it up.
    pub fn hang_up(&mut self, name: &str) {
        self.act(name, |phone, now| {
            let last = phone.calls.len().checked_sub(1).expect("a call to hang up");
            phone.hang_up(now, last);
        });
    }

    /// A phone puts its last call on hold.
    pub fn hold(&mut self, name: &str) {
        self.act(name, |phone, now| phone.hold(now, phone.calls.len() - 1));
    }

    /// A phone takes its last call back.
    pub fn resume(&mut self, name: &str) {
        self.act(name, |phone, now| phone.resume(now, phone.calls.len() - 1));
    }

    /// Presses keys in a phone's last call, 300 ms each, as RFC 4733 events.
    pub fn press(&mut self, name: &str, keys: &str) {
        for key in keys.chars() {
            let nth = self.nth(name);
            let sends_to = self.phones[nth].last_call().sends_to();
            let end = sends_to.and_then(|to| self.media.at_port(to.port())).map(|(id, _)| id);
            self.ladder.event(self.now, name, &format!("presses {key}"));
            if let Some(end) = end {
                let ticks = self.media.press(self.now, end, key);
                self.plan_ticks(ticks);
            }
            self.run_for(Duration::from_millis(300));
        }
    }

    /// A phone falls off the network; its streams break only when somebody tries them.
    pub fn die(&mut self, name: &str) {
        let nth = self.nth(name);
        self.ladder.event(self.now, name, "dies");
        self.phones[nth].die(self.now);
        self.settle_phone(nth);
        self.cut_streams(name);
    }

    /// The network cuts every stream of a phone; both sides notice when they next use it.
    pub fn cut_streams(&mut self, name: &str) {
        let nth = self.nth(name);
        for stream in self.streams.iter_mut().filter(|stream| stream.phone == nth) {
            stream.open = false;
        }
    }

    /// The owner asks something of the exchange.
    pub fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// A stranger's or broken message, from a phone's place.
    pub fn send_raw(&mut self, name: &str, text: &str) {
        let bytes = Bytes::from(text.replace("\r\n", "\n").replace('\n', "\r\n"));
        self.act(name, |phone, now| phone.send_raw(now, bytes));
    }

    /// Another plan from now on.
    pub fn reload(&mut self, toml: &str) {
        self.plan = Arc::new(read(toml));
        self.input(Input::Dialplan(self.plan.clone()));
    }

    /// The exchange stops and starts anew with what its store has kept; calls in progress are lost.
    pub fn restart(&mut self) {
        let wall = self.wall();
        self.ladder.event(self.now, "pbx", "restarts");
        let bindings = self.keep_only_what_is_stored(wall);
        self.engine = new_engine(self.seed.wrapping_add(1), self.plan.clone(), self.now, wall);
        self.media = Media::new();
        self.agenda.retain(|_, happening| !matches!(happening, Happening::Media(_) | Happening::Kept(..)));
        for stream in &mut self.streams {
            stream.open = false;
        }
        self.input(Input::Command(Command::Restored(bindings)));
    }

    /// Folds the facts anew from bindings, messages and do-not-disturb.
    fn keep_only_what_is_stored(&mut self, wall: Timestamp) -> Vec<(call::Name, call::Binding)> {
        let known = std::mem::take(&mut self.facts);
        let mut remember = |at, what| self.facts.apply(&Note { at, journey: None, what });
        let mut kept = Vec::new();
        for device in self.plan.devices() {
            for binding in call::Facts::bindings(&known, &device.name) {
                let (device, binding) = (device.name.clone(), binding);
                remember(wall, What::Registered { device: device.clone(), binding: binding.clone() });
                kept.push((device, binding));
            }
        }
        for mailbox in self.plan.mailboxes() {
            for info in call::Facts::messages(&known, &mailbox.name) {
                let (mailbox, message, heard) = (mailbox.name.clone(), info.message.id.clone(), info.heard);
                remember(info.left_at, What::MessageLeft(info.message));
                remember(wall, What::MessageHeard { mailbox, message, heard });
            }
        }
        for person in self.plan.people() {
            let on = call::Facts::do_not_disturb(&known, &person.id);
            remember(wall, What::DoNotDisturb { person: person.id.clone(), on });
        }
        kept
    }

    /// Every phone stops refreshing its registration, so that the office comes to rest and is empty in the end.
    pub fn close(&mut self) {
        for nth in 0..self.phones.len() {
            self.phones[nth].stop_registering();
            self.settle_phone(nth);
        }
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
        self.now = until;
    }

    /// Lets time pass until nothing goes on but registrations; a day at most.
    pub fn run_until_idle(&mut self) {
        let until = self.now + Duration::from_secs(24 * 3600);
        while !self.is_idle() {
            if !self.step(until) {
                let busy = self.phones.iter().filter(|phone| !phone.is_idle()).map(Phone::busy_with);
                let wrongs: Vec<String> = busy.chain(self.wrongs()).collect();
                let wrongs = wrongs.join("\n");
                panic!("the office is not idle after a day: {:?}\n{wrongs}\n{}", self.status(), self.ladder());
            }
        }
    }

    /// No call, no transaction, no packet under way.
    pub fn is_idle(&self) -> bool {
        let status = self.engine.status();
        status.calls == 0
            && status.transactions == 0
            && self.agenda.is_empty()
            && self.phones.iter().all(Phone::is_idle)
    }

    /// The ladder since the last mark.
    pub fn ladder(&self) -> String {
        self.ladder.text()
    }

    /// A new ladder from here, with the time at zero.
    pub fn mark(&mut self) {
        self.ladder.mark(self.now);
    }

    /// Keeps only the last so many lines of the ladder: for simulations of hundreds.
    pub fn keep_ladder(&mut self, lines: usize) {
        self.ladder.keep = lines;
    }

    /// A number that differs if anything that was ever sent differs in content, order or time.
    pub fn digest(&self) -> u64 {
        self.ladder.digest()
    }

    pub(crate) fn nth(&self, name: &str) -> usize {
        *self.names.get(name).unwrap_or_else(|| panic!("no phone is called {name}"))
    }

    pub(crate) fn plan_at(&mut self, at: Instant, happening: Happening) {
        self.count += 1;
        self.agenda.insert((at, self.count), happening);
    }

    fn plan_ticks(&mut self, ticks: Vec<(Instant, Tick)>) {
        for (at, tick) in ticks {
            self.plan_at(at, Happening::Media(tick));
        }
    }

    /// Does the next thing, if it is due by then.
    fn step(&mut self, until: Instant) -> bool {
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let phone = self.wakes.first().copied();
        let engine = self.engine.poll_timeout();
        let next = [agenda, phone.map(|(at, _)| at), engine].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= until) else { return false };
        self.standing = if next > self.now { 0 } else { self.standing + 1 };
        assert!(self.standing < STANDING_MAX, "time stands still: {:?}\n{}", self.status(), self.ladder());
        self.now = self.now.max(next);
        let planned = if agenda == Some(next) { self.agenda.pop_first() } else { None };
        if let Some((_, happening)) = planned {
            self.happen(happening);
        } else if let Some((_, nth)) = phone.filter(|(at, _)| *at == next) {
            self.phones[nth].on_timeout(self.now);
            self.settle_phone(nth);
        } else {
            self.input(Input::Timeout);
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::ToPbx(flow, bytes) => {
                self.count_request(&bytes);
                self.input(Input::Datagram { flow, bytes });
            }
            Happening::ToPhone(nth, flow, bytes) => {
                self.phones[nth].on_message(self.now, flow, bytes);
                self.settle_phone(nth);
            }
            Happening::PbxFlowFailed(flow) => self.input(Input::FlowFailed { flow }),
            Happening::Media(tick) => self.on_tick(tick),
            Happening::Kept(journey, note, ok) => {
                if ok {
                    self.facts.apply(&note);
                    self.write(note);
                }
                self.input(Input::Kept { journey, ok });
            }
            Happening::Answer(question, answer) => self.input(Input::Answer { question, answer }),
            Happening::Do(act) => act(self),
        }
    }

    fn on_tick(&mut self, tick: Tick) {
        if let Tick::Watch(id, number) = tick {
            let Some(limit) = self.media.watched(id, number) else { return };
            let port = self.media.end(id).map(|end| end.port);
            let is_heard = self
                .phones
                .iter()
                .any(|phone| phone.alive && phone.calls.iter().any(|call| call.sends_to().map(|to| to.port()) == port));
            self.plan_at(self.now + limit, Happening::Media(tick));
            if !is_heard {
                self.input(Input::Media(MediaEvent::Silent { end: id }));
            }
        } else if let Some(event) = self.media.on_tick(tick) {
            self.input(Input::Media(event));
        }
    }

    fn input(&mut self, input: Input) {
        self.engine.handle_input(self.now, input, &self.facts);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => self.carry_from_pbx(flow, bytes),
                Output::Media(command) => self.on_media_command(&command),
                Output::Ask(question) => {
                    let answer = self.dns.get(&question).cloned().unwrap_or(Err(LookupFault::Failed));
                    self.plan_at(self.now + DNS_TAKES, Happening::Answer(question, answer));
                }
                Output::Note(note) => {
                    self.facts.apply(&note);
                    self.write(note);
                }
                Output::Keep { journey, note } => {
                    let ok = !self.store.fails;
                    self.plan_at(self.now + self.store.delay, Happening::Kept(journey, note, ok));
                }
            }
        }
    }

    fn write(&mut self, note: Note) {
        if self.keeps_notes || matches!(note.what, What::Fault { .. }) {
            self.notes.push(note);
        }
    }

    fn on_media_command(&mut self, command: &MediaCommand) {
        let ticks = self.media.on_command(self.now, command);
        let who = |office: &Office, end| {
            let remote = office.media.end(end).and_then(|end| end.remote);
            let phone = remote.and_then(|remote| office.addresses.get(&remote.ip()));
            phone.map_or("nobody".to_owned(), |nth| office.phones[*nth].identity.name.clone())
        };
        let told = match command {
            MediaCommand::Patch { a, b } => Some(format!("patches {} and {}", who(self, *a), who(self, *b))),
            MediaCommand::Play { end, sounds, repeat, .. } => {
                let sounds: Vec<String> = sounds.iter().map(short).collect();
                let again = if *repeat { ", again and again" } else { "" };
                Some(format!("plays to {}: {}{again}", who(self, *end), sounds.join(", ")))
            }
            MediaCommand::Record { end, .. } => Some(format!("records {}", who(self, *end))),
            _ => None,
        };
        if let Some(told) = told {
            self.ladder.event(self.now, "pbx", &told);
        }
        self.plan_ticks(ticks);
    }
}

fn new_engine(seed: u64, plan: Arc<Dialplan>, now: Instant, wall: Timestamp) -> Engine {
    let listener =
        |transport, local: &str| Listener { transport, local: local.parse().expect("an address"), advertised: None };
    let listeners = vec![
        listener(Transport::Udp, PBX),
        listener(Transport::Tcp, PBX),
        listener(Transport::Udp, PBX_V6),
        listener(Transport::Tcp, PBX_V6),
    ];
    Engine::new(Config { seed, shard: 0, listeners }, plan, now, wall)
}

/// Reads a configuration, with passwords for all of its devices.
fn read(toml: &str) -> Dialplan {
    let sources = [
        Source { path: "office.toml".into(), text: toml.to_owned() },
        Source { path: "secrets.toml".into(), text: secrets::secrets(toml) },
    ];
    match dialplan::read(&sources, &dialplan::Nothing) {
        Ok(read) => read.plan,
        Err(faults) => panic!("{}", dialplan::render(&faults, &sources, false)),
    }
}
