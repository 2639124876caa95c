//! The writer's thread: promises are answered, a failing disk costs the diary and nothing else.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use call::{JourneyId, Message, Note, What};
use jiff::Timestamp;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Durability, Entry, JourneyQuery, Memory, Restored, Store, StoreError, Summary, Writer, WriterConfig};

const SOON: Duration = Duration::from_secs(5);

fn start(store: impl Store + 'static, config: WriterConfig) -> (Writer, Receiver<(JourneyId, bool)>) {
    let (tell, told) = channel();
    (Writer::start(Box::new(store), config, move |journey, ok| tell.send((journey, ok)).unwrap_or(())).unwrap(), told)
}

fn quick() -> WriterConfig {
    WriterConfig { wait: Duration::from_millis(1), ..WriterConfig::default() }
}

fn diary(words: &str) -> Entry {
    Entry { note: note(What::Fault { message: words.into() }), keep: None }
}

fn promise(journey: u64) -> Entry {
    let (id, length) = (format!("m-{journey}").into(), Duration::from_secs(3));
    let message = Message { id, mailbox: "office".into(), from_number: "".into(), from_name: "".into(), length };
    Entry { note: note(What::MessageLeft(message)), keep: Some(JourneyId(journey)) }
}

fn note(what: What) -> Note {
    Note { at: Timestamp::UNIX_EPOCH, journey: Some(JourneyId(1)), what }
}

/// A store that another thread may look into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Appends>>);

type Appends = (Memory, Vec<(usize, Durability)>);

impl Store for Shared {
    fn append(&mut self, notes: &[Note], durability: Durability) -> Result<(), StoreError> {
        let mut inner = self.0.lock().unwrap();
        inner.0.append(notes, durability)?;
        inner.1.push((notes.len(), durability));
        Ok(())
    }
    fn restore(&mut self, now: Timestamp) -> Result<Restored, StoreError> {
        self.0.lock().unwrap().0.restore(now)
    }
    fn journeys(&mut self, query: &JourneyQuery) -> Result<Vec<Summary>, StoreError> {
        self.0.lock().unwrap().0.journeys(query)
    }
    fn journey(&mut self, id: JourneyId) -> Result<Vec<Note>, StoreError> {
        self.0.lock().unwrap().0.journey(id)
    }
    fn prune(&mut self, keep_from: Timestamp, bytes_max: u64) -> Result<usize, StoreError> {
        self.0.lock().unwrap().0.prune(keep_from, bytes_max)
    }
}

fn words(store: &mut Shared) -> Vec<String> {
    let notes = store.journey(JourneyId(1)).unwrap();
    let word = |note: Note| match note.what {
        What::Fault { message } => Some(message.to_string()),
        What::MessageLeft(message) => Some(message.id.to_string()),
        _ => None,
    };
    notes.into_iter().filter_map(word).collect()
}

#[test]
fn a_promise_is_answered_at_once_and_takes_along_what_came_before() {
    let mut store = Shared::default();
    let (writer, told) = start(store.clone(), WriterConfig { wait: Duration::from_secs(60), ..quick() });
    writer.write(&mut vec![diary("one")]);
    writer.write(&mut vec![diary("two"), promise(7)]);
    assert_eq!(told.recv_timeout(SOON).unwrap(), (JourneyId(7), true));
    assert_eq!(words(&mut store), ["one", "two", "m-7"]);
    assert_eq!(store.0.lock().unwrap().1, [(3, Durability::Power)]);
    writer.stop();
}

#[test]
fn notes_travel_together_and_stopping_writes_the_last_of_them() {
    let store = Shared::default();
    let (writer, _told) = start(store.clone(), WriterConfig { wait: Duration::from_secs(60), batch_max: 3, ..quick() });
    writer.write(&mut vec![diary("1"), diary("2"), diary("3"), diary("4")]);
    writer.stop();
    assert_eq!(store.0.lock().unwrap().1, [(3, Durability::Process), (1, Durability::Process)]);
}

#[test]
fn a_full_disk_refuses_the_promise_and_keeps_the_diary_for_later() {
    let mut store = Shared::default();
    store.0.lock().unwrap().0.faults().fail(1);
    let (writer, told) = start(store.clone(), quick());
    writer.write(&mut vec![diary("before"), promise(7), diary("after")]);
    assert_eq!(told.recv_timeout(SOON).unwrap(), (JourneyId(7), false));
    writer.write(&mut vec![promise(8)]);
    assert_eq!(told.recv_timeout(SOON).unwrap(), (JourneyId(8), true));
    assert_eq!(words(&mut store), ["before", "after", "m-8"], "what was refused is not kept behind the caller's back");
    assert_eq!((writer.stats().lost.load(Relaxed), writer.stats().failures.load(Relaxed)), (1, 1));
    writer.stop();
}

#[test]
fn a_disk_that_recovers_by_itself_gets_the_diary_without_being_asked() {
    let mut store = Shared::default();
    store.0.lock().unwrap().0.faults().fail(2);
    let (writer, _told) = start(store.clone(), quick());
    writer.write(&mut vec![diary("patient")]);
    let patience = std::time::Instant::now();
    while words(&mut store).is_empty() {
        assert!(patience.elapsed() < SOON);
        std::thread::sleep(Duration::from_millis(5));
    }
    writer.stop();
}

#[test]
fn a_disk_that_never_recovers_costs_counted_notes_and_bounded_memory() {
    let store = Shared::default();
    store.0.lock().unwrap().0.faults().fail(usize::MAX);
    let (writer, told) = start(store, WriterConfig { queue_max: 100, ..quick() });
    (0..50).for_each(|_| writer.write(&mut (0..10).map(|_| diary("lost")).collect()));
    writer.write(&mut vec![promise(7)]);
    assert_eq!(told.recv_timeout(SOON).unwrap(), (JourneyId(7), false));
    let lost = writer.stats().lost.load(Relaxed);
    assert!((400..=501).contains(&lost), "{lost} lost");
    writer.stop();
}
