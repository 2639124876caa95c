//! Digest challenges and credentials as text, RFC 7616 §3 and RFC 8760.

use std::{borrow::Cow, fmt};

use crate::{
    Fault,
    text::{quote, quote_end, trim, unquote},
};

/// The parameters of one challenge or credential, at most this many.
const PARAMS_MAX: usize = 64;

/// What a client sends in Authorization or Proxy-Authorization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// Who it claims to be.
    pub username: Cow<'a, str>,
    /// The realm of the challenge.
    pub realm: Cow<'a, str>,
    /// The nonce of the challenge.
    pub nonce: Cow<'a, str>,
    /// The digest URI, which need not be the request-URI.
    pub uri: Cow<'a, str>,
    /// The answer, in hexadecimal.
    pub response: Cow<'a, str>,
    /// Absent means MD5.
    pub algorithm: Option<Cow<'a, str>>,
    /// The client's own nonce.
    pub cnonce: Option<Cow<'a, str>>,
    /// How often this nonce was used; hexadecimal on the wire.
    pub nc: Option<u32>,
    /// The quality of protection chosen.
    pub qop: Option<Cow<'a, str>>,
    /// Repeated from the challenge.
    pub opaque: Option<Cow<'a, str>>,
    /// Whether `username` is a hash.
    pub userhash: bool,
}

impl<'a> Credentials<'a> {
    /// Reads one header line; `Ok(None)` where it is of another scheme than Digest.
    pub fn parse(text: &'a str) -> Result<Option<Credentials<'a>>, Fault> {
        let Some(params) = digest_params(text) else { return Ok(None) };
        let mut found = Credentials::default();
        let mut seen = 0u16;
        let mut once = |bit: u16| {
            let fresh = seen & (1 << bit) == 0;
            seen |= 1 << bit;
            if fresh { Ok(()) } else { Err(Fault("Digest parameter twice")) }
        };
        for param in AuthParams(params).take(PARAMS_MAX) {
            let (name, value) = param?;
            match name.to_ascii_lowercase().as_str() {
                "username" => (once(0)?, found.username = value).1,
                "realm" => (once(1)?, found.realm = value).1,
                "nonce" => (once(2)?, found.nonce = value).1,
                "uri" => (once(3)?, found.uri = value).1,
                "response" => (once(4)?, found.response = value).1,
                "algorithm" => (once(5)?, found.algorithm = Some(value)).1,
                "cnonce" => (once(6)?, found.cnonce = Some(value)).1,
                "nc" => (once(7)?, found.nc = Some(nonce_count(&value)?)).1,
                "qop" => (once(8)?, found.qop = Some(value)).1,
                "opaque" => (once(9)?, found.opaque = Some(value)).1,
                "userhash" => (once(10)?, found.userhash = value.eq_ignore_ascii_case("true")).1,
                _ => {}
            }
        }
        if seen & 0b11111 != 0b11111 {
            return Err(Fault("Digest without username, realm, nonce, uri or response"));
        }
        Ok(Some(found))
    }
}

impl fmt::Display for Credentials<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest username={}, realm={}", quote(&self.username), quote(&self.realm))?;
        write!(out, ", nonce={}, uri={}", quote(&self.nonce), quote(&self.uri))?;
        write!(out, ", response={}", quote(&self.response))?;
        if let Some(algorithm) = &self.algorithm {
            write!(out, ", algorithm={algorithm}")?;
        }
        if let Some(cnonce) = &self.cnonce {
            write!(out, ", cnonce={}", quote(cnonce))?;
        }
        if let Some(qop) = &self.qop {
            write!(out, ", qop={qop}")?;
        }
        if let Some(nc) = self.nc {
            write!(out, ", nc={nc:08x}")?;
        }
        if let Some(opaque) = &self.opaque {
            write!(out, ", opaque={}", quote(opaque))?;
        }
        if self.userhash { out.write_str(", userhash=true") } else { Ok(()) }
    }
}

/// What a server sends in WWW-Authenticate or Proxy-Authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// Whose password is wanted.
    pub realm: Cow<'a, str>,
    /// To be mixed into the answer.
    pub nonce: Cow<'a, str>,
    /// Absent means MD5.
    pub algorithm: Option<Cow<'a, str>>,
    /// The qualities of protection offered; empty means RFC 2069's digest.
    pub qop: Vec<Cow<'a, str>>,
    /// The password was right, the nonce too old.
    pub stale: bool,
    /// To be repeated.
    pub opaque: Option<Cow<'a, str>>,
    /// The URIs that the same answer is good for.
    pub domain: Option<Cow<'a, str>>,
    /// Whether hashed user names are understood.
    pub userhash: bool,
}

