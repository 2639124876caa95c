//! What the commands do, other than to run the exchange.

mod explain;
mod moments;
mod passwd;
mod records;
mod running;
mod setup;

pub use setup::ACCOUNTS;

use crate::cli::{Command, Folder};
use crate::configuration::{Loaded, colour};
use crate::run;
use std::path::Path;
use std::process::ExitCode;

/// What is said when a command cannot be carried out.
type Fault = String;

/// Carries out a command. What it has to say goes to standard output, why it could not to standard error.
pub fn dispatch(command: Command) -> ExitCode {
    let done = match command {
        Command::Run(Folder { config }) => run::run(&config),
        Command::Check(Folder { config }) => check(&config),
        Command::Show(Folder { config }) => show(&config),
        Command::Manual => say(&dialplan::manual()),
        Command::Explain(question) => explain::explain(&question),
        Command::Passwd(passwd) => passwd::passwd(&passwd),
        Command::Setup { folder } => setup::setup(&folder),
        Command::Reload(Folder { config }) => running::reload(&config),
        Command::Status(Folder { config }) => running::status(&config),
        Command::Journeys(query) => records::journeys(&query),
        Command::Journey { id, folder, no_ladder } => records::journey(&folder.config, &id, !no_ladder),
        Command::Dnd { person, switch, folder } => running::do_not_disturb(&folder.config, &person, switch),
        Command::Hangup { id, folder } => running::hang_up(&folder.config, &id),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{}", fault.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output; whoever has stopped reading (`vaihde show | head`) has heard enough.
fn say(text: &str) -> Result<(), Fault> {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("error: cannot print: {error}")),
        _ => Ok(()),
    }
}

/// The configuration of a folder, or its mistakes as text.
fn load(folder: &Path) -> Result<Loaded, Fault> {
    Loaded::from_folder(folder).map_err(|refused| refused.text(colour()))
}

/// The configuration of a folder for a command that needs to know little more than where things are kept: mistakes in
/// it, while somebody is at work there, are no reason not to answer. What people are called is not known then.
fn load_for_store(folder: &Path) -> Result<Loaded, Fault> {
    match Loaded::from_folder(folder) {
        Ok(loaded) => Ok(loaded),
        Err(refused) => refused.salvage().map_err(|refused| refused.text(colour())),
    }
}

fn check(folder: &Path) -> Result<(), Fault> {
    let loaded = load(folder)?;
    if !loaded.warnings.is_empty() {
        eprintln!("{}\n", loaded.warnings(colour()));
    }
    let plan = &loaded.plan;
    let (people, devices, mailboxes) = (plan.people().len(), plan.devices().len(), plan.mailboxes().len());
    let files = loaded.configuration.sources.len();
    say(&format!(
        "{} is in order: {files} files, {people} people, {devices} devices, {mailboxes} mailboxes",
        folder.display()
    ))
}

fn show(folder: &Path) -> Result<(), Fault> {
    say(&dialplan::show(&load(folder)?.plan))
}
