//! One call as a phone sees it.

use super::sound::Heard;
use bytes::Bytes;
use sip::{Flow, Message, Name, NameAddr};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use transaction::{ClientKey, ServerKey};

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// INVITE sent, nothing but 100 came.
    Calling,
    /// It rings, here or there.
    Ringing,
    /// Answered.
    Talking,
    /// Over.
    Ended,
}

/// A call, for as long as the test runs.
#[derive(Debug)]
pub struct Call {
    /// The number that was dialled, or the caller's URI.
    pub with: String,
    /// We were called.
    pub incoming: bool,
    /// How far it is.
    pub phase: Phase,
    /// The final status of its INVITE, as sent or received; 408 or 503 where none came.
    pub final_code: Option<u16>,
    /// Why it was cancelled, as the CANCEL's Reason says.
    pub cancel_reason: Option<String>,
    /// When it was answered.
    pub answered_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// What the other side last said about its audio.
    pub heard: Option<Heard>,
    /// Where we receive RTP in this call.
    pub rtp: SocketAddr,
    /// The Call-ID.
    pub call_id: String,
    pub(super) local_tag: String,
    pub(super) remote_tag: String,
    pub(super) local: String,
    pub(super) remote: String,
    pub(super) target: String,
    pub(super) routes: Vec<String>,
    pub(super) cseq: u32,
    pub(super) invite_cseq: u32,
    pub(super) remote_cseq: u32,
    pub(super) nc: u32,
    /// The INVITE in progress that came to us.
    pub(super) server: Option<(ServerKey, Message)>,
    /// The INVITE in progress that we sent.
    pub(super) client: Option<ClientKey>,
    pub(super) unacked: Option<Unacked>,
    /// A reliable provisional response that waits for its PRACK.
    pub(super) unpracked: Option<(u32, Unacked)>,
    pub(super) rseq: u32,
    pub(super) ack: Option<Bytes>,
    pub(super) sdp_version: u32,
    pub(super) formats: Vec<(u8, String)>,
    pub(super) sends: bool,
    pub(super) receives: bool,
    pub(super) held: bool,
    /// The peer's offer has its answer already (in a reliable 183).
    pub(super) offer_answered: bool,
    /// Our offer waits for its answer.
    pub(super) offer_sent: bool,
    pub(super) given_up: bool,
    pub(super) session_secs: Option<u32>,
    pub(super) extra: Vec<(String, String)>,
}

/// Something that is sent again until it is acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Unacked {
    pub flow: Flow,
    pub bytes: Bytes,
    pub interval: Duration,
    pub give_up_at: Instant,
}

impl Call {
    /// We have put the other side on hold.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// We send to where the other side said that it listens.
    pub fn sends_to(&self) -> Option<SocketAddr> {
        let heard = self.heard.as_ref()?;
        let live = matches!(self.phase, Phase::Talking | Phase::Ringing) && heard.remote.port() != 0;
        (live && self.sends && heard.receives).then_some(heard.remote)
    }

    /// We take what arrives.
    pub fn listens(&self) -> bool {
        matches!(self.phase, Phase::Talking | Phase::Ringing) && self.receives
    }

    pub(super) fn end(&mut self, now: Instant, code: u16) {
        if self.phase != Phase::Ended {
            self.phase = Phase::Ended;
            self.ended_at = Some(now);
        }
        self.final_code.get_or_insert(code);
        self.unpracked = None;
    }

    /// `Route` and request-URI for the next request: what loose routing wants; our proxies are all loose.
    pub(super) fn take_routes(&mut self, message: &Message, reversed: bool) {
        self.routes = message.values(Name::RecordRoute).map(str::to_owned).collect();
        if reversed {
            self.routes.reverse();
        }
    }

    pub(super) fn take_target(&mut self, message: &Message) {
        if let Some(Ok(contact)) = message.contact() {
            self.target = contact.uri.to_owned();
        }
    }
}

/// A From or To value without its tag.
pub(super) fn plain(value: &NameAddr<'_>) -> String {
    match &value.display {
        Some(name) => format!("\"{name}\" <{}>", value.uri),
        None => format!("<{}>", value.uri),
    }
}
