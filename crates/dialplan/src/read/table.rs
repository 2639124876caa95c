//! A TOML table whose keys are taken one by one; what is left over is an unknown key, and an error.

use super::{Faults, Node};
use crate::diagnostic::{Diagnostic, Span};
use crate::nearest::nearest;
use toml::de::{DeTable, DeValue};

/// A table with its place.
pub(crate) struct Table<'a> {
    table: &'a DeTable<'a>,
    /// Where the table as a whole stands: its header, its braces, or its name.
    pub(crate) span: Span,
    taken: Vec<&'a str>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(table: &'a DeTable<'a>, span: Span) -> Self {
        Self { table, span, taken: Vec::new() }
    }

    /// The node as a table, or a fault that says what was expected.
    pub(crate) fn of(node: Node<'a>, what: &str, faults: &mut Faults) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::Table(table) => Some(Self::new(table, node.span())),
            _ => {
                faults.expected(node.span(), what, node.kind());
                None
            }
        }
    }

    /// The value of a key, which is then known.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node<'a>> {
        let (key, value) = self.table.get_key_value(key)?;
        self.taken.push(key.get_ref());
        Some(Node { value, source: self.span.source })
    }

    /// Every key with its place and value, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Span, Node<'a>)> {
        let source = self.span.source;
        let entry = |(key, value): (&'a toml::Spanned<toml::de::DeString<'a>>, &'a toml::Spanned<DeValue<'a>>)| {
            (key.get_ref().as_ref(), Span::new(source, key.span()), Node { value, source })
        };
        let mut entries: Vec<_> = self.table.iter().map(entry).collect();
        entries.sort_by_key(|(_, span, _)| *span);
        entries
    }

    /// Makes every key that was not taken a fault, with the nearest of the keys that may stand here.
    pub(crate) fn finish(self, of: &str, known: &[&str], faults: &mut Faults) {
        for (key, span, _) in self.entries() {
            if self.taken.contains(&key) {
                continue;
            }
            let unset = known.iter().filter(|known| !self.table.contains_key(**known)).copied();
            let label = match nearest(key, unset) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "unknown".into(),
            };
            let mut fault = Diagnostic::error(format!("{of} has no key `{key}`")).at(span, label);
            if !known.is_empty() {
                fault = fault.help(format!("its keys are {}", known.join(", ")));
            }
            faults.push(fault);
        }
    }
}
