//! How legs and calls end: refusal, BYE, CANCEL, and who is told.

use super::Call;
use super::party::Phase;
use crate::core::Cx;
use call::media::MediaCommand;
use call::{EndedBy, Event, Gone, Leg, What};
use sip::Name;

impl Call {
    /// Refuses the caller; if it was answered already, hangs up.
    pub fn refuse(&mut self, cx: &mut Cx<'_>, code: u16, by: EndedBy) {
        let Phase::Incoming(server) = self.parties[0].phase else { return self.end_all(cx, by) };
        let caller = &self.parties[0];
        let tag = caller.threads.first().map(|thread| thread.dialog.local_tag.to_string()).unwrap_or_default();
        let Some(invite) = &caller.invite else { return };
        let mut writer = sip::respond(invite, code, None).to_tag(&tag);
        if matches!(code, 500 | 503) {
            writer = writer.header(Name::RetryAfter, "10");
        }
        if code == 405 {
            writer = writer.header(Name::Allow, crate::uas::ALLOW);
        }
        let bytes = writer.finish();
        cx.core.transactions.respond(cx.now, server, bytes, code);
        self.note_sip(cx, Leg::CALLER, true, &format!("{code} {} (INVITE)", sip::reason_phrase(code)));
        (self.code, self.ended_by) = (code, by);
        let device = self.parties[0].device.clone();
        self.leg_over(cx, Leg::CALLER, What::HungUp { leg: Leg::CALLER, device });
        self.program = None;
        self.end_others(cx);
    }

    /// The caller cancels its INVITE.
    pub fn on_cancelled(&mut self, cx: &mut Cx<'_>) {
        self.note_sip(cx, Leg::CALLER, false, "CANCEL");
        if matches!(self.parties[0].phase, Phase::Incoming(_)) {
            let program = self.program.take();
            self.refuse(cx, 487, EndedBy::Caller);
            self.program = program;
            self.drive(cx, Event::HungUp(Leg::CALLER));
        }
    }

    /// A peer's BYE, already answered; or it has vanished.
    pub fn on_bye(&mut self, cx: &mut Cx<'_>, leg: Leg, by: EndedBy) {
        let Some(party) = self.party(leg).filter(|party| party.is_up()) else { return };
        let device = party.device.clone();
        self.stop_recording(cx, leg);
        let other = self.other(leg);
        self.leg_over(cx, leg, What::HungUp { leg, device });
        if leg == Leg::CALLER {
            self.ended_by = by;
            self.end_others(cx);
        } else if let Some(other) = other {
            self.ended_by = by;
            self.hang_up(cx, other);
            if other == Leg::CALLER {
                self.end_others(cx);
            }
        }
        self.drive(cx, Event::HungUp(leg));
    }

    /// Every leg but the caller's.
    pub fn end_others(&mut self, cx: &mut Cx<'_>) {
        for at in 1..self.parties.len() {
            let leg = Leg(at as u16);
            match self.parties[at].phase {
                Phase::Locating(_) | Phase::Calling { cancelled: None, .. } => self.cancel(cx, leg, Gone::CallerGone),
                Phase::Up => self.bye(cx, leg),
                _ => (),
            }
        }
    }

    /// Ends the whole call from our side. What a caller has recorded is kept all the same.
    pub fn end_all(&mut self, cx: &mut Cx<'_>, by: EndedBy) {
        match self.parties[0].phase {
            Phase::Incoming(_) => return self.refuse(cx, if by == EndedBy::Plan { 480 } else { 503 }, by),
            Phase::Up => {
                self.ended_by = by;
                self.stop_recording(cx, Leg::CALLER);
                self.bye_caller(cx);
            }
            _ => (),
        }
        self.end_others(cx);
        match by {
            EndedBy::Plan => self.program = None,
            _ => self.drive(cx, Event::HungUp(Leg::CALLER)),
        }
    }

    fn stop_recording(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let recording = self.party(leg).filter(|party| party.media.records).and_then(|party| party.audio_end());
        if let Some(end) = recording {
            cx.core.media(MediaCommand::StopRecord { end });
        }
    }

    /// BYE for the caller; not before it has acknowledged our 200, RFC 3261 §15.
    pub fn bye_caller(&mut self, cx: &mut Cx<'_>) {
        let caller = &mut self.parties[0];
        if caller.thread().is_some_and(|thread| thread.resend.is_some())
            && !std::mem::replace(&mut caller.leaving, true)
        {
            return;
        }
        self.bye(cx, Leg::CALLER);
    }

    /// One line of the journey's SIP ladder, unless the plan keeps none.
    pub fn note_sip(&mut self, cx: &mut Cx<'_>, leg: Leg, sent: bool, line: &str) {
        if self.plan.settings.log.ladders {
            self.note(cx, What::Sip { leg, sent, line: line.into() });
        }
    }
}
