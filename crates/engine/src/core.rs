//! What every call of a shard shares: transactions, ports, dice, the clock, the way out.

use crate::calls::CallKey;
use crate::dice::Dice;
use crate::input::{Config, Output};
use crate::ports::Ports;
use call::media::{EndId, MediaCommand};
use call::{Facts, JourneyId, Leg, Name, Note, What};
use dialplan::Dialplan;
use jiff::{SignedDuration, Timestamp};
use locate::{Blacklist, Cache, Lifetimes, Locator, Reach, SearchId, Suspensions};
use sip::{Flow, Message};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use transaction::{Limits, ServerKey, Timings, Transactions, Wheel};

/// What a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The INVITE that makes a leg.
    Invite { call: CallKey, leg: Leg },
    /// A request that one leg's peer sent for the other's.
    Pass { call: CallKey, pass: u32 },
    /// A request of our own within a leg's dialog: BYE, a session refresh.
    Own { call: CallKey, leg: Leg },
    /// A NOTIFY to a subscriber.
    Light { subscription: u64 },
    /// Nobody waits for the answer.
    Nobody,
}

/// What the shard wants to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The next thing that a call waits for.
    Call(CallKey),
    /// Message lights have changed.
    Lights,
    /// A subscription ends.
    Subscription(u64),
}

/// What the calls of a shard share.
pub struct Core {
    pub config: Config,
    pub plan: Arc<Dialplan>,
    pub transactions: Transactions<User>,
    pub wheel: Wheel<Timer>,
    pub ports: Ports,
    /// Where hosts are that the plan names, and which of them do not answer.
    pub locator: Locator,
    /// Legs that wait for a look-up.
    pub searches: BTreeMap<SearchId, (CallKey, Leg)>,
    pub dice: Dice,
    pub out: VecDeque<Output>,
    /// Which call waits for the store's word.
    pub keeping: HashMap<JourneyId, CallKey>,
    /// Mailboxes whose lights are to be set once the facts are up to date.
    pub lights: BTreeSet<Name>,
    pub lights_armed: bool,
    anchor: (Instant, Timestamp),
    journeys: u64,
    ends: u64,
    calls_of_ends: HashMap<u64, CallKey>,
    /// The call that is being worked on: the one that a fault would end.
    pub current: Option<CallKey>,
    /// The request that is being worked on: a fault still answers it.
    pub serving: Option<(ServerKey, Message)>,
}

impl Core {
    pub fn new(config: Config, plan: Arc<Dialplan>, now: Instant, wall: Timestamp) -> Self {
        let mut dice = Dice::new(config.seed);
        let timings = Timings { t1: plan.settings.sip.t1, t2: plan.settings.sip.t2, t4: plan.settings.sip.t4 };
        let limits = Limits {
            transactions_max: plan.settings.limits.transactions as usize,
            retry_after_secs: plan.settings.limits.retry_after.as_secs() as u32,
        };
        let prefix = format!("{:x}", config.shard);
        Self {
            transactions: Transactions::new(&prefix, dice.next(), timings, limits),
            wheel: Wheel::default(),
            ports: Ports::new(plan.settings.media.ports.first, plan.settings.media.ports.last),
            locator: Locator::new(
                Reach::new(config.listeners.iter().map(|listener| (listener.transport, listener.local.ip()))),
                Cache::new(Lifetimes::default()),
                Blacklist::new(Suspensions::default()),
            ),
            searches: BTreeMap::new(),
            out: VecDeque::new(),
            keeping: HashMap::new(),
            lights: BTreeSet::new(),
            lights_armed: false,
            anchor: (now, wall),
            journeys: 0,
            ends: 0,
            calls_of_ends: HashMap::new(),
            current: None,
            serving: None,
            config,
            plan,
            dice,
        }
    }

    /// The clock on the wall at an instant.
    pub fn wall(&self, now: Instant) -> Timestamp {
        let past = now.saturating_duration_since(self.anchor.0);
        SignedDuration::try_from(past)
            .ok()
            .and_then(|past| self.anchor.1.checked_add(past).ok())
            .unwrap_or(self.anchor.1)
    }

