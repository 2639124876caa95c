//! Parameters behind semicolons, RFC 3261 §7.3.1 `generic-param`.

use memchr::memchr;

use crate::{
    Fault,
    text::{all, class, find_unquoted, quote_end, trim},
};

/// `;name=value;flag` as it was written, read when asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(&'a str);

impl<'a> Params<'a> {
    /// Takes `;a=b;c` (or nothing). Empty names and unclosed quotes are faults.
    pub fn parse(text: &'a str) -> Result<Params<'a>, Fault> {
        Params::read(text, |_, _| Ok(()))
    }

    /// Parses, and hands over each name and value on the way, a quoted one without its quotes.
    pub(crate) fn read(
        text: &'a str,
        mut each: impl FnMut(&'a str, &'a str) -> Result<(), Fault>,
    ) -> Result<Params<'a>, Fault> {
        let text = trim(text);
        if text.is_empty() {
            return Ok(Params(text));
        }
        let inner = text.strip_prefix(';').ok_or(Fault("Text after the address that is no parameter"))?;
        let has_quotes = memchr(b'"', inner.as_bytes()).is_some();
        for (name, value) in Pieces(Some(inner)) {
            if !all(name.as_bytes(), class::PARAM) || (has_quotes && !is_value(value.as_bytes())) {
                return Err(Fault("Malformed parameter"));
            }
            each(name, without_quotes(value))?;
        }
        Ok(Params(inner))
    }

    /// Each name with its value, in order; quotes around values are cut off, a flag has an empty value.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.written().map(|(name, value)| (name, without_quotes(value)))
    }

    /// Each name with its value, which keeps its quotes.
    pub(crate) fn written(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        Pieces((!self.0.is_empty()).then_some(self.0))
    }

    /// The value of the first parameter of this name (in any case); empty for a flag.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// As written, without the first semicolon.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// A quoted string and nothing else, or no quote at all.
fn is_value(value: &[u8]) -> bool {
    match value.first() {
        None => true,
        Some(b'"') => quote_end(value, 0) == Some(value.len() - 1),
        Some(_) => memchr(b'"', value).is_none(),
    }
}

fn without_quotes(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

struct Pieces<'a>(Option<&'a str>);

impl<'a> Iterator for Pieces<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let text = self.0?;
        let name_end = text.bytes().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
        let mut end = name_end;
        if text.as_bytes().get(name_end) == Some(&b'=') {
            end = find_unquoted(text, name_end + 1, b';').unwrap_or(text.len());
        }
        self.0 = text.get(end + 1..);
        Some((trim(&text[..name_end]), trim(text[name_end..end].strip_prefix('=').unwrap_or(""))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_flags_and_quotes_are_told_apart() {
        let params = Params::parse(r#" ; a = 1 ;lr;Q="x;y" "#).unwrap();
        assert_eq!(params.iter().collect::<Vec<_>>(), [("a", "1"), ("lr", ""), ("Q", "x;y")]);
        assert_eq!((params.get("q"), params.get("LR"), params.get("b")), (Some("x;y"), Some(""), None));
    }

    #[test]
    fn empty_and_unbalanced_parameters_are_faults() {
        for text in [";;", ";", ";a;", ";=b", ";a=\"b", ";a=b\"c\"", "x", ";a b"] {
            assert!(Params::parse(text).is_err(), "{text}");
        }
        assert!(Params::parse("  ").unwrap().is_empty());
    }
}
