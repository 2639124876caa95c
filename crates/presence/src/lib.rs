//! Presence look-up: can this person take a call now, and if not, why, until when and who instead.
//!
//! [`look_up`] is the answer. What it asks is a fold over notes: [`Entry`] holds what is known under one name,
//! [`Journeys`] which devices a journey occupies, and [`fold`] brings a note to both, whatever map holds the entries.

mod entry;
mod facts;
mod fold;
mod look_up;

pub use entry::Entry;
pub use facts::Facts;
pub use fold::{Journeys, Part, Shelf, fold, touches};
pub use look_up::{DeviceView, PersonView, PlannedAbsence, contacts, idle_for, look_up};

#[cfg(test)]
mod tests;
