//! The loads that the benches share: one for each subject, the same in time and in instructions.

pub mod calls;
pub mod messages;
pub mod relay;
