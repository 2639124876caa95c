//! One Via value, RFC 3261 §20.42.

use std::net::IpAddr;

use crate::{
    Fault, Params,
    text::{class, cut, digits, is_token, run, trim},
    uri::{address, host_port},
};

/// Who sent a request, over what, and where the response shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// `SIP/2.0` in all that we can work with.
    pub protocol: &'a str,
    /// As written: `UDP`, `TCP`, or one that we do not know.
    pub transport: &'a str,
    /// Host name or address; an IPv6 address without its brackets.
    pub host: &'a str,
    /// The port, if written.
    pub port: Option<u16>,
    /// The transaction's mark.
    pub branch: Option<&'a str>,
    /// The address that the request really came from, as its receiver saw it; without brackets.
    pub received: Option<&'a str>,
    /// `Some(None)` asks for the port, `Some(Some(port))` is the answer, RFC 3581.
    pub rport: Option<Option<u16>>,
    /// The group to answer to, when the request was multicast.
    pub maddr: Option<&'a str>,
    /// The multicast's time to live.
    pub ttl: Option<u8>,
    /// All parameters.
    pub params: Params<'a>,
    sent_by: &'a str,
}

/// What marks branches that tell transactions apart by themselves, RFC 3261 §8.1.1.7.
const COOKIE: &str = "z9hG4bK";

impl<'a> Via<'a> {
    /// Reads one value.
    pub fn parse(text: &'a str) -> Result<Via<'a>, Fault> {
        let (mut via, params) = Via::sender(text)?;
        via.params = Params::read(params, |name, value| via.take_param(name, value))?;
        Ok(via)
    }

    /// Reads what stands before the parameters; gives those as text.
    pub(crate) fn sender(text: &'a str) -> Result<(Via<'a>, &'a str), Fault> {
        const SHAPE: Fault = Fault("Malformed Via");
        let (name, rest) = cut(text, b'/').ok_or(SHAPE)?;
        let (version, rest) = cut(rest, b'/').ok_or(SHAPE)?;
        if !is_token(trim(name)) || !is_token(trim(version)) {
            return Err(SHAPE);
        }
        let protocol = trim(&text[..name.len() + 1 + version.len()]);
        let rest = trim(rest);
        let (transport, rest) = rest.split_at(run(rest.as_bytes(), class::TOKEN));
        if transport.is_empty() || !rest.starts_with([' ', '\t']) {
            return Err(SHAPE);
        }
        let sent_by = cut(rest, b';').map_or(rest, |(before, _)| before);
        let params = &rest[sent_by.len()..];
        let sent_by = trim(sent_by);
        let (host, port) = host_port(sent_by)?;
        let via = Via {
            protocol,
            transport,
            host,
            port,
            branch: None,
            received: None,
            rport: None,
            maddr: None,
            ttl: None,
            params: Params::default(),
            sent_by,
        };
        Ok((via, params))
    }

    fn take_param(&mut self, name: &str, value: &'a str) -> Result<(), Fault> {
        match name.len() {
            6 if name.eq_ignore_ascii_case("branch") => self.branch = Some(value),
            5 if name.eq_ignore_ascii_case("rport") => self.rport = Some(rport(value)?),
            8 if name.eq_ignore_ascii_case("received") => self.received = Some(no_brackets(value)),
            5 if name.eq_ignore_ascii_case("maddr") => self.maddr = Some(no_brackets(value)),
            3 if name.eq_ignore_ascii_case("ttl") => {
                self.ttl = Some(digits(value).and_then(|ttl| u8::try_from(ttl).ok()).ok_or(Fault("Malformed ttl"))?);
            }
            _ => {}
        }
        Ok(())
    }

    /// `host:port` as written.
    pub fn sent_by(&self) -> &'a str {
        self.sent_by
    }

    /// The sent-by host, if it is an address.
    pub fn ip(&self) -> Option<IpAddr> {
        address(self.host)
    }

    /// `received`, if it is an address.
    pub fn received_ip(&self) -> Option<IpAddr> {
        self.received.and_then(address)
    }

    /// Whether the branch alone tells transactions apart: it has the cookie and something behind it (RFC 4475 §3.2.1).
    pub fn is_rfc3261_branch(&self) -> bool {
        self.branch.is_some_and(|branch| {
            branch.len() > COOKIE.len()
                && branch.get(..COOKIE.len()).is_some_and(|start| start.eq_ignore_ascii_case(COOKIE))
        })
    }
}

fn rport(value: &str) -> Result<Option<u16>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    digits(value).and_then(|port| u16::try_from(port).ok()).map(Some).ok_or(Fault("Malformed rport"))
}

fn no_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_via_with_everything_is_read() {
        let text = "SIP / 2.0 / UDP  [2001:db8::9] : 5070 ;branch = z9hG4bKx;rport;received=[2001:db8::7];ttl=16;\
                    maddr=224.0.1.75;x=\"a;b\"";
        let via = Via::parse(text).unwrap();
        assert_eq!((via.transport, via.host, via.port), ("UDP", "2001:db8::9", Some(5070)));
        assert_eq!((via.branch, via.rport, via.received), (Some("z9hG4bKx"), Some(None), Some("2001:db8::7")));
        assert_eq!((via.ttl, via.maddr, via.params.get("x")), (Some(16), Some("224.0.1.75"), Some("a;b")));
        assert!(via.is_rfc3261_branch());
        assert_eq!(via.sent_by(), "[2001:db8::9] : 5070");
    }

    #[test]
    fn broken_vias_are_faults_and_a_bare_cookie_is_no_mark() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0/UDP a:x",
            "SIP/2.0/UDP a;;",
            "S(P/2.0/UDP a",
            "SIP/2.0/UDP a;rport=x",
            "SIP/2.0/UDP a;rport=70000",
            "SIP/2.0/U(P a",
            "SIP/2.0/UDP a;ttl=256",
        ] {
            assert!(Via::parse(text).is_err(), "{text}");
        }
        assert!(!Via::parse("SIP/2.0/UDP a;branch=z9hG4bK").unwrap().is_rfc3261_branch());
        assert!(!Via::parse("SIP/2.0/UDP a;branch=1").unwrap().is_rfc3261_branch());
        assert_eq!(Via::parse("SIP/2.0/TCP a;rport=5071").unwrap().rport, Some(Some(5071)));
    }
}
