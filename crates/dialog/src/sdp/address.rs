//! Finds what would show one leg's network on the other: addresses hidden anywhere in a line.

use std::net::IpAddr;

/// Whether an IP address or an e-mail-like `user@host` stands anywhere in this text.
pub(super) fn mentions_address(text: &str) -> bool {
    text.contains('@')
        || text
            .split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.'))
            .any(|word| holds_ipv4(word) || holds_ipv6(word))
}

/// Four numbers with dots between them; more dots or a colon may stand around them (`host.10.0.0.1:5060`).
fn holds_ipv4(word: &str) -> bool {
    let mut numbers_in_row = 0;
    word.split(['.', ':']).any(|part| {
        let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        numbers_in_row = if is_number { numbers_in_row + 1 } else { 0 };
        numbers_in_row == 4
    })
}

/// An IPv6 address, also one that begins after a `name:` prefix or ends before a port.
fn holds_ipv6(word: &str) -> bool {
    let colons = word.bytes().filter(|&b| b == b':').count();
    if colons < 2 {
        return false;
    }
    // Whatever parses as an address in any run of whole groups counts; runs are at most nine groups long.
    let starts: Vec<usize> = std::iter::once(0)
        .chain(word.char_indices().filter(|(_, c)| *c == ':').map(|(at, _)| at + 1))
        .take(24)
        .collect();
    starts.iter().any(|&start| {
        let start = if word[start..].starts_with(':') && start > 0 { start - 1 } else { start };
        let rest = &word[start..];
        std::iter::once(rest.len())
            .chain(rest.char_indices().filter(|(_, c)| *c == ':').map(|(at, _)| at))
            .take(24)
            .any(|end| rest[..end].parse::<IpAddr>().is_ok_and(|address| !address.is_unspecified()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_wherever_they_hide() {
        for text in [
            "192.168.1.20",
            "foo:10.0.0.1:5060",
            "x 1 UDP 2130706431 10.0.1.1 8998 typ host",
            "cname:anna@desk.local",
            "[fe80::1]",
            "ssrc:1 addr:2001:db8::7",
            "2001:db8:0:1:2:3:4:5",
            "v6=::ffff:10.0.0.1",
        ] {
            assert!(mentions_address(text), "{text}");
        }
    }

    #[test]
    fn ordinary_attributes_are_not_taken_for_addresses() {
        for text in [
            "rtpmap:0 PCMU/8000",
            "fmtp:101 0-15",
            "fmtp:97 mode=20;octet-align=1",
            "extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            "ptime:20",
            "rtcp-fb:96 nack pli",
            "Asterisk PBX 20.5.0",
            "SIP Call",
        ] {
            assert!(!mentions_address(text), "{text}");
        }
    }
}
