//! The plain types of values.

use super::{Faults, Node, Value, shown_string, text_value};
use crate::diagnostic::Diagnostic;
use call::Name;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use toml::de::DeValue;

text_value!(Duration, "a duration such as \"20s\"", crate::duration::parse, |it: &Duration| crate::duration::show(*it));
text_value!(Name, "a text", plain_text, |it: &Name| it.to_string());
text_value!(IpAddr, "an address such as \"192.0.2.1\"", parsed::<IpAddr>, IpAddr::to_string);
text_value!(SocketAddr, "an address and port such as \"0.0.0.0:5060\"", parsed::<SocketAddr>, SocketAddr::to_string);

const TEXT_MAX: usize = 4096;

fn plain_text(text: &str) -> Result<Name, String> {
    if text.len() > TEXT_MAX || text.chars().any(char::is_control) {
        return Err("one line of text".into());
    }
    Ok(text.into())
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not one"))
}

impl Value for bool {
    fn what() -> String {
        "true or false".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::Boolean(it) => Some(*it),
            _ => {
                faults.expected(node.span(), &Self::what(), node.kind());
                None
            }
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! count {
    ($($type:ty),*) => {
        $(impl Value for $type {
            fn what() -> String {
                "a number".into()
            }

            fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
                let DeValue::Integer(digits) = node.value.get_ref() else {
                    faults.expected(node.span(), "a number", node.kind());
                    return None;
                };
                let value = Self::from_str_radix(digits.as_str(), digits.radix()).ok();
                if value.is_none() {
                    let range = format!("from 0 to {}", Self::MAX);
                    faults.push(Diagnostic::error("expected a number").at(node.span(), range));
                }
                value
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        })*
    };
}
count!(u16, u32);

impl<T: Value> Value for Option<T> {
    fn what() -> String {
        T::what()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        T::read(node, faults).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }
}

impl<T: Value> Value for Vec<T> {
    fn what() -> String {
        format!("{}, or a list of such", T::what())
    }

    /// A single value is a list of one.
    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let Some(list) = node.list() else {
            return T::read(node, faults).map(|it| vec![it]);
        };
        // Members without a fault are kept, so that what else is wrong with them is seen, too.
        Some(list.filter_map(|member| T::read(member, faults)).collect())
    }

    fn show(&self) -> Option<String> {
        let members: Vec<String> = self.iter().filter_map(T::show).collect();
        Some(format!("[{}]", members.join(", ")))
    }
}

/// A key whose feature is still to come: it is read and checked, and a warning says that it does nothing yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Later<T>(pub(crate) T);

impl<T: Value> Value for Later<T> {
    fn what() -> String {
        T::what()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let read = T::read(node, faults)?;
        faults.push(
            Diagnostic::warning("not in force yet").at(node.span(), "read and checked, but nothing is done with it"),
        );
        Some(Self(read))
    }

    fn show(&self) -> Option<String> {
        self.0.show()
    }
}

/// A file beside the configuration, with its place.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: Name,
    pub(crate) span: crate::Span,
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Value for File {
    fn what() -> String {
        "a file such as \"prompts/closed.wav\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        match plain_text(text) {
            Ok(path) if !text.is_empty() => Some(Self { path, span: node.span() }),
            _ => {
                faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
                None
            }
        }
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&self.path))
    }
}
