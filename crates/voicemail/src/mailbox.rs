//! A mailbox as the dialplan writes it, and why a call comes to it.

use call::{MessageInfo, Name, Outcome};
use jiff::Timestamp;
use std::time::Duration;

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its name; messages carry it.
    pub name: Name,
    /// The language of its prompts: `fi`, `sv`, `en`.
    pub language: Name,
    /// The administrator's own greetings.
    pub greetings: Greetings,
    /// The longest message.
    pub length_max: Duration,
    /// A shorter recording is not kept.
    pub length_min: Duration,
    /// So much silence ends a message.
    pub silence: Duration,
    /// So many messages fill it, old ones included.
    pub messages_max: usize,
}

impl Mailbox {
    /// A mailbox with an office's usual limits: three minutes a message, five seconds of silence, 100 messages.
    pub fn new(name: impl Into<Name>, language: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            language: language.into(),
            greetings: Greetings::default(),
            length_max: Duration::from_secs(180),
            length_min: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            messages_max: 100,
        }
    }
}

/// The administrator's own sound files by reason. Where there is none, `any` is played; without that the built-in
/// greeting of the mailbox's language. A file of one's own says everything that the caller shall hear before the beep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greetings {
    /// For every reason that has none of its own.
    pub any: Option<Name>,
    /// Talking.
    pub busy: Option<Name>,
    /// Rang and was not answered.
    pub no_answer: Option<Name>,
    /// Away; the date is not spoken with a file of one's own.
    pub away: Option<Name>,
    /// Outside the opening hours.
    pub closed: Option<Name>,
    /// Offline, refused or on do-not-disturb.
    pub unavailable: Option<Name>,
}

impl Greetings {
    /// The file for a reason.
    pub(crate) fn file(&self, why: Why) -> Option<&Name> {
        let own = match why {
            Why::Busy => &self.busy,
            Why::NoAnswer => &self.no_answer,
            Why::Away { .. } => &self.away,
            Why::Closed => &self.closed,
            Why::Unavailable | Why::DoNotDisturb => &self.unavailable,
        };
        own.as_ref().or(self.any.as_ref())
    }
}

/// Why a call comes to a mailbox: chooses the greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// They talk.
    Busy,
    /// It rang and nobody answered.
    NoAnswer,
    /// They are away.
    Away {
        /// The first moment at which they are back, if that is known: it is spoken.
        until: Option<Timestamp>,
    },
    /// The office is closed.
    Closed,
    /// None of their phones can be reached, or no reason is known.
    Unavailable,
    /// They asked not to be disturbed.
    DoNotDisturb,
}

impl Why {
    /// The reason after a step that ended so; `until` is when an absent person is back.
    pub fn after(outcome: Outcome, until: Option<Timestamp>) -> Why {
        match outcome {
            Outcome::Busy => Why::Busy,
            Outcome::NoAnswer => Why::NoAnswer,
            Outcome::Absent => Why::Away { until },
            Outcome::DoNotDisturb => Why::DoNotDisturb,
            _ => Why::Unavailable,
        }
    }
}

/// How many messages are (new, old): what the message light shows, RFC 3842.
pub fn counts(messages: &[MessageInfo]) -> (usize, usize) {
    let old = messages.iter().filter(|message| message.heard).count();
    (messages.len() - old, old)
}
