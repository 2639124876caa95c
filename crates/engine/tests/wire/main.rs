//! The exchange message by message: what peers may send that no phone of the simulator does.

mod exchange;
mod faults;
mod leaks;
mod outside;
mod sessions;
mod wire;
