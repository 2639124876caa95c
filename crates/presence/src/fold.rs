//! Which note touches which entry, and the one way in which a note reaches them all.

use crate::Entry;
use call::{JourneyId, Name, Note, Target, What};
use std::collections::{BTreeMap, BTreeSet};

/// As what a name is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A device: bindings and calls.
    Device,
    /// A person: do-not-disturb.
    Person,
    /// A ring group: whom it rang last.
    Group,
    /// A mailbox: its messages.
    Mailbox,
}

/// The entries that a note names.
///
/// | note | entries |
/// | --- | --- |
/// | `Registered`, `Unregistered` | the device |
/// | `Began` | the caller's device |
/// | `Offered` | the device of the contact; the group |
/// | `Answered`, `Failed`, `HungUp` | the device |
/// | `MessageLeft`, `MessageHeard`, `MessageDeleted` | the mailbox |
/// | `DoNotDisturb` | the person |
/// | `Ended` | none by name: [`fold`] brings it to every device that the journey occupied |
pub fn touches(note: &Note) -> impl Iterator<Item = (Part, &Name)> {
    let device = |name| (Some((Part::Device, name)), None);
    let (first, second) = match &note.what {
        What::Registered { device: name, .. } | What::Unregistered { device: name, .. } => device(name),
        What::Began { caller, .. } => (caller.device.as_ref().map(|name| (Part::Device, name)), None),
        What::Offered { target, group, .. } => {
            let device = match target {
                Target::Contact { device, .. } => Some((Part::Device, device)),
                Target::Trunk { .. } => None,
            };
            (device, group.as_ref().map(|name| (Part::Group, name)))
        }
        What::Answered { device: Some(name), .. }
        | What::Failed { device: Some(name), .. }
        | What::HungUp { device: Some(name), .. } => device(name),
        What::MessageLeft(message) => (Some((Part::Mailbox, &message.mailbox)), None),
        What::MessageHeard { mailbox, .. } | What::MessageDeleted { mailbox, .. } => {
            (Some((Part::Mailbox, mailbox)), None)
        }
        What::DoNotDisturb { person, .. } => (Some((Part::Person, person)), None),
        _ => (None, None),
    };
    first.into_iter().chain(second)
}

/// Where entries stand: a `BTreeMap` in [`Facts`](crate::Facts), a `DashMap` in the server. An entry that is not there
/// yet begins as `Entry::default()`.
pub trait Shelf {
    /// Lets `change` at the entry of this name.
    fn change(&mut self, name: &Name, change: impl FnOnce(&mut Entry));
}

/// Which devices a journey occupies, so that its end frees them all even if a leg's own end was never noted.
///
/// A journey lives in one shard, so each shard keeps its own.
#[derive(Clone, Debug, Default)]
pub struct Journeys {
    open: BTreeMap<JourneyId, Vec<Name>>,
    ended: BTreeSet<JourneyId>,
}

/// So many ended journeys are remembered against notes that come late or twice.
const ENDED_MAX: usize = 1024;

impl Journeys {
    /// How many journeys occupy a device now.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// No journey occupies a device.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Remembers that a journey occupies a device; false if the journey is over.
    fn occupy(&mut self, journey: JourneyId, device: &Name) -> bool {
        if self.ended.contains(&journey) {
            return false;
        }
        let devices = self.open.entry(journey).or_default();
        if !devices.contains(device) {
            devices.push(device.clone());
        }
        true
    }

    /// Ids sort by time, so the first of the remembered is the one to forget.
    fn end(&mut self, journey: JourneyId) -> Vec<Name> {
        self.ended.insert(journey);
        if self.ended.len() > ENDED_MAX {
            self.ended.pop_first();
        }
        self.open.remove(&journey).unwrap_or_default()
    }
}

/// Brings a note to every entry that it concerns. A note that is lost or comes twice leaves nobody busy after its
/// journey has ended.
pub fn fold(shelf: &mut impl Shelf, journeys: &mut Journeys, note: &Note) {
    if let (What::Ended { .. }, Some(journey)) = (&note.what, note.journey) {
        for device in journeys.end(journey) {
            shelf.change(&device, |entry| entry.apply(Part::Device, note));
        }
        return;
    }
    let occupies = matches!(note.what, What::Began { .. } | What::Offered { .. } | What::Answered { .. });
    for (part, name) in touches(note) {
        let is_late = occupies && part == Part::Device && note.journey.is_some_and(|id| !journeys.occupy(id, name));
        if !is_late {
            shelf.change(name, |entry| entry.apply(part, note));
        }
    }
}
