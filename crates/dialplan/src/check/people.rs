//! People, devices, numbers, trunks.

use crate::diagnostic::{Diagnostic, Span};
use crate::keys::{Configuration, TrunkKeys};
use crate::plan::Network;
use crate::read::{Faults, Word};
use crate::reader::Environment;
use call::Name;

/// Checks people and trunks.
pub(super) fn check(configuration: &Configuration, environment: &dyn Environment, faults: &mut Faults) {
    numbers(configuration, faults);
    devices(configuration, faults);
    secrets(configuration, faults);
    absences(configuration, faults);
    for trunk in &configuration.trunks {
        proxy(&trunk.word, &trunk.keys, faults);
        password(&trunk.word, &trunk.keys, environment, faults);
    }
}

fn numbers(configuration: &Configuration, faults: &mut Faults) {
    let mut given: Vec<(&Name, &Word, Span)> = Vec::new();
    for person in &configuration.people {
        for number in &person.keys.number {
            match given.iter().find(|(digits, ..)| **digits == number.digits) {
                Some((_, other, place)) => faults.push(
                    Diagnostic::error(format!("the number {} is given twice", number.text))
                        .at(number.span, format!("to {}", person.word))
                        .see(*place, format!("first to {other}")),
                ),
                None => given.push((&number.digits, &person.word, number.span)),
            }
        }
    }
}

fn devices(configuration: &Configuration, faults: &mut Faults) {
    let mut owned: Vec<(&Word, &Word)> = Vec::new();
    for person in &configuration.people {
        for device in &person.keys.devices {
            match owned.iter().find(|(known, _)| *known == device) {
                Some((known, other)) => faults.push(
                    Diagnostic::error(format!("the device `{device}` belongs to two people"))
                        .at(device.span, format!("to {}", person.word))
                        .see(known.span, format!("first to {other}")),
                ),
                None => owned.push((device, &person.word)),
            }
        }
        if person.keys.devices.is_empty() {
            let warning = Diagnostic::warning(format!("{} has no devices", person.word));
            faults.push(warning.at(person.word.span, "their phone can never ring"));
        }
    }
    let mut users: Vec<(&str, &Word)> = Vec::new();
    for device in &configuration.devices {
        let user = device.keys.user.as_deref().unwrap_or(&device.word);
        match users.iter().find(|(known, _)| *known == user) {
            Some((_, other)) => faults.push(
                Diagnostic::error(format!("two devices register as `{user}`"))
                    .at(device.word.span, "this one")
                    .see(other.span, "and this one"),
            ),
            None => users.push((user, &device.word)),
        }
    }
}

/// Devices that cannot register: said once for all of them.
fn secrets(configuration: &Configuration, faults: &mut Faults) {
    let declared = configuration.devices.iter().map(|device| &device.word);
    let owned = configuration.people.iter().flat_map(|person| &person.keys.devices);
    let mut without: Vec<&Word> = Vec::new();
    for device in owned.chain(declared) {
        let secret = configuration.secrets.iter().any(|secret| secret.word == *device);
        if !secret && !without.contains(&device) {
            without.push(device);
        }
    }
    let Some((first, others)) = without.split_first() else { return };
    let message = match others.len() {
        0 => format!("the device `{first}` has no secret"),
        more => format!("the device `{first}` and {more} more have no secret"),
    };
    let warning = Diagnostic::warning(message).at(first.span, "cannot register");
    let warning = others.iter().take(5).fold(warning, |warning, device| warning.see(device.span, ""));
    faults.push(warning.help(format!("`vaihde passwd {first}` makes one for secrets.toml")));
}

fn absences(configuration: &Configuration, faults: &mut Faults) {
    let zone = &configuration.office.timezone.zone;
    let own = configuration.people.iter().flat_map(|person| &person.keys.absences).cloned();
    let apart = configuration.absences.iter().map(|absence| absence.keys.absence());
    for absence in own.chain(apart) {
        let Some(to) = absence.to else { continue };
        if to.end(zone) <= absence.from.start(zone) {
            let fault = Diagnostic::error("an absence ends before it begins").at(to.span, "the end");
            faults.push(fault.see(absence.from.span, "the beginning"));
        }
    }
}

fn proxy(trunk: &Word, keys: &TrunkKeys, faults: &mut Faults) {
    match proxy_host(&keys.proxy) {
        None => {
            let fault = Diagnostic::error(format!("the proxy of the trunk `{trunk}` is not a SIP URI"));
            faults.push(fault.at(trunk.span, format!("`{}`", keys.proxy)).help("such as \"sip:192.0.2.10\""));
        }
        Some(host) if host.parse::<std::net::IpAddr>().is_err() && keys.addresses.is_empty() => {
            let warning = Diagnostic::warning(format!("no call can come from the trunk `{trunk}`"));
            let warning = warning.at(trunk.span, format!("calls go to `{host}`, but come from addresses"));
            faults.push(warning.help("say which: addresses = [\"192.0.2.0/24\"]"));
        }
        Some(_) => {}
    }
}

/// The host of a SIP URI, without brackets.
pub(crate) fn proxy_host(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("sip:")?;
    let rest = rest.split([';', '?']).next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?.0,
        None => rest.split(':').next()?,
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    (!host.is_empty() && host.chars().all(fits)).then_some(host)
}

/// The address of the proxy, where it is written as one.
pub(crate) fn proxy_network(uri: &str) -> Option<Network> {
    proxy_host(uri)?.parse().ok().map(|address| Network::host(address, None))
}

fn password(trunk: &Word, keys: &TrunkKeys, environment: &dyn Environment, faults: &mut Faults) {
    let warn = |faults: &mut Faults, message: String, label: &str| {
        faults.push(Diagnostic::warning(message).at(trunk.span, label));
    };
    let Some((user, env, file)) = keys.credentials() else { return };
    let missing = "the trunk's challenges cannot be answered";
    match (env, file) {
        (Some(env), None) if environment.var(env).is_none() => {
            warn(faults, format!("the environment variable {env} is not set"), missing);
        }
        (None, Some(file)) if environment.text(file).is_none() => {
            warn(faults, format!("the file `{file}` cannot be read"), missing);
        }
        (None, None) => warn(faults, format!("the user {user} has no password"), missing),
        (Some(_), Some(_)) => {
            let fault = Diagnostic::error(format!("two passwords for the trunk `{trunk}`"));
            faults.push(fault.at(trunk.span, "`password_env` or `password_file`, not both"));
        }
        _ => {}
    }
}
