//! Hold and resume: who holds whom, and the music for the one who waits.

use super::Call;
use crate::core::Cx;
use call::media::MediaCommand;
use call::{Leg, Sound, What};
use dialog::sdp::Direction;

impl Call {
    /// How the other side shall see this leg's offer: one who is put on hold keeps listening, to our music.
    pub fn hold_direction(&mut self, leg: Leg) -> Option<Direction> {
        let holds = self.party(leg)?.media.remote.as_ref()?.is_hold();
        holds.then_some(Direction::SendOnly)
    }

    /// Takes note of a leg that has put the other on hold, or taken it back.
    pub fn note_hold(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.party(leg) else { return };
        let holds = party.media.remote.as_ref().is_some_and(|sdp| sdp.is_hold());
        if std::mem::replace(&mut party.media.holds, holds) == holds {
            return;
        }
        self.note(cx, What::Held { leg, held: holds });
        let Some(other) = self.other(leg) else { return };
        if let Some(party) = self.party(other) {
            party.media.hears_music = holds;
        }
        self.connect(cx, other);
        let music = match &self.plan.settings.media.music {
            Some(file) => Sound::File(file.clone()),
            None => Sound::Prompt { name: "hold".into(), language: "music".into() },
        };
        let end = self.party(other).filter(|party| party.media.voice.is_some()).and_then(|party| party.audio_end());
        match (end, holds) {
            (Some(end), true) => {
                cx.core.media(MediaCommand::Play { end, sounds: vec![music], repeat: true, interruptible: false });
            }
            (Some(end), false) => cx.core.media(MediaCommand::StopPlay { end }),
            (None, _) => (),
        }
        self.watch(cx);
    }
}
