//! Requests within a dialog: what belongs to the other leg is passed on, the rest is answered here.

use super::Call;
use super::failure::told_as;
use super::party::{Exchange, Phase, Unacknowledged};
use super::provisional::sdp_in;
use crate::core::{Cx, User};
use bytes::Bytes;
use call::media::MediaCommand;
use call::{EndedBy, Event, Leg};
use dialog::{Proposal, RAck, Refresher, Resend, ViaParts};
use sip::{Flow, Message, Method, Name, Transport, Uri, Writer};
use std::net::SocketAddr;
use std::time::Duration;
use transaction::{ClientKey, ServerKey};

/// Bodies that are not SDP are passed on up to this size.
const BODY_MAX: usize = 16 * 1024;
/// Requests on their way between the legs of one call at the same time.
const PASSINGS_MAX: usize = 16;

/// A request on its way from one leg to another.
pub struct Passing {
    pub id: u32,
    /// Who asked, with the transaction that waits.
    pub from: Leg,
    pub from_thread: usize,
    pub server: ServerKey,
    pub request: Message,
    /// Who is asked.
    pub to: Leg,
    pub to_thread: usize,
    pub client: Option<ClientKey>,
    /// The request carries an offer.
    pub offers: bool,
    /// What it became: an UPDATE may go on as a re-INVITE.
    pub method: Method,
    /// The session as it stays if the offer is refused.
    pub before: Before,
}

