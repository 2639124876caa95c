//! The vaihde program: sockets, threads, clock, reload, commands.
fn main() {}
