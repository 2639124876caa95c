//! The embedded database: one file, in WAL mode, so that `vaihde journeys` reads while the exchange writes.
//!
//! Diary batches commit with `synchronous = NORMAL`: the death of the process loses nothing, a power cut at most what
//! came since the last checkpoint, and never breaks the file. Promises ([`Durability::Power`]) commit with `FULL`: the
//! write-ahead log is on the disk before `append` returns.

use crate::{Durability, End, JourneyQuery, Restored, Store, StoreError, Summary, lines, schema};
use call::{JourneyId, MessageInfo, Note, What};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row, Transaction, params};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;
use std::time::Duration;

/// Statements that are kept ready.
const STATEMENTS_MAX: usize = 32;
/// How many journeys one call of `prune` forgets at most.
const PRUNE_MAX: i64 = 1000;
/// The note belongs to no journey.
const NO_JOURNEY: i64 = 0;

/// A database file.
pub struct Sqlite {
    connection: Connection,
    /// The number of the next row of notes of any journey.
    batch: i64,
    durability: Durability,
    order: Vec<u32>,
    row: Vec<u8>,
}

impl Sqlite {
    /// Opens the database for the exchange, and makes it if there is none; only its owner may read it.
    pub fn open(path: &Path) -> Result<Sqlite, StoreError> {
        let open = |cause: String| StoreError::Open { path: path.to_path_buf(), cause };
        create_private(path).map_err(|error| open(error.to_string()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(|error| open(error.to_string()))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY;",
        )?;
        schema::migrate(&mut connection)?;
        let times: i64 =
            connection.query_row("UPDATE opened SET times = times + 1 RETURNING times", [], |r| r.get(0))?;
        let durability = Durability::Process;
        Ok(Sqlite { connection, batch: times << 32, durability, order: Vec::new(), row: Vec::new() })
    }

    /// Opens a database that another process may be writing, to read from it only.
    pub fn read_only(path: &Path) -> Result<Sqlite, StoreError> {
        let open = |cause: String| StoreError::Open { path: path.to_path_buf(), cause };
        if !path.exists() {
            return Err(open("there is no such file yet".into()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| open(error.to_string()))?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch("PRAGMA query_only = ON;")?;
        let durability = Durability::Process;
        Ok(Sqlite { connection, batch: 0, durability, order: Vec::new(), row: Vec::new() })
    }

    /// Whether the file is whole: what `PRAGMA integrity_check` says of it.
    pub fn check(&mut self) -> Result<(), StoreError> {
        match self.connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?.as_str() {
            "ok" => Ok(()),
            fault => Err(StoreError::Damaged { cause: fault.to_string() }),
        }
    }

    /// `synchronous` belongs to the connection and can only change between transactions.
    fn set_durability(&mut self, durability: Durability) -> Result<(), StoreError> {
        if self.durability != durability {
            let word = if durability == Durability::Power { "FULL" } else { "NORMAL" };
            self.connection.execute_batch(&format!("PRAGMA synchronous = {word};"))?;
            self.durability = durability;
        }
        Ok(())
    }

    fn bytes_used(&self) -> Result<u64, StoreError> {
        let pragma = |name: &str| self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        Ok(((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?).max(0) as u64)
    }
}

impl Store for Sqlite {
    fn append(&mut self, notes: &[Note], durability: Durability) -> Result<(), StoreError> {
        self.set_durability(durability)?;
        let change = self.connection.transaction()?;
        for note in notes {
            fold(&change, note)?;
        }
        self.order.clear();
        self.order.extend((0..notes.len() as u32).filter(|&i| belongs_in_diary(&notes[i as usize].what)));
        self.order.sort_by_key(|&i| key(notes[i as usize].journey));
        let mut batch = self.batch;
        let mut add = change.prepare_cached("INSERT INTO notes (journey, batch, at, lines) VALUES (?, ?, ?, ?)")?;
        for of_journey in self.order.chunk_by(|&a, &b| notes[a as usize].journey == notes[b as usize].journey) {
            self.row.clear();
            let first = &notes[of_journey[0] as usize];
            let begins = lines::nanoseconds(first.at);
            for &i in of_journey {
                lines::write(&notes[i as usize], begins, &mut self.row)?;
            }
            let row = std::str::from_utf8(&self.row).map_err(|e| StoreError::Failed { cause: e.to_string() })?;
            add.execute(params![key(first.journey), batch, begins, row])?;
            batch += 1;
        }
        drop(add);
        change.commit()?;
        self.batch = batch;
        Ok(())
    }

    fn restore(&mut self, now: Timestamp) -> Result<Restored, StoreError> {
        self.connection.execute("DELETE FROM bindings WHERE expires <= ?", [lines::nanoseconds(now)])?;
        let mut restored = Restored::default();
        let mut bindings = self.connection.prepare("SELECT device, binding FROM bindings ORDER BY made, device, id")?;
        let mut rows = bindings.query([])?;
        while let Some(row) = rows.next()? {
            restored.bindings.push((text(row, 0)?.into(), serde_json::from_str(text(row, 1)?)?));
        }
        let mut messages =
            self.connection.prepare("SELECT left_at, heard, message FROM messages ORDER BY left_at, id")?;
        let mut rows = messages.query([])?;
        while let Some(row) = rows.next()? {
            let message = serde_json::from_str(text(row, 2)?)?;
            restored.messages.push(MessageInfo { message, left_at: lines::timestamp(row.get(0)?), heard: row.get(1)? });
        }
        let mut people = self.connection.prepare("SELECT person FROM do_not_disturb ORDER BY person")?;
        let mut rows = people.query([])?;
        while let Some(row) = rows.next()? {
            restored.do_not_disturb.push(text(row, 0)?.into());
        }
        Ok(restored)
    }

    fn journeys(&mut self, query: &JourneyQuery) -> Result<Vec<Summary>, StoreError> {
        let mut all = self.connection.prepare_cached(
            "SELECT id, began, number, name, dialled, ended, outcome, ended_by, code, lasted, talked
             FROM journeys ORDER BY id DESC",
        )?;
        let mut rows = all.query([])?;
        let mut found = Vec::new();
        while found.len() < query.limit
            && let Some(row) = rows.next()?
        {
            let summary = summary(row)?;
            if query.matches(&summary) {
                found.push(summary);
            }
        }
        Ok(found)
    }

    fn journey(&mut self, id: JourneyId) -> Result<Vec<Note>, StoreError> {
        let mut batches =
            self.connection.prepare_cached("SELECT at, lines FROM notes WHERE journey = ? ORDER BY batch")?;
        let mut rows = batches.query([key(Some(id))])?;
        let mut notes = Vec::new();
        while let Some(row) = rows.next()? {
            lines::read(Some(id), row.get(0)?, text(row, 1)?, &mut notes)?;
        }
        Ok(notes)
    }

    fn prune(&mut self, keep_from: Timestamp, bytes_max: u64) -> Result<usize, StoreError> {
        let full = self.bytes_used()? > bytes_max;
        let keep_from = lines::nanoseconds(if full { Timestamp::MAX } else { keep_from });
        self.set_durability(Durability::Process)?;
        let change = self.connection.transaction()?;
        let count = if full { PRUNE_MAX / 10 } else { PRUNE_MAX };
        let upto: Option<i64> = change.query_row(
            "SELECT max(id) FROM (SELECT id, began FROM journeys ORDER BY id LIMIT ?) WHERE began < ?",
            params![count, keep_from],
            |row| row.get(0),
        )?;
        let mut gone = 0;
        if let Some(upto) = upto {
            change.execute("DELETE FROM notes WHERE journey > 0 AND journey <= ?", [upto])?;
            gone = change.execute("DELETE FROM journeys WHERE id <= ?", [upto])?;
        }
        change.execute("DELETE FROM notes WHERE journey = 0 AND at < ?", [keep_from])?;
        change.commit()?;
        self.connection.execute_batch("PRAGMA incremental_vacuum(256);")?;
        Ok(gone)
    }
}

/// Registrations are refreshed every minute or so: the table of bindings has the last word and the diary none.
fn belongs_in_diary(what: &What) -> bool {
    !matches!(what, What::Registered { .. })
}

/// What a note changes in the tables beside the diary.
fn fold(change: &Transaction<'_>, note: &Note) -> Result<(), StoreError> {
    let at = lines::nanoseconds(note.at);
    match &note.what {
        What::Registered { device, binding } => {
            change
                .prepare_cached(
                    "INSERT INTO bindings (device, id, made, expires, binding) VALUES (?, ?, ?, ?, ?)
                     ON CONFLICT DO UPDATE SET expires = excluded.expires, binding = excluded.binding",
                )?
                .execute(params![
                    device.as_ref(),
                    binding.id as i64,
                    at,
                    lines::nanoseconds(binding.expires_at),
                    serde_json::to_string(binding)?
                ])?;
        }
        What::Unregistered { device, binding, .. } => {
            change
                .prepare_cached("DELETE FROM bindings WHERE device = ? AND id = ?")?
                .execute(params![device.as_ref(), *binding as i64])?;
        }
        What::Began { caller, dialled, .. } => {
            change
                .prepare_cached(
                    "INSERT INTO journeys (id, began, number, name, dialled) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    key(note.journey),
                    at,
                    caller.number.as_ref(),
                    caller.name.as_ref(),
                    dialled.as_ref()
                ])?;
        }
        What::Ended { outcome, by, code, lasted, talked } => {
            // The insert is for a journey whose beginning was lost by a failing disk.
            change
                .prepare_cached(
                    "INSERT INTO journeys (id, began, number, name, dialled, ended, outcome, ended_by, code, lasted, talked)
                     VALUES (?, ?, '', '', '', ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ended = excluded.ended,
                     outcome = excluded.outcome, ended_by = excluded.ended_by, code = excluded.code,
                     lasted = excluded.lasted, talked = excluded.talked",
                )?
                .execute(params![
                    key(note.journey),
                    at.saturating_sub(i64::try_from(lasted.as_nanos()).unwrap_or(i64::MAX)),
                    at,
                    outcome.map(word).transpose()?,
                    word(*by)?,
                    code,
                    milliseconds(*lasted),
                    talked.map(milliseconds)
                ])?;
        }
        What::MessageLeft(message) => {
            change
                .prepare_cached(
                    "INSERT INTO messages (id, mailbox, left_at, heard, message) VALUES (?, ?, ?, 0, ?)
                     ON CONFLICT DO NOTHING",
                )?
                .execute(params![message.id.as_ref(), message.mailbox.as_ref(), at, serde_json::to_string(message)?])?;
        }
        What::MessageHeard { message, heard, .. } => {
            change
                .prepare_cached("UPDATE messages SET heard = ? WHERE id = ?")?
                .execute(params![heard, message.as_ref()])?;
        }
        What::MessageDeleted { message, .. } => {
            change.prepare_cached("DELETE FROM messages WHERE id = ?")?.execute([message.as_ref()])?;
        }
        What::DoNotDisturb { person, on: true } => {
            change
                .prepare_cached("INSERT INTO do_not_disturb (person) VALUES (?) ON CONFLICT DO NOTHING")?
                .execute([person.as_ref()])?;
        }
        What::DoNotDisturb { person, on: false } => {
            change.prepare_cached("DELETE FROM do_not_disturb WHERE person = ?")?.execute([person.as_ref()])?;
        }
        _ => {}
    }
    Ok(())
}

fn summary(row: &Row<'_>) -> Result<Summary, StoreError> {
    let length = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(|ms| ms.max(0) as u64));
    let end = match row.get::<_, Option<i64>>(5)? {
        None => None,
        Some(ended) => Some(End {
            at: lines::timestamp(ended),
            outcome: row.get::<_, Option<String>>(6)?.map(|word| from_word(&word)).transpose()?,
            by: from_word(text(row, 7)?)?,
            code: row.get(8)?,
            lasted: Duration::from_millis(length(9)?.unwrap_or_default()),
            talked: length(10)?.map(Duration::from_millis),
        }),
    };
    Ok(Summary {
        id: JourneyId(row.get::<_, i64>(0)? as u64),
        began: lines::timestamp(row.get(1)?),
        number: text(row, 2)?.into(),
        name: text(row, 3)?.into(),
        dialled: text(row, 4)?.into(),
        end,
    })
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    row.get_ref(column)?.as_str().map_err(|error| StoreError::Damaged { cause: error.to_string() })
}

/// The key of a journey's rows.
fn key(journey: Option<JourneyId>) -> i64 {
    journey.map_or(NO_JOURNEY, |id| id.0 as i64)
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// The word that a value is written as in JSON.
fn word(value: impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(&value)?.trim_matches('"').to_string())
}

fn from_word<T: DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word.to_string()))?)
}

/// Records of who called whom are nobody else's business: the file is its owner's from its first moment.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
