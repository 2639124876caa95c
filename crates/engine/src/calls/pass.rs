//! Requests of one leg that are the other leg's to answer: passed on, and the answer passed back.

use super::Call;
use super::failure::told_as;
use super::offers::Before;
use super::party::Exchange;
use super::provisional::sdp_in;
use crate::core::{Cx, User};
use call::{EndedBy, Leg};
use dialog::{Proposal, Refresher};
use sip::{Message, Method, Name};
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

/// An INVITE within a dialog whose leg has ended meanwhile.
pub struct GivenUp {
    /// The transaction's user.
    pub user: User,
    /// Who was asked.
    pub leg: Leg,
    pub thread: usize,
}

impl Call {
    /// Passes a request on to the dialog that this one stands for; gives it back if there is none or no room.
    pub fn pass(
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
    pub fn passed_as(&mut self, to: Leg, at: usize, method: Method, offers: bool) -> Option<Method> {
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
    pub fn session_offer(&mut self, leg: Leg, method: Method) -> Vec<(Name, String)> {
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
            let given_up = self.let_go(User::Pass { call: self.key, pass }, code);
            return match (given_up, response.cseq()) {
                (Some(gone), Ok(cseq)) if code < 300 => self.ack(cx, gone.leg, gone.thread, cseq.number, None),
                _ => self.again_acked(cx, response),
            };
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
        let Some(nth) = self.passings.iter().position(|passing| passing.id == pass) else {
            self.let_go(User::Pass { call: self.key, pass }, code);
            return;
        };
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
        for Passing { id, from, from_thread, server, request, to, to_thread, client, method, offers, before } in ended {
            match client {
                Some(client) if method == Method::Invite => {
                    give_up(cx, client);
                    let user = User::Pass { call: self.key, pass: id };
                    self.given_up.push(GivenUp { user, leg: to, thread: to_thread });
                }
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
        let refreshing = self.party(leg).and_then(|party| Some((party.refreshing.take()?, party.chosen?)));
        if let Some((client, thread)) = refreshing {
            give_up(cx, client);
            self.given_up.push(GivenUp { user: User::Own { call: self.key, leg }, leg, thread });
        }
    }

    /// An INVITE that was given up has its final answer, or never gets one.
    pub fn let_go(&mut self, user: User, code: u16) -> Option<GivenUp> {
        let nth = self.given_up.iter().position(|gone| gone.user == user && code >= 200)?;
        Some(self.given_up.remove(nth))
    }

    /// A 2xx to a re-INVITE that comes again gets the same ACK.
    pub fn again_acked(&mut self, cx: &mut Cx<'_>, response: &Message) {
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
}

/// Lets go of an INVITE within a dialog: cancelled, so that it ends although nobody answers it any more.
fn give_up(cx: &mut Cx<'_>, client: ClientKey) {
    cx.core.transactions.cancel(cx.now, client, |_, invite| transaction::cancel_for(invite, None));
}
