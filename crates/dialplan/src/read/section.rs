//! A section of the configuration as one declaration: its keys, their types, defaults and manual text.

use super::{Faults, Node, Table, Value};

/// One key, as the manual prints it.
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// The doc comment.
    pub(crate) doc: &'static str,
    /// What is expected.
    pub(crate) what: String,
    /// What holds where it is left out.
    pub(crate) default: Presence,
}

/// Whether a key may be left out.
pub(crate) enum Presence {
    /// It may not.
    Required,
    /// Nothing is set then.
    Unset,
    /// This holds then.
    Default(String),
}

/// A table with known keys, made by [`section!`].
pub(crate) trait Section: Sized {
    /// The doc comment.
    const DOC: &'static str;
    /// What it is called in a fault: `[limits]`, `a trunk`.
    const NAME: &'static str;

    fn keys() -> Vec<Key>;
    fn key_names() -> &'static [&'static str];
    /// Takes the keys; `None` after a required one was missing or wrong.
    fn take(table: &mut Table<'_>, faults: &mut Faults) -> Option<Self>;
    fn show(&self, out: &mut Shown);

    /// Takes the keys and makes everything else a fault.
    fn read_all(mut table: Table<'_>, faults: &mut Faults) -> Option<Self> {
        let read = Self::take(&mut table, faults);
        table.finish(Self::NAME, Self::key_names(), faults);
        read
    }
}

impl<T: Section> Value for T {
    fn what() -> String {
        format!("a table {{ {} }}", T::key_names().join(", "))
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        T::read_all(Table::of(node, &Self::what(), faults)?, faults)
    }

    fn show(&self) -> Option<String> {
        let mut shown = Shown::default();
        Section::show(self, &mut shown);
        Some(shown.inline())
    }
}

/// Keys and values on their way out.
#[derive(Default)]
pub(crate) struct Shown {
    keys: Vec<(&'static str, String)>,
}

impl Shown {
    pub(crate) fn key(&mut self, name: &'static str, value: &impl Value) {
        if let Some(value) = value.show() {
            self.keys.push((name, value));
        }
    }

    /// `{ a = 1, b = 2 }`
    pub(crate) fn inline(&self) -> String {
        match self.keys.len() {
            0 => "{}".into(),
            _ => {
                let keys: Vec<String> = self.keys.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                format!("{{ {} }}", keys.join(", "))
            }
        }
    }

    /// One line a key.
    pub(crate) fn lines(&self) -> String {
        let width = self.keys.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        self.keys.iter().map(|(name, value)| format!("{name:width$} = {value}\n")).collect()
    }
}

/// Declares a section: a struct whose doc comments are the manual and whose defaults are what `vaihde show` prints.
///
/// ```text
/// section! {
///     /// What this section is for.
///     pub struct Limits = "[limits]" {
///         /// Calls at once.
///         pub calls: u32 = 2000;
///         /// No default: it must be there.
///         pub folder: String;
///         /// A key that is a word of Rust.
///         pub shown_as "as": Option<Number> = None;
///     }
/// }
/// ```
macro_rules! section {
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
    (@presence $type:ty) => { $crate::read::Presence::Required };
    (@presence $type:ty, $default:expr) => {{
        let default: $type = $default;
        match $crate::read::Value::show(&default) {
            Some(text) => $crate::read::Presence::Default(text),
            None => $crate::read::Presence::Unset,
        }
    }};
    (@instead $type:ty) => { None::<$type> };
    (@instead $type:ty, $default:expr) => { Some::<$type>($default) };
    (@absent $table:ident, $faults:ident, $section:expr, $name:expr, $type:ty) => {{
        $faults.push(
            $crate::diagnostic::Diagnostic::error(format!("{} needs the key `{}`", $section, $name))
                .at($table.span, format!("`{}` is missing", $name)),
        );
        None
    }};
    (@absent $table:ident, $faults:ident, $section:expr, $name:expr, $type:ty, $default:expr) => {
        Some::<$type>($default)
    };
    (
        $(#[doc = $doc:literal])+
        $(#[derive($($derive:ident),*)])?
        $vis:vis struct $struct:ident = $section:literal {
            $(
                $(#[doc = $key_doc:literal])+
                $key_vis:vis $field:ident $($name:literal)?: $type:ty $(= $default:expr)?;
            )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        $(#[derive($($derive),*)])?
        $vis struct $struct {
            $($(#[doc = $key_doc])+ $key_vis $field: $type,)*
        }

        impl $crate::read::Section for $struct {
            const DOC: &'static str = concat!($($doc, "\n"),+);
            const NAME: &'static str = $section;

            fn keys() -> Vec<$crate::read::Key> {
                vec![$($crate::read::Key {
                    name: $crate::read::section!(@name $field $($name)?),
                    doc: concat!($($key_doc, "\n"),+),
                    what: <$type as $crate::read::Value>::what(),
                    default: $crate::read::section!(@presence $type $(, $default)?),
                }),*]
            }

            fn key_names() -> &'static [&'static str] {
                &[$($crate::read::section!(@name $field $($name)?)),*]
            }

            fn take(table: &mut $crate::read::Table<'_>, faults: &mut $crate::read::Faults) -> Option<Self> {
                // Every key is read before any is required, and after a fault the default stands in, so that all
                // faults are seen at once.
                $(let $field: Option<$type> = {
                    let name = $crate::read::section!(@name $field $($name)?);
                    match table.take(name) {
                        Some(node) => <$type as $crate::read::Value>::read(node, faults)
                            .or_else(|| $crate::read::section!(@instead $type $(, $default)?)),
                        None => $crate::read::section!(@absent table, faults, $section, name, $type $(, $default)?),
                    }
                };)*
                Some(Self { $($field: $field?,)* })
            }

            fn show(&self, out: &mut $crate::read::Shown) {
                $(out.key($crate::read::section!(@name $field $($name)?), &self.$field);)*
            }
        }
    };
}
pub(crate) use section;
