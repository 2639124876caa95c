//! What can go wrong with a store, named by what failed.

use std::fmt;
use std::path::PathBuf;

/// Why something could not be kept or read.
#[derive(Debug)]
pub enum StoreError {
    /// The database could not be opened.
    Open {
        /// Which.
        path: PathBuf,
        /// What the database said.
        cause: String,
    },
    /// The database was written by a newer vaihde: nothing is read or changed.
    Newer {
        /// Its version.
        found: i64,
        /// The newest that we know.
        known: i64,
    },
    /// No room is left on the disk.
    Full,
    /// The database is damaged.
    Damaged {
        /// What the database said.
        cause: String,
    },
    /// The disk or the database refused for another cause.
    Failed {
        /// What the database said.
        cause: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Open { path, cause } => write!(f, "cannot open {}: {cause}", path.display()),
            StoreError::Newer { found, known } => {
                write!(f, "the database has version {found}, this vaihde knows versions up to {known}")
            }
            StoreError::Full => f.write_str("the disk is full"),
            StoreError::Damaged { cause } => write!(f, "the database is damaged: {cause}"),
            StoreError::Failed { cause } => write!(f, "the database failed: {cause}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let cause = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged { cause },
            _ => StoreError::Failed { cause },
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        StoreError::Damaged { cause: error.to_string() }
    }
}
