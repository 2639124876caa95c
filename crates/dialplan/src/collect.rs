//! Gathers the keys of all files into one configuration.

use crate::check::{Kind, Names, Places};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::keys::{AbsenceOf, Configuration, DeviceKeys, Named, OfficeKeys, OwnMailbox, PersonKeys, Placed, RouteKeys};
use crate::nearest::nearest;
use crate::plan::Pin;
use crate::read::{Faults, Node, Section, Table, Value, Word};
use crate::settings::Settings;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Everything at the top of all files, by key, in the order of the files.
type Top<'a> = BTreeMap<&'a str, Vec<(Span, Node<'a>)>>;

/// What was gathered.
pub(crate) struct Collected {
    /// `None` after a fault in the keys at the top.
    pub(crate) configuration: Option<Configuration>,
    pub(crate) names: Names,
    pub(crate) places: Places,
}

/// The documents, each with every fault of its grammar.
pub(crate) fn parse<'a>(sources: &'a [Source], faults: &mut Faults) -> Vec<Spanned<DeTable<'a>>> {
    let parse = |(at, source): (usize, &'a Source)| {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        for error in errors {
            let span = Span::new(at as u32, error.span().unwrap_or(0..0));
            faults.push(Diagnostic::error(format!("not TOML: {}", error.message())).at(span, ""));
        }
        table
    };
    sources.iter().enumerate().map(parse).collect()
}

/// Reads all documents as one configuration.
pub(crate) fn collect<'a>(documents: &'a [Spanned<DeTable<'a>>], faults: &mut Faults) -> Collected {
    let mut top: Top<'a> = BTreeMap::new();
    for (at, document) in documents.iter().enumerate() {
        for (key, value) in document.get_ref() {
            let source = at as u32;
            let place = (Span::new(source, key.span()), Node { value, source });
            top.entry(key.get_ref().as_ref()).or_default().push(place);
        }
    }
    Collector { top, names: Names::default(), places: Places::default(), faults }.collect()
}

/// What may stand at the top besides the office's own keys.
const SECTIONS: [&str; 19] = [
    "listen",
    "limits",
    "media",
    "store",
    "sip",
    "log",
    "prompts",
    "hours",
    "person",
    "device",
    "secret",
    "pin",
    "reach",
    "ring",
    "voicemail",
    "trunk",
    "flow",
    "route",
    "absence",
];

struct Collector<'a, 'f> {
    top: Top<'a>,
    names: Names,
    places: Places,
    faults: &'f mut Faults,
}

