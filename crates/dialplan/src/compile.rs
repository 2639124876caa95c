//! From a configuration without faults to the plan that calls use.

use crate::check::proxy_network;
use crate::diagnostic::{Diagnostic, Source};
use crate::fill::fill;
use crate::graph::{Graph, NodeId, place};
use crate::group::RingGroup;
use crate::hours::Hours;
use crate::keys::{Configuration, DeviceKeys, Member, Named, OwnMailbox, PersonKeys, VoicemailKeys, Who};
use crate::office::Office;
use crate::plan::{Credentials, Device, Dialplan, Index, Inner, Mailbox, Person, Route, Routes, Secret, Trunk};
use crate::reach::{RING_FOR, Reach};
use crate::read::{Faults, Later, Word};
use crate::reader::Environment;
use call::Name;
use presence::PlannedAbsence;
use ring::{Branch, Group, Rules, Target};
use std::collections::HashMap;
use std::sync::Arc;

/// Compiles; what only now comes to light is a warning.
pub(crate) fn compile(
    mut configuration: Configuration,
    sources: &[Source],
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Dialplan {
    fill(&mut configuration);
    let office = Office {
        domain: configuration.office.domain.clone(),
        timezone: configuration.office.timezone.zone.clone(),
        language: configuration.office.language.0.clone(),
        country: configuration.office.country.as_ref().map(|country| country.0.clone()),
    };
    let mut compiler = Compiler {
        configuration: &configuration,
        office: &office,
        sources,
        graph: Graph::default(),
        reaches: Vec::new(),
    };
    let mailboxes = compiler.mailboxes();
    let people: Vec<Person> = configuration.people.iter().map(|person| compiler.person(person)).collect();
    let flows: Vec<(Name, Option<NodeId>)> = configuration
        .flows
        .iter()
        .map(|flow| (flow.word.name.clone(), compiler.graph.add(&flow.keys.steps, sources)))
        .collect();
    let routes = compiler.routes();
    let thens: Vec<Option<NodeId>> = configuration.groups.iter().map(|group| compiler.then(group)).collect();
    let graph = compiler.graph;
    let devices: Vec<Device> =
        configuration.devices.iter().map(|it| device(&configuration, &it.word, &it.keys)).collect();
    let index = Index {
        people: index(people.iter().map(|person| &person.id)),
        numbers: numbers(&people),
        devices: index(devices.iter().map(|device| &device.name)),
        users: index(devices.iter().map(|device| &device.user)),
        mailboxes: index(mailboxes.iter().map(|mailbox| &mailbox.name)),
        trunks: index(configuration.trunks.iter().map(|trunk| &trunk.word.name)),
        hours: index(configuration.hours.iter().map(|hours| &hours.word.name)),
        groups: index(configuration.groups.iter().map(|group| &group.word.name)),
        flows: index(flows.iter().map(|(name, _)| name)),
    };
    let mut inner = Inner {
        office: office.clone(),
        people,
        devices,
        mailboxes,
        trunks: configuration.trunks.iter().map(|trunk| self::trunk(&trunk.word, &trunk.keys, environment)).collect(),
        hours: configuration.hours.iter().map(|hours| Hours::new(&hours.word, hours.keys.clone())).collect(),
        groups: Vec::new(),
        flows,
        routes,
        graph,
        index,
        configuration,
    };
    mobiles(&mut inner, faults);
    groups(&mut inner, thens);
    let settings = inner.configuration.settings.clone();
    Dialplan { office, settings, inner: Arc::new(inner) }
}

fn index<'a>(names: impl Iterator<Item = &'a Name>) -> HashMap<Name, usize> {
    names.enumerate().map(|(at, name)| (name.clone(), at)).collect()
}

fn numbers(people: &[Person]) -> HashMap<Name, usize> {
    let of = |(at, person): (usize, &Person)| -> Vec<(Name, usize)> {
        person.numbers.iter().map(|number| (number.clone(), at)).collect()
    };
    people.iter().enumerate().flat_map(of).collect()
}

struct Compiler<'a> {
    configuration: &'a Configuration,
    office: &'a Office,
    sources: &'a [Source],
    graph: Graph,
    reaches: Vec<(Name, Reach)>,
}

