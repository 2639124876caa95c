//! What a phone does when it is asked: ringing, answering, re-INVITEs, BYE.

use super::call::{Call, Phase, Unacked, plain};
use super::sound::{Heard, Say};
use super::{Due, Phone, Ring, T1, T2};
use bytes::Bytes;
use sip::{Flow, Message, Method, Name, Writer};
use std::net::SocketAddr;
use std::time::Instant;
use transaction::ServerKey;

impl Phone {
    pub(super) fn on_request(&mut self, now: Instant, server: ServerKey, flow: Flow, request: &Message) {
        let within = request.to_tag().is_some();
        let call = self.call_of(request);
        match (request.method(), call) {
            (Method::Notify, _) => self.on_notify(now, server, request),
            (Method::Options, _) => self.reply(now, server, request, 200, |writer| writer),
            (_, None) if within => self.reply(now, server, request, 481, |writer| writer),
            (Method::Invite, None) => self.on_invite(now, server, flow, request),
            (Method::Invite, Some(call)) => self.on_reinvite(now, server, flow, request, call),
            (Method::Update, Some(call)) => self.on_update(now, server, request, call),
            (Method::Prack, Some(call)) => self.on_prack(now, server, request, call),
            (Method::Info, Some(_)) => self.reply(now, server, request, 200, |writer| writer),
            (Method::Bye, Some(call)) => {
                self.reply(now, server, request, 200, |writer| writer);
                if let Some((invite_server, invite)) = self.calls[call].server.take() {
                    self.reply(now, invite_server, &invite, 487, |writer| writer);
                }
                let code = self.calls[call].final_code.unwrap_or(487);
                self.calls[call].end(now, code);
                self.calls[call].unacked = None;
                self.drop_reinvite(now, call);
            }
            (_, _) => self.reply(now, server, request, 405, |writer| writer),
        }
    }

    /// The call whose dialog a request names, if it is not over.
    fn call_of(&self, request: &Message) -> Option<usize> {
        let tag = request.to_tag()?;
        let names = |call: &Call| {
            call.phase != Phase::Ended
                && call.call_id == request.call_id()
                && call.local_tag == tag
                && (call.remote_tag.is_empty() || Some(call.remote_tag.as_str()) == request.from_tag())
        };
        self.calls.iter().position(names)
    }

    /// Answers a request; in a call with the call's tag.
    pub(super) fn reply(
        &mut self,
        now: Instant,
        server: ServerKey,
        request: &Message,
        code: u16,
        more: impl FnOnce(Writer) -> Writer,
    ) {
        let tag = match self.calls.iter().find(|call| call.call_id == request.call_id()) {
            Some(call) => call.local_tag.clone(),
            None => self.tag(),
        };
        let writer = sip::respond(request, code, None).to_tag(&tag).header(Name::Allow, self.allow());
        self.transactions.respond(now, server, more(writer).finish(), code);
    }

    fn on_invite(&mut self, now: Instant, server: ServerKey, flow: Flow, request: &Message) {
        let at_once = self.calls.iter().filter(|call| call.phase != Phase::Ended).count();
        if at_once >= self.manners.calls_max {
            return self.reply(now, server, request, 486, |writer| writer);
        }
        let offer = Heard::read(request.body_bytes());
        let formats = match &offer {
            Some(offer) => offer.common(&self.manners.codecs),
            None => Say::formats_of(&self.manners.codecs),
        };
        if formats.is_empty() {
            return self.reply(now, server, request, 488, |writer| writer);
        }
        let tag = self.tag();
        let mut call = Call {
            with: request.from().map(|from| from.uri.to_owned()).unwrap_or_default(),
            incoming: true,
            phase: Phase::Ringing,
            final_code: None,
            cancel_reason: None,
            answered_at: None,
            ended_at: None,
            heard: offer,
            rtp: self.rtp(),
            call_id: request.call_id().to_owned(),
            local_tag: tag,
            remote_tag: request.from_tag().unwrap_or_default().to_owned(),
            local: request.to().map(|to| plain(&to)).unwrap_or_default(),
            remote: request.from().map(|from| plain(&from)).unwrap_or_default(),
            target: String::new(),
            routes: Vec::new(),
            cseq: self.dice.u32(1..1000),
            invite_cseq: request.cseq().map(|cseq| cseq.number).unwrap_or_default(),
            remote_cseq: request.cseq().map(|cseq| cseq.number).unwrap_or_default(),
            nc: 0,
            server: Some((server, request.clone())),
            client: None,
            unacked: None,
            unpracked: None,
            rseq: self.dice.u32(1..1000),
            ack: None,
            sdp_version: 1,
            formats,
            sends: true,
            receives: true,
            held: false,
            offer_answered: false,
            offer_sent: false,
            given_up: false,
            session_secs: None,
            extra: Vec::new(),
        };
        call.take_routes(request, false);
        call.take_target(request);
        if call.target.is_empty() {
            self.blame(now, "an INVITE without Contact came");
        }
        let nth = self.calls.len();
        self.calls.push(call);
        match self.manners.ring.clone() {
            Ring::Answer(after) if after.is_zero() => self.answer(now, nth),
            Ring::Answer(after) => {
                self.ring(now, nth, flow);
                self.later(now + after, Due::Answer(nth));
            }
            Ring::Busy => self.refuse(now, nth, 486),
            Ring::ForEver => self.ring(now, nth, flow),
            Ring::Reject(code, after) if after.is_zero() => self.refuse(now, nth, code),
            Ring::Reject(code, after) => {
                self.ring(now, nth, flow);
                self.later(now + after, Due::Refuse(nth, code));
            }
            Ring::Redirect(to) => {
                if let Some((server, invite)) = self.calls[nth].server.take() {
                    let contact = format!("<{to}>");
                    self.reply(now, server, &invite, 302, |writer| writer.header(Name::Contact, &contact));
                }
                self.calls[nth].end(now, 302);
            }
            Ring::Mute => {} // did not get as far as here
        }
    }

