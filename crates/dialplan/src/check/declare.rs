//! Every name must be declared that something refers to.

use super::{Check, Kind, Names, Within};
use crate::diagnostic::Diagnostic;
use crate::keys::{Condition, Configuration, Member, Origin, OwnMailbox, Who};
use crate::read::{Faults, Word};
use crate::reader::Environment;
use crate::step::Steps;

/// Checks every reference.
pub(super) fn check(configuration: &Configuration, names: &Names, environment: &dyn Environment, faults: &mut Faults) {
    let mut check = Check { names, environment, faults, within: Within::Route };
    for list in configuration.lists() {
        check.within = list.within;
        steps(list.steps, &mut check);
    }
    people(configuration, &mut check);
    groups(configuration, &mut check);
    mailboxes(configuration, &mut check);
    for route in &configuration.routes {
        route.keys.from.iter().for_each(|from| origin(from, &mut check));
        route.keys.when.iter().for_each(|when| condition(when, &mut check));
        route.keys.allow.iter().flatten().for_each(|person| check.refers(Kind::Person, person));
    }
    configuration.secrets.iter().for_each(|secret| check.refers(Kind::Device, &secret.word));
    configuration.pins.iter().for_each(|pin| check.refers(Kind::Mailbox, &pin.word));
}

fn steps(list: &Steps, check: &mut Check<'_>) {
    for step in &list.0 {
        step.when.iter().for_each(|when| condition(when, check));
        step.action.check(check);
        step.then.iter().for_each(|then| steps(then, check));
    }
}

fn condition(condition: &Condition, check: &mut Check<'_>) {
    match condition {
        Condition::Open(hours) | Condition::Closed(hours) => check.refers(Kind::Hours, hours),
        Condition::From(from) => origin(from, check),
    }
}

fn origin(origin: &Origin, check: &mut Check<'_>) {
    match origin {
        Origin::Trunk(trunk) => check.refers(Kind::Trunk, trunk),
        Origin::Person(person) => check.refers(Kind::Person, person),
        Origin::Device(device) => check.refers(Kind::Device, device),
        Origin::Phones | Origin::Trunks | Origin::Anyone => {}
    }
}

fn people(configuration: &Configuration, check: &mut Check<'_>) {
    for person in &configuration.people {
        let keys = &person.keys;
        keys.substitute.iter().for_each(|substitute| check.refers(Kind::Person, substitute));
        keys.absences.iter().filter_map(|it| it.substitute.as_ref()).for_each(|it| check.refers(Kind::Person, it));
        keys.mobile_via.iter().for_each(|trunk| check.refers(Kind::Trunk, &trunk.0));
        if &*keys.reach != "default" {
            check.refers(Kind::Reach, &keys.reach);
        }
        if let OwnMailbox::Other(mailbox) = &keys.voicemail {
            check.refers(Kind::Mailbox, mailbox);
        }
    }
    for absence in &configuration.absences {
        check.refers(Kind::Person, &absence.keys.person);
        absence.keys.substitute.iter().for_each(|substitute| check.refers(Kind::Person, substitute));
    }
}

fn groups(configuration: &Configuration, check: &mut Check<'_>) {
    for group in &configuration.groups {
        for Member(member) in &group.keys.members {
            match &member.who {
                Who::Person(person) => check.refers(Kind::Person, person),
                Who::Mobile(person) => mobile(configuration, person, check),
                Who::Device(device) => check.refers(Kind::Device, device),
                Who::Group(group) => check.refers(Kind::Group, group),
                Who::Number(number) if member.via.is_none() => {
                    let fault = Diagnostic::error("a number outside needs a trunk");
                    let fault = fault.at(number.span, "through which?");
                    check.faults.push(fault.help("write { who = \"…\", via = \"trunk:…\" }"));
                }
                Who::Number(_) => {}
            }
            member.via.iter().for_each(|trunk| check.refers(Kind::Trunk, &trunk.0));
        }
    }
}

fn mobile(configuration: &Configuration, person: &Word, check: &mut Check<'_>) {
    check.refers(Kind::Person, person);
    let known = configuration.people.iter().find(|known| known.word == *person);
    if known.is_some_and(|known| known.keys.mobile.is_none()) {
        check.faults.push(Diagnostic::error(format!("`{person}` has no mobile")).at(person.span, "this cannot ring"));
    }
}

fn mailboxes(configuration: &Configuration, check: &mut Check<'_>) {
    for mailbox in &configuration.mailboxes {
        let keys = &mailbox.keys;
        keys.hours.iter().for_each(|hours| check.refers(Kind::Hours, hours));
        keys.greeting.files().for_each(|file| check.file(file));
        for word in &keys.light {
            if check.names.find(Kind::Device, word).is_none() {
                check.refers(Kind::Person, word);
            }
        }
        let tells_hours = keys.greeting.0.open.is_some() || keys.greeting.0.closed.is_some();
        if tells_hours && keys.hours.is_none() && configuration.hours.len() != 1 {
            let fault = Diagnostic::error(format!("when is the mailbox `{}` open?", mailbox.word));
            let known = match configuration.hours.is_empty() {
                true => "there are no [hours.…]",
                false => "there is more than one [hours.…]",
            };
            check.faults.push(fault.at(mailbox.word.span, known).help("name them: `hours = \"…\"`"));
        }
    }
}
