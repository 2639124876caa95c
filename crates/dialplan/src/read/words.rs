//! Names as the configuration writes them, with their places.

use super::{Faults, Node, Value, shown_string};
use crate::diagnostic::{Diagnostic, Span};
use call::Name;

const WORD_MAX: usize = 64;

/// A name that is declared, or that refers to something, and where it stands. Two are equal if they say the same.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) name: Name,
    pub(crate) span: Span,
}

impl Word {
    pub(crate) fn new(text: &str, span: Span) -> Self {
        Self { name: text.into(), span }
    }

    /// The word, if it can be a name; otherwise a fault.
    pub(crate) fn checked(text: &str, span: Span, faults: &mut Faults) -> Option<Self> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.chars().count() > WORD_MAX || !text.chars().all(fits) {
            let why = format!("letters, digits, `-`, `_` and `.`, at most {WORD_MAX}");
            faults.push(Diagnostic::error(format!("`{text}` cannot be a name")).at(span, why));
            return None;
        }
        Some(Self::new(text, span))
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Value for Word {
    fn what() -> String {
        "a name".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text("a name", faults)?;
        Word::checked(text, node.span(), faults)
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(self))
    }
}

/// The place of a part of a text: inside the quotes where the text is written plainly, else the whole value.
pub(crate) fn part_span(node: Node<'_>, text: &str, part: std::ops::Range<usize>) -> Span {
    let whole = node.value.span();
    if whole.len() != text.len() + 2 {
        return node.span();
    }
    let at = whole.start + 1;
    Span::new(node.source, at + part.start..at + part.end)
}

/// `kind:name` as its two parts, the name with its place; no name without a colon.
pub(crate) fn kind_and_name<'a>(node: Node<'_>, text: &'a str) -> (&'a str, Option<(&'a str, Span)>) {
    match text.split_once(':') {
        Some((kind, name)) => (kind.trim(), Some((name.trim(), part_span(node, text, kind.len() + 1..text.len())))),
        None => (text.trim(), None),
    }
}
