//! Answers: a phone's 2xx, ours to the caller, the ACKs that belong to them, and the bridge.

use super::Call;
use super::party::{Acknowledged, Exchange, Phase, Unacknowledged};
use super::provisional::sdp_in;
use crate::core::{Cx, User};
use bytes::Bytes;
use call::media::MediaCommand;
use call::{EndedBy, Event, Leg, What};
use dialog::{Again, Proposal, Refresher, Resend};
use sip::{Message, Name};

impl Call {
    /// A 2xx to the INVITE of a rung leg: the first one, the same again, or one that comes too late.
    pub fn on_answered(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) {
        let cseq = response.cseq().map_or(1, |cseq| cseq.number);
        let Some(at) = self.party(leg).and_then(|party| party.thread_of(response)) else {
            return self.on_unheard(cx, leg, 502); // no dialog can be made of it, and nothing else will come
        };
        let party = &mut self.parties[usize::from(leg.0)];
        if let Some((flow, ack)) = party.threads[at].ack_for(cseq) {
            return cx.core.transmit(flow, ack);
        }
        if party.is_up() && party.chosen == Some(at) {
            return; // the same again: its ACK waits for the caller's answer
        }
        self.note_sip(cx, leg, false, &format!("{} {} (INVITE)", response.code(), response.reason_phrase()));
        let party = &mut self.parties[usize::from(leg.0)];
        if party.threads[at].dialog.take_response(response).is_err() {
            return self.on_unheard(cx, leg, 502); // a Record-Route that cannot be followed: no ACK could reach the phone
        }
        self.server_worked(cx, leg);
        let party = &mut self.parties[usize::from(leg.0)];
        let wanted = matches!(party.phase, Phase::Calling { cancelled: None, .. }) && self.program.is_some();
        if !wanted {
            return self.answered_in_vain(cx, leg, at, cseq);
        }
        let party = &mut self.parties[usize::from(leg.0)];
        party.phase = Phase::Up;
        party.chosen = Some(at);
        party.agree(cx.now, Proposal::of(response).accepted(), Refresher::Uac);
        let sdp = sdp_in(response);
        let late = party.exchange != Exchange::Offered;
        let understood = match (sdp, late) {
            (Some(sdp), false) if !party.threads[at].settled => {
                party.media.remote = Some(sdp);
                party.exchange = Exchange::Idle;
                true
            }
            (_, false) => {
                let early = party.threads[at].early.take();
                party.media.remote = early.or(party.media.remote.take()); // not what another branch has described
                party.exchange = Exchange::Idle;
                party.media.remote.is_some()
            }
            (Some(sdp), true) => {
                party.media.remote = Some(sdp);
                party.exchange = Exchange::AckHeld { cseq };
                true
            }
            (None, true) => false,
        };
        let device = party.device.clone();
        self.note(cx, What::Answered { leg, device: device.clone() });
        if !understood {
            self.ack(cx, leg, at, cseq, None);
            self.bye(cx, leg);
            return self.drive(cx, Event::Failed(leg, 488));
        }
        if !late {
            self.ack(cx, leg, at, cseq, None);
            self.connect(cx, leg);
        }
        self.drive(cx, Event::Answered(leg));
    }

    /// A 2xx that crossed our CANCEL, or a second branch's: acknowledged and ended, RFC 3261 §13.2.2.4.
    fn answered_in_vain(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, cseq: u32) {
        self.ack(cx, leg, at, cseq, None);
        self.send_bye(cx, leg, at);
        let party = &mut self.parties[usize::from(leg.0)];
        if let Phase::Calling { cancelled, .. } = party.phase {
            let device = party.device.clone();
            self.leg_over(cx, leg, What::Failed { leg, device, code: 487, cancelled });
            self.drive(cx, Event::Failed(leg, 487));
        }
    }

    /// Acknowledges a 2xx; the ACK is kept for the 2xx that come again.
    pub fn ack(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, cseq: u32, body: Option<Bytes>) {
        let Some(way) = self.way_to(cx, leg, at) else { return };
        let branch = cx.core.transactions.branch();
        let party = &mut self.parties[usize::from(leg.0)];
        let flow = way.flow;
        let writer = party.threads[at].dialog.ack(&way.via(&branch), cseq);
        let bytes = match body {
            Some(body) => writer.body("application/sdp", &body),
            None => writer.finish(),
        };
        party.threads[at].ack = Some(Acknowledged { cseq, flow, bytes: bytes.clone() });
        cx.core.transmit(flow, bytes);
        self.note_sip(cx, leg, true, "ACK");
    }

