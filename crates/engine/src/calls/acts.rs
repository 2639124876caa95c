//! What a program wants, done.

use super::Call;
use super::party::{Exchange, Phase};
use crate::core::Cx;
use crate::input::Output;
use call::media::MediaCommand;
use call::{Action, EndedBy, Event, Gone, Leg, Note, Play, PlayEnd, Record, RecordEnd, What};

impl Call {
    /// Does one thing. A leg that is no more makes it done already.
    pub fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::Dial(dial) => self.dial(cx, dial),
            Action::Cancel(leg, why) => self.cancel(cx, leg, why),
            Action::Progress => self.progress(cx),
            Action::Answer => self.answer_ourselves(cx),
            Action::Bridge(a, b) => self.bridge(cx, a, b),
            Action::Play(play) => self.play(cx, play),
            Action::StopPlay(leg) => {
                if let Some(end) = self.party(leg).filter(|party| party.media.plays).and_then(|party| party.audio_end())
                {
                    cx.core.media(MediaCommand::StopPlay { end });
                }
            }
            Action::Record(record) => self.record(cx, record),
            Action::StopRecord(leg) => {
                if let Some(end) =
                    self.party(leg).filter(|party| party.media.records).and_then(|party| party.audio_end())
                {
                    cx.core.media(MediaCommand::StopRecord { end });
                }
            }
            Action::Reject(code) => self.refuse(cx, code, EndedBy::Plan),
            Action::Hangup(leg) if leg == Leg::CALLER => self.end_all(cx, EndedBy::Plan),
            Action::Hangup(leg) => self.hang_up(cx, leg),
            Action::Divert(diversion) => self.journey.diversions.push(diversion),
            Action::Keep(what) => self.keep(cx, what),
            Action::Note(what) => {
                if let What::MessageDeleted { message, .. } = &what {
                    cx.core.media(MediaCommand::Delete { message: message.clone() });
                }
                self.note(cx, what);
            }
        }
    }

    fn play(&mut self, cx: &mut Cx<'_>, play: Play) {
        let Play { leg, sounds, repeat, interruptible } = play;
        let Some(party) = self.party(leg).filter(|party| !party.is_over()) else { return };
        if party.exchange == Exchange::AnswerInAck {
            party.media.waiting = Some(Play { leg, sounds, repeat, interruptible });
            return;
        }
        match party.audio_end().filter(|_| party.media.voice.is_some()) {
            Some(end) => {
                party.media.plays = true;
                party.media.plays_until_digit = interruptible;
                cx.core.media(MediaCommand::Play { end, sounds, repeat, interruptible });
            }
            None => self.drive(cx, Event::Played(leg, PlayEnd::Failed)),
        }
    }

    fn record(&mut self, cx: &mut Cx<'_>, record: Record) {
        let Record { leg, message, limit, silence } = record;
        let Some(party) = self.party(leg) else { return };
        let end = party.audio_end().filter(|_| party.media.voice.is_some() && !party.is_over());
        match end {
            Some(end) => {
                party.media.records = true;
                cx.core.media(MediaCommand::Record { end, message, limit, silence });
            }
            None => self.drive(cx, Event::Recorded(leg, RecordEnd::Failed)),
        }
    }

    fn keep(&mut self, cx: &mut Cx<'_>, what: What) {
        let (journey, at) = (self.journey.id, cx.wall);
        cx.core.keeping.insert(journey, self.key);
        self.keeping.push_back(what.clone());
        cx.core.out.push_back(Output::Keep { journey, note: Note { at, journey: Some(journey), what } });
    }

    /// The store has kept the oldest thing that it was asked to keep, or could not.
    pub fn on_kept(&mut self, cx: &mut Cx<'_>, ok: bool) {
        let kept = self.keeping.pop_front();
        if self.keeping.is_empty() {
            cx.core.keeping.remove(&self.journey.id);
        }
        match kept.filter(|_| ok) {
            Some(What::MessageLeft(message)) => {
                cx.core.lights.insert(message.mailbox);
            }
            Some(What::MessageHeard { mailbox, .. }) => {
                cx.core.lights.insert(mailbox);
            }
            Some(What::MessageDeleted { mailbox, message }) => {
                cx.core.lights.insert(mailbox);
                cx.core.media(MediaCommand::Delete { message });
            }
            _ => (),
        }
        self.drive(cx, Event::Kept(ok));
    }

    /// Ends an answered leg; a ringing one is cancelled.
    pub fn hang_up(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        match self.party(leg).map(|party| party.phase) {
            Some(Phase::Up) if leg == Leg::CALLER => self.bye_caller(cx),
            Some(Phase::Up) => self.bye(cx, leg),
            Some(Phase::Locating(_) | Phase::Calling { .. }) => self.cancel(cx, leg, Gone::RangOut),
            _ => (),
        }
    }
}
