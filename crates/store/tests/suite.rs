//! One suite for every store: what the exchange may rely on wherever its notes are kept.

#![allow(clippy::unwrap_used)]

use call::{Binding, Caller, EndedBy, JourneyId, Leg, Message, Name, Note, Outcome, What};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::time::Duration;
use store::{Durability, JourneyQuery, Memory, Sqlite, Store, StoreError};

/// A test's own database, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("vaihde-store-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn database(&self) -> PathBuf {
        self.0.join("vaihde.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Runs a test on each store.
fn on_each(test: &str, check: impl Fn(&mut dyn Store)) {
    check(&mut Memory::new());
    let folder = Folder::new(test);
    let mut sqlite = Sqlite::open(&folder.database()).unwrap();
    check(&mut sqlite);
    sqlite.check().unwrap();
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap() + SignedDuration::from_nanos(123_456_789)
}

fn note(second: i64, journey: u64, what: What) -> Note {
    Note { at: at(second), journey: (journey != 0).then_some(JourneyId(journey)), what }
}

fn began(second: i64, journey: u64, number: &str, dialled: &str) -> Note {
    let caller = Caller { number: number.into(), name: "Aino Mäki".into(), ..Caller::default() };
    note(second, journey, What::Began { caller, dialled: dialled.into(), call_id: "a84b4c76e66710".into() })
}

fn ended(second: i64, journey: u64) -> Note {
    let (lasted, talked) = (Duration::from_secs(12), Some(Duration::from_millis(8_500)));
    let (outcome, by) = (Some(Outcome::Answered), EndedBy::Callee);
    note(second, journey, What::Ended { outcome, by, code: 200, lasted, talked })
}

fn binding(id: u64, expires: i64) -> Binding {
    Binding {
        id,
        contact: "<sip:anna@192.0.2.7:5062;transport=udp>".into(),
        flow: "udp:192.0.2.1:5060>203.0.113.9:40112".into(),
        path: vec!["<sip:edge.example;lr>".into()],
        call_id: "1-2345@192.0.2.7".into(),
        cseq: 7,
        q: 500,
        expires_at: at(expires),
        instance: Some("<urn:uuid:00000000-0000-1000-8000-000a95a0e128>".into()),
        user_agent: Some("Yealink SIP-T46".into()),
    }
}

fn registered(second: i64, device: &str, binding: Binding) -> Note {
    note(second, 0, What::Registered { device: device.into(), binding })
}

fn left(second: i64, id: &str) -> Note {
    let (from_number, from_name): (Name, Name) = ("+358401234567".into(), "Aino".into());
    let length = Duration::from_millis(4_320);
    note(
        second,
        9,
        What::MessageLeft(Message { id: id.into(), mailbox: "office".into(), from_number, from_name, length }),
    )
}

fn keep(store: &mut dyn Store, notes: &[Note]) {
    store.append(notes, Durability::Process).unwrap();
}

fn all() -> JourneyQuery {
    JourneyQuery { limit: 100, ..JourneyQuery::default() }
}

#[test]
fn a_journey_is_told_back_note_for_note_over_several_batches() {
    on_each("told", |store| {
        let first =
            [began(0, 1, "1001", "1002"), began(0, 2, "1003", "1004"), note(1, 1, What::Ringing { leg: Leg(1) })];
        let second = [note(2, 1, What::Answered { leg: Leg(1), device: Some("anna-desk".into()) }), ended(12, 1)];
        keep(store, &first);
        keep(store, &second);
        let expected = [first[0].clone(), first[2].clone(), second[0].clone(), second[1].clone()];
        assert_eq!(store.journey(JourneyId(1)).unwrap(), expected);
        assert_eq!(store.journey(JourneyId(2)).unwrap(), first[1..2]);
        assert_eq!(store.journey(JourneyId(3)).unwrap(), []);
    });
}

#[test]
fn journeys_are_listed_newest_first_with_their_ends() {
    on_each("listed", |store| {
        keep(store, &[began(0, 1, "1001", "1002"), began(5, 2, "", "reception")]);
        keep(store, &[ended(12, 1)]);
        let list = store.journeys(&all()).unwrap();
        assert_eq!(list.iter().map(|summary| summary.id.0).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((list[0].dialled.as_ref(), list[0].end), ("reception", None));
        let end = list[1].end.unwrap();
        assert_eq!((list[1].began, end.at, end.by, end.code), (at(0), at(12), EndedBy::Callee, 200));
        assert_eq!((end.outcome, end.talked), (Some(Outcome::Answered), Some(Duration::from_millis(8_500))));
        assert_eq!((list[1].number.as_ref(), list[1].name.as_ref()), ("1001", "Aino Mäki"));
    });
}

#[test]
fn a_list_keeps_to_its_limit_its_beginning_and_its_number() {
    on_each("query", |store| {
        keep(
            store,
            &[began(0, 1, "+358401234567", "1001"), began(60, 2, "1002", "1001"), began(90, 3, "1002", "1003")],
        );
        let ids = |query: &JourneyQuery, store: &mut dyn Store| {
            store.journeys(query).unwrap().iter().map(|summary| summary.id.0).collect::<Vec<_>>()
        };
        assert_eq!(ids(&JourneyQuery { limit: 2, ..all() }, store), [3, 2]);
        assert_eq!(ids(&JourneyQuery { since: Some(at(60)), ..all() }, store), [3, 2]);
        assert_eq!(ids(&JourneyQuery { number: Some("040 1234567".into()), ..all() }, store), [1]);
        assert_eq!(ids(&JourneyQuery { number: Some("1001".into()), ..all() }, store), [2, 1]);
    });
}

#[test]
fn a_journey_whose_beginning_was_lost_is_still_listed() {
    on_each("headless", |store| {
        keep(store, &[ended(12, 1)]);
        let list = store.journeys(&all()).unwrap();
        assert_eq!((list[0].began, list[0].dialled.as_ref()), (at(0), ""));
    });
}

#[test]
fn bindings_come_back_as_last_refreshed_in_the_order_first_made() {
    on_each("bindings", |store| {
        keep(store, &[registered(0, "zoe-desk", binding(8, 100)), registered(1, "anna-desk", binding(3, 100))]);
        keep(store, &[registered(50, "zoe-desk", binding(8, 200)), registered(51, "bo", binding(5, 90))]);
        keep(store, &[note(52, 0, What::Unregistered { device: "bo".into(), binding: 5, expired: false })]);
        let restored = store.restore(at(60)).unwrap().bindings;
        assert_eq!(restored, [("zoe-desk".into(), binding(8, 200)), ("anna-desk".into(), binding(3, 100))]);
    });
}

#[test]
fn bindings_that_ended_while_the_exchange_was_down_are_forgotten() {
    on_each("expired", |store| {
        keep(store, &[registered(0, "a", binding(1, 100)), registered(0, "a", binding(2, 300))]);
        assert_eq!(store.restore(at(200)).unwrap().bindings, [("a".into(), binding(2, 300))]);
    });
}

#[test]
fn messages_come_back_oldest_first_and_remember_that_they_were_heard() {
    on_each("messages", |store| {
        keep(store, &[left(5, "b-1"), left(3, "a-1"), left(7, "c-1")]);
        let (mailbox, heard): (Name, Name) = ("office".into(), "a-1".into());
        keep(store, &[note(8, 0, What::MessageHeard { mailbox: mailbox.clone(), message: heard, heard: true })]);
        keep(store, &[note(9, 0, What::MessageDeleted { mailbox, message: "c-1".into() })]);
        let messages = store.restore(at(10)).unwrap().messages;
        let ids: Vec<_> = messages.iter().map(|info| (info.message.id.as_ref(), info.left_at, info.heard)).collect();
        assert_eq!(ids, [("a-1", at(3), true), ("b-1", at(5), false)]);
        assert_eq!(messages[0].message.length, Duration::from_millis(4_320));
    });
}

#[test]
fn do_not_disturb_comes_back() {
    on_each("dnd", |store| {
        let switch = |second, person: &str, on| note(second, 0, What::DoNotDisturb { person: person.into(), on });
        keep(
            store,
            &[switch(0, "maija", true), switch(1, "anna", true), switch(2, "maija", false), switch(3, "anna", true)],
        );
        assert_eq!(store.restore(at(4)).unwrap().do_not_disturb, [Name::from("anna")]);
    });
}

#[test]
fn journeys_older_than_wanted_are_forgotten_with_all_their_notes() {
    on_each("prune", |store| {
        keep(store, &[began(0, 1, "1001", "1002"), ended(12, 1), began(100, 2, "1001", "1002"), ended(112, 2)]);
        keep(store, &[left(3, "a-1")]);
        assert_eq!(store.prune(at(50), u64::MAX).unwrap(), 1);
        assert_eq!(store.prune(at(50), u64::MAX).unwrap(), 0);
        assert_eq!(store.journey(JourneyId(1)).unwrap(), []);
        assert_eq!(store.journey(JourneyId(2)).unwrap().len(), 2);
        assert_eq!(store.restore(at(4)).unwrap().messages.len(), 1, "a message is not part of the diary");
    });
}

#[test]
fn a_database_that_has_grown_too_large_forgets_its_oldest_journeys_first() {
    let folder = Folder::new("size");
    let mut store = Sqlite::open(&folder.database()).unwrap();
    let notes: Vec<_> =
        (1..=4000).flat_map(|id| [began(id as i64, id, "1001", "1002"), ended(id as i64 + 12, id)]).collect();
    keep(&mut store, &notes);
    let limit = 400 * 1024;
    while store.prune(Timestamp::MIN, limit).unwrap() > 0 {}
    let list = store.journeys(&JourneyQuery { limit: 5000, ..all() }).unwrap();
    assert_eq!(list[0].id, JourneyId(4000));
    assert!((100..4000).contains(&list.len()), "{} journeys left", list.len());
    keep(&mut store, &[began(5000, 5000, "1001", "1002")]);
    store.check().unwrap();
}

#[test]
fn everything_is_there_after_the_database_is_opened_again() {
    let folder = Folder::new("again");
    let mut store = Sqlite::open(&folder.database()).unwrap();
    keep(&mut store, &[began(0, 1, "1001", "1002"), registered(0, "a", binding(1, 100))]);
    drop(store);
    let mut store = Sqlite::open(&folder.database()).unwrap();
    keep(&mut store, &[ended(12, 1)]);
    assert_eq!(store.journey(JourneyId(1)).unwrap(), [began(0, 1, "1001", "1002"), ended(12, 1)]);
    assert_eq!(store.restore(at(1)).unwrap().bindings.len(), 1);
}

#[test]
fn a_reader_beside_the_exchange_sees_what_is_committed() {
    let folder = Folder::new("reader");
    assert!(matches!(Sqlite::read_only(&folder.database()), Err(StoreError::Open { .. })));
    let mut store = Sqlite::open(&folder.database()).unwrap();
    keep(&mut store, &[began(0, 1, "1001", "1002")]);
    let mut reader = Sqlite::read_only(&folder.database()).unwrap();
    assert_eq!(reader.journeys(&all()).unwrap().len(), 1);
    keep(&mut store, &[began(1, 2, "1001", "1002")]);
    assert_eq!(reader.journeys(&all()).unwrap().len(), 2);
    assert!(reader.append(&[began(2, 3, "", "")], Durability::Process).is_err());
}

#[test]
fn a_database_of_a_newer_vaihde_is_left_alone() {
    let folder = Folder::new("newer");
    drop(Sqlite::open(&folder.database()).unwrap());
    rusqlite::Connection::open(folder.database()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Sqlite::open(&folder.database()), Err(StoreError::Newer { found: 99, .. })));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_not_overwritten() {
    let folder = Folder::new("garbage");
    std::fs::write(folder.database(), "office = \"not a database\"\n".repeat(100)).unwrap();
    assert!(matches!(Sqlite::open(&folder.database()), Err(StoreError::Damaged { .. })));
    assert!(std::fs::read_to_string(folder.database()).unwrap().starts_with("office"));
}

#[cfg(unix)]
#[test]
fn nobody_but_its_owner_may_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("private");
    let mut store = Sqlite::open(&folder.database()).unwrap();
    keep(&mut store, &[began(0, 1, "1001", "1002")]);
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}
