//! How the notes of one journey are written in one row: a line of JSON each, `[nanoseconds since the row's first, what]`.
//!
//! JSON rather than a packed encoding: a note that was written by last year's vaihde can still be read, also by hand
//! with the `sqlite3` program.

use crate::StoreError;
use call::{JourneyId, Note, What};
use jiff::Timestamp;

/// Adds one note to a row that begins at a moment.
pub(crate) fn write(note: &Note, begins: i64, into: &mut Vec<u8>) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *into, &(nanoseconds(note.at).wrapping_sub(begins), &note.what))?;
    into.push(b'\n');
    Ok(())
}

/// Reads a row back.
pub(crate) fn read(journey: Option<JourneyId>, begins: i64, row: &str, into: &mut Vec<Note>) -> Result<(), StoreError> {
    for line in row.lines() {
        let (after, what): (i64, What) = serde_json::from_str(line)?;
        into.push(Note { at: timestamp(begins.wrapping_add(after)), journey, what });
    }
    Ok(())
}

/// A moment as a column; the years 1677 to 2262 have room.
pub(crate) fn nanoseconds(at: Timestamp) -> i64 {
    at.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The moment of a column.
pub(crate) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::MAX)
}