impl Compiler<'_> {
    fn mailboxes(&self) -> Vec<Mailbox> {
        self.configuration.mailboxes.iter().map(|mailbox| self.mailbox(&mailbox.word, &mailbox.keys)).collect()
    }

    fn mailbox(&self, word: &Word, keys: &VoicemailKeys) -> Mailbox {
        let owner = self.configuration.people.iter().find(|person| person.word == *word);
        let owner = owner.filter(|person| person.keys.voicemail == OwnMailbox::Own);
        let path = |file: &Option<crate::read::File>| file.as_ref().map(|file| file.path.clone());
        let greeting = &keys.greeting.0;
        let greetings = voicemail::Greetings {
            any: path(&greeting.any).or_else(|| path(&greeting.open)),
            busy: path(&greeting.busy),
            no_answer: path(&greeting.no_answer),
            away: path(&greeting.absent),
            closed: path(&greeting.closed),
            unavailable: path(&greeting.unavailable),
        };
        let settings = voicemail::Mailbox {
            name: word.name.clone(),
            language: keys.language.as_ref().map_or(&self.office.language, |language| &language.0).clone(),
            greetings,
            length_max: keys.length,
            length_min: keys.length_min,
            silence: keys.silence,
            messages_max: keys.messages.into(),
        };
        let lights = keys.light.iter().flat_map(|word| self.devices_of(word));
        let own = owner.into_iter().flat_map(|person| person.keys.devices.iter().map(|device| device.name.clone()));
        Mailbox {
            name: word.name.clone(),
            person: owner.map(|person| person.word.name.clone()),
            settings: Arc::new(settings),
            hours: keys.hours.as_ref().map(|hours| hours.name.clone()),
            pin: keys.pin,
            light: own.chain(lights).collect(),
        }
    }

    /// The devices of a person, or the one device of that name.
    fn devices_of(&self, word: &Word) -> Vec<Name> {
        match self.configuration.people.iter().find(|person| person.word == *word) {
            Some(person) => person.keys.devices.iter().map(|device| device.name.clone()).collect(),
            None => vec![word.name.clone()],
        }
    }

    fn person(&mut self, person: &Named<PersonKeys>) -> Person {
        let keys = &person.keys;
        let apart = self.configuration.absences.iter().filter(|absence| absence.keys.person == person.word);
        let absences = keys.absences.iter().cloned().chain(apart.map(|absence| absence.keys.absence()));
        let absences = absences.filter_map(|absence| {
            Some(PlannedAbsence {
                from: absence.from.start(&self.office.timezone)?,
                until: absence.to.and_then(|to| to.end(&self.office.timezone)),
                reason: absence.reason.clone(),
                substitute: absence.substitute.as_ref().map(|substitute| substitute.name.clone()),
            })
        });
        let absences = absences.collect();
        Person {
            id: person.word.name.clone(),
            name: keys.name.clone().unwrap_or_else(|| person.word.name.clone()),
            title: keys.title.clone(),
            numbers: keys.number.iter().map(|number| number.digits.clone()).collect(),
            devices: keys.devices.iter().map(|device| device.name.clone()).collect(),
            substitute: keys.substitute.as_ref().map(|substitute| substitute.name.clone()),
            mobile: None,
            mailbox: match &keys.voicemail {
                OwnMailbox::Own => Some(person.word.name.clone()),
                OwnMailbox::Nobody => None,
                OwnMailbox::Other(mailbox) => Some(mailbox.name.clone()),
            },
            absences,
            calls_max: keys.calls.into(),
            language: keys.language.as_ref().map_or(&self.office.language, |language| &language.0).clone(),
            reach: self.reach(&keys.reach),
        }
    }

    /// Everybody with the same reach shares its steps.
    fn reach(&mut self, name: &Word) -> Reach {
        if let Some((_, reach)) = self.reaches.iter().find(|(known, _)| *known == name.name) {
            return reach.clone();
        }
        let keys = self.configuration.reach(name);
        let [absent, busy, do_not_disturb, offline, no_answer] =
            [&keys.absent, &keys.busy, &keys.do_not_disturb, &keys.offline, &keys.no_answer]
                .map(|steps| steps.as_ref().and_then(|steps| self.graph.add(steps, self.sources)));
        let ring_for = keys.ring_for.unwrap_or(RING_FOR);
        let mobile_after = keys.mobile_after;
        let reach = Reach { ring_for, mobile_after, absent, busy, do_not_disturb, offline, no_answer };
        self.reaches.push((name.name.clone(), reach.clone()));
        reach
    }

    fn then(&mut self, group: &Named<crate::keys::RingKeys>) -> Option<NodeId> {
        group.keys.then.as_ref().and_then(|then| self.graph.add(then, self.sources))
    }

    fn routes(&mut self) -> Routes {
        let mut routes = Routes::default();
        for (at, route) in self.configuration.routes.iter().enumerate() {
            let keys = &route.keys;
            keys.number.iter().for_each(|pattern| routes.tree.insert(pattern, at as u32));
            routes.list.push(Route {
                index: at as u32,
                name: keys.name.clone().unwrap_or_else(|| format!("route {}", at + 1).into()),
                at: place(route.span, self.sources),
                from: keys.from.clone(),
                when: keys.when.clone(),
                allow: keys.allow.as_ref().map(|people| people.iter().map(|person| person.name.clone()).collect()),
                head: self.graph.add(&keys.steps, self.sources),
            });
        }
        routes
    }
}

