//! One typed value of the configuration: how it is read, what is said when it is wrong, and how it is shown.

use super::Faults;
use crate::diagnostic::Span;
use toml::Spanned;
use toml::de::DeValue;

/// A TOML value with its place.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Spanned<DeValue<'a>>,
    pub(crate) source: u32,
}

impl<'a> Node<'a> {
    pub(crate) fn span(self) -> Span {
        Span::new(self.source, self.value.span())
    }

    /// What it is, for a message: `a string`.
    pub(crate) fn kind(self) -> &'static str {
        match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a number without quotes",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of a list.
    pub(crate) fn list(self) -> Option<impl Iterator<Item = Node<'a>>> {
        match self.value.get_ref() {
            DeValue::Array(list) => Some(list.iter().map(move |value| Node { value, source: self.source })),
            _ => None,
        }
    }

    /// The text, or a fault that says what was expected.
    pub(crate) fn expect_text(self, what: &str, faults: &mut Faults) -> Option<&'a str> {
        if self.text().is_none() {
            faults.expected(self.span(), what, self.kind());
        }
        self.text()
    }
}

/// A type of value.
pub(crate) trait Value: Sized {
    /// What is expected, with an example: `a duration such as "20s"`.
    fn what() -> String;
    /// The value, or `None` after a fault was noted.
    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self>;
    /// As TOML; `None` for a value that is not set.
    fn show(&self) -> Option<String>;
}

/// A string as TOML writes it.
pub(crate) fn shown_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Makes a type with `parse(&str) -> Result<Self, String>` and `to_text(&self) -> String` a [`Value`] that stands
/// in the configuration as a string.
macro_rules! text_value {
    ($type:ty, $what:expr, $parse:expr, $to_text:expr) => {
        impl $crate::read::Value for $type {
            fn what() -> String {
                $what.into()
            }

            fn read(node: $crate::read::Node<'_>, faults: &mut $crate::read::Faults) -> Option<Self> {
                let text = node.expect_text($what, faults)?;
                match $parse(text) {
                    Ok(value) => Some(value),
                    Err(why) => {
                        faults.push(
                            $crate::diagnostic::Diagnostic::error(format!("expected {}", $what)).at(node.span(), why),
                        );
                        None
                    }
                }
            }

            fn show(&self) -> Option<String> {
                Some($crate::read::shown_string(&$to_text(self)))
            }
        }
    };
}
pub(crate) use text_value;
