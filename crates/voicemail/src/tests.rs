//! Whole conversations with the voicemail in virtual time.

mod chance;
mod leave;
mod listen;
mod prompts;
mod story;
