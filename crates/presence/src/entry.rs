//! What is known under one name of the office.

use crate::Part;
use call::{Binding, JourneyId, Leg, MessageInfo, Name, Note, Target, What};
use jiff::Timestamp;

/// The facts under one name. A device, a person, a group and a mailbox may share a name; each has its own part here,
/// and an entry in which nothing is known costs no allocation.
///
/// Registrations and messages are bounded by the registrar and by the mailbox; calls by the journeys in progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    bindings: Vec<Binding>,
    calls: Vec<Call>,
    idle_since: Option<Timestamp>,
    do_not_disturb: bool,
    last_rung: Option<Name>,
    messages: Vec<MessageInfo>,
}

/// A leg that occupies a device.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    journey: JourneyId,
    leg: Leg,
    talking: bool,
}

impl Entry {
    /// Takes a note that [`touches`](crate::touches) this part of the entry; any other leaves it unmoved. The same
    /// note twice is the note once.
    pub fn apply(&mut self, part: Part, note: &Note) {
        match part {
            Part::Device => self.apply_to_device(note),
            Part::Person => self.apply_to_person(&note.what),
            Part::Group => self.apply_to_group(&note.what),
            Part::Mailbox => self.apply_to_mailbox(note),
        }
    }

    fn apply_to_device(&mut self, note: &Note) {
        let call = |leg: &Leg| note.journey.map(|journey| (journey, *leg));
        match &note.what {
            What::Registered { binding, .. } => self.bind(binding, note.at),
            What::Unregistered { binding, .. } => self.bindings.retain(|known| known.id != *binding),
            What::Began { .. } => self.occupy(call(&Leg::CALLER), true),
            What::Offered { leg, .. } => self.occupy(call(leg), false),
            What::Answered { leg, .. } => self.occupy(call(leg), true),
            What::Failed { leg, .. } | What::HungUp { leg, .. } => {
                self.release(note.at, |known| Some((known.journey, known.leg)) == call(leg));
            }
            What::Ended { .. } => self.release(note.at, |known| Some(known.journey) == note.journey),
            _ => {}
        }
    }

    fn bind(&mut self, binding: &Binding, at: Timestamp) {
        self.bindings.retain(|known| known.id == binding.id || known.expires_at > at);
        match self.bindings.iter_mut().find(|known| known.id == binding.id) {
            Some(known) => known.clone_from(binding),
            None => self.bindings.push(binding.clone()),
        }
    }

    fn occupy(&mut self, call: Option<(JourneyId, Leg)>, talking: bool) {
        let Some((journey, leg)) = call else { return };
        match self.calls.iter_mut().find(|known| known.journey == journey && known.leg == leg) {
            Some(known) => known.talking |= talking,
            None => self.calls.push(Call { journey, leg, talking }),
        }
    }

    /// Idle time counts from the last talk: a phone that merely rang has not worked.
    fn release(&mut self, at: Timestamp, over: impl Fn(&Call) -> bool) {
        if self.calls.iter().any(|call| call.talking && over(call)) {
            self.idle_since = Some(at);
        }
        self.calls.retain(|call| !over(call));
    }

    fn apply_to_person(&mut self, what: &What) {
        if let What::DoNotDisturb { on, .. } = what {
            self.do_not_disturb = *on;
        }
    }

    fn apply_to_group(&mut self, what: &What) {
        if let What::Offered { person, target, .. } = what {
            let member = person.as_ref().unwrap_or(match target {
                Target::Contact { device, .. } => device,
                Target::Trunk { number, .. } => number,
            });
            self.last_rung = Some(member.clone());
        }
    }

    fn apply_to_mailbox(&mut self, note: &Note) {
        match &note.what {
            What::MessageLeft(message) if self.messages.iter().all(|known| known.message.id != message.id) => {
                self.messages.push(MessageInfo { message: message.clone(), left_at: note.at, heard: false });
            }
            What::MessageHeard { message, heard, .. } => {
                let known = self.messages.iter_mut().find(|known| known.message.id == *message);
                known.into_iter().for_each(|known| known.heard = *heard);
            }
            What::MessageDeleted { message, .. } => self.messages.retain(|known| known.message.id != *message),
            _ => {}
        }
    }

    /// Nothing is known under this name any more; the entry may be dropped.
    pub fn is_empty(&self) -> bool {
        *self == Entry::default()
    }

    /// The device's bindings, in the order in which they were first made.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The device's calls: (ringing, talking). A caller counts as talking from the start.
    pub fn calls(&self) -> (usize, usize) {
        let talking = self.calls.iter().filter(|call| call.talking).count();
        (self.calls.len() - talking, talking)
    }

    /// When the device last stopped talking.
    pub fn idle_since(&self) -> Option<Timestamp> {
        self.idle_since
    }

    /// The person's switch.
    pub fn do_not_disturb(&self) -> bool {
        self.do_not_disturb
    }

    /// The member that the group rang last: a person, else a device, else a number.
    pub fn last_rung(&self) -> Option<&Name> {
        self.last_rung.as_ref()
    }

    /// The mailbox's messages, oldest first.
    pub fn messages(&self) -> &[MessageInfo] {
        &self.messages
    }
}
