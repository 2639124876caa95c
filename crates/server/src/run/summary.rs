//! What `vaihde run` says first: where phones reach it, who is in the office, where things are kept.

use crate::configuration::Loaded;
use engine::Listener;
use std::fmt::Write;
use std::net::SocketAddr;

/// Prints it. Without anybody to read it nothing is lost.
pub fn print(loaded: &Loaded, listeners: &[Listener], registered: usize) {
    use std::io::Write;
    writeln!(std::io::stdout(), "{}", text(loaded, listeners, registered)).ok();
    tracing::info!(folder = %loaded.configuration.folder.display(), listeners = listeners.len(), registered, "started");
}

fn text(loaded: &Loaded, listeners: &[Listener], registered: usize) -> String {
    let (plan, folder) = (&loaded.plan, &loaded.configuration.folder);
    let mut text = format!("vaihde {}: the exchange of {} runs\n", env!("CARGO_PKG_VERSION"), plan.office.domain);
    let mut reached: Vec<(SocketAddr, Vec<&str>)> = Vec::new();
    for listener in listeners {
        let at = listener.advertised.unwrap_or(listener.local);
        match reached.iter_mut().find(|(address, _)| *address == at) {
            Some((_, transports)) => transports.push(listener.transport.via()),
            None => reached.push((at, vec![listener.transport.via()])),
        }
    }
    for (address, transports) in reached {
        writeln!(text, "  phones reach it at  {address} ({})", transports.join(", ")).ok();
    }
    let (people, devices) = (plan.people().len(), plan.devices().len());
    writeln!(text, "  in the office       {people} people, {devices} devices, {registered} registered before").ok();
    writeln!(text, "  configuration       {} (vaihde reload {0})", folder.display()).ok();
    writeln!(text, "  records             {}", loaded.database().display()).ok();
    let accounts = folder.join(crate::commands::ACCOUNTS);
    if accounts.exists() {
        writeln!(text, "  accounts to try     {}", accounts.display()).ok();
    }
    text.push_str("  Ctrl-C stops it");
    text
}
