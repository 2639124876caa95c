//! The facts of an office in one ordered map: the simulator's, the tests' and `vaihde explain`'s.

use crate::{Entry, Journeys, Shelf, fold};
use call::{Binding, MessageInfo, Name, Note};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What is known, by name.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    entries: Entries,
    journeys: Journeys,
}

#[derive(Clone, Debug, Default)]
struct Entries(BTreeMap<Name, Entry>);

impl Shelf for Entries {
    fn change(&mut self, name: &Name, change: impl FnOnce(&mut Entry)) {
        change(self.0.entry(name.clone()).or_default());
    }
}

impl Facts {
    /// Takes a note.
    pub fn apply(&mut self, note: &Note) {
        fold(&mut self.entries, &mut self.journeys, note);
    }

    /// What is known under a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.0.get(name)
    }

    /// Everything that is known, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&Name, &Entry)> {
        self.entries.0.iter()
    }

    /// How many journeys occupy a device now.
    pub fn journeys(&self) -> usize {
        self.journeys.len()
    }
}

impl call::Facts for Facts {
    fn bindings(&self, device: &str) -> Vec<Binding> {
        self.entry(device).map(|entry| entry.bindings().to_vec()).unwrap_or_default()
    }

    fn calls(&self, device: &str) -> (usize, usize) {
        self.entry(device).map(Entry::calls).unwrap_or_default()
    }

    fn idle_since(&self, device: &str) -> Option<Timestamp> {
        self.entry(device)?.idle_since()
    }

    fn do_not_disturb(&self, person: &str) -> bool {
        self.entry(person).is_some_and(Entry::do_not_disturb)
    }

    fn last_rung(&self, group: &str) -> Option<Name> {
        self.entry(group)?.last_rung().cloned()
    }

    fn messages(&self, mailbox: &str) -> Vec<MessageInfo> {
        self.entry(mailbox).map(|entry| entry.messages().to_vec()).unwrap_or_default()
    }
}
