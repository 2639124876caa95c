//! Steps as the configuration writes them: a word, `word:name`, or a table with an action, `when` and `then`.

use crate::actions::Action;
use crate::diagnostic::{Diagnostic, Span};
use crate::keys::Condition;
use crate::nearest::nearest;
use crate::read::{Faults, Node, Shown, Table, Value, part_span};
use std::borrow::Cow;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Steps, one after another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) span: Span,
    /// Only if this holds.
    pub(crate) when: Option<Condition>,
    /// What follows, in place of the next step.
    pub(crate) then: Option<Steps>,
    pub(crate) action: Action,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        (&self.when, &self.then, &self.action) == (&other.when, &other.then, &other.action)
    }
}

impl Value for Steps {
    fn what() -> String {
        "a step such as \"ring:reception\" or { ring = \"reception\" }, or a list of them".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        // Steps without a fault are kept, so that what else is wrong with them is seen, too.
        Some(Self(match node.list() {
            Some(list) => list.filter_map(|step| Step::read(step, faults)).collect(),
            None => Step::read(node, faults).into_iter().collect(),
        }))
    }

    fn show(&self) -> Option<String> {
        let steps: Vec<String> = self.0.iter().map(Step::shown).collect();
        Some(format!("[{}]", steps.join(", ")))
    }
}

impl Steps {
    /// Steps that are their words alone.
    pub(crate) fn of(words: &[&str]) -> Self {
        let texts: Vec<Spanned<DeValue<'_>>> =
            words.iter().map(|word| Spanned::new(0..0, DeValue::String(Cow::Borrowed(*word)))).collect();
        let mut faults = Faults::default();
        Self(texts.iter().filter_map(|value| Step::read(Node { value, source: 0 }, &mut faults)).collect())
    }
}

const COMMON: [&str; 2] = ["when", "then"];

impl Step {
    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::String(text) => Self::read_short(node, text, faults),
            DeValue::Table(table) => Self::read_table(Table::new(table, node.span()), faults),
            _ => {
                faults.expected(node.span(), &Steps::what(), node.kind());
                None
            }
        }
    }

    /// `voicemail` and `ring:reception` are `{ voicemail = "person" }` and `{ ring = "reception" }`.
    fn read_short(node: Node<'_>, text: &str, faults: &mut Faults) -> Option<Self> {
        let (word, argument) = match text.split_once(':') {
            Some((word, argument)) => (word, Some(argument)),
            None => (text, None),
        };
        let word_span = part_span(node, text, 0..word.len());
        if !Action::WORDS.contains(&word) {
            faults.push(unknown_step(word, word_span));
            return None;
        }
        let Some(value) = argument.or(Action::bare(word)) else {
            let fault = Diagnostic::error(format!("`{word}` what?")).at(node.span(), "nothing is said after it");
            faults.push(fault.help(format!("write `{word}:…`")));
            return None;
        };
        let value_span = match argument {
            Some(argument) => part_span(node, text, text.len() - argument.len()..text.len()),
            None => node.span(),
        };
        let range = |span: Span| span.start as usize..span.end as usize;
        let mut table = DeTable::new();
        let value = DeValue::String(Cow::Borrowed(value));
        table.insert(
            Spanned::new(range(word_span), Cow::Borrowed(word)),
            // A plain text is read with its quotes around it; the place handed on is within them.
            Spanned::new(range(value_span), value),
        );
        Self::read_table(Table::new(&table, node.span()), faults)
    }

    fn read_table(mut table: Table<'_>, faults: &mut Faults) -> Option<Self> {
        let span = table.span;
        let when = table.take("when").map(|node| Condition::read(node, faults));
        let then = table.take("then").map(|node| Steps::read(node, faults));
        let entries = table.entries();
        let words: Vec<(&str, Span)> = entries
            .iter()
            .filter(|(key, ..)| Action::WORDS.contains(key))
            .map(|(key, span, _)| (*key, *span))
            .collect();
        let [(word, _), others @ ..] = words.as_slice() else {
            faults.push(match entries.iter().find(|(key, ..)| !COMMON.contains(key)) {
                Some((key, key_span, _)) => unknown_step(key, *key_span),
                None => Diagnostic::error("this step does nothing").at(span, "no action is named"),
            });
            return None;
        };
        if let Some((other, other_span)) = others.first() {
            let fault = Diagnostic::error(format!("a step does one thing: `{word}` or `{other}`"));
            faults.push(fault.at(*other_span, "a second action").help("write two steps"));
            return None;
        }
        let action = Action::take(word, &mut table, faults);
        let known = [Action::keys_of(word), &COMMON].concat();
        table.finish(&format!("the step `{word}`"), &known, faults);
        Some(Self { span, when: transpose(when)?, then: transpose(then)?, action: action? })
    }

    fn shown(&self) -> String {
        let mut shown = Shown::default();
        shown.key("when", &self.when);
        self.action.show(&mut shown);
        shown.key("then", &self.then);
        shown.inline()
    }
}

/// A key that was read well or left out; `None` after a fault.
fn transpose<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        Some(None) => None,
        Some(some) => Some(some),
        None => Some(None),
    }
}

fn unknown_step(word: &str, span: Span) -> Diagnostic {
    let known = Action::WORDS.iter().chain(&COMMON).copied();
    let label = match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "unknown".into(),
    };
    let fault = Diagnostic::error(format!("no step is called `{word}`")).at(span, label);
    fault.help(format!("steps are {}", Action::WORDS.join(", ")))
}