    /// The clock on the wall was set.
    pub fn set_wall(&mut self, now: Instant, wall: Timestamp) {
        self.anchor = (now, wall);
    }

    /// A journey's id: the time, the shard and a count, so that ids sort by time and never meet.
    pub fn journey_id(&mut self, wall: Timestamp) -> JourneyId {
        self.journeys += 1;
        let millis = wall.as_millisecond().max(0) as u64;
        JourneyId(millis << 20 | u64::from(self.config.shard & 0xff) << 12 | self.journeys & 0xfff)
    }

    /// The first end of a new call; its other ends follow, so that one media thread gets them all.
    pub fn first_end(&mut self, call: CallKey) -> u64 {
        self.ends += 1;
        self.calls_of_ends.insert(self.ends, call);
        self.ends << 8
    }

    /// The call that an end belongs to.
    pub fn call_of_end(&self, end: EndId) -> Option<CallKey> {
        self.calls_of_ends.get(&(end.0 >> 8)).copied()
    }

    /// A call is over: what its ends and the store still report concerns nobody.
    pub fn forget(&mut self, end: u64, journey: JourneyId) {
        self.calls_of_ends.remove(&(end >> 8));
        self.keeping.remove(&journey);
    }

    pub fn transmit(&mut self, flow: Flow, bytes: bytes::Bytes) {
        self.out.push_back(Output::Transmit { flow, bytes });
    }

    pub fn media(&mut self, command: MediaCommand) {
        self.out.push_back(Output::Media(command));
    }

    pub fn note(&mut self, at: Timestamp, journey: Option<JourneyId>, what: What) {
        if let What::MessageHeard { mailbox, .. } | What::MessageDeleted { mailbox, .. } = &what {
            self.lights.insert(mailbox.clone());
        }
        self.out.push_back(Output::Note(Note { at, journey, what }));
    }

    /// What peers on this flow are told as our address.
    pub fn our_address(&self, flow: &Flow) -> SocketAddr {
        let listener = self.config.listeners.iter().find(|l| l.transport == flow.transport && l.local == flow.local);
        listener.and_then(|l| l.advertised).unwrap_or(flow.local)
    }

    /// The address that goes into SDP: what the plan advertises for sound, but never to this machine itself; else the
    /// one that sockets for sound are bound to, or what the flow's peers are told.
    pub fn our_media_address(&self, flow: &Flow) -> IpAddr {
        let local = flow.local.ip();
        let advertised = of_family(&self.plan.settings.media.advertise, local).filter(|_| !local.is_loopback());
        let bound = Some(self.media_local(flow)).filter(|bound| *bound != local);
        advertised.or(bound).unwrap_or_else(|| self.our_address(flow).ip())
    }

    /// The address to bind for sound to and from a flow's peer.
    pub fn media_local(&self, flow: &Flow) -> IpAddr {
        let local = flow.local.ip();
        let bound = of_family(&self.plan.settings.media.address, local).filter(|bound| !bound.is_unspecified());
        bound.unwrap_or(local)
    }

    /// A flow to somebody who has not talked to us: from our first address of that transport and family.
    pub fn flow_to(&self, transport: sip::Transport, remote: SocketAddr) -> Option<Flow> {
        let fits = |l: &&crate::Listener| l.transport == transport && l.local.is_ipv4() == remote.is_ipv4();
        let same_host = |l: &&crate::Listener| {
            l.local.ip() == remote.ip() || !l.local.ip().is_loopback() || remote.ip().is_loopback()
        };
        let mut fitting = self.config.listeners.iter().filter(fits);
        let local = fitting.clone().find(same_host).or_else(|| fitting.next())?.local;
        Some(Flow { transport, local, remote, connection: 0 })
    }
}

fn of_family(addresses: &[IpAddr], like: IpAddr) -> Option<IpAddr> {
    addresses.iter().copied().find(|address| address.is_ipv4() == like.is_ipv4())
}

/// One input's turn: the shared parts, the time, and the facts as they are now.
pub struct Cx<'a> {
    pub now: Instant,
    pub wall: Timestamp,
    pub facts: &'a dyn Facts,
    pub core: &'a mut Core,
}
