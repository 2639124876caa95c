//! Mailboxes.

use super::office::Language;
use crate::plan::Pin;
use crate::read::{Faults, File, Later, Node, Table, Value, Word, section};
use call::Name;
use std::time::Duration;

section! {
    /// A mailbox: `[voicemail.office]`. Everybody has one of their own without a section; a section with a person's
    /// name changes theirs.
    pub(crate) struct VoicemailKeys = "[voicemail.…]" {
        /// Your own greetings, WAV files, by the reason of the call's coming here. One file is for every reason.
        /// Where there is none the built-in greeting is played.
        pub(crate) greeting: Greeting = Greeting::default();
        /// The hours outside which callers hear the greeting `closed`. Left out: the only ones there are, where
        /// there is a greeting for `open` or `closed`.
        pub(crate) hours: Option<Word> = None;
        /// The language of the prompts. Left out: the person's or the office's.
        pub(crate) language: Option<Language> = None;
        /// The PIN that is asked from who listens, as a hash that `vaihde passwd --pin` prints. It may also stand
        /// in `secrets.toml`: `pin = { office = "…" }`.
        pub(crate) pin: Option<Pin> = None;
        /// Whose phones show the light, names of people or devices. A person's own mailbox lights their phones.
        pub(crate) light: Vec<Word> = Vec::new();
        /// Where messages are mailed.
        pub(crate) mail_to: Option<Later<Vec<Name>>> = None;
        /// The longest message.
        pub(crate) length: Duration = Duration::from_secs(180);
        /// A shorter recording is not kept.
        pub(crate) length_min: Duration = Duration::from_secs(1);
        /// So much silence ends a message.
        pub(crate) silence: Duration = Duration::from_secs(5);
        /// So many messages fill the mailbox, old ones included.
        pub(crate) messages: u16 = 100;
    }
}

section! {
    /// Greetings by reason.
    #[derive(Default)]
    pub(crate) struct GreetingKeys = "`greeting`" {
        /// For every reason that has none of its own.
        pub(crate) any: Option<File> = None;
        /// While it is open; the same as `any`.
        pub(crate) open: Option<File> = None;
        /// Outside the hours.
        pub(crate) closed: Option<File> = None;
        /// They talk.
        pub(crate) busy: Option<File> = None;
        /// It rang and nobody answered.
        pub(crate) no_answer: Option<File> = None;
        /// They are away.
        pub(crate) absent: Option<File> = None;
        /// Offline, or on do-not-disturb.
        pub(crate) unavailable: Option<File> = None;
    }
}

/// One file, or files by reason.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Greeting(pub(crate) GreetingKeys);

impl Greeting {
    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        let GreetingKeys { any, open, closed, busy, no_answer, absent, unavailable } = &self.0;
        [any, open, closed, busy, no_answer, absent, unavailable].into_iter().flatten()
    }
}

impl Value for Greeting {
    fn what() -> String {
        format!("a file, or {}", GreetingKeys::what())
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        if node.text().is_some() {
            return File::read(node, faults)
                .map(|file| Self(GreetingKeys { any: Some(file), ..GreetingKeys::default() }));
        }
        let table = Table::of(node, &Self::what(), faults)?;
        <GreetingKeys as crate::read::Section>::read_all(table, faults).map(Self)
    }

    fn show(&self) -> Option<String> {
        self.files().next().and_then(|_| Value::show(&self.0))
    }
}
