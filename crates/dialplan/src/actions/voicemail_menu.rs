//! `voicemail_menu`: messages are listened to.

use super::{Act, Begun, Described};
use crate::check::{Check, Kind};
use crate::plan::{Inner, Mailbox};
use crate::read::{Word, section};
use crate::sequence::Scope;
use ::voicemail::{CallBack, Listen, PinCheck};
use call::{Action, Caller, Context, Event, Flow, Outcome, Program, Reason, Script};
use std::sync::Arc;
use std::time::Instant;

section! {
    /// Plays the messages of a mailbox: new and old, again, delete, call back. Asks for the mailbox's PIN if it has one.
    pub(crate) struct VoicemailMenu = "the step `voicemail_menu`" {
        /// The mailbox, or "caller" for that of whoever calls.
        pub(crate) voicemail_menu: Word;
    }
}

impl Described for VoicemailMenu {
    const WORD: &'static str = "voicemail_menu";
    const BARE: Option<&'static str> = Some("caller");
}

impl VoicemailMenu {
    fn is_callers(&self) -> bool {
        &*self.voicemail_menu == "caller"
    }

    fn mailbox<'a>(&self, plan: &'a Inner, caller: &Caller) -> Option<&'a Mailbox> {
        match self.is_callers() {
            true => plan.mailbox(plan.person(caller.person.as_deref()?)?.mailbox.as_deref()?),
            false => plan.mailbox(&self.voicemail_menu),
        }
    }
}

impl Act for VoicemailMenu {
    fn words(&self) -> String {
        match self.is_callers() {
            true => "the caller's own messages".into(),
            false => format!("the messages of {}", self.voicemail_menu),
        }
    }

    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun {
        let caller = &cx.journey.caller;
        let Some(mailbox) = self.mailbox(&scope.plan, caller) else {
            out.because(Reason::Words("the caller has no mailbox".into()));
            out.push(Action::Reject(403));
            return Begun::Over(Outcome::Ended);
        };
        let pin = mailbox.pin.map(|pin| -> PinCheck { Box::new(move |digits| pin.is(digits)) });
        let call_back = call_back(scope.plan.clone(), caller.clone());
        Begun::with(Listen::new(mailbox.settings.clone(), pin, Some(call_back)))
    }

    fn check(&self, check: &mut Check<'_>) {
        if !self.is_callers() {
            check.refers(Kind::Mailbox, &self.voicemail_menu);
        }
    }

    fn is_end(&self) -> bool {
        true
    }
}

/// A number is called back by the route that the listener's own phone would take.
fn call_back(plan: Arc<Inner>, caller: Caller) -> CallBack {
    Box::new(move |number| {
        let may = plan.may_dial(&caller, number);
        may.then(|| -> Box<dyn Program> {
            Box::new(CallingBack { plan: plan.clone(), caller: caller.clone(), number: number.into(), runs: None })
        })
    })
}

/// Dials a number as if the caller had dialled it.
struct CallingBack {
    plan: Arc<Inner>,
    caller: Caller,
    number: call::Name,
    runs: Option<Box<dyn Program>>,
}

impl Program for CallingBack {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        if let Some(runs) = &mut self.runs {
            return runs.on_event(cx, event, out);
        }
        let Some(mut steps) = Inner::steps_for(&self.plan, &self.caller, &self.number, cx.world) else {
            out.because(Reason::NoRoute { dialled: self.number.clone() });
            return Flow::Done(Outcome::Failed);
        };
        let flow = steps.on_event(cx, event, out);
        self.runs = Some(steps);
        flow
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.runs.as_ref().and_then(|runs| runs.poll_timeout())
    }
}