/// What was agreed before an offer: the asker's description and whether it was an offer, what we had told the one who
/// is asked, and whether that was an answer.
#[derive(Default)]
pub struct Before {
    from: Option<(dialog::sdp::Sdp, bool)>,
    to: Option<(Option<Bytes>, bool)>,
}

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

    /// A new offer, or a request for one, RFC 3261 §14.2.
    fn on_reinvite(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
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
    fn remember(&mut self, before: Option<(dialog::sdp::Sdp, bool)>) {
        if let Some(passing) = self.passings.last_mut() {
            passing.before.from = before;
        }
    }

    /// A refused offer leaves the session as it was, RFC 3261 §14.1, RFC 3311 §5.1.
    fn restore(&mut self, from: Leg, to: Leg, before: Before) {
        self.give_back(from, before.from);
        if let (Some(party), Some((local, offered))) = (self.party(to), before.to) {
            (party.media.local, party.media.offered) = (local, offered);
        }
    }

    /// A re-INVITE of a leg that talks to nobody but us.
    fn answer_reinvite(
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

    fn end_glare(&mut self, leg: Leg, accepted: bool) {
        if let Some(party) = self.party(leg) {
            party.glare.answer_sent();
            party.glare.invite_ended(accepted);
        }
    }

    /// The offer becomes what is known of the leg; returns what was known before.
    fn take_offer(&mut self, leg: Leg, offer: Option<dialog::sdp::Sdp>) -> Option<(dialog::sdp::Sdp, bool)> {
        let party = self.party(leg)?;
        let offered = std::mem::replace(&mut party.media.offered, offer.is_some());
        let before = match offer {
            Some(offer) => party.media.remote.replace(offer),
            None => party.media.remote.clone(),
        };
        before.map(|before| (before, offered))
    }

    fn give_back(&mut self, leg: Leg, before: Option<(dialog::sdp::Sdp, bool)>) {
        if let (Some(party), Some((remote, offered))) = (self.party(leg), before) {
            (party.media.remote, party.media.offered) = (Some(remote), offered);
        }
    }

    /// UPDATE, RFC 3311: a session refresh, or an offer before or after the answer.
    fn on_update(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
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
    fn on_prack(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
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

    /// INFO: digits (`application/dtmf-relay`, `application/dtmf`) for our menus, anything for the other leg.
    fn on_info(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, server: ServerKey, request: Message) {
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

    /// Passes a request on to the dialog that this one stands for; gives it back if there is none or no room.
    fn pass(
        &mut self,
        cx: &mut Cx<'_>,
        from: Leg,
        from_thread: usize,
        server: ServerKey,
        request: Message,
        offers: bool,
    ) -> Result<(), Message> {
        let pair = self.party(from).and_then(|party| party.threads.get(from_thread)?.pair);
        let Some((to, to_thread)) = pair else { return Err(request) };
        if self.passings.len() >= PASSINGS_MAX || self.party(to).is_none_or(|party| party.is_over()) {
            return Err(request);
        }
        let Some(method) = self.passed_as(to, to_thread, request.method(), offers) else { return Err(request) };
        let mut before = Before::default();
        if let Some(party) = self.party(to).filter(|_| offers) {
            before.to = Some((party.media.local.clone(), std::mem::replace(&mut party.media.offered, false)));
        }
        let body = match method {
            Method::Invite | Method::Update | Method::Prack if offers => {
                let direction = self.hold_direction(from);
                match self.sdp_for(cx, to, from, direction) {
                    Some(body) => Some(("application/sdp".to_owned(), body)),
                    None => {
                        self.restore(from, to, before);
                        return Err(request);
                    }
                }
            }
            Method::Invite | Method::Update | Method::Prack => None,
            _ if request.body().len() > BODY_MAX => return Err(request),
            _ => request.header(Name::ContentType).map(|kind| (kind.to_owned(), request.body())),
        };
        let rack = match (method, &self.parties[usize::from(to.0)]) {
            (Method::Prack, party) => {
                let cseq = party.invite.as_ref().and_then(|invite| invite.cseq().ok()).map_or(1, |cseq| cseq.number);
                let rseq = party.threads.get(to_thread).map_or(0, |thread| thread.rseq);
                Some(format!("{rseq} {cseq} INVITE"))
            }
            _ => None,
        };
        self.passes += 1;
        let id = self.passes;
        let user = User::Pass { call: self.key, pass: id };
        let session = self.session_offer(to, method);
        let name = if method == request.method() { request.method_str() } else { method.as_str() };
        let client = self.send_in_dialog(cx, to, to_thread, name, user, |mut writer| {
            if let Some(rack) = &rack {
                writer = writer.header(Name::RAck, rack);
            }
            for (name, value) in &session {
                writer = writer.header(*name, value);
            }
            match &body {
                Some((kind, body)) => writer.body(kind, body),
                None => writer.finish(),
            }
        });
        let Some(client) = client else {
            self.restore(from, to, before);
            return Err(request);
        };
        self.note_sip(cx, to, true, name);
        if let Some(party) = self.party(to) {
            match method {
                Method::Invite => party.glare.invite_sent(offers),
                Method::Update | Method::Prack if offers => party.glare.offer_sent(),
                _ => (),
            }
        }
        cx.core.transactions.set_user(server, user);
        let client = Some(client);
        self.passings.push(Passing {
            id,
            from,
            from_thread,
            server,
            request,
            to,
            to_thread,
            client,
            offers,
            method,
            before,
        });
        Ok(())
    }

    /// The method with which a request goes on: a phone that knows no UPDATE gets a re-INVITE, if it has answered. None
    /// while another offer is on its way there.
    fn passed_as(&mut self, to: Leg, at: usize, method: Method, offers: bool) -> Option<Method> {
        let party = self.party(to)?;
        let thread = party.threads.get(at)?;
        let free = party.glare.may_invite() && party.exchange == Exchange::Idle && thread.resend.is_none();
        match method {
            Method::Update if thread.dialog.peer_allows.contains(Method::Update) => {
                (party.glare.may_update() || !offers).then_some(Method::Update)
            }
            Method::Update => (party.is_up() && free).then_some(Method::Invite),
            other => Some(other),
        }
    }

    /// Headers of a re-INVITE or UPDATE that keep the leg's session timer as it was agreed, RFC 4028 §7.4.
    fn session_offer(&mut self, leg: Leg, method: Method) -> Vec<(Name, String)> {
        if !matches!(method, Method::Invite | Method::Update) {
            return Vec::new();
        }
        let wish = crate::uas::wish(&self.plan.settings.sip);
        let expires = self.party(leg).and_then(|party| party.session_secs).unwrap_or(wish.expires_secs);
        vec![
            (Name::Supported, "timer".to_owned()),
            (Name::SessionExpires, format!("{expires};refresher={}", self.refresher_word(leg))),
            (Name::MinSe, wish.min_secs.to_string()),
            (Name::Allow, crate::uas::ALLOW.to_owned()),
        ]
    }

    /// The answer to a request that was passed on.
    pub fn on_passed(&mut self, cx: &mut Cx<'_>, pass: u32, response: &Message) {
        let code = response.code();
        let Some(nth) = self.passings.iter().position(|passing| passing.id == pass) else {
            return self.again_acked(cx, response);
        };
        if code < 200 {
            return;
        }
        let Passing { from, from_thread, server, request, to, to_thread, offers, method, before, .. } =
            self.passings.remove(nth);
        let asked = request.method();
        self.note_sip(cx, to, false, &format!("{code} {} ({})", response.reason_phrase(), method.as_str()));
        let accepted = code < 300;
        let sdp = sdp_in(response).filter(|_| accepted);
        let mut late = false;
        if let Some(party) = self.party(to) {
            if let Some(thread) = party.threads.get_mut(to_thread) {
                thread.dialog.update_target(response);
            }
            if matches!(method, Method::Invite | Method::Update) && accepted {
                party.agree(cx.now, Proposal::of(response).accepted(), Refresher::Uac);
            }
            if method == Method::Invite {
                party.glare.answer_received();
                party.glare.invite_ended(accepted);
            } else if offers {
                party.glare.withdrawn();
            }
            late = method == Method::Invite && !offers && sdp.is_some();
            if let Some(sdp) = sdp.clone() {
                party.media.remote = Some(sdp);
                party.media.offered = late;
            }
        }
        let cseq = response.cseq().map_or(1, |cseq| cseq.number);
        if method == Method::Invite && accepted {
            match late {
                true => self.parties[usize::from(to.0)].exchange = Exchange::AckHeld { cseq },
                false => self.ack(cx, to, to_thread, cseq, None),
            }
        }
        let body = if sdp.is_some() { self.sdp_for(cx, from, to, None) } else { None };
        if sdp.is_some() && !late {
            self.connect(cx, to);
            self.connect(cx, from);
            self.patch(cx, from, to);
        }
        if late {
            self.parties[usize::from(from.0)].exchange = Exchange::AnswerInAck;
        }
        if let Some(party) = self.party(from) {
            match asked {
                Method::Invite => {
                    party.glare.answer_sent();
                    party.glare.invite_ended(accepted);
                }
                Method::Update if offers => party.glare.update_ended(),
                _ => (),
            }
        }
        if !accepted && offers {
            self.restore(from, to, before);
        }
        let told = match code {
            _ if accepted => code,
            // Our provisional answer is acknowledged, whatever became of the phone's.
            _ if asked == Method::Prack && !offers => 200,
            491 | 487 | 481 | 408 => code,
            _ => told_as(code),
        };
        self.reply(cx, from, from_thread, server, &request, told, body);
        if accepted && !late && offers {
            self.note_hold(cx, from);
        }
        let talking = self.other(from) == Some(to);
        if talking && matches!(code, 408 | 481) && matches!(method, Method::Invite | Method::Update) {
            self.end_all(cx, EndedBy::Exchange); // the dialog is gone, RFC 3261 §12.2.1.2
        }
    }

    /// A request that was passed on got no answer.
    pub fn on_pass_unheard(&mut self, cx: &mut Cx<'_>, pass: u32, code: u16) {
        let Some(nth) = self.passings.iter().position(|passing| passing.id == pass) else { return };
        let Passing { from, from_thread, server, request, to, offers, before, .. } = self.passings.remove(nth);
        if offers {
            self.restore(from, to, before);
        }
        for leg in [from, to] {
            if let Some(party) = self.party(leg) {
                party.glare.update_ended();
                party.glare.invite_ended(false);
            }
        }
        self.reply(cx, from, from_thread, server, &request, code, None);
        if self.other(from) == Some(to) && matches!(request.method(), Method::Invite | Method::Update) {
            self.end_all(cx, EndedBy::Exchange);
        }
    }

    /// A leg is over: what it waits for, or was asked, is answered now; a pending INVITE gets 487, RFC 3261 §15.1.2.
    pub fn end_passings(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let (ended, others) = std::mem::take(&mut self.passings)
            .into_iter()
            .partition(|passing| passing.from == leg || passing.to == leg);
        self.passings = others;
        let ended: Vec<Passing> = ended;
        for Passing { from, from_thread, server, request, to, client, method, offers, before, .. } in ended {
            match client {
                Some(client) if method == Method::Invite => give_up(cx, client),
                Some(client) => cx.core.transactions.abandon(client),
                None => (),
            }
            for leg in [from, to] {
                if let Some(party) = self.party(leg) {
                    party.glare.update_ended();
                    party.glare.invite_ended(false);
                }
            }
            if offers {
                self.restore(from, to, before);
            }
            let code = if request.method() == Method::Prack { 200 } else { 487 };
            self.reply(cx, from, from_thread, server, &request, code, None);
        }
        if let Some(client) = self.party(leg).and_then(|party| party.refreshing.take()) {
            give_up(cx, client);
        }
    }

    /// A 2xx to a re-INVITE that comes again gets the same ACK.
    fn again_acked(&mut self, cx: &mut Cx<'_>, response: &Message) {
        let Ok(cseq) = response.cseq() else { return };
        if cseq.method != Method::Invite || !(200..300).contains(&response.code()) {
            return;
        }
        let threads = self.parties.iter().flat_map(|party| &party.threads);
        let of_response = |thread: &&super::party::Thread| {
            Some(&*thread.dialog.remote_tag) == response.to_tag() && &*thread.dialog.call_id == response.call_id()
        };
        if let Some((flow, bytes)) = threads.filter(of_response).find_map(|thread| thread.ack_for(cseq.number)) {
            cx.core.transmit(flow, bytes);
        }
    }

    /// The caller of a re-INVITE gives it up.
    pub fn on_pass_cancelled(&mut self, cx: &mut Cx<'_>, pass: u32) {
        let Some(passing) = self.passings.iter().find(|passing| passing.id == pass) else { return };
        if let Some(client) = passing.client {
            give_up(cx, client);
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

    /// 422 for a session that would be refreshed too often, RFC 4028 §9; true if it was sent.
    fn too_short(&self, cx: &mut Cx<'_>, server: ServerKey, request: &Message) -> bool {
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

/// Lets go of an INVITE within a dialog: cancelled, so that it ends although nobody answers it any more.
fn give_up(cx: &mut Cx<'_>, client: ClientKey) {
    cx.core.transactions.cancel(cx.now, client, |_, invite| transaction::cancel_for(invite, None));
}

/// An answer that needs nothing of the call.
pub fn respond(cx: &mut Cx<'_>, server: ServerKey, request: &Message, code: u16, finish: impl FnOnce(Writer) -> Bytes) {
    let bytes = finish(sip::respond(request, code, None));
    cx.core.transactions.respond(cx.now, server, bytes, code);
}

fn allow(writer: Writer) -> Bytes {
    writer.header(Name::Allow, crate::uas::ALLOW).header(Name::Supported, "100rel, timer").finish()
}

fn retry_after(writer: Writer, seconds: Option<u8>) -> Bytes {
    match seconds {
        Some(seconds) => writer.header(Name::RetryAfter, seconds.to_string()).finish(),
        None => writer.finish(),
    }
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
