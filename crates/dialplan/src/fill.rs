//! Writes into a configuration what it leaves out, so that nothing is in force that `vaihde show` does not print.

use crate::collect::default_section;
use crate::diagnostic::Span;
use crate::keys::{Configuration, DeviceKeys, Named, OwnMailbox, VoicemailKeys};
use crate::read::Word;

/// Fills in every default that depends on something else; those that do not are in the keys' declarations.
pub(crate) fn fill(configuration: &mut Configuration) {
    let listen = &mut configuration.settings.listen;
    listen.tcp.get_or_insert_with(|| listen.udp.clone());
    people(configuration);
    devices(configuration);
    reaches(configuration);
    mailboxes(configuration);
    for group in &mut configuration.groups {
        group.keys.name.get_or_insert_with(|| group.word.name.clone());
    }
    for (at, route) in configuration.routes.iter_mut().enumerate() {
        route.keys.name.get_or_insert_with(|| format!("route {}", at + 1).into());
    }
}

fn people(configuration: &mut Configuration) {
    for person in &mut configuration.people {
        person.keys.name.get_or_insert_with(|| person.word.name.clone());
        person.keys.language.get_or_insert_with(|| configuration.office.language.clone());
    }
}

/// Every device that somebody has, after those with sections of their own.
fn devices(configuration: &mut Configuration) {
    let owned = configuration.people.iter().flat_map(|person| &person.keys.devices);
    for word in owned {
        if !configuration.devices.iter().any(|device| device.word == *word) {
            configuration.devices.push(Named { word: word.clone(), keys: default_section::<DeviceKeys>() });
        }
    }
    for device in &mut configuration.devices {
        device.keys.user.get_or_insert_with(|| device.word.name.clone());
        device.keys.contacts.get_or_insert(configuration.settings.limits.contacts_per_device);
    }
}

fn reaches(configuration: &mut Configuration) {
    if !configuration.reaches.iter().any(|reach| &*reach.word == "default") {
        let word = Word::new("default", Span::default());
        configuration.reaches.push(Named { word, keys: default_section() });
    }
    let filled: Vec<_> = configuration.reaches.iter().map(|reach| configuration.reach(&reach.word)).collect();
    for (reach, keys) in configuration.reaches.iter_mut().zip(filled) {
        reach.keys = keys;
    }
}

/// Everybody's own mailbox, after those with sections of their own.
fn mailboxes(configuration: &mut Configuration) {
    for person in configuration.people.iter().filter(|person| person.keys.voicemail == OwnMailbox::Own) {
        if !configuration.mailboxes.iter().any(|mailbox| mailbox.word == person.word) {
            let keys = default_section::<VoicemailKeys>();
            configuration.mailboxes.push(Named { word: person.word.clone(), keys });
        }
    }
    let only_hours = match configuration.hours.as_slice() {
        [only] => Some(only.word.clone()),
        _ => None,
    };
    for mailbox in &mut configuration.mailboxes {
        let keys = &mut mailbox.keys;
        let tells_hours = keys.greeting.0.open.is_some() || keys.greeting.0.closed.is_some();
        if tells_hours && keys.hours.is_none() {
            keys.hours.clone_from(&only_hours);
        }
        let owner = configuration.people.iter().find(|person| person.word == mailbox.word);
        let language = owner.and_then(|person| person.keys.language.clone());
        keys.language.get_or_insert_with(|| language.unwrap_or_else(|| configuration.office.language.clone()));
        let pin = configuration.pins.iter().find(|pin| pin.word == mailbox.word).map(|pin| pin.keys);
        keys.pin = keys.pin.or(pin);
    }
    configuration.pins.clear();
}
