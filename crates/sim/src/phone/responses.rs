//! What a phone does with the answers to its own requests.

use super::call::Phase;
use super::digest::Account;
use super::sound::Heard;
use super::{Due, Phone, Task};
use sip::{Message, Method, Name};
use std::time::{Duration, Instant};

impl Phone {
    pub(super) fn on_response(&mut self, now: Instant, task: Task, response: &Message) {
        let code = response.code();
        match (task, code) {
            (Task::Register, 200..) => self.on_registered(now, response),
            (Task::Subscribe, 401 | 407) => self.on_subscribe_challenged(now, response),
            (Task::Invite(call), 100..=199) => self.on_provisional(now, call, response),
            (Task::Invite(call), 200..=299) => self.on_answered(now, call, response),
            (Task::Invite(call), _) => self.on_refused(now, call, response),
            (Task::Reinvite(call), 200..) => self.on_reinvited(now, call, response),
            (Task::Update(call), 200..) => self.on_updated(call, response),
            (Task::Within(call), 481) => self.calls[call].end(now, 481),
            _ => {}
        }
    }

    pub(super) fn on_no_response(&mut self, now: Instant, task: Task, code: u16) {
        match task {
            Task::Register => self.register_code = Some(code),
            Task::Invite(call) => {
                self.calls[call].client = None;
                self.calls[call].end(now, code);
            }
            Task::Reinvite(call) => {
                self.calls[call].client = None;
                self.hang_up(now, call);
            }
            _ => {}
        }
    }

    fn on_subscribe_challenged(&mut self, now: Instant, response: &Message) {
        let tried = self.registration.subscription.as_ref().is_none_or(|subscription| subscription.answered);
        if !tried {
            let uri = format!("sip:{}@{}", self.identity.user, self.identity.domain);
            let credentials = self.credentials(response, "SUBSCRIBE", &uri);
            self.send_subscribe(now, credentials);
        }
    }

    fn credentials(&mut self, response: &Message, method: &str, uri: &str) -> Option<(Name, String)> {
        self.registration.nc += 1;
        let cnonce = self.tag();
        let account =
            Account { user: &self.identity.user, password: &self.identity.password, sha256: self.manners.sha256 };
        // Every answer here is to a nonce that is new to us.
        account.answer(response, method, uri, 1, &cnonce)
    }

    fn on_registered(&mut self, now: Instant, response: &Message) {
        let code = response.code();
        let stale = response.header(Name::WwwAuthenticate).is_some_and(|line| line.contains("stale=true"));
        if matches!(code, 401 | 407) && (!self.registration.answered || stale) {
            let uri = format!("sip:{}", self.identity.domain);
            if let Some(credentials) = self.credentials(response, "REGISTER", &uri) {
                let expires = self.registration.expires_secs;
                return self.send_register(now, expires, Some(credentials));
            }
        }
        self.register_code = Some(code);
        self.due.retain(|_, due| *due != Due::Register);
        let own = self.contact();
        let granted = response.contacts().flatten().find(|contact| own.contains(contact.uri)).and_then(|c| c.expires());
        if let (200, Some(secs), true) = (code, granted, self.manners.refreshes && self.registration.expires_secs > 0) {
            self.later(now + Duration::from_secs(u64::from(secs / 2).max(1)), Due::Register);
        }
    }

    fn on_provisional(&mut self, now: Instant, nth: usize, response: &Message) {
        let code = response.code();
        if code == 100 || self.calls[nth].phase == Phase::Ended {
            return;
        }
        self.calls[nth].phase = Phase::Ringing;
        self.take_early(nth, response);
        let rseq = response.number(Name::RSeq).and_then(Result::ok);
        if let (true, Some(rseq)) = (response.has_token(Name::Require, "100rel"), rseq) {
            if !self.manners.reliable {
                self.blame(now, "a reliable response came that we do not support");
            }
            // A repetition is answered by the PRACK that is under way.
            if self.calls[nth].rseq == rseq {
                return;
            }
            self.calls[nth].rseq = rseq;
            let offer = Heard::read(response.body_bytes()).filter(|_| self.manners.late_offer);
            let body = offer.filter(|_| !self.calls[nth].offer_answered).and_then(|offer| self.answer_to(nth, offer));
            self.send_prack(now, nth, rseq, body);
        }
    }

    /// The tag, route, target and sound of an early dialog.
    fn take_early(&mut self, nth: usize, response: &Message) {
        let answer = Heard::read(response.body_bytes()).filter(|_| !self.manners.late_offer);
        let reliable = response.has_token(Name::Require, "100rel");
        let call = &mut self.calls[nth];
        call.remote_tag = response.to_tag().unwrap_or_default().to_owned();
        call.take_routes(response, true);
        call.take_target(response);
        if let Some(answer) = answer {
            call.heard = Some(answer);
            call.offer_sent &= !reliable;
        }
    }

