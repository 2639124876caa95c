//! `voicemail`: the caller leaves a message.

use super::{Act, Begun, Described};
use crate::check::{Check, Kind};
use crate::plan::Mailbox;
use crate::read::{Word, section};
use crate::sequence::Scope;
use ::voicemail::{Leave, Why};
use call::{Context, Outcome, Reason, Script};

section! {
    /// Takes a message: greeting by the reason why nobody answered, beep, recording.
    pub(crate) struct Voicemail = "the step `voicemail`" {
        /// The mailbox, or "person" for that of the person who was wanted or whose number was dialled.
        pub(crate) voicemail: Word;
    }
}

impl Described for Voicemail {
    const WORD: &'static str = "voicemail";
    const BARE: Option<&'static str> = Some("person");
}

impl Voicemail {
    pub(crate) fn is_persons(&self) -> bool {
        &*self.voicemail == "person"
    }
}

impl Act for Voicemail {
    fn words(&self) -> String {
        if self.is_persons() { "their voicemail".into() } else { format!("voicemail {}", self.voicemail) }
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun {
        let name = match self.is_persons() {
            true => scope.person(cx).and_then(|person| person.mailbox.clone()),
            false => Some(self.voicemail.name.clone()),
        };
        let Some(mailbox) = name.and_then(|name| scope.plan.mailbox(&name)) else {
            out.because(Reason::Words("there is no mailbox for this call".into()));
            return Begun::Over(Outcome::Passed);
        };
        Begun::with(Leave::new(mailbox.settings.clone(), why(mailbox, scope, cx)))
    }

    fn check(&self, check: &mut Check<'_>) {
        if !self.is_persons() {
            check.refers(Kind::Mailbox, &self.voicemail);
        }
    }

    fn is_end(&self) -> bool {
        !self.is_persons()
    }
}

/// Why the call comes to this mailbox. In a person's own, it is their reason; in another, that of the last step.
fn why(mailbox: &Mailbox, scope: &Scope, cx: &Context<'_>) -> Why {
    let is_closed = mailbox.hours.as_ref().is_some_and(|hours| !cx.world.is_open(hours));
    if scope.closed || is_closed {
        return Why::Closed;
    }
    let wanted = scope.wanted.as_ref().filter(|wanted| Some(&wanted.person) == mailbox.person.as_ref());
    match wanted {
        Some(wanted) => Why::after(wanted.outcome, wanted.until),
        None => Why::after(scope.last, None),
    }
}
