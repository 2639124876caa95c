//! What a program wants done.

use crate::{Leg, Name, Note, Reason};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One thing for the engine to do. An action that names a leg which is no more is done already.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ring a target as a new leg.
    Dial(Dial),
    /// Stop ringing a leg; it will still report `Failed(leg, 487)`, or nothing if it has ended.
    Cancel(Leg, Gone),
    /// Tell the caller 180, once, if nothing has been told yet.
    Progress,
    /// Answer the caller ourselves, so that prompts can be heard. Nothing if already answered.
    Answer,
    /// Connect two answered legs; leg 0 is answered if it was not. Ends any prompt on them.
    Bridge(Leg, Leg),
    /// Play to a leg. Replaces what was playing there (which reports `Interrupted`).
    Play(Play),
    /// End what is playing to a leg.
    StopPlay(Leg),
    /// Record what a leg says.
    Record(Record),
    /// End a recording; it reports `Recorded(leg, Stopped)`.
    StopRecord(Leg),
    /// Refuse the caller with this status code. If leg 0 is answered already: hang up.
    Reject(u16),
    /// End an answered leg with BYE.
    Hangup(Leg),
    /// The journey leaves the one who was wanted: write Diversion and History-Info on later INVITEs.
    Divert(Diversion),
    /// Keep this in the store and report [`Event::Kept`](crate::Event::Kept) once it is committed.
    Keep(crate::What),
    /// Write this in the diary.
    Note(crate::What),
}

/// A leg to ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The number of the new leg, from [`Script::dial`].
    pub leg: Leg,
    /// Where the INVITE goes.
    pub target: Target,
    /// Whom we hope to reach there; remembered in the journey so that they are not rung twice.
    pub person: Option<Name>,
    /// The ring group that rings, if one does.
    pub group: Option<Name>,
}

/// Where an INVITE goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// One contact at which a device can be reached ([`Contact`](crate::Contact)).
    Contact {
        /// The device.
        device: Name,
        /// Which of its contacts.
        contact: u64,
    },
    /// A number through a trunk.
    Trunk {
        /// The trunk.
        trunk: Name,
        /// The number to dial there, normalised: digits, perhaps a leading `+`.
        number: Name,
        /// The caller's number to show there, where the plan gives one.
        shown_as: Option<Name>,
    },
}

/// Why a ringing leg is cancelled: becomes the `Reason` header, RFC 3326.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gone {
    /// Another leg answered: `SIP;cause=200;text="Call completed elsewhere"`, so that it is no missed call.
    AnsweredElsewhere,
    /// It rang for as long as it might: the phone shows a missed call.
    RangOut,
    /// The caller gave up.
    CallerGone,
}

/// The journey was wanted at `from` and goes on elsewhere, RFC 5806.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diversion {
    /// The number that was wanted.
    pub number: Name,
    /// The person's or group's name, if there is one.
    pub name: Option<Name>,
    /// The reason.
    pub why: DivertedWhy,
}

/// The reasons of RFC 5806 that we give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DivertedWhy {
    /// `user-busy`
    UserBusy,
    /// `no-answer`
    NoAnswer,
    /// `unavailable`: none of the devices is registered.
    Unavailable,
    /// `away`: the person is absent.
    Away,
    /// `do-not-disturb`
    DoNotDisturb,
    /// `time-of-day`: outside the opening hours.
    TimeOfDay,
    /// `unconditional`
    Unconditional,
}

impl DivertedWhy {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DivertedWhy::UserBusy => "user-busy",
            DivertedWhy::NoAnswer => "no-answer",
            DivertedWhy::Unavailable => "unavailable",
            DivertedWhy::Away => "away",
            DivertedWhy::DoNotDisturb => "do-not-disturb",
            DivertedWhy::TimeOfDay => "time-of-day",
            DivertedWhy::Unconditional => "unconditional",
        }
    }
}

/// A prompt, music or message for one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// Who hears it.
    pub leg: Leg,
    /// One after another.
    pub sounds: Vec<Sound>,
    /// Begin again at the end.
    pub repeat: bool,
    /// A digit ends it (the digit is reported all the same, before `Played`).
    pub interruptible: bool,
}

/// Something to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sound {
    /// A prompt of the built-in set (`prompts/<language>/<name>.wav`), in the language `language`.
    Prompt {
        /// `greeting-busy`, `digit-1`, …
        name: Name,
        /// `fi`, `sv`, `en`.
        language: Name,
    },
    /// The administrator's own file, as the plan writes it (relative to the configuration's folder).
    File(Name),
    /// A recorded message, by its id.
    Message(Name),
    /// The beep before a recording.
    Beep,
    /// Nothing, for so long.
    Silence(Duration),
}

/// A recording of one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who speaks.
    pub leg: Leg,
    /// The id of the message: names its file. Made by [`Context::message_id`](crate::Context::message_id).
    pub message: Name,
    /// At most so long.
    pub limit: Duration,
    /// End after so much silence.
    pub silence: Duration,
}

/// A voicemail message, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id; the audio is `<id>.wav` in the message folder.
    pub id: Name,
    /// In whose mailbox.
    pub mailbox: Name,
    /// The caller's number, possibly empty.
    pub from_number: Name,
    /// The caller's name, possibly empty.
    pub from_name: Name,
    /// How long it is.
    pub length: Duration,
}

/// What a program writes its actions into; it also numbers the legs.
#[derive(Debug)]
pub struct Script {
    actions: Vec<Action>,
    next_leg: u16,
}

impl Default for Script {
    fn default() -> Self {
        Self { actions: Vec::new(), next_leg: 1 }
    }
}

impl Script {
    /// Adds an action.
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Rings a target as a new leg and tells which.
    pub fn dial(&mut self, target: Target, person: Option<Name>, group: Option<Name>) -> Leg {
        let leg = Leg(self.next_leg);
        self.next_leg += 1;
        self.actions.push(Action::Dial(Dial { leg, target, person, group }));
        leg
    }

    /// Writes a reason in the diary.
    pub fn because(&mut self, reason: Reason) {
        self.actions.push(Action::Note(crate::What::Because(reason)));
    }

    /// What is written so far.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Takes what was written; leg numbers go on from where they were.
    pub fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }
}

impl Note {
    /// Whether losing this note on a crash would lose something that somebody was promised.
    pub fn is_promise(&self) -> bool {
        matches!(self.what, crate::What::MessageLeft(_) | crate::What::MessageDeleted { .. })
    }
}
