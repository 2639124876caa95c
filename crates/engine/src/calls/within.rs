//! Requests within a dialog: who takes which, how they are answered, and the way of our own.

use super::Call;
use super::party::Unacknowledged;
use crate::core::{Cx, User};
use bytes::Bytes;
use call::media::MediaCommand;
use call::{EndedBy, Event, Leg};
use dialog::{Proposal, Refresher, Resend, ViaParts};
use sip::{Flow, Message, Method, Name, Transport, Uri, Writer};
use std::net::SocketAddr;
use std::time::Duration;
use transaction::{ClientKey, ServerKey};

/// How a request reaches a leg's peer.
pub struct Way {
    pub flow: Flow,
    pub sent_by: String,
}

impl Way {
    pub fn via<'a>(&'a self, branch: &'a str) -> ViaParts<'a> {
        ViaParts { transport: self.flow.transport, sent_by: &self.sent_by, branch }
    }
}

impl Call {
    /// A request in one of a leg's dialogs.
    pub fn on_request(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        at: usize,
        server: ServerKey,
        flow: Flow,
        request: Message,
    ) {
        let Some(party) = self.party(leg) else { return };
        if let Err(reject) = party.threads[at].dialog.accepts(&request) {
            return respond(cx, server, &request, reject.code, Writer::finish);
        }
        if flow.transport == party.flow.transport {
            party.flow = flow; // a NAT may have given the phone another port
        }
        self.note_sip(cx, leg, false, request.method_str());
        match request.method() {
            Method::Bye => {
                respond(cx, server, &request, 200, Writer::finish);
                self.note_sip(cx, leg, true, "200 OK (BYE)");
                let party = &self.parties[usize::from(leg.0)];
                if party.is_up() && party.chosen != Some(at) {
                    return; // a branch that was not answered ends for itself
                }
                if party.is_up() {
                    let by = if leg == Leg::CALLER { EndedBy::Caller } else { EndedBy::Callee };
                    self.on_bye(cx, leg, by);
                } else if leg == Leg::CALLER {
                    self.on_cancelled(cx);
                }
            }
            Method::Invite => self.on_reinvite(cx, leg, at, server, request),
            Method::Update => self.on_update(cx, leg, at, server, request),
            Method::Prack => self.on_prack(cx, leg, at, server, request),
            Method::Info => self.on_info(cx, leg, at, server, request),
            Method::Message => match self.pass(cx, leg, at, server, request, false) {
                Ok(()) => (),
                Err(request) => respond(cx, server, &request, 405, allow),
            },
            Method::Options => respond(cx, server, &request, 200, allow),
            _ => respond(cx, server, &request, 405, allow),
        }
    }

    /// INFO: digits (`application/dtmf-relay`, `application/dtmf`) for our menus, anything for the other leg.
    pub fn on_info(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
        let digit = digit_in(&request);
        let other = self.other(leg);
        let takes_info = other
            .and_then(|other| self.party(other)?.thread())
            .is_some_and(|thread| thread.dialog.peer_allows.contains(Method::Info));
        match (other, digit) {
            (Some(other), Some((digit, during))) if !takes_info => {
                respond(cx, server, &request, 200, Writer::finish);
                if let Some(end) = self.party(other).and_then(|party| party.audio_end()) {
                    cx.core.media(MediaCommand::Digit { end, digit, during });
                }
            }
            (None, Some((digit, _))) => {
                respond(cx, server, &request, 200, Writer::finish);
                if std::mem::take(&mut self.parties[usize::from(leg.0)].media.plays_until_digit)
                    && let Some(end) = self.party(leg).and_then(|party| party.audio_end())
                {
                    cx.core.media(MediaCommand::StopPlay { end });
                }
                self.drive(cx, Event::Digit(leg, digit));
            }
            _ => {
                if let Err(request) = self.pass(cx, leg, at, server, request, false) {
                    respond(cx, server, &request, if digit.is_some() { 200 } else { 415 }, Writer::finish);
                }
            }
        }
    }

