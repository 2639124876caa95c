//! The checked plan: what calls, the engine and the server ask.

mod device;
mod mailbox;
mod person;
mod routing;
mod trunk;
mod view;

pub(crate) use device::Hash;
pub use device::{Device, Secret};
pub use mailbox::{Mailbox, Pin};
pub use person::Person;
pub use routing::{Incoming, Routed};
pub(crate) use routing::{Route, Routes};
pub use trunk::{Credentials, Network, Trunk};
pub use view::View;

use crate::graph::{Graph, NodeId};
use crate::group::RingGroup;
use crate::hours::Hours;
use crate::keys::Configuration;
use crate::office::Office;
use crate::settings::Settings;
use call::Name;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// A configuration that was read, checked and compiled. Running calls keep the one with which they began.
#[derive(Clone)]
pub struct Dialplan {
    /// The domain, time zone, language and country.
    pub office: Office,
    /// The server's settings.
    pub settings: Settings,
    pub(crate) inner: Arc<Inner>,
}

/// What programs hold on to while their call lasts.
pub(crate) struct Inner {
    pub(crate) office: Office,
    pub(crate) people: Vec<Person>,
    pub(crate) devices: Vec<Device>,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) hours: Vec<Hours>,
    pub(crate) groups: Vec<RingGroup>,
    pub(crate) flows: Vec<(Name, Option<NodeId>)>,
    pub(crate) routes: Routes,
    pub(crate) graph: Graph,
    pub(crate) index: Index,
    pub(crate) configuration: Configuration,
}

/// Where names and numbers stand in the lists: looked up, never walked.
#[derive(Default)]
pub(crate) struct Index {
    pub(crate) people: HashMap<Name, usize>,
    pub(crate) numbers: HashMap<Name, usize>,
    pub(crate) devices: HashMap<Name, usize>,
    pub(crate) users: HashMap<Name, usize>,
    pub(crate) mailboxes: HashMap<Name, usize>,
    pub(crate) trunks: HashMap<Name, usize>,
    pub(crate) hours: HashMap<Name, usize>,
    pub(crate) groups: HashMap<Name, usize>,
    pub(crate) flows: HashMap<Name, usize>,
}

impl Dialplan {
    /// Everybody, in the order of the files.
    pub fn people(&self) -> &[Person] {
        &self.inner.people
    }

    /// Every device, in the order of the files.
    pub fn devices(&self) -> &[Device] {
        &self.inner.devices
    }

    /// Every mailbox.
    pub fn mailboxes(&self) -> &[Mailbox] {
        &self.inner.mailboxes
    }

    /// Every trunk.
    pub fn trunks(&self) -> &[Trunk] {
        &self.inner.trunks
    }

    /// A device by its name.
    pub fn device(&self, name: &str) -> Option<&Device> {
        self.inner.device(name)
    }

    /// A device by the user name with which it registers and proves itself.
    pub fn device_by_user(&self, user: &str) -> Option<&Device> {
        self.inner.index.users.get(user).and_then(|&at| self.inner.devices.get(at))
    }

    /// A person by their name in the plan.
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.inner.person(name)
    }

    /// Whose device this is.
    pub fn person_of(&self, device: &str) -> Option<&Person> {
        self.person(self.device(device)?.person.as_deref()?)
    }

    /// Whose number this is, in whatever form it was dialled.
    pub fn person_by_number(&self, number: &str) -> Option<&Person> {
        self.inner.person_by_number(number)
    }

    /// The trunk that a number outside is reached by from a person's phone, if a route lets that person call it.
    pub fn way_out(&self, person: &Name, number: &str) -> Option<ring::Number> {
        self.inner.way_out(person, number)
    }

    /// A mailbox by its name; a person's own mailbox has the person's name.
    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.inner.mailbox(name)
    }

    /// The mailbox that takes a person's messages.
    pub fn mailbox_of_person(&self, person: &str) -> Option<&Mailbox> {
        self.mailbox(self.person(person)?.mailbox.as_deref()?)
    }

    /// The mailboxes whose light a device shows.
    pub fn lights_of<'a>(&'a self, device: &'a str) -> impl Iterator<Item = &'a Mailbox> {
        self.inner.mailboxes.iter().filter(move |mailbox| mailbox.light.iter().any(|lit| &**lit == device))
    }

    /// A trunk by its name.
    pub fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.inner.trunk(name)
    }

    /// Whether opening hours hold at a moment; hours that do not exist never do.
    pub fn is_open(&self, hours: &str, at: jiff::Timestamp) -> bool {
        let civil = at.to_zoned(self.office.timezone.clone()).datetime();
        self.inner.hours(hours).is_some_and(|hours| hours.is_open(civil))
    }

    /// The trunk whose calls come from this address.
    pub fn trunk_at(&self, from: SocketAddr) -> Option<&Trunk> {
        self.inner.trunks.iter().find(|trunk| trunk.addresses.iter().any(|network| network.contains(from)))
    }
}

impl Inner {
    pub(crate) fn person(&self, name: &str) -> Option<&Person> {
        self.index.people.get(name).and_then(|&at| self.people.get(at))
    }

    pub(crate) fn person_by_number(&self, number: &str) -> Option<&Person> {
        let forms = crate::number::Forms::of(number, self.office.country.as_deref(), false);
        forms.iter().find_map(|form| self.index.numbers.get(form)).and_then(|&at| self.people.get(at))
    }

    pub(crate) fn device(&self, name: &str) -> Option<&Device> {
        self.index.devices.get(name).and_then(|&at| self.devices.get(at))
    }

    pub(crate) fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.index.mailboxes.get(name).and_then(|&at| self.mailboxes.get(at))
    }

    pub(crate) fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.index.trunks.get(name).and_then(|&at| self.trunks.get(at))
    }

    pub(crate) fn hours(&self, name: &str) -> Option<&Hours> {
        self.index.hours.get(name).and_then(|&at| self.hours.get(at))
    }

    pub(crate) fn group(&self, name: &str) -> Option<&RingGroup> {
        self.index.groups.get(name).and_then(|&at| self.groups.get(at))
    }

    /// Where a flow begins.
    pub(crate) fn flow(&self, name: &str) -> Option<NodeId> {
        self.index.flows.get(name).and_then(|&at| self.flows.get(at)).and_then(|(_, head)| *head)
    }
}

impl std::fmt::Debug for Dialplan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialplan").field("domain", &self.office.domain).finish_non_exhaustive()
    }
}

impl PartialEq for Dialplan {
    /// Two plans are equal if the same was written and defaulted in them.
    fn eq(&self, other: &Self) -> bool {
        self.inner.configuration == other.inner.configuration
    }
}
