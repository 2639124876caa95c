//! From TOML text to typed keys: every value keeps its place, every fault is collected, no key is ignored.

mod faults;
mod section;
mod table;
mod types;
mod value;
mod words;

pub(crate) use faults::Faults;
pub(crate) use section::{Key, Presence, Section, Shown, section};
pub(crate) use table::Table;
pub(crate) use types::{File, Later};
pub(crate) use value::{Node, Value, shown_string, text_value};
pub(crate) use words::{Word, kind_and_name, part_span};
