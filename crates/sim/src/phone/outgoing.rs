//! What a phone does of its own accord: register, call, hold, hang up.

use super::call::{Call, Phase};
use super::incoming::finish;
use super::sound::Say;
use super::{Due, Phone, Subscription, T1, Task};
use bytes::Bytes;
use sip::{Message, Method, Name, Writer};
use std::time::Instant;

impl Phone {
    /// Registers, and again at half of the time that it was granted.
    pub fn register(&mut self, now: Instant) {
        let expires = self.manners.expires_secs;
        self.send_register(now, expires, None);
        self.pump(now);
    }

    /// Lets its registration run out.
    pub fn stop_registering(&mut self) {
        self.manners.refreshes = false;
        self.due.retain(|_, due| *due != Due::Register);
    }

    /// Takes its binding back.
    pub fn unregister(&mut self, now: Instant) {
        self.send_register(now, 0, None);
        self.pump(now);
    }

    pub(super) fn send_register(&mut self, now: Instant, expires: u32, credentials: Option<(Name, String)>) {
        self.registration.cseq += 1;
        self.registration.expires_secs = expires;
        self.registration.answered = credentials.is_some();
        let (user, domain) = (self.identity.user.clone(), self.identity.domain.clone());
        let cseq = self.registration.cseq;
        let writer = Writer::request("REGISTER", &format!("sip:{domain}"));
        let address = format!("<sip:{user}@{domain}>");
        let from = format!("{address};tag=reg{cseq}");
        let contact = self.contact();
        let call_id = self.registration.call_id.clone();
        self.begin(now, Task::Register, writer, |writer| {
            let mut writer = writer
                .header(Name::From, &from)
                .header(Name::To, &address)
                .header(Name::CallId, &call_id)
                .header_fmt(Name::CSeq, format_args!("{cseq} REGISTER"))
                .header(Name::Contact, &contact)
                .header_fmt(Name::Expires, format_args!("{expires}"));
            if let Some((name, line)) = credentials {
                writer = writer.header(name, line);
            }
            writer.finish()
        });
    }

    /// Subscribes to its message light.
    pub fn subscribe(&mut self, now: Instant) {
        let call_id = format!("mwi-{:08x}@{}", self.dice.u32(..), self.identity.name);
        let tag = self.tag();
        self.registration.subscription = Some(Subscription { call_id, tag, answered: false, cseq: 0 });
        self.send_subscribe(now, None);
        self.pump(now);
    }

    pub(super) fn send_subscribe(&mut self, now: Instant, credentials: Option<(Name, String)>) {
        let Some(subscription) = &mut self.registration.subscription else { return };
        subscription.cseq += 1;
        subscription.answered = credentials.is_some();
        let cseq = subscription.cseq;
        let (call_id, tag) = (subscription.call_id.clone(), subscription.tag.clone());
        let address = format!("sip:{}@{}", self.identity.user, self.identity.domain);
        let contact = self.contact();
        self.begin(now, Task::Subscribe, Writer::request("SUBSCRIBE", &address), |writer| {
            let mut writer = writer
                .header_fmt(Name::From, format_args!("<{address}>;tag={tag}"))
                .header_fmt(Name::To, format_args!("<{address}>"))
                .header(Name::CallId, &call_id)
                .header_fmt(Name::CSeq, format_args!("{cseq} SUBSCRIBE"))
                .header(Name::Contact, &contact)
                .header(Name::Event, "message-summary")
                .header(Name::Accept, "application/simple-message-summary")
                .header(Name::Expires, "3600");
            if let Some((name, line)) = credentials {
                writer = writer.header(name, line);
            }
            writer.finish()
        });
    }