fn device(configuration: &Configuration, word: &Word, keys: &DeviceKeys) -> Device {
    let secret = configuration.secrets.iter().find(|secret| secret.word == *word).map(|secret| &secret.keys);
    let owner = configuration.people.iter().find(|person| person.keys.devices.contains(word));
    let contacts_max = keys.contacts.unwrap_or(configuration.settings.limits.contacts_per_device);
    Device {
        name: word.name.clone(),
        user: keys.user.as_ref().unwrap_or(&word.name).clone(),
        secret: secret.map_or_else(Secret::default, |secret| Secret {
            md5: secret.md5.map(|hash| hash.0),
            sha256: secret.sha256.map(|hash| hash.0),
        }),
        contact: keys.contact.clone(),
        contacts_max: contacts_max.into(),
        person: owner.map(|person| person.word.name.clone()),
    }
}

fn trunk(word: &Word, keys: &crate::keys::TrunkKeys, environment: &dyn Environment) -> Trunk {
    let credentials = keys.credentials().and_then(|(user, env, file)| {
        let password = match (env, file) {
            (Some(env), _) => environment.var(env)?,
            (None, Some(file)) => environment.text(file)?.trim_end_matches(['\r', '\n']).to_owned(),
            (None, None) => return None,
        };
        Some(Credentials { user: user.clone(), password: password.into() })
    });
    Trunk {
        name: word.name.clone(),
        proxy: keys.proxy.clone(),
        addresses: keys.addresses.iter().copied().chain(proxy_network(&keys.proxy)).collect(),
        credentials,
        shown_as: keys.shown_as.as_ref().map(|number| number.digits.clone()),
        codecs: keys.codecs.as_ref().map(|Later(codecs)| codecs.clone()).unwrap_or_default(),
    }
}

/// Finds the ways to people's mobiles, which are routes like any other.
fn mobiles(inner: &mut Inner, faults: &mut Faults) {
    for at in 0..inner.people.len() {
        let keys = inner.configuration.people[at].keys.clone();
        let Some(mobile) = &keys.mobile else { continue };
        let person = inner.people[at].id.clone();
        let number = mobile.digits.clone();
        let way = match &keys.mobile_via {
            Some(trunk) => {
                let shown_as = inner.trunk(&trunk.0).and_then(|trunk| trunk.shown_as.clone());
                Some(ring::Number { trunk: trunk.0.name.clone(), number, shown_as, person: Some(person) })
            }
            None => inner.way_out(&person, &number),
        };
        if way.is_none() {
            let warning = Diagnostic::warning(format!("no route leads to the mobile of {}", inner.people[at].id));
            let warning = warning.at(mobile.span, "it does not ring");
            faults.push(warning.help("name a trunk with `mobile_via`, or add a route that their phone may use"));
        }
        inner.people[at].mobile = way;
    }
}

/// Groups are compiled last: their members may be mobiles and other groups. The check has found them without circles.
fn groups(inner: &mut Inner, thens: Vec<Option<NodeId>>) {
    let mut made: HashMap<Name, Arc<Group>> = HashMap::new();
    let words: Vec<Name> = inner.configuration.groups.iter().map(|group| group.word.name.clone()).collect();
    for (word, then) in words.iter().zip(thens) {
        let Some(group) = make_group(inner, word, &mut made) else { continue };
        let keys = inner.configuration.groups.iter().find(|group| group.word.name == *word).map(|group| &group.keys);
        let rules = keys.map_or_else(Rules::default, |keys| Rules {
            give_up: keys.give_up,
            again: keys.again,
            ..Rules::default()
        });
        inner.groups.push(RingGroup { group, rules, then });
    }
}

fn make_group(inner: &Inner, name: &Name, made: &mut HashMap<Name, Arc<Group>>) -> Option<Arc<Group>> {
    if let Some(group) = made.get(name) {
        return Some(group.clone());
    }
    let keys = &inner.configuration.groups.iter().find(|group| group.word.name == *name)?.keys;
    let members = keys.members.iter().filter_map(|Member(member)| {
        let person = |word: &Word| inner.person(word);
        let target = match &member.who {
            Who::Person(word) => Target::Person(word.name.clone()),
            Who::Mobile(word) => Target::Number(person(word)?.mobile.clone()?),
            Who::Device(word) => {
                let person = inner.device(word).and_then(|device| device.person.clone());
                Target::Device { device: word.name.clone(), person }
            }
            Who::Group(word) => Target::Group(make_group(inner, &word.name, made)?),
            Who::Number(number) => {
                let trunk = inner.trunk(&member.via.as_ref()?.0)?;
                let shown_as = trunk.shown_as.clone();
                let number = number.digits.clone();
                Target::Number(ring::Number { trunk: trunk.name.clone(), number, shown_as, person: None })
            }
        };
        Some(Branch { target, after: member.after, during: member.during })
    });
    let group = Arc::new(Group {
        name: name.clone(),
        members: members.collect(),
        strategy: keys.strategy,
        ring_each: keys.ring_each,
        at_once: usize::from(keys.at_once).max(1),
    });
    made.insert(name.clone(), group.clone());
    Some(group)
}
