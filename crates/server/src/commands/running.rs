//! Commands for the exchange that runs: they go through its control socket.

use super::{Fault, load_for_store, say};
use crate::cli::Switch;
use crate::run::control::{Answer, Request, ask};
use std::path::Path;

/// Has it read its configuration again.
pub fn reload(folder: &Path) -> Result<(), Fault> {
    tell(folder, &Request::Reload)
}

/// How full it is.
pub fn status(folder: &Path) -> Result<(), Fault> {
    tell(folder, &Request::Status)
}

/// Switches somebody's do-not-disturb.
pub fn do_not_disturb(folder: &Path, person: &str, switch: Switch) -> Result<(), Fault> {
    tell(folder, &Request::DoNotDisturb { person: person.into(), on: switch == Switch::On })
}

/// Ends a journey.
pub fn hang_up(folder: &Path, id: &str) -> Result<(), Fault> {
    tell(folder, &Request::HangUp { journey: id.into() })
}

fn tell(folder: &Path, request: &Request) -> Result<(), Fault> {
    let socket = load_for_store(folder)?.control_socket();
    match ask(&socket, request) {
        Ok(Answer { ok: true, text }) => say(&text),
        Ok(Answer { ok: false, text }) => Err(text),
        Err(error) => Err(format!("error: no exchange runs with {}: {}: {error}", folder.display(), socket.display())),
    }
}
