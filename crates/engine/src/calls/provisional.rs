//! What rung phones say before they answer, and what the caller is told of it.

use super::Call;
use super::dial::contact;
use super::party::{Exchange, Party, Phase, Thread};
use crate::core::Cx;
use crate::ids::Tag;
use bytes::Bytes;
use call::{Action, Event, Leg, Play, Sound, What};
use dialog::sdp::Sdp;
use dialog::{Dialog, Reliable};
use sip::{Message, Name};

/// Branches of one leg beyond this many are not kept apart: their provisionals are passed over.
const THREADS_MAX: usize = 16;

impl Call {
    /// A provisional answer of a rung leg.
    pub fn on_provisional(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) {
        let code = response.code();
        self.server_worked(cx, leg);
        if code == 100 {
            return;
        }
        self.note_sip(cx, leg, false, &format!("{code} {} (INVITE)", response.reason_phrase()));
        let Some(party) = self.party(leg) else { return };
        let Phase::Calling { cancelled: None, .. } = party.phase else { return };
        let Some(at) = party.thread_of(response) else { return };

        let reliable = response.has_token(Name::Require, "100rel");
        if reliable {
            let Some(Ok(rseq)) = response.number(Name::RSeq) else { return };
            let thread = &mut party.threads[at];
            if !thread.heard.is_next(rseq) {
                return;
            }
            thread.rseq = rseq;
        }
        let mut early = false;
        let wants_answer = party.exchange == Exchange::Offered && !party.threads[at].settled;
        if let Some(sdp) = sdp_in(response).filter(|_| wants_answer) {
            party.threads[at].early = Some(sdp.clone());
            party.media.remote = Some(sdp);
            party.threads[at].settled = reliable;
            early = true;
        }
        if early {
            self.connect(cx, leg);
        }
        if matches!(code, 180..=183) {
            self.show(cx, leg, at, code, early, reliable);
            let first = self.party(leg).is_some_and(|party| !std::mem::replace(&mut party.rang, true));
            if first {
                self.note(cx, What::Ringing { leg });
                self.ring_back(cx);
                self.drive(cx, Event::Ringing(leg));
            }
        }
    }

    /// A caller who was answered before hears that it rings: only we can tell them.
    fn ring_back(&mut self, cx: &mut Cx<'_>) {
        let caller = &self.parties[0];
        if caller.is_up() && self.bridge.is_none() && !caller.media.plays {
            let tone = Sound::Prompt { name: "ringback".into(), language: "music".into() };
            let play = Play { leg: Leg::CALLER, sounds: vec![tone], repeat: true, interruptible: false };
            self.act(cx, Action::Play(play));
        }
    }

    /// Shows the caller what a leg said. Early media and reliable provisionals get a dialog of their own towards the
    /// caller, as if a proxy had forked; plain ringing is shown once.
    fn show(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize, code: u16, early: bool, reliable: bool) {
        let waits = matches!(self.parties[0].phase, Phase::Incoming(_));
        if !waits || self.parties[0].media.plays {
            return;
        }
        if !early && !reliable {
            return self.tell_once(cx, code);
        }
        let Some(shown) = self.shown_as(cx, leg, at) else { return };
        let body = if early { self.sdp_for(cx, Leg::CALLER, leg, None) } else { None };
        if early {
            self.connect(cx, Leg::CALLER);
            self.patch(cx, Leg::CALLER, leg);
        }
        self.progressed = true;
        self.tell(cx, shown, code, body, reliable);
    }

    /// A leg that the caller may have heard before its answer is gone: it hears another that speaks already.
    pub fn hear_another(&mut self, cx: &mut Cx<'_>) {
        let speaks = |party: &&Party| {
            let ringing = matches!(party.phase, Phase::Calling { cancelled: None, .. });
            ringing && party.threads.iter().any(|thread| thread.early.is_some() && thread.pair.is_some())
        };
        let waits = matches!(self.parties[0].phase, Phase::Incoming(_)) && !self.parties[0].media.plays;
        if let Some(leg) = self.parties.iter().rev().find(speaks).map(|party| party.leg).filter(|_| waits) {
            self.patch(cx, Leg::CALLER, leg);
        }
    }

