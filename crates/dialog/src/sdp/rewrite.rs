//! Turns one leg's session description into the one that the other leg sees, for a relay between the two.
//!
//! Everything that a phone may need to know crosses line by line; whatever would show the first leg's network, keys
//! or people does not.

use super::address::mentions_address;
use super::{Direction, Format, MediaLine, Sdp, write_connection, write_origin, write_rtcp};
use bytes::Bytes;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How a description is rewritten.
#[derive(Clone, Copy, Debug)]
pub struct Rewrite<'a> {
    /// Our session towards the one who will read it; see [`Origin`](super::Origin).
    pub session_id: u64,
    /// Its version.
    pub version: u64,
    /// Our RTP end for each media line, as the reader shall see it. `None`, missing, or a line that cannot be
    /// relayed: port 0.
    pub ends: &'a [Option<SocketAddr>],
    /// Replaces every direction: hold, resume.
    pub direction: Option<Direction>,
    /// Only these codecs, by name; keys are to be named as well.
    pub only: Option<&'a [&'a str]>,
    /// The reader's own offer, where this is its answer: gets as many lines of the same kinds and no direction that
    /// the offer forbids, RFC 3264 §6.
    pub answers: Option<&'a Sdp>,
}

impl<'a> Rewrite<'a> {
    /// Passes everything on to these ends.
    pub fn to(session_id: u64, version: u64, ends: &'a [Option<SocketAddr>]) -> Rewrite<'a> {
        Rewrite { session_id, version, ends, direction: None, only: None, answers: None }
    }
}

/// Writes `sdp` for the other leg.
pub fn rewrite(sdp: &Sdp, how: &Rewrite<'_>) -> Bytes {
    let mut out = String::with_capacity(1024);
    let ours = how.ends.iter().flatten().next().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
    let session = |letter| sdp.values(sdp.session(), letter);
    out.push_str("v=0\r\n");
    write_origin(&mut out, how.session_id, how.version, ours);
    write_line(
        &mut out,
        's',
        session(b's').next().filter(|name| !name.is_empty() && !mentions_address(name)).unwrap_or("-"),
    );
    write_connection(&mut out, ours);
    for value in session(b'b').filter(|value| !mentions_address(value)) {
        write_line(&mut out, 'b', value);
    }
    write_line(&mut out, 't', session(b't').next().filter(|value| !mentions_address(value)).unwrap_or("0 0"));
    // A direction of the session is written at each media line instead.
    for value in session(b'a').filter(|value| may_cross(value) && Direction::parse(value).is_none()) {
        write_line(&mut out, 'a', value);
    }
    match how.answers {
        None => {
            for (nth, line) in sdp.media().iter().enumerate() {
                Section { sdp, line, end: end(how, nth), ours, how, offered: None }.write(&mut out);
            }
        }
        Some(offer) => {
            for (nth, offered) in offer.media().iter().enumerate() {
                match sdp.media().get(nth).filter(|line| line.media.eq_ignore_ascii_case(&offered.media)) {
                    Some(line) => {
                        Section { sdp, line, end: end(how, nth), ours, how, offered: Some(offered) }.write(&mut out)
                    }
                    None => write_refused(&mut out, offered),
                }
            }
        }
    }
    out.into()
}

fn end(how: &Rewrite<'_>, nth: usize) -> Option<SocketAddr> {
    how.ends.get(nth).copied().flatten().filter(|end| end.port() != 0)
}

/// An `m=` line with port 0, RFC 3264 §6. Also how lines are refused that we do not relay, such as RTP/SAVP.
pub(super) fn write_refused(out: &mut String, line: &MediaLine) {
    let _ = write!(
        out,
        "m={} 0 {} {}\r\n",
        clean(&line.media, "application"),
        clean(&line.proto_text, "RTP/AVP"),
        clean(&line.formats_text, "0")
    );
}

/// One media line on its way to the other leg.
struct Section<'a> {
    sdp: &'a Sdp,
    line: &'a MediaLine,
    end: Option<SocketAddr>,
    /// The address of the session's `c=`.
    ours: IpAddr,
    how: &'a Rewrite<'a>,
    /// The line of the offer that this answers.
    offered: Option<&'a MediaLine>,
}

