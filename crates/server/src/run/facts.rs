//! What is known from moment to moment, shared by the shards and whoever looks in from outside.

use call::{Binding, MessageInfo, Name};
use dashmap::DashMap;
use jiff::Timestamp;
use presence::{Entry, Shelf};

/// Facts by name. No guard of the map is ever held over another access.
#[derive(Default)]
pub struct SharedFacts {
    entries: DashMap<Name, Entry>,
}

impl Shelf for &SharedFacts {
    fn change(&mut self, name: &Name, change: impl FnOnce(&mut Entry)) {
        match self.entries.get_mut(name.as_ref()) {
            Some(mut entry) => change(&mut entry),
            None => change(&mut self.entries.entry(name.clone()).or_default()),
        }
    }
}

impl SharedFacts {
    fn look<T: Default>(&self, name: &str, look: impl FnOnce(&Entry) -> T) -> T {
        self.entries.get(name).map(|entry| look(&entry)).unwrap_or_default()
    }
}

impl call::Facts for SharedFacts {
    fn bindings(&self, device: &str) -> Vec<Binding> {
        self.look(device, |entry| entry.bindings().to_vec())
    }

    fn calls(&self, device: &str) -> (usize, usize) {
        self.look(device, Entry::calls)
    }

    fn idle_since(&self, device: &str) -> Option<Timestamp> {
        self.look(device, Entry::idle_since)
    }

    fn do_not_disturb(&self, person: &str) -> bool {
        self.look(person, Entry::do_not_disturb)
    }

    fn last_rung(&self, group: &str) -> Option<Name> {
        self.look(group, |entry| entry.last_rung().cloned())
    }

    fn messages(&self, mailbox: &str) -> Vec<MessageInfo> {
        self.look(mailbox, |entry| entry.messages().to_vec())
    }
}
