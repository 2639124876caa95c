//! What the fuzzers do with bytes: one module for each reader of what strangers send, each with a `run` that panics
//! when something is true that must never be. `tests/fuzz_corpus.rs` runs them on every input of the corpora.

pub mod configuration;
pub mod dialog;
pub mod digest;
pub mod framer;
pub mod message;
pub mod next_hop;
pub mod office;
pub mod packet;
mod records;
pub mod sdp;
pub mod sound;
mod steps;
pub mod transactions;