impl Section<'_> {
    fn write(&self, out: &mut String) {
        let line = self.line;
        let formats: Vec<&Format> = line.formats.iter().filter(|format| self.wants(format)).collect();
        let is_alive = line.is_relayable()
            && self.offered.is_none_or(MediaLine::is_relayable)
            && formats.iter().any(|format| format.is_codec());
        let Some(end) = self.end.filter(|_| is_alive) else {
            return write_refused(out, self.offered.unwrap_or(line));
        };
        let proto = self.offered.map_or(&*line.proto_text, |offered| &offered.proto_text);
        let _ = write!(out, "m={} {} {proto}", clean(&line.media, "application"), end.port());
        for format in &formats {
            let _ = write!(out, " {}", format.payload);
        }
        out.push_str("\r\n");
        if end.ip() != self.ours {
            write_connection(out, end.ip());
        }
        let lines = |letter| self.sdp.values(line.lines.clone(), letter);
        for value in lines(b'b').filter(|value| !mentions_address(value)) {
            write_line(out, 'b', value);
        }
        let mut direction_is_written = false;
        for value in lines(b'a') {
            if Direction::parse(value).is_some() {
                if !std::mem::replace(&mut direction_is_written, true) {
                    write_line(out, 'a', self.direction().as_str());
                }
            } else if value.starts_with("rtcp:") {
                if !line.rtcp_mux {
                    write_rtcp(out, end);
                }
            } else if self.may_cross(value, &formats) {
                write_line(out, 'a', value);
            }
        }
        if !direction_is_written {
            write_line(out, 'a', self.direction().as_str());
        }
    }

    fn wants(&self, format: &Format) -> bool {
        self.how.only.is_none_or(|only| only.iter().any(|name| name.eq_ignore_ascii_case(&format.name)))
    }

    fn direction(&self) -> Direction {
        let direction = self.how.direction.unwrap_or(self.line.direction);
        self.offered.map_or(direction, |offered| offered.direction.answered_with(direction))
    }

    fn may_cross(&self, value: &str, formats: &[&Format]) -> bool {
        if value == "rtcp-mux" && self.offered.is_some_and(|offered| !offered.rtcp_mux) {
            return false;
        }
        let (name, rest) = value.split_once(':').unwrap_or((value, ""));
        if matches!(name, "rtpmap" | "fmtp") {
            let payload = rest.split_ascii_whitespace().next().and_then(|payload| payload.parse::<u8>().ok());
            if !formats.iter().any(|format| Some(format.payload) == payload) {
                return false;
            }
        }
        may_cross(value)
    }
}

/// Whether an attribute may be shown to the other leg.
fn may_cross(value: &str) -> bool {
    let name = value.split(':').next().unwrap_or_default();
    // How the first leg's packets travel and how they are encrypted concerns that leg alone; so does what its network
    // could do (RFC 5939), since we refuse everything but plain RTP.
    let is_of_one_leg = name.starts_with("ice-")
        || [
            "candidate",
            "remote-candidates",
            "end-of-candidates",
            "crypto",
            "fingerprint",
            "setup",
            "connection",
            "tls-id",
            "dtls-id",
            "key-mgmt",
            "zrtp-hash",
            "identity",
            "rtcp",
            "tcap",
            "acap",
            "pcfg",
            "acfg",
            "bundle-only",
            "source-filter",
            "sctp-port",
            "rtpred1",
            "rtpred2",
        ]
        .iter()
        .any(|other| other.eq_ignore_ascii_case(name));
    // Lines travel on their own ports here: what would put them on one cannot hold, RFC 9143.
    let is_bundle = value.starts_with("group:BUNDLE");
    !is_of_one_leg && !is_bundle && !mentions_address(value)
}

fn clean<'a>(word: &'a str, otherwise: &'static str) -> &'a str {
    if mentions_address(word) { otherwise } else { word }
}