    pub(super) fn rtp(&self) -> SocketAddr {
        SocketAddr::new(self.identity.address.ip(), 40_000 + 2 * (self.calls.len() % 5000) as u16)
    }

    fn ring(&mut self, now: Instant, nth: usize, flow: Flow) {
        let Some((server, invite)) = self.calls[nth].server.clone() else { return };
        let code = if self.manners.early_media { 183 } else { 180 };
        let reliable = self.manners.reliable
            && (invite.has_token(Name::Supported, "100rel") || invite.has_token(Name::Require, "100rel"));
        let has_offer = !invite.body_bytes().is_empty();
        let contact = self.contact();
        let body = (self.manners.early_media && has_offer).then(|| self.describe(nth));
        let call = &mut self.calls[nth];
        let mut writer = sip::respond(&invite, code, None)
            .to_tag(&call.local_tag)
            .copy(&invite, Name::RecordRoute)
            .header(Name::Contact, &contact);
        if reliable {
            call.rseq += 1;
            call.offer_answered = body.is_some();
            writer = writer.header(Name::Require, "100rel").header_fmt(Name::RSeq, format_args!("{}", call.rseq));
        }
        let bytes = finish(writer, body.as_deref());
        if reliable {
            let call = &mut self.calls[nth];
            let unacked = Unacked { flow, bytes: bytes.clone(), interval: T1, give_up_at: now + T1 * 64 };
            call.unpracked = Some((call.rseq, unacked));
            self.later(now + T1, Due::ResendReliable(nth));
        }
        self.transactions.respond(now, server, bytes, code);
    }

