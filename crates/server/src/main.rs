//! The vaihde program: sockets, threads, clock, reload, commands.

// The program is the edge: clocks, threads and tasks are its own.
#![allow(clippy::disallowed_methods)]

mod cli;
mod commands;
mod configuration;
mod run;
mod tell;

use std::process::ExitCode;

/// Half the price of the system's for the many short-lived pieces of a message; see `benches/README.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::dispatch(cli::parse())
}
