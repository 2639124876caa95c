//! Settings that cannot be together.

use super::Places;
use crate::diagnostic::Diagnostic;
use crate::read::Faults;
use crate::reader::Environment;
use crate::settings::{Limits, Settings};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Where a fault about a setting is noted.
struct Report<'a> {
    places: &'a Places,
    faults: &'a mut Faults,
}

impl Report<'_> {
    /// A fault at the first of the keys that is written.
    fn fault(&mut self, message: String, section: &str, keys: &[&str], label: &str) {
        let places: Vec<_> = keys.iter().filter_map(|key| self.places.of(section, key)).collect();
        let mut fault = Diagnostic::error(message);
        for (count, span) in places.into_iter().enumerate() {
            fault = if count == 0 { fault.at(span, label) } else { fault.see(span, "") };
        }
        self.faults.push(fault);
    }
}

/// Checks the settings.
pub(super) fn check(settings: &Settings, places: &Places, environment: &dyn Environment, faults: &mut Faults) {
    let mut report = Report { places, faults };
    listening(settings, &mut report);
    limits(&settings.limits, &mut report);
    timers(settings, &mut report);
    if settings.media.codecs.is_empty() {
        report.fault("no codec: nobody could hear an announcement".into(), "media", &["codecs"], "name at least one");
    }
    if settings.media.threads == 0 {
        report.fault("no thread would relay".into(), "media", &["threads"], "at least one");
    }
    if settings.sip.digest.is_empty() {
        report.fault("no digest algorithm: no phone could register".into(), "sip", &["digest"], "name at least one");
    }
    let music = settings.media.music.as_deref().filter(|file| !environment.exists(file));
    if let (Some(file), Some(place)) = (music, places.of("media", "music")) {
        let warning = Diagnostic::warning(format!("no file `{file}`"));
        faults.push(warning.at(place, "those on hold hear nothing until it is there"));
    }
}

fn listening(settings: &Settings, report: &mut Report<'_>) {
    let listen = &settings.listen;
    if listen.udp.is_empty() && listen.tcp().is_empty() {
        report.fault("the exchange listens nowhere".into(), "listen", &["udp", "tcp"], "no address");
    }
    for (key, addresses) in [("udp", &listen.udp[..]), ("tcp", listen.tcp.as_deref().unwrap_or_default())] {
        if let Some(twice) = twice(addresses) {
            report.fault(format!("`{twice}` is listened on twice"), "listen", &[key], "the same address again");
        }
    }
    let ports = settings.media.ports;
    if let Some(address) = listen.udp.iter().find(|it| (ports.first..=ports.last).contains(&it.port())) {
        let message = format!("port {} is for SIP and for sound", address.port());
        report.fault(message, "media", &["ports"], "includes a port of `listen.udp`");
    }
    let families =
        [("listen", &listen.advertise), ("media", &settings.media.advertise), ("media", &settings.media.address)];
    for ((section, addresses), key) in families.into_iter().zip(["advertise", "advertise", "address"]) {
        let of_v4 = addresses.iter().filter(|address| address.is_ipv4()).count();
        if of_v4 > 1 || addresses.len() - of_v4 > 1 {
            let message = format!("`{section}.{key}` has two addresses of one family");
            report.fault(message, section, &[key], "at most one IPv4 and one IPv6");
        }
    }
    if settings.media.advertise.iter().chain(&listen.advertise).any(IpAddr::is_unspecified) {
        let message = "nobody can reach an unspecified address".into();
        report.fault(message, "listen", &["advertise"], "the address at which others reach us");
    }
    if settings.media.address.is_empty() {
        report.fault("sound has no address".into(), "media", &["address"], "name at least one");
    }
}

fn twice(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let repeated = |(at, address): (usize, &SocketAddr)| addresses[..at].contains(address).then_some(*address);
    addresses.iter().enumerate().find_map(repeated)
}

fn limits(limits: &Limits, report: &mut Report<'_>) {
    let counts = [
        ("calls", limits.calls),
        ("transactions", limits.transactions),
        ("contacts_per_device", limits.contacts_per_device.into()),
        ("notes", limits.notes),
    ];
    for (key, _) in counts.into_iter().filter(|(_, count)| *count == 0) {
        report.fault(format!("with `{key} = 0` no call could be made"), "limits", &[key], "at least 1");
    }
    if limits.message_bytes < 2048 || limits.header_bytes < 1024 || limits.header_bytes > limits.message_bytes {
        let keys = &["message_bytes", "header_bytes"];
        let label = "messages of 2048 bytes and headers of 1024 are the least; headers are part of the message";
        report.fault("ordinary messages would not fit".into(), "limits", keys, label);
    }
}

fn timers(settings: &Settings, report: &mut Report<'_>) {
    let sip = &settings.sip;
    if sip.registration_min > sip.registration || sip.registration > sip.registration_max {
        let keys = &["registration", "registration_min", "registration_max"];
        report.fault("the registration times contradict each other".into(), "sip", keys, "from least to most");
    }
    if sip.session_min < Duration::from_secs(90) {
        report.fault("sessions are at least 90 s, RFC 4028 §4".into(), "sip", &["session_min"], "too short");
    }
    if sip.session_expires < sip.session_min {
        let keys = &["session_expires", "session_min"];
        report.fault("the session times contradict each other".into(), "sip", keys, "shorter than the shortest");
    }
    if sip.t1 < Duration::from_millis(10) || sip.t1 > sip.t2 {
        report.fault("T1 is from 10 ms up to T2".into(), "sip", &["t1", "t2"], "not possible");
    }
}