    /// Connects two legs; the caller is answered if it was not.
    pub fn bridge(&mut self, cx: &mut Cx<'_>, a: Leg, b: Leg) {
        let up = |call: &mut Self, leg: Leg| call.party(leg).is_some_and(|party| party.is_up());
        if !up(self, b) || (a != Leg::CALLER && !up(self, a)) || self.parties[0].is_over() {
            return;
        }
        let Some(at) = self.party(b).and_then(|party| party.chosen) else { return };
        self.bridge = Some((a, b));
        self.bridged_at = Some(cx.now);
        for leg in [a, b] {
            self.quiet(cx, leg);
        }
        if matches!(self.parties[0].phase, Phase::Incoming(_)) {
            let shown = self.parties[usize::from(b.0)].threads[at].pair.map_or(0, |(_, shown)| shown);
            let late = matches!(self.parties[usize::from(b.0)].exchange, Exchange::AckHeld { .. });
            let thread = self.parties[0].threads.get(shown);
            let settled = thread.is_some_and(|thread| thread.settled);
            let heard = thread.and_then(|thread| thread.reliable.as_ref()).is_none_or(dialog::Reliable::may_send);
            let body = match (settled, heard) {
                (true, true) => None,
                (true, false) => self.parties[0].media.local.clone(), // the answer may not have arrived yet
                (false, _) => self.sdp_for(cx, a, b, None),
            };
            self.parties[0].exchange = if late { Exchange::AnswerInAck } else { Exchange::Idle };
            self.answer_caller(cx, shown, body);
        }
        self.pair(a, b);
        if self.parties[0].exchange == Exchange::Idle {
            self.connect(cx, a);
            self.patch(cx, a, b);
        }
        self.note(cx, What::Bridged { a, b });
    }

    /// From now on the two answered dialogs stand for each other.
    fn pair(&mut self, a: Leg, b: Leg) {
        for (leg, other) in [(a, b), (b, a)] {
            let chosen = self.party(other).and_then(|party| party.chosen).unwrap_or(0);
            if let Some(thread) = self.party(leg).and_then(|party| party.thread()) {
                thread.pair = Some((other, chosen));
            }
        }
    }

    /// Sends the caller its 200, again and again until ACK comes, §13.3.1.4.
    pub fn answer_caller(&mut self, cx: &mut Cx<'_>, shown: usize, body: Option<Bytes>) {
        let settings = &self.plan.settings.sip;
        let caller = &mut self.parties[0];
        let (Phase::Incoming(server), Some(invite)) = (caller.phase, &caller.invite) else { return };
        let Some(thread) = caller.threads.get_mut(shown) else { return };
        thread.dialog.confirmed = true;
        if let Some(reliable) = &mut thread.reliable {
            reliable.stop();
        }
        let mut writer = sip::respond(invite, 200, None)
            .to_tag(&thread.dialog.local_tag)
            .copy(invite, Name::RecordRoute)
            .header(Name::Contact, &thread.dialog.contact)
            .header(Name::Allow, crate::uas::ALLOW)
            .header(Name::Supported, "100rel, timer")
            .header(Name::Server, &settings.user_agent);
        // The INVITE was refused with 422 if its session was too short.
        let agreed = Proposal::of(invite).answer(&crate::uas::wish(settings)).ok().flatten();
        if let Some(agreed) = agreed {
            writer = writer.header(Name::SessionExpires, agreed.to_string());
            if agreed.refresher == Refresher::Uac {
                writer = writer.header(Name::Require, "timer");
            }
        }
        let bytes = match &body {
            Some(body) => writer.body("application/sdp", body),
            None => writer.finish(),
        };
        let cseq = invite.cseq().map_or(1, |cseq| cseq.number);
        let resend = Resend::success(cx.now, bytes.clone(), settings.t1, settings.t2);
        thread.resend = Some(Unacknowledged { cseq, server, resend });
        caller.agree(cx.now, agreed, Refresher::Uas);
        caller.phase = Phase::Up;
        caller.chosen = Some(shown);
        let device = caller.device.clone();
        self.journey.answered = true;
        self.due = Some(self.began_at + self.plan.settings.limits.call_time);
        self.code = 200;
        cx.core.transactions.respond(cx.now, server, bytes, 200);
        self.note_sip(cx, Leg::CALLER, true, "200 OK (INVITE)");
        self.note(cx, What::Answered { leg: Leg::CALLER, device });
    }

