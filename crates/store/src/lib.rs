//! What is kept: the diary of every journey, and the folds over it that a restart needs (bindings, messages,
//! do-not-disturb).
//!
//! A [`Store`] is a place to keep notes: [`Sqlite`] on disk, [`Memory`] in tests. [`Writer`] is the thread that owns
//! one while the exchange runs, so that no call ever waits for a disk.

// The store is at the edge: it has a thread and a clock of its own.
#![allow(clippy::disallowed_methods)]

mod error;
mod lines;
mod memory;
mod query;
mod schema;
mod sqlite;
mod tray;
mod writer;

pub use error::StoreError;
pub use memory::{Faults, Memory};
pub use query::{End, JourneyQuery, Summary};
pub use sqlite::Sqlite;
pub use writer::{Entry, Stats, Writer, WriterConfig};

use call::{Binding, JourneyId, MessageInfo, Name, Note};
use jiff::Timestamp;

/// A place where notes are kept.
pub trait Store: Send {
    /// Keeps all of these notes, in order, or none of them.
    fn append(&mut self, notes: &[Note], durability: Durability) -> Result<(), StoreError>;
    /// What the exchange must know before its first call; bindings that ended before `now` are forgotten.
    fn restore(&mut self, now: Timestamp) -> Result<Restored, StoreError>;
    /// Journeys, newest first.
    fn journeys(&mut self, query: &JourneyQuery) -> Result<Vec<Summary>, StoreError>;
    /// Everything that was noted of a journey, in order; empty if there is no such journey.
    fn journey(&mut self, id: JourneyId) -> Result<Vec<Note>, StoreError>;
    /// Forgets some of the journeys that began before `keep_from`, and the oldest while more than `bytes_max` is in use.
    /// Does a bounded amount of work; tells how many journeys went, so that the caller can come again until it is 0.
    fn prune(&mut self, keep_from: Timestamp, bytes_max: u64) -> Result<usize, StoreError>;
}

/// What an append must survive once it has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process. After a power cut the last moments may be missing; what is there is whole.
    Process,
    /// A power cut: somebody was promised that this is kept.
    Power,
}

/// What a restart begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restored {
    /// Bindings with their devices, in the order in which they were first made.
    pub bindings: Vec<(Name, Binding)>,
    /// Voicemail messages, oldest first.
    pub messages: Vec<MessageInfo>,
    /// The people whose do-not-disturb is on, by name.
    pub do_not_disturb: Vec<Name>,
}
