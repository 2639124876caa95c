//! The tables, and how a database of an older version becomes one of today's.

use crate::StoreError;
use rusqlite::Connection;

/// Each step takes a database from the version that is its place in this list to the next one (`user_version`).
const STEPS: &[&str] = &["
-- One row for each journey and append: lines as lines.rs writes them. Journey 0: notes that belong to none.
-- Ids sort by time, so that rows are added near the end of the tree and old ones leave from its beginning. A page of
-- 8 KiB holds rows of up to 2 KiB whole: an ordinary call's.
CREATE TABLE notes (
    journey INTEGER NOT NULL,
    batch   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    lines   TEXT NOT NULL,
    PRIMARY KEY (journey, batch)
) WITHOUT ROWID, STRICT;
-- What a list of journeys shows. Times in nanoseconds since 1970, lengths in milliseconds.
CREATE TABLE journeys (
    id      INTEGER PRIMARY KEY,
    began   INTEGER NOT NULL,
    number  TEXT NOT NULL,
    name    TEXT NOT NULL,
    dialled TEXT NOT NULL,
    ended   INTEGER,
    outcome TEXT,
    ended_by TEXT,
    code    INTEGER,
    lasted  INTEGER,
    talked  INTEGER
) STRICT;
CREATE TABLE bindings (
    device  TEXT NOT NULL,
    id      INTEGER NOT NULL,
    made    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    binding TEXT NOT NULL,
    PRIMARY KEY (device, id)
) WITHOUT ROWID, STRICT;
CREATE TABLE messages (
    id      TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    left_at INTEGER NOT NULL,
    heard   INTEGER NOT NULL,
    message TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE do_not_disturb (person TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
-- How often the database was opened for writing: the upper half of every batch number.
CREATE TABLE opened (times INTEGER NOT NULL) STRICT;
INSERT INTO opened VALUES (0);
"];

/// Brings the tables to today's version, or refuses one that is newer.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = STEPS.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, step) in (1..).zip(STEPS).skip(found.max(0) as usize) {
        let change = connection.transaction()?;
        change.execute_batch(step)?;
        change.pragma_update(None, "user_version", version)?;
        change.commit()?;
    }
    Ok(())
}
