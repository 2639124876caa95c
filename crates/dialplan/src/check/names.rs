//! Every name that is declared, and the check of those that refer to them.

use crate::diagnostic::Diagnostic;
use crate::nearest::nearest;
use crate::read::{Faults, File, Word};
use crate::reader::Environment;

/// What a name can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Person,
    Device,
    Hours,
    Reach,
    Group,
    Mailbox,
    Trunk,
    Flow,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Device => "device",
            Kind::Hours => "hours",
            Kind::Reach => "reach",
            Kind::Group => "ring group",
            Kind::Mailbox => "mailbox",
            Kind::Trunk => "trunk",
            Kind::Flow => "flow",
        }
    }

    fn section(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Device => "device",
            Kind::Hours => "hours",
            Kind::Reach => "reach",
            Kind::Group => "ring",
            Kind::Mailbox => "voicemail",
            Kind::Trunk => "trunk",
            Kind::Flow => "flow",
        }
    }
}

/// The declared names, whether or not what they name was read without faults.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Vec<(Kind, Word)>,
}

impl Names {
    pub(crate) fn declare(&mut self, kind: Kind, word: Word) {
        self.known.push((kind, word));
    }

    pub(crate) fn find(&self, kind: Kind, name: &str) -> Option<&Word> {
        self.of(kind).find(|word| ***word == *name)
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Word> {
        self.known.iter().filter(move |(known, _)| *known == kind).map(|(_, word)| word)
    }
}

/// Where a list of steps stands: `substitute` and the like need somebody who was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Route,
    Reach,
    Group,
    Flow,
}

/// What a check may look at, and where it reports.
pub(crate) struct Check<'a> {
    pub(crate) names: &'a Names,
    pub(crate) environment: &'a dyn Environment,
    pub(crate) faults: &'a mut Faults,
    pub(crate) within: Within,
}

impl Check<'_> {
    /// The name must be declared.
    pub(crate) fn refers(&mut self, kind: Kind, word: &Word) {
        if self.names.find(kind, word).is_some() {
            return;
        }
        let near = nearest(word, self.names.of(kind).map(|word| &**word));
        let near = near.and_then(|near| self.names.find(kind, near));
        let fault = Diagnostic::error(format!("no {} named `{word}`", kind.word()));
        self.faults.push(match near {
            Some(near) => fault
                .at(word.span, format!("did you mean `{near}`?"))
                .see(near.span, format!("`{near}` is defined here")),
            None => {
                let known: Vec<&str> = self.names.of(kind).map(|word| &**word).take(10).collect();
                let help = match known.is_empty() {
                    true => format!("there is none yet: `[{}.{word}]` would make one", kind.section()),
                    false => format!("known: {}", known.join(", ")),
                };
                fault.at(word.span, "unknown").help(help)
            }
        });
    }

    /// A sound file should be there.
    pub(crate) fn file(&mut self, file: &File) {
        if !self.environment.exists(&file.path) {
            let warning = Diagnostic::warning(format!("no file `{}`", file.path));
            self.faults.push(warning.at(file.span, "callers hear nothing here until it is there"));
        }
    }
}

/// Where the server's settings are written.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<(&'static str, String, crate::Span)>);

impl Places {
    pub(crate) fn add(&mut self, section: &'static str, key: &str, span: crate::Span) {
        self.0.push((section, key.to_owned(), span));
    }

    /// The place of a key's value; nothing where it is left out.
    pub(crate) fn of(&self, section: &str, key: &str) -> Option<crate::Span> {
        self.0.iter().find(|(of, name, _)| *of == section && name == key).map(|(.., span)| *span)
    }
}