    /// Our description of a call as it stands; nothing changes by saying it.
    pub(super) fn describe(&self, nth: usize) -> String {
        let call = &self.calls[nth];
        let direction = match (call.sends, call.receives) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        };
        let say = Say {
            user: &self.identity.user,
            rtp: call.rtp,
            version: call.sdp_version,
            formats: call.formats.clone(),
            direction,
            old_hold: self.manners.old_hold,
        };
        say.write()
    }

    pub(super) fn answer(&mut self, now: Instant, nth: usize) {
        if self.calls[nth].phase != Phase::Ringing || !self.calls[nth].incoming {
            return;
        }
        // RFC 3262 §3: an answer in a reliable response has to be acknowledged before the 2xx.
        if self.calls[nth].unpracked.is_some() {
            return self.later(now + T1, Due::Answer(nth));
        }
        let Some((server, invite)) = self.calls[nth].server.take() else { return };
        let has_offer = !invite.body_bytes().is_empty();
        let body = (!(has_offer && self.calls[nth].offer_answered)).then(|| self.describe(nth));
        let call = &mut self.calls[nth];
        call.phase = Phase::Talking;
        call.final_code = Some(200);
        call.answered_at = Some(now);
        call.offer_sent = !has_offer;
        self.send_ok(now, nth, server, &invite, body);
        if let Some(after) = self.manners.talks {
            self.later(now + after, Due::HangUp(nth));
        }
    }

    /// A 200 to an INVITE: sent again until its ACK comes, RFC 3261 §13.3.1.4.
    fn send_ok(&mut self, now: Instant, nth: usize, server: ServerKey, invite: &Message, body: Option<String>) {
        let contact = self.contact();
        let mut writer = sip::respond(invite, 200, None)
            .to_tag(&self.calls[nth].local_tag)
            .copy(invite, Name::RecordRoute)
            .header(Name::Contact, &contact)
            .header(Name::Allow, self.allow());
        if let Some(supported) = self.supported() {
            writer = writer.header(Name::Supported, supported);
        }
        if let (Some(_), Some(asked)) = (self.manners.session_secs, invite.header(Name::SessionExpires)) {
            let secs: u32 = asked.split(';').next().and_then(|secs| secs.trim().parse().ok()).unwrap_or(1800);
            let ours = asked.contains("refresher=uas");
            let who = if ours { "uas" } else { "uac" };
            writer = writer.header_fmt(Name::SessionExpires, format_args!("{secs};refresher={who}"));
            if ours {
                self.calls[nth].session_secs = Some(secs);
                self.later(now + std::time::Duration::from_secs(u64::from(secs / 2)), Due::Refresh(nth));
            }
        }
        let bytes = finish(writer, body.as_deref());
        let unacked = Unacked { flow: self.flow(), bytes: bytes.clone(), interval: T1, give_up_at: now + T1 * 64 };
        self.calls[nth].unacked = Some(unacked);
        self.transactions.respond(now, server, bytes, 200);
        self.later(now + T1, Due::ResendOk(nth));
    }

    pub(super) fn resend_ok(&mut self, now: Instant, nth: usize) {
        let call = &mut self.calls[nth];
        let Some(unacked) = call.unacked.as_mut() else { return };
        if call.ended_at.is_some_and(|at| now >= at + T2 * 2) {
            call.unacked = None; // it has hung up itself: whether that 200 was heard matters to nobody
            return;
        }
        if now >= unacked.give_up_at {
            call.unacked = None;
            self.blame(now, "a 200 was never acknowledged");
            return self.hang_up(now, nth);
        }
        let (flow, bytes) = (unacked.flow, unacked.bytes.clone());
        unacked.interval = (unacked.interval * 2).min(T2);
        let at = now + unacked.interval;
        self.transactions.send(flow, bytes);
        self.later(at, Due::ResendOk(nth));
    }

    pub(super) fn resend_reliable(&mut self, now: Instant, nth: usize) {
        let call = &mut self.calls[nth];
        let Some((_, unacked)) = call.unpracked.as_mut() else { return };
        if now >= unacked.give_up_at {
            self.blame(now, "a reliable response was never acknowledged");
            return self.refuse(now, nth, 504);
        }
        let (flow, bytes) = (unacked.flow, unacked.bytes.clone());
        unacked.interval *= 2;
        let at = now + unacked.interval;
        self.transactions.send(flow, bytes);
        self.later(at, Due::ResendReliable(nth));
    }

    pub(super) fn refuse(&mut self, now: Instant, nth: usize, code: u16) {
        if let Some((server, invite)) = self.calls[nth].server.take() {
            self.reply(now, server, &invite, code, |writer| writer);
            self.calls[nth].end(now, code);
        }
    }

    pub(super) fn on_cancelled(&mut self, now: Instant, server: ServerKey, cancel: &Message) {
        let is_it = |call: &Call| call.server.as_ref().is_some_and(|(key, _)| *key == server);
        let Some(nth) = self.calls.iter().position(is_it) else { return };
        self.calls[nth].cancel_reason = cancel.header(Name::Reason).map(str::to_owned);
        self.refuse(now, nth, 487);
    }

    pub(super) fn on_ack(&mut self, now: Instant, ack: &Message) {
        let Some(call) = self.calls.iter_mut().find(|call| call.call_id == ack.call_id()) else { return };
        if call.unacked.take().is_none() {
            return;
        }
        if std::mem::take(&mut call.offer_sent) {
            match Heard::read(ack.body_bytes()) {
                Some(answer) => call.heard = Some(answer),
                // Right before a BYE it does no harm.
                None => {
                    let nth = self.calls.iter().position(|call| call.call_id == ack.call_id()).unwrap_or_default();
                    self.later(now + T1 * 10, Due::LacksAnswer(nth));
                }
            }
        } else if !ack.body_bytes().is_empty() {
            self.blame(now, "an ACK with a body that nobody asked for came");
        }
    }

    fn on_reinvite(&mut self, now: Instant, server: ServerKey, _flow: Flow, request: &Message, nth: usize) {
        let number = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let call = &mut self.calls[nth];
        if number <= call.remote_cseq {
            self.blame(now, "a re-INVITE with an old CSeq came");
            return self.reply(now, server, request, 500, |writer| writer);
        }
        call.remote_cseq = number;
        if call.client.is_some() || call.offer_sent {
            return self.reply(now, server, request, 491, |writer| writer);
        }
        if call.server.is_some() || call.unacked.is_some() {
            return self.reply(now, server, request, 500, |writer| writer.header(Name::RetryAfter, "1"));
        }
        call.take_target(request);
        let offer = Heard::read(request.body_bytes());
        if !self.take_offer(nth, offer) {
            return self.reply(now, server, request, 488, |writer| writer);
        }
        self.calls[nth].offer_sent = request.body_bytes().is_empty();
        let body = self.describe(nth);
        self.send_ok(now, nth, server, request, Some(body));
    }

    /// Makes the answer to an offer what we say from now on; `false` if there is no codec in common.
    fn take_offer(&mut self, nth: usize, offer: Option<Heard>) -> bool {
        let codecs = self.manners.codecs.clone();
        let call = &mut self.calls[nth];
        match offer {
            Some(offer) => {
                let formats = offer.common(&codecs);
                if formats.is_empty() {
                    return false;
                }
                call.formats = formats;
                call.sends = offer.receives;
                call.receives = offer.sends && !call.held;
                call.heard = Some(offer);
            }
            None => {
                call.formats = Say::formats_of(&codecs);
                call.sends = true;
                call.receives = !call.held;
            }
        }
        call.sdp_version += 1;
        true
    }

    fn on_update(&mut self, now: Instant, server: ServerKey, request: &Message, nth: usize) {
        let number = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
        if !self.manners.update {
            self.blame(now, "an UPDATE came that we do not allow");
            return self.reply(now, server, request, 405, |writer| writer);
        }
        if number <= self.calls[nth].remote_cseq {
            self.blame(now, "an UPDATE with an old CSeq came");
        }
        self.calls[nth].remote_cseq = number;
        self.calls[nth].take_target(request);
        let offer = Heard::read(request.body_bytes());
        if offer.is_some() && (self.calls[nth].offer_sent || self.calls[nth].client.is_some()) {
            return self.reply(now, server, request, 491, |writer| writer);
        }
        let has_offer = offer.is_some();
        if has_offer && !self.take_offer(nth, offer) {
            return self.reply(now, server, request, 488, |writer| writer);
        }
        let contact = self.contact();
        let mut writer =
            sip::respond(request, 200, None).to_tag(&self.calls[nth].local_tag).header(Name::Contact, &contact);
        if let (Some(_), Some(asked)) = (self.manners.session_secs, request.header(Name::SessionExpires)) {
            writer = writer.header(Name::SessionExpires, asked);
        }
        let body = has_offer.then(|| self.describe(nth));
        self.transactions.respond(now, server, finish(writer, body.as_deref()), 200);
    }

    fn on_prack(&mut self, now: Instant, server: ServerKey, request: &Message, nth: usize) {
        let acknowledged = request.header(Name::RAck).and_then(|rack| rack.split(' ').next()?.parse::<u32>().ok());
        let waits = self.calls[nth].unpracked.as_ref().map(|(rseq, _)| *rseq);
        if waits.is_none() || waits != acknowledged {
            return self.reply(now, server, request, 481, |writer| writer);
        }
        self.calls[nth].unpracked = None;
        self.calls[nth].remote_cseq = request.cseq().map(|cseq| cseq.number).unwrap_or_default();
        self.reply(now, server, request, 200, |writer| writer);
    }

    fn on_notify(&mut self, now: Instant, server: ServerKey, request: &Message) {
        if request.header(Name::Event).is_none_or(|event| !event.starts_with("message-summary")) {
            return self.reply(now, server, request, 489, |writer| writer);
        }
        let body = String::from_utf8_lossy(request.body_bytes()).into_owned();
        let counts = body.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            if !name.trim().eq_ignore_ascii_case("Voice-Message") {
                return None;
            }
            let (new, old) = value.trim().split_once('/')?;
            let old = old.split([' ', '(']).next()?;
            Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
        });
        if counts.is_some() {
            self.light = counts;
        } else if body.contains("Messages-Waiting: no") {
            self.light = Some((0, 0));
        }
        self.reply(now, server, request, 200, |writer| writer);
    }
}

pub(super) fn finish(writer: Writer, body: Option<&str>) -> Bytes {
    match body {
        Some(body) => writer.body("application/sdp", body.as_bytes()),
        None => writer.finish(),
    }
}
