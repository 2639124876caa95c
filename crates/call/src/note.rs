//! The exchange's diary. Call records, presence, message lights and the stored state are folds over it.

use crate::{Binding, Caller, Gone, JourneyId, Leg, Message, Name, Outcome, Reason, Target};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// When, on the wall.
    pub at: Timestamp,
    /// In whose journey, if it belongs to one.
    pub journey: Option<JourneyId>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A device made or refreshed a binding.
    Registered {
        /// The device.
        device: Name,
        /// The binding as it is now.
        binding: Binding,
    },
    /// A binding is no more: removed by the device, expired, or its flow is gone.
    Unregistered {
        /// The device.
        device: Name,
        /// The binding's id.
        binding: u64,
        /// It ran out rather than being removed.
        expired: bool,
    },
    /// A call came.
    Began {
        /// Who calls.
        caller: Caller,
        /// What was dialled.
        dialled: Name,
        /// The caller's own Call-ID, to find the call in a phone's log.
        call_id: Box<str>,
    },
    /// A decision.
    Because(Reason),
    /// A leg begins to ring.
    Offered {
        /// The leg.
        leg: Leg,
        /// Who is hoped for.
        person: Option<Name>,
        /// The group that rings.
        group: Option<Name>,
        /// Where.
        target: Target,
    },
    /// The phone says that it rings.
    Ringing {
        /// The leg.
        leg: Leg,
    },
    /// A leg was answered. Leg 0: the caller hears us.
    Answered {
        /// The leg.
        leg: Leg,
        /// Its device, if it is one of ours.
        device: Option<Name>,
    },
    /// A leg ended without an answer.
    Failed {
        /// The leg.
        leg: Leg,
        /// Its device, if it is one of ours.
        device: Option<Name>,
        /// The final status.
        code: u16,
        /// Why it was cancelled, if it was.
        cancelled: Option<Gone>,
    },
    /// Two legs hear each other.
    Bridged {
        /// One.
        a: Leg,
        /// The other.
        b: Leg,
    },
    /// A leg put the other on hold, or took it back.
    Held {
        /// Who did.
        leg: Leg,
        /// On hold now.
        held: bool,
    },
    /// An answered leg is over. Leg 0's device, too, if it never was answered.
    HungUp {
        /// The leg.
        leg: Leg,
        /// Its device, if it is one of ours.
        device: Option<Name>,
    },
    /// The journey is over: the last note of a journey.
    Ended {
        /// How its plan ended, if it came to an end before the caller left.
        outcome: Option<Outcome>,
        /// Who ended it.
        by: EndedBy,
        /// The final status that the caller got, 200 when answered.
        code: u16,
        /// From the INVITE to the end.
        lasted: Duration,
        /// From the bridge to the end, if there was one.
        talked: Option<Duration>,
    },
    /// A voicemail message is complete.
    MessageLeft(Message),
    /// A message was listened to, or marked new again.
    MessageHeard {
        /// Its mailbox.
        mailbox: Name,
        /// The message.
        message: Name,
        /// Now old.
        heard: bool,
    },
    /// A message was deleted; its file goes too.
    MessageDeleted {
        /// Its mailbox.
        mailbox: Name,
        /// The message.
        message: Name,
    },
    /// Do-not-disturb was switched.
    DoNotDisturb {
        /// Whose.
        person: Name,
        /// On now.
        on: bool,
    },
    /// One SIP message of a journey, for its ladder.
    Sip {
        /// The leg on whose network side it was seen.
        leg: Leg,
        /// We sent it.
        sent: bool,
        /// `INVITE sip:1001@192.0.2.1` or `180 Ringing (INVITE)`: never a body, never a credential.
        line: Box<str>,
    },
    /// A fault of ours was contained: it ended one call.
    Fault {
        /// What the panic said.
        message: Box<str>,
    },
}

/// Who ended a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// The caller hung up or gave up.
    Caller,
    /// The other side hung up.
    Callee,
    /// The plan came to its end.
    Plan,
    /// Silence, a limit, a shutdown or a fault.
    Exchange,
}
