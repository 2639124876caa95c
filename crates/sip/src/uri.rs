//! SIP, SIPS and tel URIs, RFC 3261 §19.1 and RFC 3966.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv6Addr},
};

use crate::{
    Fault, Params,
    text::{all, class, cut, digits, escapes_hold, is_token, run, unescape},
};

/// What a URI begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Any other; of such a URI only [`Uri::rest`] is read.
    Other,
}

/// A URI as slices of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// What it begins with.
    pub scheme: Scheme,
    /// The user part, still escaped; of a `tel:` URI the number as written.
    pub user: Option<&'a str>,
    /// The password, which nobody should use.
    pub password: Option<&'a str>,
    /// Host name or address; an IPv6 address without its brackets. Empty for `tel:` and other schemes.
    pub host: &'a str,
    /// The port, if written.
    pub port: Option<u16>,
    /// `;transport=tcp;lr`
    pub params: Params<'a>,
    /// What follows `?`, without it.
    pub headers: &'a str,
    /// Everything behind the scheme's colon.
    pub rest: &'a str,
}

impl<'a> Uri<'a> {
    /// Reads a URI that fills the text.
    pub fn parse(text: &'a str) -> Result<Uri<'a>, Fault> {
        let (scheme, rest) = cut(text, b':').ok_or(Fault("URI without a scheme"))?;
        let known = match scheme {
            _ if scheme.eq_ignore_ascii_case("sip") => Scheme::Sip,
            _ if scheme.eq_ignore_ascii_case("sips") => Scheme::Sips,
            _ if scheme.eq_ignore_ascii_case("tel") => Scheme::Tel,
            _ => Scheme::Other,
        };
        if !all(rest.as_bytes(), class::URI) {
            return Err(Fault("Illegal character in a URI"));
        }
        let uri = Uri {
            scheme: known,
            user: None,
            password: None,
            host: "",
            port: None,
            params: Params::default(),
            headers: "",
            rest,
        };
        match known {
            Scheme::Sip | Scheme::Sips => uri.with_authority(),
            Scheme::Tel => uri.with_number(),
            Scheme::Other if is_scheme(scheme) && !rest.is_empty() => Ok(uri),
            Scheme::Other => Err(Fault("Malformed URI")),
        }
    }

    fn with_authority(mut self) -> Result<Uri<'a>, Fault> {
        let mut rest = self.rest;
        // An `@` further on is some phone's unescaped Replaces value.
        if let Some((userinfo, hostport)) = cut(rest, b'@') {
            let (user, password) = match cut(userinfo, b':') {
                Some((user, password)) => (user, Some(password)),
                None => (userinfo, None),
            };
            if user.is_empty() || !escapes_hold(userinfo) {
                return Err(Fault("Malformed user part in a URI"));
            }
            (self.user, self.password, rest) = (Some(user), password, hostport);
        }
        if let Some((before, headers)) = cut(rest, b'?') {
            (rest, self.headers) = (before, headers);
        }
        let hostport = cut(rest, b';').map_or(rest, |(before, _)| before);
        self.params = Params::parse(&rest[hostport.len()..])?;
        (self.host, self.port) = host_port(hostport)?;
        Ok(self)
    }

    fn with_number(mut self) -> Result<Uri<'a>, Fault> {
        let number = cut(self.rest, b';').map_or(self.rest, |(before, _)| before);
        if !all(number.as_bytes(), class::NUMBER) {
            return Err(Fault("Malformed number in a tel URI"));
        }
        self.params = Params::parse(&self.rest[number.len()..])?;
        self.user = Some(number);
        Ok(self)
    }

    /// Whether it is `sip:` or `sips:`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The host, if it is an address.
    pub fn ip(&self) -> Option<IpAddr> {
        address(self.host)
    }

    /// The user part with its escapes undone; empty if there is none.
    pub fn user_decoded(&self) -> Cow<'a, str> {
        unescape(self.user.unwrap_or(""))
    }

    /// A URI parameter, still escaped; empty for a flag such as `lr`. Its name may be escaped (RFC 4475 §3.1.1.3).
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|(known, _)| unescape(known).eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of one of the headers behind `?`, with its escapes undone.
    pub fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        self.header_pairs().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| unescape(value))
    }

    fn header_pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.headers.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The telephone number meant: of a `tel:` URI, or of a SIP URI whose user part looks like one. Visual separators
    /// and what follows a semicolon are left out.
    pub fn number(&self) -> Option<Cow<'a, str>> {
        let user = self.user?;
        let user = cut(user, b';').map_or(user, |(number, _)| number);
        let digit = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
        let plain = user.strip_prefix('+').unwrap_or(user);
        if !plain.is_empty() && plain.as_bytes().iter().all(digit) {
            return Some(Cow::Borrowed(user));
        }
        let decoded = unescape(user);
        let number: String = decoded.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
        let plain = number.strip_prefix('+').unwrap_or(&number);
        let is_number = !plain.is_empty() && plain.as_bytes().iter().all(digit);
        is_number.then_some(Cow::Owned(number))
    }

    /// Whether both mean the same, RFC 3261 §19.1.4 (RFC 3966 §5 for numbers).
    pub fn equivalent(&self, other: &Uri<'_>) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        // Whatever is wrong with a text (a parameter twice), it means what it means.
        if self.rest == other.rest {
            return true;
        }
        match self.scheme {
            Scheme::Other => false,
            Scheme::Tel => self.number() == other.number() && params_agree(self, other, |_| true),
            Scheme::Sip | Scheme::Sips => {
                self.user.map(unescape) == other.user.map(unescape)
                    && self.password.map(unescape) == other.password.map(unescape)
                    && same_host(self.host, other.host)
                    && self.port == other.port
                    && params_agree(self, other, |name| {
                        ["user", "ttl", "method", "maddr", "transport"].iter().any(|one| one.eq_ignore_ascii_case(name))
                    })
                    && headers_within(self, other)
                    && headers_within(other, self)
            }
        }
    }
}