    /// Calls a number; returns which call of the phone it is.
    pub fn call(&mut self, now: Instant, number: &str, extra: &[(&str, &str)]) -> usize {
        let tag = self.tag();
        let (user, domain) = (&self.identity.user, &self.identity.domain);
        let call = Call {
            with: number.to_owned(),
            incoming: false,
            phase: Phase::Calling,
            final_code: None,
            cancel_reason: None,
            answered_at: None,
            ended_at: None,
            heard: None,
            rtp: self.rtp(),
            call_id: format!("{:016x}@{}", self.dice.u64(..), self.identity.name),
            local_tag: tag,
            remote_tag: String::new(),
            local: format!("\"{}\" <sip:{user}@{domain}>", self.identity.name),
            remote: format!("<sip:{number}@{domain}>"),
            target: format!("sip:{number}@{domain}"),
            routes: Vec::new(),
            cseq: self.dice.u32(1..1000),
            invite_cseq: 0,
            remote_cseq: 0,
            nc: 0,
            server: None,
            client: None,
            unacked: None,
            unpracked: None,
            rseq: 0,
            ack: None,
            sdp_version: 1,
            formats: Say::formats_of(&self.manners.codecs),
            sends: true,
            receives: true,
            held: false,
            offer_answered: false,
            offer_sent: false,
            given_up: false,
            session_secs: self.manners.session_secs,
            extra: extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        self.calls.push(call);
        let nth = self.calls.len() - 1;
        self.send_invite(now, nth, None);
        self.pump(now);
        nth
    }

    /// The INVITE that begins a call, again with credentials after a challenge.
    pub(super) fn send_invite(&mut self, now: Instant, nth: usize, credentials: Option<(Name, String)>) {
        let body = (!self.manners.late_offer).then(|| self.describe(nth));
        self.calls[nth].offer_sent = body.is_some();
        self.invite(now, nth, Task::Invite(nth), body, credentials);
    }

    fn invite(
        &mut self,
        now: Instant,
        nth: usize,
        task: Task,
        body: Option<String>,
        credentials: Option<(Name, String)>,
    ) {
        let call = &mut self.calls[nth];
        call.cseq += 1;
        call.invite_cseq = call.cseq;
        let (contact, allow, supported) = (self.contact(), self.allow(), self.supported());
        let call = &self.calls[nth];
        let session_secs = call.session_secs;
        let extra = call.extra.clone();
        let client = self.within(now, nth, "INVITE", task, |mut writer| {
            writer = writer.header(Name::Contact, &contact).header(Name::Allow, allow);
            if let Some(supported) = supported {
                writer = writer.header(Name::Supported, supported);
            }
            if let Some(secs) = session_secs {
                writer = writer.header_fmt(Name::SessionExpires, format_args!("{secs}"));
            }
            if let Some((name, line)) = credentials {
                writer = writer.header(name, line);
            }
            for (name, value) in &extra {
                writer = writer.named(name, value);
            }
            finish(writer, body.as_deref())
        });
        self.calls[nth].client = client;
    }

    /// Sends a request within a call, with the call's present CSeq number.
    fn within(
        &mut self,
        now: Instant,
        nth: usize,
        method: &str,
        task: Task,
        rest: impl FnOnce(Writer) -> Bytes,
    ) -> Option<transaction::ClientKey> {
        let (target, head) = (self.calls[nth].target.clone(), self.head(nth, method, self.calls[nth].cseq));
        self.begin(now, task, Writer::request(method, &target), |writer| rest(head(writer)))
    }

    /// Route, From, To, Call-ID and CSeq of a request within a call.
    fn head(&self, nth: usize, method: &str, cseq: u32) -> impl FnOnce(Writer) -> Writer + use<> {
        let call = &self.calls[nth];
        let routes = call.routes.clone();
        let from = format!("{};tag={}", call.local, call.local_tag);
        let to = match call.remote_tag.as_str() {
            "" => call.remote.clone(),
            tag => format!("{};tag={tag}", call.remote),
        };
        let (call_id, cseq) = (call.call_id.clone(), format!("{cseq} {method}"));
        move |mut writer| {
            for route in &routes {
                writer = writer.header(Name::Route, route);
            }
            writer.header(Name::From, from).header(Name::To, to).header(Name::CallId, call_id).header(Name::CSeq, cseq)
        }
    }

    /// Opens a transaction for a request.
    fn begin(
        &mut self,
        now: Instant,
        task: Task,
        writer: Writer,
        rest: impl FnOnce(Writer) -> Bytes,
    ) -> Option<transaction::ClientKey> {
        let flow = self.flow();
        let via = self.via("BRANCH");
        let write = |branch: &str| {
            rest(writer.header(Name::Via, via.replace("BRANCH", branch)).header(Name::MaxForwards, "70"))
        };
        self.transactions.send_request(now, flow, task, write).ok()
    }

    /// The ACK of a 2xx: has no transaction, and is said again with each repetition of the 2xx.
    pub(super) fn send_ack(&mut self, nth: usize, invite_cseq: u32, body: Option<&str>) {
        let branch = self.transactions.branch();
        let via = self.via(&branch);
        let head = self.head(nth, "ACK", invite_cseq);
        let writer =
            Writer::request("ACK", &self.calls[nth].target).header(Name::Via, via).header(Name::MaxForwards, "70");
        let bytes = finish(head(writer), body);
        self.calls[nth].ack = Some(bytes.clone());
        self.transactions.send(self.flow(), bytes);
    }

    pub(super) fn send_prack(&mut self, now: Instant, nth: usize, rseq: u32, body: Option<String>) {
        let invite_cseq = self.calls[nth].invite_cseq;
        self.calls[nth].cseq += 1;
        self.within(now, nth, "PRACK", Task::Within(nth), |writer| {
            let writer = writer.header_fmt(Name::RAck, format_args!("{rseq} {invite_cseq} INVITE"));
            finish(writer, body.as_deref())
        });
    }

    /// Hangs up, gives up, or refuses, whatever the call needs.
    pub fn hang_up(&mut self, now: Instant, nth: usize) {
        let call = &mut self.calls[nth];
        match (call.phase, call.incoming) {
            (Phase::Ended, _) => {}
            // RFC 3261 §15: the called side waits for the ACK before it sends BYE.
            (Phase::Talking, true) if call.unacked.is_some() => self.later(now + T1, Due::HangUp(nth)),
            (Phase::Talking, _) => self.bye(now, nth),
            (Phase::Calling | Phase::Ringing, false) => {
                call.given_up = true;
                if let Some(client) = call.client {
                    self.transactions.cancel(now, client, |_, invite| transaction::cancel_for(invite, None));
                }
            }
            (Phase::Calling | Phase::Ringing, true) => self.refuse(now, nth, 603),
        }
        self.pump(now);
    }

    pub(super) fn bye(&mut self, now: Instant, nth: usize) {
        self.calls[nth].cseq += 1;
        self.within(now, nth, "BYE", Task::Nobody, |writer| writer.finish());
        let code = self.calls[nth].final_code.unwrap_or(200);
        self.calls[nth].end(now, code);
        self.drop_reinvite(now, nth);
    }

    /// A re-INVITE has no timer once a provisional response came: when its call is over only CANCEL ends it.
    pub(super) fn drop_reinvite(&mut self, now: Instant, nth: usize) {
        if let Some(client) = self.calls[nth].client.take() {
            self.transactions.cancel(now, client, |_, invite| transaction::cancel_for(invite, None));
        }
    }

    /// Puts the other side on hold by re-INVITE.
    pub fn hold(&mut self, now: Instant, nth: usize) {
        self.calls[nth].held = true;
        self.reinvite(now, nth);
    }

    /// Takes the other side back.
    pub fn resume(&mut self, now: Instant, nth: usize) {
        self.calls[nth].held = false;
        self.reinvite(now, nth);
    }

    /// Sends a re-INVITE with what is wanted now.
    pub fn reinvite(&mut self, now: Instant, nth: usize) {
        let call = &self.calls[nth];
        if call.phase != Phase::Talking {
            return;
        }
        // RFC 3261 §14.1: not while another INVITE is under way, in whichever direction.
        if call.client.is_some() || call.unacked.is_some() || call.offer_sent {
            return self.later(now + T1, Due::RetryReinvite(nth));
        }
        let body = self.offer(nth);
        self.invite(now, nth, Task::Reinvite(nth), Some(body), None);
        self.pump(now);
    }

    /// An offer that says what we want from now on.
    fn offer(&mut self, nth: usize) -> String {
        let formats = Say::formats_of(&self.manners.codecs);
        let call = &mut self.calls[nth];
        call.formats = formats;
        call.sends = true;
        call.receives = !call.held;
        call.sdp_version += 1;
        call.offer_sent = true;
        self.describe(nth)
    }

    /// Sends an UPDATE, with an offer or without.
    pub fn update(&mut self, now: Instant, nth: usize, with_offer: bool) {
        let call = &self.calls[nth];
        let waits = call.client.is_some() || call.unacked.is_some() || call.offer_sent;
        if call.phase == Phase::Ended || (with_offer && waits) {
            return;
        }
        let body = with_offer.then(|| self.offer(nth));
        self.calls[nth].cseq += 1;
        let contact = self.contact();
        self.within(now, nth, "UPDATE", Task::Update(nth), |writer| {
            finish(writer.header(Name::Contact, &contact), body.as_deref())
        });
        self.pump(now);
    }

    /// A session refresh that changes nothing: UPDATE where the phone speaks it, else re-INVITE, RFC 4028 §7.4.
    pub(super) fn refresh(&mut self, now: Instant, nth: usize) {
        match self.calls[nth].phase {
            Phase::Talking => self.reinvite(now, nth),
            _ => self.pump(now),
        }
    }

    /// Sends a key by SIP INFO, as phones without RFC 4733 do.
    pub fn info_digit(&mut self, now: Instant, nth: usize, digit: char) {
        self.calls[nth].cseq += 1;
        let body = format!("Signal={digit}\r\nDuration=160\r\n");
        self.within(now, nth, "INFO", Task::Within(nth), |writer| {
            writer.body("application/dtmf-relay", body.as_bytes())
        });
        self.pump(now);
    }

    /// Sends any request within a call.
    pub fn send_within(&mut self, now: Instant, nth: usize, method: &str) {
        self.calls[nth].cseq += 1;
        self.within(now, nth, method, Task::Within(nth), |writer| writer.finish());
        self.pump(now);
    }

    /// Sends any request outside of a call; the lines `Via`, `Max-Forwards`, `From`, `To`, `Call-ID`, `CSeq` and
    /// `Contact` are written by the phone unless `headers` has them.
    pub fn request(&mut self, now: Instant, method: &str, uri: &str, headers: &[(&str, &str)]) {
        let (tag, call_id) = (self.tag(), format!("{:016x}@{}", self.dice.u64(..), self.identity.name));
        let me = format!("<sip:{}@{}>", self.identity.user, self.identity.domain);
        let ours = [
            ("Max-Forwards", "70".to_owned()),
            ("From", format!("{me};tag={tag}")),
            ("To", format!("<{uri}>")),
            ("Call-ID", call_id),
            ("CSeq", format!("1 {method}")),
            ("Contact", self.contact()),
        ];
        let flow = self.flow();
        let via = self.via("BRANCH");
        let write = |branch: &str| {
            let mut writer = Writer::request(method, uri).header(Name::Via, via.replace("BRANCH", branch));
            for (name, value) in &ours {
                if !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                    writer = writer.named(name, value);
                }
            }
            for (name, value) in headers {
                writer = writer.named(name, value);
            }
            writer.finish()
        };
        if method == Method::Ack.as_str() {
            let branch = self.transactions.branch();
            let bytes = write(&branch);
            self.transactions.send(flow, bytes);
        } else {
            let _ = self.transactions.send_request(now, flow, Task::Nobody, write);
        }
        self.pump(now);
    }

    /// Puts bytes on the wire as they are.
    pub fn send_raw(&mut self, now: Instant, bytes: Bytes) {
        if let Ok(message) = Message::parse(bytes.clone()) {
            self.remember(now, true, &message);
        }
        let flow = self.flow();
        self.out.push_back((flow, bytes));
    }
}
