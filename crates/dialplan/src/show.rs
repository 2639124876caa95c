//! The configuration in force with every default filled in, as TOML that reads back.

use crate::keys::{Configuration, Named, Placed};
use crate::plan::Dialplan;
use crate::read::{Section, Shown, shown_string};
use std::fmt::Write;

/// Every key of the configuration in force, as TOML that says the same when it is read. Secrets are not shown: with
/// the file that holds them beside it, it is the same plan.
pub fn show(plan: &Dialplan) -> String {
    let configuration = &plan.inner.configuration;
    let settings = &configuration.settings;
    let mut text = String::from("# The configuration in force. Secrets are not shown.\n");
    text.push_str(&lines(&configuration.office));
    section("[listen]", &settings.listen, &mut text);
    section("[limits]", &settings.limits, &mut text);
    section("[media]", &settings.media, &mut text);
    section("[store]", &settings.store, &mut text);
    section("[prompts]", &settings.prompts, &mut text);
    section("[sip]", &settings.sip, &mut text);
    section("[log]", &settings.log, &mut text);
    all("hours", &configuration.hours, &mut text);
    all("person", &configuration.people, &mut text);
    devices(configuration, &mut text);
    all("reach", &configuration.reaches, &mut text);
    all("ring", &configuration.groups, &mut text);
    mailboxes(configuration, &mut text);
    all("trunk", &configuration.trunks, &mut text);
    all("flow", &configuration.flows, &mut text);
    every("route", &configuration.routes, &mut text);
    every("absence", &configuration.absences, &mut text);
    text
}

fn lines(section: &impl Section) -> String {
    let mut shown = Shown::default();
    section.show(&mut shown);
    shown.lines()
}

fn section(title: &str, keys: &impl Section, text: &mut String) {
    let _ = write!(text, "\n{title}\n{}", lines(keys));
}

/// A name as a TOML key: quoted unless it is plain.
fn key(name: &str) -> String {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if is_plain { name.to_owned() } else { shown_string(name) }
}

fn all<T: Section>(kind: &str, named: &[Named<T>], text: &mut String) {
    named.iter().for_each(|it| section(&format!("[{kind}.{}]", key(&it.word)), &it.keys, text));
}

fn every<T: Section>(kind: &str, placed: &[Placed<T>], text: &mut String) {
    placed.iter().for_each(|it| section(&format!("[[{kind}]]"), &it.keys, text));
}

fn is_set(set: bool) -> &'static str {
    if set { "…set…" } else { "…not set…" }
}

fn devices(configuration: &Configuration, text: &mut String) {
    for device in &configuration.devices {
        section(&format!("[device.{}]", key(&device.word)), &device.keys, text);
        let secret = configuration.secrets.iter().any(|secret| secret.word == device.word);
        let _ = writeln!(text, "# secret = \"{}\"", is_set(secret));
    }
}

fn mailboxes(configuration: &Configuration, text: &mut String) {
    for mailbox in &configuration.mailboxes {
        section(&format!("[voicemail.{}]", key(&mailbox.word)), &mailbox.keys, text);
        let _ = writeln!(text, "# pin = \"{}\"", is_set(mailbox.keys.pin.is_some()));
    }
}
