//! Host names as DNS takes them, RFC 1035 §2.3.

use std::{fmt, sync::Arc};

use sip::Transport;

/// A name that DNS can be asked for: in lower case, without the last dot. Never empty, never the root. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<str>);

const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

impl Domain {
    /// Takes a host of a URI or a name of an answer; `None` if DNS could not have it.
    pub fn parse(text: &str) -> Option<Domain> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            (1..=LABEL_MAX).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let good = text.len() <= NAME_MAX && text.split('.').all(is_label);
        good.then(|| Domain(text.to_ascii_lowercase().into()))
    }

    /// Where the SRV records of a transport stand: `_sip._udp.` in front, RFC 3263 §4.1 and RFC 7118 §8.
    pub fn service(&self, transport: Transport) -> Option<Domain> {
        let service = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
            Transport::Ws => "_sip._ws",
            Transport::Wss => "_sips._ws",
        };
        Domain::parse(&format!("{service}.{}", self.0))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_compared_without_case_and_last_dot() {
        assert_eq!(Domain::parse("Example.COM."), Domain::parse("example.com"));
        assert_eq!(Domain::parse("a").expect("one label is a name").as_str(), "a");
    }

    #[test]
    fn what_dns_cannot_have_is_no_name() {
        let long = "a".repeat(64);
        let deep = "a.".repeat(127) + "a";
        for text in ["", ".", "a..b", ".a", "a b", "a/b", "ä.fi", "[::1]", "::1", &long, &deep] {
            assert_eq!(Domain::parse(text), None, "{text}");
        }
        assert!(Domain::parse(&"a".repeat(63)).is_some());
    }

    #[test]
    fn a_service_that_makes_the_name_too_long_does_not_exist() {
        let name = Domain::parse(&"abcdefg.".repeat(31)).expect("247 characters are a name");
        assert_eq!(name.service(Transport::Udp), None);
        let name = Domain::parse("example.com").expect("a name");
        assert_eq!(name.service(Transport::Tls), Domain::parse("_sips._tcp.example.com"));
    }
}
