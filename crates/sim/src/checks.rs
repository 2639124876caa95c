//! What must hold in every office, and who hears whom.

use crate::ladder::dedent;
use crate::media::short;
use crate::office::Office;
use crate::phone::{Phase, Phone};
use call::What;
use std::time::Instant;

impl Office {
    /// Compares the ladder with what is expected, and looks for whatever no test should have to mention: faults that
    /// phones, media and exchange saw, and calls, ports or busy devices that are left over.
    #[track_caller]
    pub fn check(&mut self, expected: &str) {
        let ladder = self.ladder();
        let (expected, got) = (dedent(expected), dedent(&ladder));
        if expected != got {
            let expected: Vec<&str> = expected.lines().collect();
            let got: Vec<&str> = got.lines().collect();
            let at = expected.iter().zip(&got).position(|(a, b)| a != b).unwrap_or(expected.len().min(got.len()));
            panic!(
                "the ladder differs from line {}:\n  expected {:?}\n  got      {:?}\n\n{ladder}",
                at + 1,
                expected.get(at).copied().unwrap_or("nothing more"),
                got.get(at).copied().unwrap_or("nothing more"),
            );
        }
        self.assert_sound();
    }

    /// The part of [`Office::check`] that holds for every office.
    #[track_caller]
    pub fn assert_sound(&self) {
        let wrongs = self.wrongs();
        assert!(wrongs.is_empty(), "{}\n\n{}", wrongs.join("\n"), self.ladder());
    }

    /// What is wrong, in words.
    pub fn wrongs(&self) -> Vec<String> {
        let mut wrongs: Vec<String> = Vec::new();
        for phone in &self.phones {
            let told = |(at, fault): &(Instant, String)| {
                format!("{} at {:.2}: {fault}", phone.identity.name, self.ladder.time(*at).as_secs_f64())
            };
            wrongs.extend(phone.faults.iter().map(told));
        }
        wrongs.extend(self.media.faults.iter().map(|fault| format!("media: {fault}")));
        let status = self.engine.status();
        if status.faults > 0 {
            let words = self.notes.iter().filter_map(|note| match &note.what {
                What::Fault { message } => Some(message.as_ref()),
                _ => None,
            });
            wrongs.push(format!("the exchange had {} faults: {:?}", status.faults, words.collect::<Vec<_>>()));
        }
        let unanswered = self.requests.iter().filter_map(|((_, method), told)| Some((method, told.as_ref()?)));
        wrongs.extend(unanswered.map(|(method, told)| format!("{method} {told} never got a final response")));
        if self.is_idle() {
            let idle = (status.legs, status.ports, status.timers) == (0, 0, 0) || status.subscriptions > 0;
            if !idle || status.legs > 0 || status.ports > 0 {
                wrongs.push(format!("something is left over: {status:?}"));
            }
            wrongs.extend(self.media.ends().map(|(id, end)| format!("{id:?} is left open: {end:?}")));
            if self.facts.journeys() > 0 {
                wrongs.push(format!("{} journeys still occupy devices", self.facts.journeys()));
            }
            for device in self.plan.devices() {
                let calls = call::Facts::calls(&self.facts, &device.name);
                if calls != (0, 0) {
                    wrongs.push(format!("{} has calls {calls:?} without having any", device.name));
                }
            }
        }
        wrongs
    }

    /// Whether `listener` hears what `speaker` says into their last calls.
    pub fn hears(&self, listener: &str, speaker: &str) -> bool {
        let (listener, speaker) = (&self.phones[self.nth(listener)], &self.phones[self.nth(speaker)]);
        let Some(to) = speaker.calls.last().and_then(|call| call.sends_to()) else { return false };
        let Some((_, end)) = self.media.at_port(to.port()) else { return false };
        let Some(other) = end.patched.and_then(|other| self.media.end(other)) else { return false };
        let Some(call) = listener.calls.last() else { return false };
        other.playing.is_none() && other.send && other.remote == Some(call.rtp) && call.listens()
    }

    /// Whether a phone that talks and listens is given nothing to hear although it was promised something: its call
    /// leads to no end of ours, or to one that is neither patched nor played to nor recorded.
    pub fn is_deaf(&self, phone: &Phone, nth: usize) -> bool {
        let call = &phone.calls[nth];
        let Some(heard) = call.heard.as_ref().filter(|heard| heard.sends && call.listens() && heard.remote.port() != 0)
        else {
            return false;
        };
        let end = self.media.at_port(heard.remote.port()).map(|(_, end)| end);
        call.phase == Phase::Talking
            && !end.is_some_and(|end| end.patched.is_some() || end.playing.is_some() || end.is_recording())
    }

    /// What the exchange plays to a phone in its last call.
    pub fn playing_to(&self, name: &str) -> Option<String> {
        let call = self.phones[self.nth(name)].calls.last()?;
        let (_, end) = self.media.ends().find(|(_, end)| end.remote == Some(call.rtp))?;
        let playing = end.playing.as_ref().filter(|_| end.send && call.listens())?;
        Some(playing.sounds.iter().map(short).collect::<Vec<_>>().join(", "))
    }

    /// The phones that are in a call now.
    pub fn talking(&self) -> Vec<&str> {
        let talks = |phone: &&Phone| phone.calls.iter().any(|call| call.phase == Phase::Talking);
        self.phones.iter().filter(talks).map(|phone| phone.identity.name.as_str()).collect()
    }
}
