//! New offers within a dialog: re-INVITE and UPDATE, and the PRACK that may carry one, RFC 3261 §14, 3311, 3262.

use super::Call;
use super::party::{Exchange, Phase};
use super::provisional::sdp_in;
use super::within::respond;
use crate::core::Cx;
use bytes::Bytes;
use call::Leg;
use dialog::{Proposal, RAck};
use sip::{Message, Name, Writer};
use transaction::ServerKey;

/// What was agreed before an offer: the asker's description and whether it was an offer, what we had told the one who
/// is asked, and whether that was an answer.
#[derive(Default)]
pub struct Before {
    pub from: Option<(dialog::sdp::Sdp, bool)>,
    pub to: Option<(Option<Bytes>, bool)>,
}

impl Call {
    /// A new offer, or a request for one, RFC 3261 §14.2.
    pub fn on_reinvite(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
        respond(cx, server, &request, 100, Writer::finish);
        let dice = cx.core.dice.next();
        let offer = sdp_in(&request);
        if offer.is_none() && !request.body().is_empty() {
            return self.reply(cx, leg, at, server, &request, 488, None);
        }
        if self.too_short(cx, server, &request) {
            return;
        }
        let Some(party) = self.party(leg) else { return };
        let busy = !party.is_up() || party.exchange != Exchange::Idle;
        let glare = party.glare.invite_received(offer.is_some(), dice);
        if let Err(glare) = glare {
            return respond(cx, server, &request, glare.reject.code, |writer| retry_after(writer, glare.retry_after));
        }
        if busy {
            party.glare.invite_ended(false);
            return respond(cx, server, &request, 491, Writer::finish);
        }
        party.threads[at].dialog.update_target(&request);
        let unchanged = match (&offer, &party.media.remote) {
            (Some(offer), Some(before)) => offer.says_the_same_as(before),
            _ => false,
        };
        let local = party.media.local.clone().filter(|_| unchanged && party.media.offered);
        if let Some(body) = local {
            party.glare.answer_sent();
            party.glare.invite_ended(true);
            return self.reply(cx, leg, at, server, &request, 200, Some(body)); // only the session timer is refreshed
        }
        let Some(other) = self.other(leg) else { return self.answer_reinvite(cx, leg, at, server, request, offer) };
        let may = self.party(other).is_some_and(|party| {
            let free = party.glare.may_invite() && party.exchange == Exchange::Idle && party.is_up();
            free && party.thread().is_some_and(|thread| thread.resend.is_none())
        });
        if !may {
            self.parties[usize::from(leg.0)].glare.invite_ended(false);
            return respond(cx, server, &request, 491, Writer::finish);
        }
        let offers = offer.is_some();
        let before = self.take_offer(leg, offer);
        match self.pass(cx, leg, at, server, request, offers) {
            Ok(()) => self.remember(before),
            Err(request) => {
                self.give_back(leg, before);
                self.parties[usize::from(leg.0)].glare.invite_ended(false);
                respond(cx, server, &request, 488, Writer::finish);
            }
        }
    }

    /// What the request that has just been passed on would change.
    pub fn remember(&mut self, before: Option<(dialog::sdp::Sdp, bool)>) {
        if let Some(passing) = self.passings.last_mut() {
            passing.before.from = before;
        }
    }

    /// A refused offer leaves the session as it was, RFC 3261 §14.1, RFC 3311 §5.1.
    pub fn restore(&mut self, from: Leg, to: Leg, before: Before) {
        self.give_back(from, before.from);
        if let (Some(party), Some((local, offered))) = (self.party(to), before.to) {
            (party.media.local, party.media.offered) = (local, offered);
        }
    }

    /// A re-INVITE of a leg that talks to nobody but us.
    pub fn answer_reinvite(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        at: usize,
        server: ServerKey,
        request: Message,
        offer: Option<dialog::sdp::Sdp>,
    ) {
        let before = self.take_offer(leg, offer);
        match self.own_answer(cx, leg) {
            Ok(body) => {
                self.reply(cx, leg, at, server, &request, 200, Some(body));
                if self.parties[usize::from(leg.0)].exchange == Exchange::Idle {
                    self.connect(cx, leg);
                }
                self.end_glare(leg, true);
                self.note_hold(cx, leg);
            }
            Err((code, _)) => {
                self.give_back(leg, before);
                self.end_glare(leg, false);
                self.reply(cx, leg, at, server, &request, code, None);
            }
        }
    }

