//! The vaihde program: sockets, threads, clock, reload, commands.

// The program is the edge: clocks, threads and tasks are its own.
#![allow(clippy::disallowed_methods)]

mod cli;
mod commands;
mod configuration;
mod run;
mod tell;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::dispatch(cli::parse())
}