    /// Tells the caller 180, if nothing has been told yet.
    pub fn progress(&mut self, cx: &mut Cx<'_>) {
        self.tell_once(cx, 180);
    }

    fn tell_once(&mut self, cx: &mut Cx<'_>, code: u16) {
        if matches!(self.parties[0].phase, Phase::Incoming(_)) && !std::mem::replace(&mut self.progressed, true) {
            self.tell(cx, 0, code, None, false);
        }
    }

    /// The caller's dialog that stands for a leg's dialog.
    pub fn shown_as(&mut self, cx: &mut Cx<'_>, leg: Leg, at: usize) -> Option<usize> {
        if let Some((_, shown)) = self.party(leg)?.threads.get(at)?.pair {
            return Some(shown);
        }
        let fork = self.parties[0].threads.len();
        let tag = Tag { call: self.key, leg: Leg::CALLER, fork: fork as u16 };
        let tag = tag.write(cx.core.config.shard, cx.core.dice.next());
        let caller = &mut self.parties[0];
        if fork >= THREADS_MAX {
            return Some(0);
        }
        let invite = caller.invite.as_ref()?;
        let contact = contact(cx.core.our_address(&caller.flow), caller.flow.transport);
        let dialog = Dialog::as_uas(invite, &tag, &contact).ok()?;
        let reliable = Reliable::new(cx.core.dice.next(), invite.cseq().map_or(1, |cseq| cseq.number));
        caller.threads.push(Thread { pair: Some((leg, at)), reliable: Some(reliable), ..Thread::new(dialog) });
        self.party(leg)?.threads[at].pair = Some((Leg::CALLER, fork));
        Some(fork)
    }

    /// Sends the caller a provisional answer.
    fn tell(&mut self, cx: &mut Cx<'_>, shown: usize, code: u16, body: Option<Bytes>, reliable: bool) {
        let caller = &mut self.parties[0];
        let (Phase::Incoming(server), Some(invite)) = (caller.phase, &caller.invite) else { return };
        let Some(thread) = caller.threads.get_mut(shown) else { return };
        let write = |rseq: Option<u32>| {
            let mut writer = sip::respond(invite, code, None)
                .to_tag(&thread.dialog.local_tag)
                .copy(invite, Name::RecordRoute)
                .header(Name::Contact, &thread.dialog.contact)
                .header(Name::Allow, crate::uas::ALLOW);
            if let Some(rseq) = rseq {
                writer = writer.header(Name::Require, "100rel").header(Name::RSeq, rseq.to_string());
            }
            match &body {
                Some(body) => writer.body("application/sdp", body),
                None => writer.finish(),
            }
        };
        let bytes = match thread.reliable.as_mut().filter(|_| reliable) {
            Some(reliable) if !reliable.may_send() => return, // the phone's next one comes after its PRACK
            Some(reliable) => {
                thread.settled |= body.is_some();
                reliable.send(cx.now, self.plan.settings.sip.t1, |rseq| write(Some(rseq)))
            }
            None => write(None),
        };
        cx.core.transactions.respond(cx.now, server, bytes, code);
        self.note_sip(cx, Leg::CALLER, true, &format!("{code} {} (INVITE)", sip::reason_phrase(code)));
    }
}

impl Party {
    /// The dialog that a response to our INVITE belongs to; made if it is new. None without a To-tag.
    pub fn thread_of(&mut self, response: &Message) -> Option<usize> {
        let tag = response.to_tag()?;
        if let Some(at) = self.threads.iter().position(|thread| &*thread.dialog.remote_tag == tag) {
            return Some(at);
        }
        if self.threads.len() >= THREADS_MAX {
            return None;
        }
        let dialog = Dialog::as_uac(self.invite.as_ref()?, response).ok()?;
        self.threads.push(Thread::new(dialog));
        Some(self.threads.len() - 1)
    }
}

/// The session description in a message, if it has one that can be read.
pub fn sdp_in(message: &Message) -> Option<Sdp> {
    let body = message.body();
    if body.is_empty() {
        return None;
    }
    Sdp::parse(&body).ok()
}
