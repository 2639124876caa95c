//! The plain types of values.

use super::{Faults, Node, Table, Value, shown_string, text_value};
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
        // Every member is read, so that every fault is seen.
        let members: Vec<Option<T>> = list.map(|member| T::read(member, faults)).collect();
        members.into_iter().collect()
    }

    fn show(&self) -> Option<String> {
        let members: Vec<String> = self.iter().filter_map(T::show).collect();
        Some(format!("[{}]", members.join(", ")))
    }
}

/// Names that the administrator chooses, each with a value: `{ fi = "…", sv = "…" }`; in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map<T>(pub(crate) Vec<(super::Word, T)>);

impl<T: Value> Value for Map<T> {
    fn what() -> String {
        format!("a table of names, each with {}", T::what())
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let table = Table::of(node, &Self::what(), faults)?;
        let entries = table.entries().into_iter().map(|(key, span, value)| {
            let word = super::Word::checked(key, span, faults);
            let value = T::read(value, faults);
            Some((word?, value?))
        });
        let entries: Vec<Option<(super::Word, T)>> = entries.collect();
        entries.into_iter().collect::<Option<Vec<_>>>().map(Self)
    }

    fn show(&self) -> Option<String> {
        let entry = |(key, value): &(super::Word, T)| Some(format!("{} = {}", shown_string(key), value.show()?));
        let entries: Vec<String> = self.0.iter().filter_map(entry).collect();
        Some(format!("{{ {} }}", entries.join(", ")))
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