fn is_scheme(text: &str) -> bool {
    is_token(text) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Splits `host:port`, with brackets around IPv6 addresses.
pub(crate) fn host_port(text: &str) -> Result<(&str, Option<u16>), Fault> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = cut(inner, b']').ok_or(Fault("IPv6 address without a closing bracket"))?;
            if !host.contains(':') || !all(host.as_bytes(), class::IPV6) {
                return Err(Fault("Malformed IPv6 address"));
            }
            (host, rest)
        }
        None => {
            let end = run(text.as_bytes(), class::HOST);
            if end == 0 || !matches!(text.as_bytes().get(end), None | Some(b':' | b' ' | b'\t')) {
                return Err(Fault("Malformed host"));
            }
            text.split_at(end)
        }
    };
    let rest = crate::text::trim(rest);
    if rest.is_empty() {
        return Ok((host, None));
    }
    let port = rest.strip_prefix(':').map(crate::text::trim).and_then(digits);
    match port.and_then(|port| u16::try_from(port).ok()) {
        Some(port) => Ok((host, Some(port))),
        None => Err(Fault("Malformed port")),
    }
}

/// An address without brackets. RFC 3261's grammar wrongly allowed three colons, RFC 5118 §4.10.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match host.parse() {
        Ok(ip) => Some(ip),
        Err(_) if host.contains(":::") => host.replace(":::", "::").parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        Err(_) => None,
    }
}

pub(crate) fn same_host(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || (one.contains(':') && address(one).is_some() && address(one) == address(other))
}

/// Parameters in both agree; those in one only are none that `must_be_in_both`.
fn params_agree(one: &Uri<'_>, other: &Uri<'_>, must_be_in_both: impl Fn(&str) -> bool) -> bool {
    let within = |these: Params<'_>, those: Params<'_>| {
        these.iter().all(|(name, value)| match those.get(name) {
            Some(known) => unescape(known).eq_ignore_ascii_case(&unescape(value)),
            None => !must_be_in_both(name),
        })
    };
    within(one.params, other.params) && within(other.params, one.params)
}

fn headers_within(one: &Uri<'_>, other: &Uri<'_>) -> bool {
    one.header_pairs().all(|(name, value)| {
        let value = unescape(value);
        other.header_pairs().any(|(known, text)| known.eq_ignore_ascii_case(name) && unescape(text) == value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_sip_uri_is_found() {
        let uri = Uri::parse("sips:a%40b;x=y:pw@[2001:db8::1]:5071;transport=tcp;lr?Subject=a%20b&to=x").unwrap();
        assert_eq!((uri.scheme, uri.user, uri.password), (Scheme::Sips, Some("a%40b;x=y"), Some("pw")));
        assert_eq!((uri.host, uri.port, uri.param("LR")), ("2001:db8::1", Some(5071), Some("")));
        assert_eq!(uri.ip(), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(uri.header("subject").as_deref(), Some("a b"));
        assert_eq!(uri.user_decoded(), "a@b;x=y");
    }

    #[test]
    fn malformed_uris_are_faults() {
        for text in [
            "",
            "sip:",
            "sip",
            "sip:@host",
            "sip:a@",
            "sip:a@b:",
            "sip:a@b:99999",
            "sip:a@b:5x",
            "sip:a b@c",
            "sip:[::1",
            "sip:2001:db8::10",
            "sip:a@[x]",
            "sip:%zz@b",
            "sip:a@b;;lr",
            "sip:a@b@c",
            "<sip:a@b>",
            "tel:",
            "1x:y",
            "x:",
            "sip:a@b c",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_read_from_tel_and_from_users_that_look_like_them() {
        let number = |text: &str| Uri::parse(text).unwrap().number().map(Cow::into_owned);
        assert_eq!(number("tel:+358-(40)-123.45;phone-context=x").as_deref(), Some("+3584012345"));
        assert_eq!(number("sip:+35840;postd=1@x;user=phone").as_deref(), Some("+35840"));
        assert_eq!(number("sip:*97@x").as_deref(), Some("*97"));
        assert_eq!(number("sip:%2B1-2@x").as_deref(), Some("+12"));
        assert_eq!((number("sip:anna@x"), number("sip:+@x"), number("sip:x")), (None, None, None));
    }

    /// The lists of RFC 3261 §19.1.4.
    #[test]
    fn equivalence_follows_the_rfc() {
        let same = |one: &str, other: &str| Uri::parse(one).unwrap().equivalent(&Uri::parse(other).unwrap());
        for (one, other) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("sip:a@[2001:db8:0::1]", "sip:a@[2001:DB8::1]"),
            ("tel:+358-40", "tel:+35840"),
            ("sip:a@b;x=1;x=2", "sip:a@b;x=1;x=2"),
        ] {
            assert!(same(one, other) && same(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=tcp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b", "sips:a@b"),
            ("tel:+358", "tel:+358;ext=1"),
        ] {
            assert!(!same(one, other) && !same(other, one), "{one} {other}");
        }
    }
}