fn write_line(out: &mut String, letter: char, value: &str) {
    out.push(letter);
    out.push('=');
    out.push_str(value);
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\no=anna 20 30 IN IP4 10.0.0.5\r\ns=Call\r\ni=Anna's desk\r\nu=http://10.0.0.5/\r\n\
        e=anna@example.com\r\np=+358 40 1234567\r\nc=IN IP4 10.0.0.5\r\nb=AS:84\r\nt=0 0\r\na=ice-ufrag:abcd\r\n\
        a=group:BUNDLE 0 1\r\na=tool:phone\r\n\
        m=audio 40000 RTP/AVP 96 8 101\r\ni=mic\r\nc=IN IP4 10.0.0.6\r\na=rtpmap:96 opus/48000/2\r\n\
        a=fmtp:96 useinbandfec=1\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
        a=rtcp:40009 IN IP4 10.0.0.7\r\na=candidate:1 1 UDP 1 10.0.0.5 40000 typ host\r\na=ptime:20\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\na=x-nat:10.0.0.9\r\na=sendrecv\r\n\
        m=video 40002 RTP/SAVPF 97\r\na=rtpmap:97 VP8/90000\r\n";

    fn offer() -> Sdp {
        Sdp::parse(OFFER.as_bytes()).expect("valid")
    }

    fn written(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).expect("text")
    }

    fn ours() -> Option<SocketAddr> {
        Some("203.0.113.1:20000".parse().expect("an address"))
    }

    #[test]
    fn the_other_leg_sees_our_addresses_and_the_phones_own_media() {
        let out = rewrite(&offer(), &Rewrite::to(5, 1, &[ours(), ours()]));
        assert_eq!(
            written(&out),
            "v=0\r\no=- 5 1 IN IP4 203.0.113.1\r\ns=Call\r\nc=IN IP4 203.0.113.1\r\nb=AS:84\r\nt=0 0\r\na=tool:phone\r\n\
             m=audio 20000 RTP/AVP 96 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
             a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
             a=rtcp:20001 IN IP4 203.0.113.1\r\na=ptime:20\r\na=sendrecv\r\n\
             m=video 0 RTP/SAVPF 97\r\n"
        );
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let out = rewrite(&offer(), &Rewrite::to(5, 1, &[None]));
        assert!(written(&out).contains("m=audio 0 RTP/AVP 96 8 101\r\nm=video 0"));
    }

    #[test]
    fn a_second_line_on_another_address_gets_its_own_connection_line() {
        let sdp =
            Sdp::parse(b"v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 1 RTP/AVP 0\r\nm=video 3 RTP/AVP 34\r\n").expect("valid");
        let v6 = Some("[2001:db8::1]:30000".parse().expect("an address"));
        let out = rewrite(&sdp, &Rewrite::to(1, 1, &[ours(), v6]));
        assert!(written(&out).contains("m=video 30000 RTP/AVP 34\r\nc=IN IP6 2001:db8::1\r\n"));
    }

    /// RFC 3264 §8.4: the hold of RFC 2543 becomes one that every phone understands and shows no 0.0.0.0.
    #[test]
    fn the_old_hold_is_written_as_sendonly() {
        let sdp = Sdp::parse(b"v=0\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\nm=audio 4000 RTP/AVP 0\r\n").expect("valid");
        let out = rewrite(&sdp, &Rewrite::to(1, 1, &[ours()]));
        assert!(written(&out).ends_with("m=audio 20000 RTP/AVP 0\r\na=sendonly\r\n"));
        assert!(!written(&out).contains("0.0.0.0"));
    }

    #[test]
    fn a_direction_of_ours_replaces_theirs_in_its_place() {
        let ends = [ours(), None];
        let how = Rewrite { direction: Some(Direction::Inactive), ..Rewrite::to(5, 1, &ends) };
        let out = rewrite(&offer(), &how);
        assert!(written(&out).contains("a=ptime:20\r\na=inactive\r\nm=video"));
        assert!(!written(&out).contains("sendrecv"));
    }

    #[test]
    fn codecs_can_be_restricted_together_with_their_attributes() {
        let only = ["PCMA", "telephone-event"];
        let ends = [ours(), None];
        let how = Rewrite { only: Some(&only), ..Rewrite::to(5, 1, &ends) };
        let text = written(&rewrite(&offer(), &how)).to_owned();
        assert!(text.contains("m=audio 20000 RTP/AVP 8 101\r\n"));
        assert!(!text.contains("opus") && !text.contains("useinbandfec"));
        let none = ["telephone-event"];
        let how = Rewrite { only: Some(&none), ..how };
        assert!(written(&rewrite(&offer(), &how)).contains("m=audio 0 "));
    }

    /// RFC 3264 §6: "the answer MUST contain the same number of m= lines"; sendonly is answered recvonly.
    #[test]
    fn an_answer_has_the_lines_of_its_offer_and_only_directions_that_the_offer_allows() {
        let offer = Sdp::parse(
            b"v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 1000 RTP/AVP 0\r\na=sendonly\r\nm=video 1002 RTP/AVP 34\r\nm=image 5 udptl t38\r\n",
        )
        .expect("valid");
        let answer =
            Sdp::parse(b"v=0\r\nc=IN IP4 10.9.9.9\r\nm=audio 7000 RTP/AVP 0\r\na=rtcp-mux\r\n").expect("valid");
        let ends = [ours(), ours(), ours()];
        let how = Rewrite { answers: Some(&offer), ..Rewrite::to(1, 1, &ends) };
        let out = rewrite(&answer, &how);
        assert!(
            written(&out)
                .ends_with("m=audio 20000 RTP/AVP 0\r\na=recvonly\r\nm=video 0 RTP/AVP 34\r\nm=image 0 udptl t38\r\n"),
            "{}",
            written(&out)
        );
    }

    fn line() -> impl Strategy<Value = String> {
        let address = prop_oneof![
            Just("10.77.0.1".to_owned()),
            Just("fd00:77::1".to_owned()),
            Just("secret.internal".to_owned())
        ];
        (
            prop_oneof![
                Just("c=IN IP4 {}"),
                Just("c=IN IP6 {}/127"),
                Just("o=u 1 1 IN IP4 {}"),
                Just("a=rtcp:9 IN IP4 {}"),
                Just("a=candidate:1 1 udp 1 {} 9 typ host raddr {} rport 9"),
                Just("a=x:{}"),
                Just("a=x-{}"),
                Just("i=at {}"),
                Just("u=http://{}/"),
                Just("e=a@{}"),
                Just("s=from-{}-now"),
                Just("b=AS:{}"),
                Just("t={} 0"),
                Just("m=audio 4000 RTP/AVP 0 8 {}"),
                Just("m=audio 4000 {} 0"),
                Just("m=x{} 4000 RTP/AVP 0"),
                Just("m=text 4000 RTP/AVP {}"),
                Just("m=audio 4000 RTP/AVP 0 96"),
                Just("a=rtpmap:96 {}/8000"),
                Just("a=fmtp:96 ip={}"),
                Just("a=ssrc:1 cname:u@{}"),
                Just("a=sendonly"),
                Just("z={}"),
                Just("k=uri:{}"),
                Just("a=alt:1 1 : x y {} 9"),
                Just("y={}"),
            ],
            address,
            prop_oneof![Just("\r\n"), Just("\n"), Just("\r")],
        )
            .prop_map(|(form, address, end)| form.replace("{}", &address) + end)
    }

    proptest! {
        #[test]
        fn no_bytes_make_parsing_or_rewriting_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut text = b"v=0\r\n".to_vec();
            text.extend(bytes);
            if let Ok(sdp) = Sdp::parse(&text) {
                let out = rewrite(&sdp, &Rewrite::to(1, 1, &[ours()]));
                prop_assert!(Sdp::parse(&out).is_ok());
            }
        }

        #[test]
        fn no_address_of_one_leg_reaches_the_other(lines in proptest::collection::vec(line(), 0..20)) {
            let text = format!("v=0\r\n{}", lines.concat());
            if let Ok(sdp) = Sdp::parse(text.as_bytes()) {
                for answers in [None, Some(&sdp)] {
                    let out = rewrite(&sdp, &Rewrite { answers, ..Rewrite::to(1, 1, &[ours(), None, ours()]) });
                    let out = written(&out);
                    prop_assert!(!out.contains("10.77.0.1") && !out.contains("fd00:77"), "{}", out);
                    prop_assert_eq!(Sdp::parse(out.as_bytes()).expect("our own writing").media().len(), sdp.media().len());
                }
            }
        }
    }
}
