//! `vaihde journeys` and `vaihde journey`: what the store remembers, read beside the running exchange.

use super::{Fault, load_for_store, moments, say};
use crate::cli::Journeys;
use crate::configuration::Loaded;
use crate::run::control;
use crate::tell;
use jiff::Timestamp;
use std::path::Path;
use store::{JourneyQuery, Sqlite, Store};

/// Lists journeys.
pub fn journeys(asked: &Journeys) -> Result<(), Fault> {
    let loaded = load_for_store(&asked.folder.config)?;
    let runs_since = running_since(&loaded);
    let zone = &loaded.plan.office.timezone;
    let since = asked.since.as_deref().map(|text| moments::read_past(text, Timestamp::now(), zone)).transpose();
    let since = since.map_err(|fault| format!("error: {fault}"))?;
    let query = JourneyQuery { since, number: asked.number.clone(), limit: asked.limit };
    let mut store = open(&loaded.database())?;
    let found = store.journeys(&query).map_err(|error| format!("error: {error}"))?;
    if found.is_empty() {
        return say("no journeys");
    }
    let mut lines = Vec::new();
    for summary in &found {
        let notes = store.journey(summary.id).map_err(|error| format!("error: {error}"))?;
        lines.push(tell::line(&loaded.plan, summary, &notes, runs_since));
    }
    say(&tell::table(&lines))
}

/// Tells one journey.
pub fn journey(folder: &Path, id: &str, ladder: bool) -> Result<(), Fault> {
    let loaded = load_for_store(folder)?;
    let id = id.parse().map_err(|()| format!("error: `{id}` is no journey's id: thirteen letters and digits"))?;
    let notes = open(&loaded.database())?.journey(id).map_err(|error| format!("error: {error}"))?;
    if notes.is_empty() {
        return Err(format!("error: no journey {id} is known"));
    }
    let mut told = tell::journey(&loaded.plan, &notes, running_since(&loaded));
    let rungs = tell::ladder(&loaded.plan, &notes);
    if ladder && !rungs.is_empty() {
        told.push('\n');
        told.push_str(&rungs);
    }
    say(&told)
}

/// Since when the exchange of this store runs, if it does: its lock is written as it starts.
fn running_since(loaded: &Loaded) -> Option<Timestamp> {
    control::is_served(&loaded.control_socket()).then_some(())?;
    let started = loaded.lock().metadata().ok()?.modified().ok()?;
    Timestamp::try_from(started).ok()
}

fn open(database: &Path) -> Result<Sqlite, Fault> {
    Sqlite::read_only(database).map_err(|error| format!("error: {error}"))
}