    /// A final answer of ours within a dialog.
    #[allow(clippy::too_many_arguments)]
    pub fn reply(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        at: usize,
        server: ServerKey,
        request: &Message,
        code: u16,
        body: Option<Bytes>,
    ) {
        let settings = self.plan.settings.sip.clone();
        let Some(party) = self.party(leg) else { return };
        let Some(thread) = party.threads.get_mut(at) else { return };
        let mut writer = sip::respond(request, code, None);
        let mut renewed = None;
        let method = request.method();
        if matches!(method, Method::Invite | Method::Update) && code < 300 {
            writer = writer.header(Name::Contact, &thread.dialog.contact).header(Name::Allow, crate::uas::ALLOW);
            let agreed = Proposal::of(request).answer(&crate::uas::wish(&settings)).ok().flatten();
            if let Some(agreed) = agreed {
                writer = writer.header(Name::SessionExpires, agreed.to_string());
                if agreed.refresher == Refresher::Uac {
                    writer = writer.header(Name::Require, "timer");
                }
            }
            renewed = Some(agreed);
        }
        let bytes = match &body {
            Some(body) => writer.body("application/sdp", body),
            None => writer.finish(),
        };
        if method == Method::Invite && code < 300 {
            let cseq = request.cseq().map_or(1, |cseq| cseq.number);
            let resend = Resend::success(cx.now, bytes.clone(), settings.t1, settings.t2);
            thread.resend = Some(Unacknowledged { cseq, server, resend });
        }
        if let Some(agreed) = renewed {
            party.agree(cx.now, agreed, Refresher::Uas);
        }
        cx.core.transactions.respond(cx.now, server, bytes, code);
        self.note_sip(cx, leg, true, &format!("{code} {} ({})", sip::reason_phrase(code), request.method_str()));
    }

    /// Sends a request of ours in one of a leg's dialogs.
    pub fn send_in_dialog(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        at: usize,
        method: &str,
        user: User,
        finish: impl FnOnce(Writer) -> Bytes,
    ) -> Option<ClientKey> {
        let way = self.way_to(cx, leg, at)?;
        let dialog = &mut self.party(leg)?.threads.get_mut(at)?.dialog;
        let write = |branch: &str| finish(dialog.request(method, &way.via(branch)));
        cx.core.transactions.send_request(cx.now, way.flow, user, write).ok()
    }

    /// Where a dialog's next request goes: along its route, or back to where the peer's signalling came from.
    pub fn way_to(&mut self, cx: &Cx<'_>, leg: Leg, at: usize) -> Option<Way> {
        let party = self.party(leg)?;
        let dialog = &party.threads.get(at)?.dialog;
        let mut flow = party.flow;
        if party.follows_contact && flow.transport == Transport::Udp {
            let uri = Uri::parse(dialog.next_hop()).ok();
            let next = uri.and_then(|uri| Some(SocketAddr::new(uri.ip()?, uri.port.unwrap_or(5060))));
            if let Some(remote) = next.filter(|remote| remote.is_ipv4() == flow.remote.is_ipv4()) {
                flow.remote = remote;
            }
        }
        Some(Way { flow, sent_by: cx.core.our_address(&flow).to_string() })
    }
}

/// An answer that needs nothing of the call.
pub fn respond(cx: &mut Cx<'_>, server: ServerKey, request: &Message, code: u16, finish: impl FnOnce(Writer) -> Bytes) {
    let bytes = finish(sip::respond(request, code, None));
    cx.core.transactions.respond(cx.now, server, bytes, code);
}

fn allow(writer: Writer) -> Bytes {
    writer.header(Name::Allow, crate::uas::ALLOW).header(Name::Supported, "100rel, timer").finish()
}

/// The key in an INFO request: `Signal=5`, `Duration=160` (milliseconds), or a body that is just the key.
fn digit_in(request: &Message) -> Option<(char, Duration)> {
    let kind = request.header(Name::ContentType)?.to_ascii_lowercase();
    let body = request.body();
    let text = std::str::from_utf8(body.get(..body.len().min(256))?).ok()?;
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let key = match kind.split(';').next()?.trim() {
        "application/dtmf-relay" => field("signal")?,
        "application/dtmf" => text.trim(),
        _ => return None,
    };
    let digit = match key {
        "10" => '*',
        "11" => '#',
        _ => key.chars().next()?.to_ascii_uppercase(),
    };
    let during = field("duration").and_then(|text| text.parse().ok()).unwrap_or(160u64).clamp(40, 2000);
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D').then_some((digit, Duration::from_millis(during)))
}