impl<'a> Challenge<'a> {
    /// Reads one header line; `Ok(None)` where it is of another scheme than Digest.
    pub fn parse(text: &'a str) -> Result<Option<Challenge<'a>>, Fault> {
        let Some(params) = digest_params(text) else { return Ok(None) };
        let mut found = Challenge::default();
        let (mut realm, mut nonce) = (false, false);
        for param in AuthParams(params).take(PARAMS_MAX) {
            let (name, value) = param?;
            match name.to_ascii_lowercase().as_str() {
                "realm" => (found.realm, realm) = (value, true),
                "nonce" => (found.nonce, nonce) = (value, true),
                "algorithm" => found.algorithm = Some(value),
                "qop" => found.qop = split_list(value),
                "stale" => found.stale = value.eq_ignore_ascii_case("true"),
                "opaque" => found.opaque = Some(value),
                "domain" => found.domain = Some(value),
                "userhash" => found.userhash = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        if realm && nonce { Ok(Some(found)) } else { Err(Fault("Challenge without realm or nonce")) }
    }
}

impl fmt::Display for Challenge<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest realm={}, nonce={}", quote(&self.realm), quote(&self.nonce))?;
        if let Some(domain) = &self.domain {
            write!(out, ", domain={}", quote(domain))?;
        }
        if let Some(opaque) = &self.opaque {
            write!(out, ", opaque={}", quote(opaque))?;
        }
        if self.stale {
            out.write_str(", stale=true")?;
        }
        if let Some(algorithm) = &self.algorithm {
            write!(out, ", algorithm={algorithm}")?;
        }
        if !self.qop.is_empty() {
            write!(out, ", qop={}", quote(&self.qop.join(",")))?;
        }
        if self.userhash { out.write_str(", userhash=true") } else { Ok(()) }
    }
}

fn digest_params(text: &str) -> Option<&str> {
    let (scheme, params) = trim(text).split_once([' ', '\t'])?;
    scheme.eq_ignore_ascii_case("Digest").then_some(params)
}

fn split_list(value: Cow<'_, str>) -> Vec<Cow<'_, str>> {
    match value {
        Cow::Borrowed(text) => text.split(',').map(trim).filter(|one| !one.is_empty()).map(Cow::Borrowed).collect(),
        Cow::Owned(text) => {
            text.split(',').map(trim).filter(|one| !one.is_empty()).map(|one| Cow::Owned(one.to_owned())).collect()
        }
    }
}

fn nonce_count(text: &str) -> Result<u32, Fault> {
    let good = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { u32::from_str_radix(text, 16).map_err(|_| Fault("Malformed nc")) } else { Err(Fault("Malformed nc")) }
}

/// `name=value, name="value"`
struct AuthParams<'a>(&'a str);

impl<'a> Iterator for AuthParams<'a> {
    type Item = Result<(&'a str, Cow<'a, str>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0 = self.0.trim_start_matches([',', ' ', '\t']);
        if self.0.is_empty() {
            return None;
        }
        Some(self.param())
    }
}

impl<'a> AuthParams<'a> {
    fn param(&mut self) -> Result<(&'a str, Cow<'a, str>), Fault> {
        const SHAPE: Fault = Fault("Malformed digest parameter");
        let text = std::mem::take(&mut self.0);
        let (name, rest) = text.split_once('=').ok_or(SHAPE)?;
        let (name, rest) = (trim(name), rest.trim_start());
        if !crate::text::is_token(name) {
            return Err(SHAPE);
        }
        let end = if rest.starts_with('"') {
            quote_end(rest.as_bytes(), 0).ok_or(SHAPE)? + 1
        } else {
            rest.find(',').unwrap_or(rest.len())
        };
        let after = rest[end..].trim_start();
        if !after.is_empty() && !after.starts_with(',') {
            return Err(SHAPE);
        }
        self.0 = after;
        Ok((name, unquote(trim(&rest[..end]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616 §3.9.1.
    #[test]
    fn credentials_are_read_and_written() {
        let text = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
                    algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=0000000a, \
                    cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                    response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
                    opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let found = Credentials::parse(text).unwrap().unwrap();
        assert_eq!((found.username.as_ref(), found.nc, found.qop.as_deref()), ("Mufasa", Some(10), Some("auth")));
        assert_eq!(found.algorithm.as_deref(), Some("SHA-256"));
        let written = found.to_string();
        assert_eq!(Credentials::parse(&written).unwrap().unwrap(), found);
        assert!(written.contains("nc=0000000a") && written.contains("qop=auth,"));
    }

    #[test]
    fn quotes_and_backslashes_inside_values_survive() {
        let text = r#"dIgEsT  username="a\"b\\, c" ,realm = "r" , nonce=n,uri="sip:a;x=1,2", response=00,qop="auth""#;
        let found = Credentials::parse(text).unwrap().unwrap();
        assert_eq!((found.username.as_ref(), found.realm.as_ref()), (r#"a"b\, c"#, "r"));
        assert_eq!((found.uri.as_ref(), found.qop.as_deref(), found.nc), ("sip:a;x=1,2", Some("auth"), None));
    }

    #[test]
    fn what_is_no_digest_or_a_broken_one_is_told_apart() {
        assert_eq!(Credentials::parse("Basic abc"), Ok(None));
        assert_eq!(Credentials::parse("Digest"), Ok(None));
        let good = "Digest username=a, realm=r, nonce=n, uri=u, response=0";
        assert!(Credentials::parse(good).unwrap().is_some());
        for more in
            [", nc=00000001x", ", nc=", ", nc=000000001", ", username=b", ", x", ", x=\"y", ", x=\"y\" z", ", =x"]
        {
            assert!(Credentials::parse(&format!("{good}{more}")).is_err(), "{more}");
        }
        assert!(Credentials::parse("Digest username=a, realm=r, nonce=n, uri=u").is_err());
    }

    #[test]
    fn challenges_are_read_and_written() {
        let ours = Challenge {
            realm: "office \"1\"".into(),
            nonce: "n1".into(),
            algorithm: Some("SHA-256".into()),
            qop: vec!["auth".into(), "auth-int".into()],
            stale: true,
            opaque: Some("o".into()),
            ..Challenge::default()
        };
        let text = ours.to_string();
        assert_eq!(
            text,
            "Digest realm=\"office \\\"1\\\"\", nonce=\"n1\", opaque=\"o\", stale=true, algorithm=SHA-256, \
             qop=\"auth,auth-int\""
        );
        assert_eq!(Challenge::parse(&text).unwrap().unwrap(), ours);
        assert_eq!(Challenge::parse("Bearer realm=x"), Ok(None));
        assert!(Challenge::parse("Digest realm=x").is_err());
    }
}
