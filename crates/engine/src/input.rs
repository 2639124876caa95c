//! What goes into a shard of the exchange and what comes out.

use bytes::Bytes;
use call::media::{MediaCommand, MediaEvent};
use call::{JourneyId, Note};
use dialplan::Dialplan;
use jiff::Timestamp;
use locate::{Answer, Question};
use sip::{Flow, Transport};
use std::net::SocketAddr;
use std::sync::Arc;

/// What a shard is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// All chance of this shard comes from here: tags, branches, Call-IDs, nonces. A secret outside of tests.
    pub seed: u64,
    /// Which shard of the node this is; part of every tag, branch and Call-ID that it makes.
    pub shard: u16,
    /// Our own addresses: the first of a transport and address family is used to reach whom we do not know yet.
    pub listeners: Vec<Listener>,
}

/// One of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Over what.
    pub transport: Transport,
    /// The address as [`Flow::local`] shows it: never unspecified.
    pub local: SocketAddr,
    /// What peers are told instead, for an exchange behind NAT.
    pub advertised: Option<SocketAddr>,
}

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// One whole message, from a datagram or cut out of a stream.
    Datagram {
        /// Where it came from.
        flow: Flow,
        /// The message.
        bytes: Bytes,
    },
    /// A connection ended, or could not be made, or a datagram was refused.
    FlowFailed {
        /// Which.
        flow: Flow,
    },
    /// The media threads report.
    Media(MediaEvent),
    /// An [`Output::Keep`] was committed (and applied to the facts), or could not be.
    Kept {
        /// Whose it was.
        journey: JourneyId,
        /// It is safe.
        ok: bool,
    },
    /// DNS has answered an [`Output::Ask`].
    Answer {
        /// What was asked.
        question: Question,
        /// What it said, or why it said nothing.
        answer: Answer,
    },
    /// The owner wants something.
    Command(Command),
    /// A new plan for calls that begin from now on; running calls keep theirs.
    Dialplan(Arc<Dialplan>),
    /// What the clock on the wall says now: it was set, or has drifted from the clock for waiting.
    Wall(Timestamp),
    /// The instant of `poll_timeout` has come.
    Timeout,
}

/// What the owner of a shard can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take no new calls: 503 with Retry-After. Running calls go on.
    Drain,
    /// End every call now.
    EndAll,
    /// End one journey.
    End(JourneyId),
    /// Switch a person's do-not-disturb.
    DoNotDisturb {
        /// Whose.
        person: call::Name,
        /// On.
        on: bool,
    },
    /// Watch these bindings for their end: they come from the store after a restart.
    Restored(Vec<(call::Name, call::Binding)>),
}

/// Something to do outside.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send a message.
    Transmit {
        /// Where to.
        flow: Flow,
        /// The message.
        bytes: Bytes,
    },
    /// For the media threads.
    Media(MediaCommand),
    /// For the diary: apply it to the facts before the next input, then keep it.
    Note(Note),
    /// Ask DNS, then report [`Input::Answer`]. Questions that get no answer end by themselves.
    Ask(Question),
    /// Keep this safely, then apply it to the facts, then report [`Input::Kept`].
    Keep {
        /// Whose.
        journey: JourneyId,
        /// What.
        note: Note,
    },
}

/// How full a shard is; all zero but `subscriptions` when nothing goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Calls in progress.
    pub calls: usize,
    /// Legs of them that have not ended.
    pub legs: usize,
    /// SIP transactions.
    pub transactions: usize,
    /// Media port pairs in use.
    pub ports: usize,
    /// Timers set by calls.
    pub timers: usize,
    /// Subscriptions to message lights.
    pub subscriptions: usize,
    /// Calls that a fault of ours has ended since the start.
    pub faults: u64,
    /// Calls refused since the start because a limit was reached.
    pub refused: u64,
    /// New calls are refused because the exchange is being stopped.
    pub draining: bool,
}
