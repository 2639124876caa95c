//! The plan's people seen through the facts of the moment: what programs ask.

use super::{Dialplan, Person};
use call::{Contact, Facts, MessageInfo, Name, Reachability, World};
use jiff::Timestamp;
use presence::{DeviceView, PersonView};
use std::time::Duration;

/// The office at one moment.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The plan.
    pub plan: &'a Dialplan,
    /// What is known.
    pub facts: &'a dyn Facts,
    /// The moment.
    pub wall: Timestamp,
}

impl<'a> View<'a> {
    fn device(&self, name: &'a str) -> DeviceView<'a> {
        let fixed = self.plan.device(name).is_some_and(|device| device.contact.is_some());
        DeviceView { name, fixed }
    }

    fn devices_of(&self, person: &'a Person) -> Vec<DeviceView<'a>> {
        person.devices.iter().map(|device| self.device(device)).collect()
    }
}

impl World for View<'_> {
    fn reachability(&self, person: &str) -> Reachability {
        let Some(person) = self.plan.person(person) else { return Reachability::Offline };
        let view = PersonView {
            name: &person.id,
            devices: &self.devices_of(person),
            substitute: person.substitute.as_ref(),
            absences: &person.absences,
            calls_max: person.calls_max,
        };
        presence::look_up(&view, self.facts, self.wall)
    }

    fn devices(&self, person: &str) -> Vec<Name> {
        self.plan.person(person).map_or_else(Vec::new, |person| person.devices.clone())
    }

    fn contacts(&self, device: &str) -> Vec<Contact> {
        presence::contacts(self.device(device), self.facts, self.wall)
    }

    fn idle_for(&self, person: &str) -> Duration {
        let devices = self.plan.person(person).map_or(&[] as &[Name], |person| &person.devices);
        presence::idle_for(devices.iter().map(|device| &**device), self.facts, self.wall)
    }

    fn last_rung(&self, group: &str) -> Option<Name> {
        self.facts.last_rung(group)
    }

    fn is_open(&self, hours: &str) -> bool {
        self.plan.is_open(hours, self.wall)
    }

    fn messages(&self, mailbox: &str) -> Vec<MessageInfo> {
        self.facts.messages(mailbox)
    }

    fn civil(&self, at: Timestamp) -> jiff::Zoned {
        at.to_zoned(self.plan.office.timezone.clone())
    }
}
