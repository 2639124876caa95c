//! A name and an address with parameters: From, To, Contact, Route …, RFC 3261 §20.10.

use std::borrow::Cow;

use crate::{
    Fault, Params, Uri,
    text::{digits, quote_end, trim, unquote},
};

/// `"Anna" <sip:anna@example.com>;tag=1`, or the same without brackets (parameters then belong to the header, §20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name without quotes and backslashes.
    pub display: Option<Cow<'a, str>>,
    /// The URI as written; `*` in a Contact that means all, see [`NameAddr::is_star`].
    pub uri: &'a str,
    /// The header's own parameters.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value. The URI inside is looked at by [`NameAddr::parse_uri`] only.
    pub fn parse(text: &'a str) -> Result<NameAddr<'a>, Fault> {
        let text = trim(text);
        let display_end = if text.starts_with('"') {
            Some(quote_end(text.as_bytes(), 0).ok_or(Fault("Unbalanced quote in a display name"))? + 1)
        } else {
            None
        };
        let after = &text[display_end.unwrap_or(0)..];
        let Some(open) = memchr::memchr2(b'<', b'"', after.as_bytes()).filter(|at| after.as_bytes()[*at] == b'<')
        else {
            return if display_end.is_some() { Err(Fault("Display name without an address")) } else { bare(text) };
        };
        let display = match display_end {
            Some(end) if trim(&after[..open]).is_empty() => Some(unquote(&text[..end])),
            Some(_) => return Err(Fault("Text between a display name and its address")),
            None => match trim(&after[..open]) {
                "" => None,
                name if name.contains([',', ';', '@', '>', '\\']) => {
                    return Err(Fault("Display name that needs quotes"));
                }
                name => Some(Cow::Borrowed(name)),
            },
        };
        let inner = &after[open + 1..];
        let close = memchr::memchr(b'>', inner.as_bytes()).ok_or(Fault("Address without a closing bracket"))?;
        if close == 0 {
            return Err(Fault("Empty address"));
        }
        Ok(NameAddr { display, uri: &inner[..close], params: Params::parse(&inner[close + 1..])? })
    }

    /// The URI, read.
    pub fn parse_uri(&self) -> Result<Uri<'a>, Fault> {
        Uri::parse(self.uri)
    }

    /// The first `tag` that is not empty.
    pub fn tag(&self) -> Option<&'a str> {
        self.params().find(|(name, tag)| name.eq_ignore_ascii_case("tag") && !tag.is_empty()).map(|(_, tag)| tag)
    }

    /// A parameter of the header (not of the URI); empty for a flag.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// All parameters of the header.
    pub fn params(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.params.iter()
    }

    /// `Contact: *`, §10.2.2.
    pub fn is_star(&self) -> bool {
        self.uri == "*"
    }

    /// `q` in thousandths, 0 to 1000; `None` where it is absent or no q-value.
    pub fn q(&self) -> Option<u16> {
        let (whole, part) = match self.param("q")?.split_once('.') {
            Some((whole, part)) => (whole, part),
            None => (self.param("q")?, ""),
        };
        if part.len() > 3 || !(part.is_empty() || digits(part).is_some()) || !matches!(whole, "0" | "1" | "") {
            return None;
        }
        let thousandths = part.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let q = if whole == "1" { 1000 } else { 0 } + thousandths;
        (q <= 1000 && !(whole.is_empty() && part.is_empty())).then_some(q)
    }

    /// `expires` in seconds; too large a number is the largest.
    pub fn expires(&self) -> Option<u32> {
        let text = self.param("expires")?;
        let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| text.parse().unwrap_or(u32::MAX))
    }
}

fn bare(text: &str) -> Result<NameAddr<'_>, Fault> {
    let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
    let uri = trim(&text[..end]);
    if uri.is_empty() || uri.contains([' ', '\t', ',', '"', '>']) || (uri.contains('?') && uri != "*") {
        return Err(Fault("Malformed address"));
    }
    Ok(NameAddr { display: None, uri, params: Params::parse(&text[end..])? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_name_an_address_and_parameters_are_read() {
        let addr = NameAddr::parse(r#""Anna \"A\" <x>" <sip:anna@example.com;lr>;tag=a1;Expires=60;q=0.75"#).unwrap();
        assert_eq!(addr.display.as_deref(), Some("Anna \"A\" <x>"));
        assert_eq!(addr.uri, "sip:anna@example.com;lr");
        assert_eq!((addr.tag(), addr.expires(), addr.q(), addr.param("lr")), (Some("a1"), Some(60), Some(750), None));
    }

    #[test]
    fn without_brackets_parameters_belong_to_the_header() {
        let addr = NameAddr::parse("sip:anna@example.com;tag=1").unwrap();
        assert_eq!((addr.uri, addr.tag(), addr.display), ("sip:anna@example.com", Some("1"), None));
        assert_eq!(NameAddr::parse("tel:+35840;tag=2").unwrap().uri, "tel:+35840");
        assert!(NameAddr::parse(" * ").unwrap().is_star());
        assert_eq!(NameAddr::parse("caller<sip:a@b>").unwrap().display.as_deref(), Some("caller"));
        assert_eq!(NameAddr::parse("Päivi Mäki <sip:a@b>").unwrap().display.as_deref(), Some("Päivi Mäki"));
    }

    #[test]
    fn broken_addresses_are_faults() {
        for text in [
            "",
            "\"x <sip:a@b>",
            "\"x\"",
            "<sip:a@b",
            "<>",
            "Bell, Alexander <sip:a@b>;tag=1",
            "<sip:a@b>;;",
            "\"x\" y <sip:a@b>",
            "sip:a@b?x=y",
            "a\"b <sip:a@b>",
            "<sip:a@b> x",
        ] {
            assert!(NameAddr::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn q_has_at_most_three_digits() {
        let q = |text: &str| NameAddr::parse(&format!("<sip:a@b>;q={text}")).unwrap().q();
        assert_eq!(
            [q("1"), q("0"), q("1.000"), q("0.5"), q(".25"), q("0.")].map(Option::unwrap_or_default),
            [1000, 0, 1000, 500, 250, 0]
        );
        assert_eq!([q("1.1"), q("2"), q("0.1234"), q("x"), q("")], [None; 5]);
    }
}
