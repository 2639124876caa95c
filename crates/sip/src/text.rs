//! Small pieces of SIP's grammar that every value shares: quotes, lists, escapes, RFC 3261 §25.1.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

/// Cuts spaces and tabs (and what else counts as white space in ASCII) from both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_ascii()
}

/// What a byte may be part of; the flags of one byte are in [`CLASSES`].
pub(crate) mod class {
    /// `token`.
    pub(crate) const TOKEN: u8 = 1;
    /// A host name; underscores are none's, but Windows machines have them.
    pub(crate) const HOST: u8 = 2;
    /// An IPv6 address.
    pub(crate) const IPV6: u8 = 4;
    /// A URI: no white space, control character, quote or angle bracket.
    pub(crate) const URI: u8 = 8;
    /// A parameter's name, of a header or a URI.
    pub(crate) const PARAM: u8 = 16;
    /// A number as a `tel:` URI writes it.
    pub(crate) const NUMBER: u8 = 32;
}

/// One look-up for each byte is most of what reading costs: see the bench `parse`.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut n = 0;
    while n < 256 {
        let byte = n as u8;
        let word = byte.is_ascii_alphanumeric();
        let visible = byte > b' ' && byte != 0x7f;
        let quoting = matches!(byte, b'"' | b'<' | b'>');
        if word || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~') {
            classes[n] |= class::TOKEN;
        }
        if word || matches!(byte, b'-' | b'.' | b'_') {
            classes[n] |= class::HOST;
        }
        if byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.') {
            classes[n] |= class::IPV6;
        }
        if visible && !quoting {
            classes[n] |= class::URI;
        }
        if visible && !quoting && !matches!(byte, b',' | b';' | b'=') {
            classes[n] |= class::PARAM;
        }
        if word || matches!(byte, b'+' | b'*' | b'#' | b'-' | b'.' | b'(' | b')' | b'%') {
            classes[n] |= class::NUMBER;
        }
        n += 1;
    }
    classes
}

/// Whether there are bytes and all are of this class.
pub(crate) fn all(text: &[u8], class: u8) -> bool {
    !text.is_empty() && run(text, class) == text.len()
}

/// How many bytes at the start are of this class.
pub(crate) fn run(text: &[u8], class: u8) -> usize {
    text.iter().position(|byte| CLASSES[usize::from(*byte)] & class == 0).unwrap_or(text.len())
}

/// `token` of §25.1.
pub(crate) fn is_token(text: &str) -> bool {
    all(text.as_bytes(), class::TOKEN)
}

/// Splits at the first such byte, which belongs to neither side.
pub(crate) fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    debug_assert!(byte.is_ascii());
    memchr(byte, text.as_bytes()).map(|at| (&text[..at], &text[at + 1..]))
}

/// Where the quoted string that opens at `open` closes; `None` if it does not.
pub(crate) fn quote_end(text: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The first `wanted` from `at` on that is outside of quoted strings.
pub(crate) fn find_unquoted(text: &str, mut at: usize, wanted: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    loop {
        at += memchr2(wanted, b'"', bytes.get(at..)?)?;
        if bytes[at] == wanted {
            return Some(at);
        }
        at = quote_end(bytes, at)? + 1;
    }
}

/// What a quoted string says, without its quotes and backslashes; other text comes back as it is.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        None => Cow::Borrowed(text),
        Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
        Some(inner) => {
            let mut plain = String::with_capacity(inner.len());
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                plain.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            Cow::Owned(plain)
        }
    }
}

/// Writes `text` as a quoted string; control characters, which would need care elsewhere, become spaces.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(if c.is_control() { ' ' } else { c });
    }
    quoted.push('"');
    quoted
}

/// The comma-separated values of one header line; commas in quotes and in `<>` do not separate, empty values are
/// left out.
pub fn values(line: &str) -> Values<'_> {
    Values { rest: line }
}

/// See [`values`].
#[derive(Clone, Debug)]
pub struct Values<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while !self.rest.is_empty() {
            let end = value_end(self.rest.as_bytes());
            let value = trim(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or("");
            if !value.is_empty() {
                return Some(value);
            }
        }
        None
    }
}

/// Where the first value of a list ends: at its comma, or at the end of the text.
pub(crate) fn value_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(hit) = text.get(at..).and_then(|rest| memchr3(b',', b'"', b'<', rest)) {
        at += hit;
        let closed = match text[at] {
            b',' => return at,
            b'"' => quote_end(text, at),
            _ => memchr(b'>', &text[at..]).map(|hit| at + hit),
        };
        match closed {
            Some(end) => at = end + 1,
            None => break,
        }
    }
    text.len()
}

/// Undoes `%41` escapes. What does not decode to UTF-8 is shown by replacement characters.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, hex_pair(tail)) {
            (b'%', Some(value)) => {
                plain.push(value);
                rest = &tail[2..];
            }
            _ => {
                plain.push(byte);
                rest = tail;
            }
        }
    }
    match String::from_utf8(plain) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn hex_pair(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| (*byte as char).to_digit(16));
    Some((digit(0)? * 16 + digit(1)?) as u8)
}

/// Whether every `%` begins an escape.
pub(crate) fn escapes_hold(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| byte != b'%' || hex_pair(&text.as_bytes()[at + 1..]).is_some())
}

/// Escapes what may not stand in the user part of a SIP URI, §25.1.
pub fn escape_user(user: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
    if user.bytes().all(plain) {
        return Cow::Borrowed(user);
    }
    let mut escaped = String::with_capacity(user.len() + 8);
    for byte in user.bytes() {
        if plain(byte) {
            escaped.push(byte as char);
        } else {
            escaped.push('%');
            for digit in [byte >> 4, byte & 15] {
                escaped.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    Cow::Owned(escaped)
}

/// Reads decimal digits that fill the whole text.
pub(crate) fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        let line = r#" "a, \"b" <sip:x,y@z>;p="1,2" ,, <sip:b>, c"#;
        let found: Vec<_> = values(line).collect();
        assert_eq!(found, [r#""a, \"b" <sip:x,y@z>;p="1,2""#, "<sip:b>", "c"]);
    }

    #[test]
    fn a_quote_that_never_closes_takes_the_rest() {
        assert_eq!(values("a, \"b, c").collect::<Vec<_>>(), ["a", "\"b, c"]);
        assert_eq!(values("a, <b, c").collect::<Vec<_>>(), ["a", "<b, c"]);
        assert_eq!(quote_end(b"\"abc\\", 0), None);
    }

    #[test]
    fn escapes_are_undone_and_redone() {
        assert_eq!(unescape("sip%3Auser%40x%00%zz%4"), "sip:user@x\0%zz%4");
        assert_eq!(escape_user("a b@ä"), "a%20b%40%C3%A4");
        assert!(escapes_hold("a%20") && !escapes_hold("a%2") && !escapes_hold("%"));
    }

    #[test]
    fn quoting_is_undone_by_unquoting() {
        assert_eq!(unquote(&quote(r#"a "b" \c"#)), r#"a "b" \c"#);
        assert_eq!(quote("a\r\nb"), "\"a  b\"");
    }
}