    /// Our answer to an offer in a response to our INVITE without one.
    fn answer_to(&mut self, nth: usize, offer: Heard) -> Option<String> {
        let call = &mut self.calls[nth];
        call.formats = offer.common(&self.manners.codecs);
        call.sends = offer.receives;
        call.receives = offer.sends;
        call.heard = Some(offer);
        call.offer_answered = true;
        Some(self.describe(nth))
    }

    fn on_answered(&mut self, now: Instant, nth: usize, response: &Message) {
        let invite_cseq = response.cseq().map(|cseq| cseq.number).unwrap_or_default();
        if self.calls[nth].final_code.is_some() {
            // A repetition, or a 200 after we took the call for dead.
            return match self.calls[nth].ack.clone() {
                Some(ack) => self.transactions.send(self.flow(), ack),
                None => {
                    self.take_early(nth, response);
                    self.send_ack(nth, invite_cseq, None);
                    self.calls[nth].phase = Phase::Talking;
                    self.bye(now, nth);
                }
            };
        }
        self.take_early(nth, response);
        let offer = Heard::read(response.body_bytes());
        let body = match (self.manners.late_offer && !self.calls[nth].offer_answered, offer) {
            (true, Some(offer)) => self.answer_to(nth, offer),
            (true, None) => {
                self.blame(now, "a 200 without an offer came for an INVITE without one");
                None
            }
            (false, answer) => {
                if answer.is_none() && self.calls[nth].offer_sent {
                    self.blame(now, "a 200 without an answer came");
                }
                None
            }
        };
        let call = &mut self.calls[nth];
        call.offer_sent = false;
        call.client = None;
        call.phase = Phase::Talking;
        call.final_code = Some(200);
        call.answered_at = Some(now);
        let given_up = call.given_up;
        if self.manners.acks {
            self.send_ack(nth, invite_cseq, body.as_deref());
        }
        self.take_session(now, nth, response);
        if given_up {
            return self.bye(now, nth);
        }
        if let Some(after) = self.manners.talks {
            self.later(now + after, Due::HangUp(nth));
        }
    }

    /// RFC 4028 §7.2: refresh at half the interval where that is ours to do.
    fn take_session(&mut self, now: Instant, nth: usize, response: &Message) {
        self.due.retain(|_, due| *due != Due::Refresh(nth));
        let Some(value) = response.header(Name::SessionExpires) else { return };
        let secs: Option<u32> = value.split(';').next().and_then(|secs| secs.trim().parse().ok());
        if let (Some(secs), false) = (secs, value.contains("refresher=uas")) {
            self.calls[nth].session_secs = Some(secs);
            self.later(now + Duration::from_secs(u64::from(secs / 2)), Due::Refresh(nth));
        }
    }

    fn on_refused(&mut self, now: Instant, nth: usize, response: &Message) {
        let code = response.code();
        let uri = self.calls[nth].target.clone();
        self.calls[nth].client = None;
        if matches!(code, 401 | 407) && self.calls[nth].nc == 0 && !self.calls[nth].given_up {
            self.calls[nth].nc = 1;
            if let Some(credentials) = self.credentials(response, Method::Invite.as_str(), &uri) {
                return self.send_invite(now, nth, Some(credentials));
            }
        }
        if let (422, Some(Ok(min))) = (code, response.number(Name::MinSe))
            && self.calls[nth].session_secs.is_some_and(|secs| secs < min)
        {
            self.calls[nth].session_secs = Some(min);
            self.calls[nth].nc = 0;
            return self.send_invite(now, nth, None);
        }
        self.calls[nth].end(now, code);
    }

    fn on_reinvited(&mut self, now: Instant, nth: usize, response: &Message) {
        let invite_cseq = response.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let is_first = self.calls[nth].client.take().is_some();
        match response.code() {
            200..=299 => {
                let call = &mut self.calls[nth];
                call.take_target(response);
                if is_first {
                    call.offer_sent = false;
                    call.heard = Heard::read(response.body_bytes()).or(call.heard.take());
                    if Heard::read(response.body_bytes()).is_none() {
                        self.blame(now, "a 200 to a re-INVITE came without an answer");
                    }
                    self.take_session(now, nth, response);
                }
                self.send_ack(nth, invite_cseq, None);
                if self.calls[nth].phase == Phase::Ended {
                    self.bye(now, nth);
                }
            }
            491 => {
                self.calls[nth].offer_sent = false;
                if self.manners.retries_glare {
                    // The caller made the Call-ID and waits longer, RFC 3261 §14.1.
                    let wait = if self.calls[nth].incoming {
                        10 * self.dice.u64(0..=200)
                    } else {
                        10 * self.dice.u64(210..=400)
                    };
                    self.later(now + Duration::from_millis(wait), Due::RetryReinvite(nth));
                }
            }
            408 | 481 => self.calls[nth].end(now, 200),
            _ => self.calls[nth].offer_sent = false,
        }
    }

    fn on_updated(&mut self, nth: usize, response: &Message) {
        let call = &mut self.calls[nth];
        if std::mem::take(&mut call.offer_sent)
            && let Some(answer) = Heard::read(response.body_bytes())
        {
            call.heard = Some(answer);
        }
    }
}
