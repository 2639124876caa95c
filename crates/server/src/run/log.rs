//! Log lines: for people or for programs, to standard error; what they tell is never a secret.

use call::{Note, What};
use dialplan::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Overrides `log.level` of the configuration, to look closer at one run.
const VARIABLE: &str = "VAIHDE_LOG";

/// Begins to log. A filter that cannot be read falls back to `info`, and says so.
pub fn start(log: &Log) {
    let wanted = std::env::var(VARIABLE).unwrap_or_else(|_| log.level.to_string());
    let filter = EnvFilter::try_new(named_as_crates(&wanted));
    let fault = filter.as_ref().err().map(ToString::to_string);
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(crate::configuration::colour()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        eprintln!("warning: the log was started before");
    }
    if let Some(fault) = fault {
        tracing::warn!(level = wanted, fault, "this log level cannot be read; logging at `info`");
    }
}

/// What a note says to who reads the log; the whole story of a call is `vaihde journey`'s.
pub fn note(note: &Note) {
    let journey = note.journey.map(tracing::field::display);
    match &note.what {
        What::Began { caller, dialled, .. } => {
            tracing::debug!(journey, from = &*caller.number, device = caller.device.as_deref(), %dialled, "call began");
        }
        What::Ended { by, code, lasted, talked, .. } => {
            tracing::debug!(journey, code, ?by, ?lasted, ?talked, "call ended");
        }
        What::Registered { device, binding } => tracing::debug!(%device, flow = &*binding.flow, "registered"),
        What::Unregistered { device, expired, .. } => tracing::debug!(%device, expired, "unregistered"),
        What::MessageLeft(message) => {
            tracing::info!(journey, mailbox = &*message.mailbox, id = &*message.id, "message left");
        }
        What::DoNotDisturb { person, on } => tracing::info!(%person, on, "do-not-disturb"),
        What::Fault { message } => {
            tracing::error!(journey, fault = &**message, "a fault was contained: it ended one call")
        }
        _ => {}
    }
}

/// `engine=debug` means the crate `vaihde_engine`.
fn named_as_crates(filter: &str) -> String {
    let directive = |directive: &str| match directive.trim() {
        plain if !plain.contains('=') || plain.starts_with("vaihde") || plain.starts_with('[') => plain.to_string(),
        named => format!("vaihde_{named}"),
    };
    filter.split(',').map(directive).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_crates_as_the_source_tree_does() {
        assert_eq!(named_as_crates("info,engine=debug, vaihde_sip=trace"), "info,vaihde_engine=debug,vaihde_sip=trace");
    }
}
