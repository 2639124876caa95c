//! Session timers, RFC 4028: each leg has its own; we refresh where it was agreed that we do.

use super::Call;
use super::provisional::sdp_in;
use crate::core::{Cx, User};
use call::{EndedBy, Leg, Reason};
use dialog::{Due, Proposal, Refresher, SessionTimer, glare_wait};
use sip::{Message, Method, Name};

impl Call {
    /// A leg's session is to be refreshed, or is over.
    pub fn on_session_due(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.party(leg).filter(|party| party.is_up()) else { return };
        let due = party.timer.as_mut().map_or(Due::Nothing, |timer| timer.on_timeout(cx.now));
        match due {
            Due::Nothing => (),
            Due::Refresh => self.refresh(cx, leg),
            Due::Expired => {
                self.because(cx, Reason::Words("one side no longer refreshed its session".into()));
                self.end_all(cx, EndedBy::Exchange);
            }
        }
    }

    /// UPDATE where the peer knows it, else a re-INVITE that offers what was agreed before.
    fn refresh(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let user = User::Own { call: self.key, leg };
        let wish = crate::uas::wish(&self.plan.settings.sip);
        let Some(party) = self.party(leg) else { return };
        let (Some(at), local) = (party.chosen, party.media.local.clone()) else { return };
        let expires = party.session_secs.unwrap_or(wish.expires_secs);
        let updates = party.thread().is_some_and(|thread| thread.dialog.peer_allows.contains(Method::Update));
        if !party.glare.may_invite() {
            if let Some(timer) = &mut party.timer {
                timer.refresh_later(cx.now + glare_wait(true, cx.core.dice.next()));
            }
            return;
        }
        let method = if updates { "UPDATE" } else { "INVITE" };
        if !updates {
            party.glare.invite_sent(local.is_some());
        }
        self.note_sip(cx, leg, true, method);
        let client = self.send_in_dialog(cx, leg, at, method, user, |writer| {
            let writer = writer
                .header(Name::Supported, "timer")
                .header(Name::SessionExpires, format!("{expires};refresher=uac"))
                .header(Name::MinSe, wish.min_secs.to_string());
            match local.filter(|_| !updates) {
                Some(body) => writer.body("application/sdp", &body),
                None => writer.finish(),
            }
        });
        if let Some(party) = self.party(leg) {
            party.refreshing = client.filter(|_| !updates);
            if client.is_none() {
                party.glare.invite_ended(false);
            }
        }
    }

    /// The answer to a request of our own: a refresh; what a BYE gets matters to nobody.
    pub fn on_own(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) {
        let code = response.code();
        let (Ok(cseq), Some(party)) = (response.cseq(), self.party(leg)) else { return };
        if code < 200 || !matches!(cseq.method, Method::Invite | Method::Update) {
            return;
        }
        let Some(at) = party.chosen else { return };
        let up = party.is_up();
        if let Some((flow, ack)) = party.thread().and_then(|thread| thread.ack_for(cseq.number)) {
            return cx.core.transmit(flow, ack);
        }
        let method = cseq.method;
        if method == Method::Invite {
            party.refreshing = None;
            party.glare.answer_received();
            party.glare.invite_ended(code < 300);
        }
        self.note_sip(cx, leg, false, &format!("{code} {} ({})", response.reason_phrase(), method.as_str()));
        if method == Method::Invite {
            self.let_go(User::Own { call: self.key, leg }, code);
        }
        if method == Method::Invite && code < 300 {
            self.ack(cx, leg, at, cseq.number, None);
        }
        if let Some(sdp) = sdp_in(response).filter(|_| method == Method::Invite && code < 300 && up)
            && let Some(party) = self.party(leg)
        {
            party.media.remote = Some(sdp); // the peer may have moved
            party.media.offered = false;
            self.connect(cx, leg);
        }
        let dice = cx.core.dice.next();
        let Some(party) = self.party(leg).filter(|party| party.is_up()) else { return };
        match code {
            200..=299 => {
                party.agree(cx.now, Proposal::of(response).accepted(), Refresher::Uac);
            }
            491 => {
                if let Some(timer) = &mut party.timer {
                    timer.refresh_later(cx.now + glare_wait(true, dice));
                }
            }
            408 | 481 => self.end_all(cx, EndedBy::Exchange),
            _ => (), // the session runs out by itself if nobody refreshes it
        }
    }

    /// A request of our own got no answer: without a refresh the peer is taken for dead.
    pub fn on_own_unheard(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        if self.party(leg).is_some_and(|party| party.is_up()) {
            self.end_all(cx, EndedBy::Exchange);
        } else {
            self.let_go(User::Own { call: self.key, leg }, 408);
        }
    }

    /// Who refreshes a leg's session, in the words of a request that we send.
    pub fn refresher_word(&mut self, leg: Leg) -> &'static str {
        let ours = self.party(leg).and_then(|party| party.timer.as_ref()).is_none_or(SessionTimer::refreshes);
        if ours { "uac" } else { "uas" }
    }
}