    pub fn end_glare(&mut self, leg: Leg, accepted: bool) {
        if let Some(party) = self.party(leg) {
            party.glare.answer_sent();
            party.glare.invite_ended(accepted);
        }
    }

    /// The offer becomes what is known of the leg; returns what was known before.
    pub fn take_offer(&mut self, leg: Leg, offer: Option<dialog::sdp::Sdp>) -> Option<(dialog::sdp::Sdp, bool)> {
        let party = self.party(leg)?;
        let offered = std::mem::replace(&mut party.media.offered, offer.is_some());
        let before = match offer {
            Some(offer) => party.media.remote.replace(offer),
            None => party.media.remote.clone(),
        };
        before.map(|before| (before, offered))
    }

    pub fn give_back(&mut self, leg: Leg, before: Option<(dialog::sdp::Sdp, bool)>) {
        if let (Some(party), Some((remote, offered))) = (self.party(leg), before) {
            (party.media.remote, party.media.offered) = (Some(remote), offered);
        }
    }

    /// UPDATE, RFC 3311: a session refresh, or an offer before or after the answer.
    pub fn on_update(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
        if self.too_short(cx, server, &request) {
            return;
        }
        let offer = sdp_in(&request);
        let dice = cx.core.dice.next();
        let Some(party) = self.party(leg) else { return };
        party.threads[at].dialog.update_target(&request);
        let Some(offer) = offer else { return self.reply(cx, leg, at, server, &request, 200, None) };
        // RFC 3311 §5.2: the first offer is still to be answered, by us or by the peer.
        match party.phase {
            Phase::Incoming(_) if !party.threads[at].settled => {
                return respond(cx, server, &request, 500, |writer| retry_after(writer, Some((dice % 11) as u8)));
            }
            Phase::Calling { .. } if !party.threads[at].settled => {
                return respond(cx, server, &request, 491, Writer::finish);
            }
            _ => (),
        }
        if let Err(glare) = party.glare.update_received(true, dice) {
            return respond(cx, server, &request, glare.reject.code, |writer| retry_after(writer, glare.retry_after));
        }
        let before = self.take_offer(leg, Some(offer));
        match self.pass(cx, leg, at, server, request, true) {
            Ok(()) => self.remember(before),
            Err(request) if self.parties[usize::from(leg.0)].is_up() && self.other(leg).is_none() => {
                let body = self.own_answer(cx, leg);
                if let Some(party) = self.party(leg) {
                    party.glare.update_ended();
                }
                match body {
                    Ok(body) => {
                        self.reply(cx, leg, at, server, &request, 200, Some(body));
                        self.connect(cx, leg);
                    }
                    Err((code, _)) => self.reply(cx, leg, at, server, &request, code, None),
                }
            }
            Err(request) => {
                self.give_back(leg, before);
                if let Some(party) = self.party(leg) {
                    party.glare.update_ended();
                }
                respond(cx, server, &request, 491, Writer::finish);
            }
        }
    }

    /// PRACK for a provisional that was shown to the caller goes on to the phone that sent it, RFC 3262.
    pub fn on_prack(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
        let Some(party) = self.party(leg) else { return };
        let acknowledged = match (RAck::of(&request), &mut party.threads[at].reliable) {
            (Ok(rack), Some(reliable)) => reliable.acknowledge(rack),
            _ => false,
        };
        if !acknowledged {
            return respond(cx, server, &request, 481, Writer::finish);
        }
        let offer = sdp_in(&request);
        let offers = offer.is_some();
        if offers {
            self.take_offer(leg, offer);
        }
        if let Err(request) = self.pass(cx, leg, at, server, request, offers) {
            respond(cx, server, &request, 200, Writer::finish);
        }
    }

    /// 422 for a session that would be refreshed too often, RFC 4028 §9; true if it was sent.
    pub fn too_short(&self, cx: &mut Cx<'_>, server: ServerKey, request: &Message) -> bool {
        match Proposal::of(request).answer(&crate::uas::wish(&self.plan.settings.sip)) {
            Err(short) => {
                respond(cx, server, request, 422, |writer| {
                    writer.header(Name::MinSe, short.min_secs.to_string()).finish()
                });
                true
            }
            Ok(_) => false,
        }
    }
}

fn retry_after(writer: Writer, seconds: Option<u8>) -> Bytes {
    match seconds {
        Some(seconds) => writer.header(Name::RetryAfter, seconds.to_string()).finish(),
        None => writer.finish(),
    }
}
