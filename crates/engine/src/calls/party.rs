//! One leg of a call as the engine keeps it: its peer's dialogs, its media, what is under way.

use bytes::Bytes;
use call::media::{EndId, Voice};
use call::{Gone, Leg, Name, Play, Target};
use dialog::sdp::{Origin, Sdp};
use dialog::{Agreed, Dialog, Heard, OfferAnswer, Refresher, Reliable, Resend, SessionTimer};
use locate::{SearchId, Targets};
use sip::{Flow, Message};
use std::time::Instant;
use transaction::{ClientKey, ServerKey};

/// One leg.
pub struct Party {
    pub leg: Leg,
    pub phase: Phase,
    /// Over what the peer is reached: where its INVITE came from, or where ours went.
    pub flow: Flow,
    /// Requests follow the peer's Contact rather than `flow`: a trunk, or a phone that is not behind NAT.
    pub follows_contact: bool,
    /// Whom it rings; the caller's device, if it is one of ours.
    pub device: Option<Name>,
    pub person: Option<Name>,
    pub group: Option<Name>,
    pub target: Option<Target>,
    /// The INVITE that made the leg: theirs for the caller, ours for the others.
    pub invite: Option<Message>,
    /// Dialogs of this leg: one for each answering branch behind it (RFC 3261 §12.1), or for the caller one for each
    /// of the dialogs behind us that have been shown to it.
    pub threads: Vec<Thread>,
    /// The dialog that was answered.
    pub chosen: Option<usize>,
    pub media: Media,
    pub timer: Option<SessionTimer>,
    /// The session interval that was agreed last, in seconds.
    pub session_secs: Option<u32>,
    /// Whose offer is on its way, with the INVITE or UPDATE that carries it.
    pub exchange: Exchange,
    /// Whose INVITE or UPDATE is under way after the answer, against glare.
    pub glare: OfferAnswer,
    /// 180 or 183 has been reported to the program.
    pub rang: bool,
    /// BYE goes out as soon as our 200 is acknowledged.
    pub leaving: bool,
    /// How often the request was sent again with credentials, a longer timer or to another address.
    pub retries: u8,
    /// Our re-INVITE that only refreshes the session.
    pub refreshing: Option<ClientKey>,
    /// Where the INVITE goes if TCP refuses it, RFC 3261 §18.1.1.
    pub over_udp: Option<Flow>,
    /// The URI of the plan that leads to the target, and the servers that it stands for.
    pub uri: Option<String>,
    pub targets: Option<Targets>,
}

/// How far a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The caller's INVITE waits for its final answer.
    Incoming(ServerKey),
    /// Where our INVITE goes is being looked up.
    Locating(SearchId),
    /// Our INVITE waits for its final answer; cancelled or not.
    Calling { client: ClientKey, cancelled: Option<Gone> },
    /// 2xx was sent or received.
    Up,
    /// BYE, or a final answer other than 2xx.
    Over,
}

/// One dialog of a leg.
pub struct Thread {
    pub dialog: Dialog,
    /// The leg and thread that this one is shown as, or shows.
    pub pair: Option<(Leg, usize)>,
    /// A 2xx of ours that has not been acknowledged.
    pub resend: Option<Unacknowledged>,
    /// Our reliable provisionals, RFC 3262 §3.
    pub reliable: Option<Reliable>,
    /// The peer's reliable provisionals: which were heard, and the last one's RSeq.
    pub heard: Heard,
    pub rseq: u32,
    /// Our ACK for the peer's last 2xx, to be sent again when the 2xx comes again.
    pub ack: Option<Acknowledged>,
    /// The SDP answer has gone out or come in through a reliable provisional: the 2xx repeats none.
    pub settled: bool,
    /// What this branch has described before its 2xx.
    pub early: Option<Sdp>,
}

/// A 2xx that waits for its ACK.
pub struct Unacknowledged {
    pub cseq: u32,
    pub server: ServerKey,
    pub resend: Resend,
}

/// An ACK as it was sent.
pub struct Acknowledged {
    pub cseq: u32,
    pub flow: Flow,
    pub bytes: Bytes,
}

impl Thread {
    pub fn new(dialog: Dialog) -> Self {
        Self {
            dialog,
            pair: None,
            resend: None,
            reliable: None,
            heard: Heard::default(),
            rseq: 0,
            ack: None,
            settled: false,
            early: None,
        }
    }

    /// The ACK for a 2xx that has come before.
    pub fn ack_for(&self, cseq: u32) -> Option<(Flow, Bytes)> {
        self.ack.as_ref().filter(|ack| ack.cseq == cseq).map(|ack| (ack.flow, ack.bytes.clone()))
    }
}

/// Where the offer of the running INVITE (or UPDATE) is, RFC 3264.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exchange {
    /// None is under way.
    #[default]
    Idle,
    /// We offered; the peer's answer is to come.
    Offered,
    /// The peer's 2xx held an offer: our ACK waits for the other side's answer.
    AckHeld { cseq: u32 },
    /// Our 2xx held an offer: the peer's ACK brings its answer.
    AnswerInAck,
}

/// What a leg's SDP and sockets are.
#[derive(Default)]
pub struct Media {
    /// Our ends, one for each media line; `None` for a refused line.
    pub ends: Vec<Option<End>>,
    /// What the peer said last.
    pub remote: Option<Sdp>,
    /// What we said last.
    pub local: Option<Bytes>,
    /// `o=` of what we say.
    pub origin: Option<Origin>,
    /// The peer made the last offer, so that what we said is its answer.
    pub offered: bool,
    /// With what we can speak ourselves, on the first audio line.
    pub voice: Option<Voice>,
    /// The peer keeps the other side on hold.
    pub holds: bool,
    /// Music plays to this leg because the other side holds it.
    pub hears_music: bool,
    pub plays: bool,
    /// A digit ends what plays.
    pub plays_until_digit: bool,
    pub records: bool,
    /// What to play once the peer's answer is here.
    pub waiting: Option<Play>,
}

/// One of our media sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub id: EndId,
    pub port: u16,
}

impl Party {
    pub fn new(leg: Leg, phase: Phase, flow: Flow) -> Self {
        Self {
            leg,
            phase,
            flow,
            follows_contact: false,
            device: None,
            person: None,
            group: None,
            target: None,
            invite: None,
            threads: Vec::new(),
            chosen: None,
            media: Media::default(),
            timer: None,
            session_secs: None,
            exchange: Exchange::Idle,
            glare: OfferAnswer::default(),
            rang: false,
            leaving: false,
            retries: 0,
            refreshing: None,
            over_udp: None,
            uri: None,
            targets: None,
        }
    }

    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// A session timer was agreed, or that there is none, RFC 4028.
    pub fn agree(&mut self, now: Instant, agreed: Option<Agreed>, we_are: Refresher) {
        self.session_secs = agreed.map(|agreed| agreed.expires_secs);
        self.timer = agreed.map(|agreed| SessionTimer::start(now, &agreed, we_are));
    }

    /// The answered dialog.
    pub fn thread(&mut self) -> Option<&mut Thread> {
        let chosen = self.chosen?;
        self.threads.get_mut(chosen)
    }

    /// The end of the line on which we can speak and listen.
    pub fn audio_end(&self) -> Option<EndId> {
        let line = self.media.remote.as_ref()?.audio()?.0;
        self.media.ends.get(line).copied().flatten().map(|end| end.id)
    }
}