    /// Answers the caller so that prompts can be heard: the first codec of ours that it offers.
    pub fn answer_ourselves(&mut self, cx: &mut Cx<'_>) {
        if !matches!(self.parties[0].phase, Phase::Incoming(_)) {
            return;
        }
        match self.own_answer(cx, Leg::CALLER) {
            Ok(body) => {
                self.answer_caller(cx, 0, Some(body));
                if self.parties[0].exchange == Exchange::Idle {
                    self.connect(cx, Leg::CALLER);
                }
            }
            Err((code, _)) => self.refuse(cx, code, EndedBy::Plan),
        }
    }

    /// ACK for a 2xx of ours: no more repetitions; perhaps it brings the answer to our offer.
    pub fn on_ack(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, request: &Message) {
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        let Some(party) = self.party(leg) else { return };
        let Some(thread) = party.threads.get_mut(at) else { return };
        if thread.resend.take_if(|unacknowledged| unacknowledged.cseq == cseq).is_none() {
            return;
        }
        self.note_sip(cx, leg, false, "ACK");
        if self.parties[usize::from(leg.0)].leaving {
            return self.bye(cx, leg);
        }
        let party = &mut self.parties[usize::from(leg.0)];
        if party.exchange != Exchange::AnswerInAck {
            return;
        }
        party.exchange = Exchange::Idle;
        // No answer, or one that refuses every line: nobody could hear anything.
        let Some(sdp) = sdp_in(request).filter(|sdp| sdp.media().iter().any(|line| line.port != 0)) else {
            return self.end_all(cx, EndedBy::Exchange);
        };
        party.media.remote = Some(sdp);
        self.connect(cx, leg);
        let Some(other) = self.other(leg) else { return self.play_waiting(cx, leg) };
        let held = match self.party(other) {
            Some(party) => std::mem::take(&mut party.exchange),
            None => return,
        };
        if let Exchange::AckHeld { cseq } = held {
            let body = self.sdp_for(cx, other, leg, None);
            let at = self.party(other).and_then(|party| party.chosen).unwrap_or(0);
            self.ack(cx, other, at, cseq, body);
            self.connect(cx, other);
        }
        self.patch(cx, leg, other);
        self.note_hold(cx, leg);
    }

    /// Sends again what nobody has acknowledged; gives the call up when it never is.
    pub fn on_resend_due(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.parties.get_mut(usize::from(leg.0)) else { return };
        let mut unheard = false;
        for thread in &mut party.threads {
            if let Some(Unacknowledged { server, resend, .. }) = &mut thread.resend {
                match resend.on_timeout(cx.now) {
                    Again::Send(bytes) => cx.core.transactions.respond(cx.now, *server, bytes, 200),
                    Again::GiveUp => (thread.resend, unheard) = (None, true),
                    Again::Nothing => (),
                }
            }
            let Phase::Incoming(server) = party.phase else { continue };
            match thread.reliable.as_mut().map_or(Again::Nothing, |reliable| reliable.on_timeout(cx.now)) {
                Again::Send(bytes) => cx.core.transactions.respond(cx.now, server, bytes, 183),
                Again::GiveUp => unheard = true,
                Again::Nothing => (),
            }
        }
        if unheard {
            match self.parties[usize::from(leg.0)].phase {
                Phase::Incoming(_) => self.refuse(cx, 504, EndedBy::Exchange),
                _ => self.end_all(cx, EndedBy::Exchange),
            }
        }
    }

    /// Stops prompts on a leg that is to be bridged.
    fn quiet(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.party(leg) else { return };
        if std::mem::take(&mut party.media.plays)
            && let Some(end) = party.audio_end()
        {
            cx.core.media(MediaCommand::StopPlay { end });
        }
    }

    /// BYE in an answered dialog, and the leg is over.
    pub fn bye(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.party(leg).filter(|party| party.is_up()) else { return };
        let (chosen, device) = (party.chosen, party.device.clone());
        if let Some(at) = chosen {
            if let Exchange::AckHeld { cseq } = self.parties[usize::from(leg.0)].exchange {
                self.ack(cx, leg, at, cseq, None);
            }
            self.send_bye(cx, leg, at);
        }
        self.leg_over(cx, leg, What::HungUp { leg, device });
    }

    fn send_bye(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize) {
        let user = User::Own { call: self.key, leg };
        self.note_sip(cx, leg, true, "BYE");
        self.send_in_dialog(cx, leg, at, "BYE", user, sip::Writer::finish);
    }
}
