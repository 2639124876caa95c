//! A store that forgets everything with the process and fails when it is told to: for tests and simulations.

use crate::{Durability, End, JourneyQuery, Restored, Store, StoreError, Summary};
use call::{Binding, JourneyId, MessageInfo, Name, Note, What};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Notes in memory.
#[derive(Debug, Default)]
pub struct Memory {
    notes: BTreeMap<JourneyId, Vec<Note>>,
    summaries: BTreeMap<JourneyId, Summary>,
    bindings: Vec<(Name, Binding)>,
    messages: Vec<MessageInfo>,
    do_not_disturb: BTreeSet<Name>,
    faults: Faults,
}

/// Tells a [`Memory`] to fail, also after it was given away.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<AtomicUsize>);

impl Faults {
    /// The next `appends` fail as a full disk does.
    pub fn fail(&self, appends: usize) {
        self.0.store(appends, Ordering::SeqCst);
    }

    fn strikes(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// The way to make it fail.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    fn fold(&mut self, note: &Note) {
        match &note.what {
            What::Registered { device, binding } => {
                match self.bindings.iter_mut().find(|(of, old)| of == device && old.id == binding.id) {
                    Some((_, old)) => *old = binding.clone(),
                    None => self.bindings.push((device.clone(), binding.clone())),
                }
            }
            What::Unregistered { device, binding, .. } => {
                self.bindings.retain(|(of, old)| of != device || old.id != *binding);
            }
            What::MessageLeft(message) if self.messages.iter().all(|info| info.message.id != message.id) => {
                self.messages.push(MessageInfo { message: message.clone(), left_at: note.at, heard: false });
            }
            What::MessageHeard { message, heard, .. } => {
                self.messages.iter_mut().filter(|info| info.message.id == *message).for_each(|i| i.heard = *heard);
            }
            What::MessageDeleted { message, .. } => self.messages.retain(|info| info.message.id != *message),
            What::DoNotDisturb { person, on: true } => drop(self.do_not_disturb.insert(person.clone())),
            What::DoNotDisturb { person, on: false } => drop(self.do_not_disturb.remove(person)),
            _ => {}
        }
        if let Some(id) = note.journey {
            self.summarise(id, note);
        }
    }

    fn summarise(&mut self, id: JourneyId, note: &Note) {
        let empty = |began| Summary { id, began, number: "".into(), name: "".into(), dialled: "".into(), end: None };
        match &note.what {
            What::Began { caller, dialled, .. } => {
                let (number, name, dialled) = (caller.number.clone(), caller.name.clone(), dialled.clone());
                self.summaries.entry(id).or_insert(Summary { number, name, dialled, ..empty(note.at) });
            }
            What::Ended { outcome, by, code, lasted, talked } => {
                let began = note.at.checked_sub(*lasted).unwrap_or(note.at);
                let summary = self.summaries.entry(id).or_insert_with(|| empty(began));
                let (outcome, by, code, lasted, talked) = (*outcome, *by, *code, *lasted, *talked);
                summary.end = Some(End { at: note.at, outcome, by, code, lasted, talked });
            }
            _ => {}
        }
    }
}

impl Store for Memory {
    fn append(&mut self, notes: &[Note], _: Durability) -> Result<(), StoreError> {
        if self.faults.strikes() {
            return Err(StoreError::Full);
        }
        for note in notes {
            self.fold(note);
            if let Some(id) = note.journey {
                self.notes.entry(id).or_default().push(note.clone());
            }
        }
        Ok(())
    }

    fn restore(&mut self, now: Timestamp) -> Result<Restored, StoreError> {
        self.bindings.retain(|(_, binding)| binding.expires_at > now);
        let (bindings, mut messages) = (self.bindings.clone(), self.messages.clone());
        messages.sort_by_key(|info| info.left_at);
        Ok(Restored { bindings, messages, do_not_disturb: self.do_not_disturb.iter().cloned().collect() })
    }

    fn journeys(&mut self, query: &JourneyQuery) -> Result<Vec<Summary>, StoreError> {
        let newest_first = self.summaries.values().rev();
        Ok(newest_first.filter(|summary| query.matches(summary)).take(query.limit).cloned().collect())
    }

    fn journey(&mut self, id: JourneyId) -> Result<Vec<Note>, StoreError> {
        Ok(self.notes.get(&id).cloned().unwrap_or_default())
    }

    fn prune(&mut self, keep_from: Timestamp, _: u64) -> Result<usize, StoreError> {
        let before = self.summaries.len();
        self.summaries.retain(|_, summary| summary.began >= keep_from);
        self.notes.retain(|id, _| self.summaries.contains_key(id));
        Ok(before - self.summaries.len())
    }
}