impl<'a> Collector<'a, '_> {
    fn collect(mut self) -> Collected {
        self.unknown();
        let office = self.office();
        let settings = self.settings();
        let people: Vec<Named<PersonKeys>> = self.named("person", Some(Kind::Person));
        let devices = self.named::<DeviceKeys>("device", Some(Kind::Device));
        let mailboxes = self.named("voicemail", Some(Kind::Mailbox));
        for person in &people {
            person.keys.devices.iter().for_each(|device| self.names.declare(Kind::Device, device.clone()));
            if person.keys.voicemail == OwnMailbox::Own {
                self.names.declare(Kind::Mailbox, person.word.clone());
            }
        }
        let hours = self.named("hours", Some(Kind::Hours));
        let reaches = self.named("reach", Some(Kind::Reach));
        let groups = self.named("ring", Some(Kind::Group));
        let trunks = self.named("trunk", Some(Kind::Trunk));
        let flows = self.named("flow", Some(Kind::Flow));
        let secrets = self.named("secret", None);
        let pins: Vec<Named<Pin>> = self.named("pin", None);
        let routes: Vec<Placed<RouteKeys>> = self.placed("route");
        let absences: Vec<Placed<AbsenceOf>> = self.placed("absence");
        let configuration = office.map(|office| Configuration {
            office,
            settings,
            hours,
            people,
            devices,
            secrets,
            pins,
            reaches,
            groups,
            mailboxes,
            trunks,
            flows,
            routes,
            absences,
        });
        Collected { configuration, names: self.names, places: self.places }
    }

    fn unknown(&mut self) {
        let known = || SECTIONS.iter().chain(OfficeKeys::key_names()).copied();
        for (key, places) in self.top.iter().filter(|(key, _)| !known().any(|known| known == **key)) {
            let label = match nearest(key, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "unknown".into(),
            };
            for (span, _) in places {
                let fault = Diagnostic::error(format!("no section or key is called `{key}`"));
                self.faults.push(fault.at(*span, label.clone()));
            }
        }
    }

    /// The one place of a key that may be given once.
    fn once(&mut self, key: &str) -> Option<Node<'a>> {
        let places = self.top.get(key)?;
        let (first, node) = places.first()?;
        for (again, _) in &places[1..] {
            let fault = Diagnostic::error(format!("`{key}` is given twice"));
            self.faults.push(fault.at(*again, "again").see(*first, "first here"));
        }
        Some(*node)
    }

    fn office(&mut self) -> Option<OfficeKeys> {
        // The office's keys stand at the top of any of the files: they are put together into one table.
        let mut table = DeTable::new();
        let mut source = 0;
        for key in OfficeKeys::key_names() {
            if let Some(node) = self.once(key) {
                let (span, _) = self.top.get(key)?.first()?;
                source = node.source;
                let key = Spanned::new(span.start as usize..span.end as usize, (*key).into());
                table.insert(key, node.value.clone());
            }
        }
        OfficeKeys::take(&mut Table::new(&table, Span::new(source, 0..0)), self.faults)
    }

    fn settings(&mut self) -> Settings {
        Settings {
            listen: self.setting("listen"),
            limits: self.setting("limits"),
            media: self.setting("media"),
            store: self.setting("store"),
            sip: self.setting("sip"),
            log: self.setting("log"),
            prompts: self.setting("prompts"),
        }
    }

    /// A section every key of which has a default; the defaults alone after a fault in it.
    fn setting<T: Section>(&mut self, name: &'static str) -> T {
        let read = self.once(name).and_then(|node| {
            let table = Table::of(node, T::NAME, self.faults)?;
            table.entries().iter().for_each(|(key, _, value)| self.places.add(name, key, value.span()));
            T::read_all(table, self.faults)
        });
        read.unwrap_or_else(|| default_section())
    }

    /// `[section.name]` of every file.
    fn named<T: Value>(&mut self, section: &'static str, kind: Option<Kind>) -> Vec<Named<T>> {
        let mut found: Vec<Named<T>> = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        for (_, node) in self.top.get(section).cloned().unwrap_or_default() {
            let Some(table) = Table::of(node, &format!("[{section}.…]"), self.faults) else { continue };
            for (name, span, value) in table.entries() {
                let Some(word) = Word::checked(name, span, self.faults) else { continue };
                if let Some(first) = words.iter().find(|known| **known == word) {
                    let fault = Diagnostic::error(format!("[{section}.{word}] is given twice"));
                    self.faults.push(fault.at(span, "again").see(first.span, "first here"));
                    continue;
                }
                words.push(word.clone());
                kind.into_iter().for_each(|kind| self.names.declare(kind, word.clone()));
                found.extend(T::read(value, self.faults).map(|keys| Named { word, keys }));
            }
        }
        found
    }

    /// `[[section]]` of every file.
    fn placed<T: Value>(&mut self, section: &'static str) -> Vec<Placed<T>> {
        let mut found = Vec::new();
        for (_, node) in self.top.get(section).cloned().unwrap_or_default() {
            let Some(list) = node.list() else {
                self.faults.expected(node.span(), &format!("[[{section}]]"), node.kind());
                continue;
            };
            for node in list {
                let span = node.span();
                if let DeValue::Table(_) = node.value.get_ref() {
                    found.extend(T::read(node, self.faults).map(|keys| Placed { span, keys }));
                } else {
                    self.faults.expected(span, &format!("[[{section}]]"), node.kind());
                }
            }
        }
        found
    }
}

/// The section of an empty file. Every key of a settings section has a default.
pub(crate) fn default_section<T: Section>() -> T {
    let empty = DeTable::new();
    let mut faults = Faults::default();
    T::take(&mut Table::new(&empty, Span::default()), &mut faults).expect("every setting has a default")
}
