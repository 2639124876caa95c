//! The question and its answer: a person as the plan describes them, the facts of the moment, and what follows.

use call::{Absence, Contact, Facts, Name, Reachability};
use jiff::Timestamp;
use std::time::Duration;

/// A person as the look-up needs them: the plan's part of the answer.
#[derive(Clone, Copy, Debug)]
pub struct PersonView<'a> {
    /// Their name in the plan: the do-not-disturb switch has it.
    pub name: &'a str,
    /// Their devices.
    pub devices: &'a [DeviceView<'a>],
    /// Whom to ask while they are away, unless the absence names somebody else.
    pub substitute: Option<&'a Name>,
    /// Their absences, in any order.
    pub absences: &'a [PlannedAbsence],
    /// How many calls they take at once; 0 is read as 1.
    pub calls_max: usize,
}

/// A device as the look-up needs it.
#[derive(Clone, Copy, Debug)]
pub struct DeviceView<'a> {
    /// Its name.
    pub name: &'a str,
    /// The plan gives its address; it does not register.
    pub fixed: bool,
}

/// An absence that the plan or a calendar knows of: from `from` until just before `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAbsence {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it; `None` while nobody knows.
    pub until: Option<Timestamp>,
    /// "holiday", "parental leave".
    pub reason: Option<Name>,
    /// Who to ask instead, if not the person's usual substitute.
    pub substitute: Option<Name>,
}

impl PlannedAbsence {
    fn covers(&self, moment: Timestamp) -> bool {
        self.from <= moment && self.until.is_none_or(|until| moment < until)
    }
}

/// Can this person take a call at `wall`? The first reason that holds: absent, on do-not-disturb, busy, offline.
pub fn look_up(person: &PersonView<'_>, facts: &dyn Facts, wall: Timestamp) -> Reachability {
    if let Some(absence) = absence(person, wall) {
        return Reachability::Absent(absence);
    }
    if facts.do_not_disturb(person.name) {
        return Reachability::DoNotDisturb;
    }
    if let Some(busy) = busy(person, facts) {
        return busy;
    }
    let can_ring = person.devices.iter().any(|device| !contacts(*device, facts, wall).is_empty());
    if can_ring { Reachability::Free } else { Reachability::Offline }
}

/// The absence that covers `wall`, lengthened by those that overlap it or follow on it: `until` is when they are
/// really back. Where several cover the moment, the plan's first one gives reason and substitute.
fn absence(person: &PersonView<'_>, wall: Timestamp) -> Option<Absence> {
    let now = person.absences.iter().find(|absence| absence.covers(wall))?;
    let mut until = now.until;
    // Each round moves `until` to the end of one more absence, so there are no more rounds than absences.
    while let Some(back) = until
        && let Some(next) = person.absences.iter().find(|absence| absence.covers(back))
    {
        until = next.until;
    }
    let substitute = now.substitute.as_ref().or(person.substitute).cloned();
    Some(Absence { reason: now.reason.clone(), until, substitute })
}

/// As many calls as the person takes at once. One call that rings at all of their devices is one call, so ringing
/// counts at the device where most of it goes on; talking counts everywhere.
fn busy(person: &PersonView<'_>, facts: &dyn Facts) -> Option<Reachability> {
    let (ringing, talking) = person.devices.iter().fold((0, 0), |(ringing, talking), device| {
        let (rings, talks) = facts.calls(device.name);
        (rings.max(ringing), talking + talks)
    });
    let calls_max = person.calls_max.max(1);
    (ringing + talking >= calls_max).then_some(Reachability::Busy { ringing: talking < calls_max })
}

/// Where a device can be rung at `wall`, the best q first and the oldest first among equals. A device with an
/// address of its own has that one contact, whose id is 0.
pub fn contacts(device: DeviceView<'_>, facts: &dyn Facts, wall: Timestamp) -> Vec<Contact> {
    if device.fixed {
        return vec![Contact { id: 0, q: 1000 }];
    }
    let alive = facts.bindings(device.name).into_iter().filter(|binding| binding.expires_at > wall);
    let mut contacts: Vec<_> = alive.map(|binding| Contact { id: binding.id, q: binding.q }).collect();
    contacts.sort_by_key(|contact| std::cmp::Reverse(contact.q));
    contacts
}

/// How long none of the devices has been in a call: nothing while one talks, the longest when none ever did.
pub fn idle_for<'a>(devices: impl IntoIterator<Item = &'a str>, facts: &dyn Facts, wall: Timestamp) -> Duration {
    let idle = |device| match facts.calls(device) {
        (_, 0) => facts.idle_since(device).map_or(Duration::MAX, |since| wall.duration_since(since).unsigned_abs()),
        _ => Duration::ZERO,
    };
    devices.into_iter().map(idle).min().unwrap_or(Duration::MAX)
}
