//! Reads a session description into lines and media lines.

use super::{Direction, Format, Kind, MediaLine, Proto};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

const BYTES_MAX: usize = 32 * 1024;
const LINES_MAX: usize = 1024;
const MEDIA_MAX: usize = 32;
const FORMATS_MAX: usize = 64;

/// A session description as it came, with its media lines understood. A clone shares all of it.
#[derive(Clone, Debug)]
pub struct Sdp(Arc<Read>);

#[derive(Debug)]
struct Read {
    text: Box<str>,
    /// Every line in order: its letter, and where in the text its value is.
    lines: Vec<(u8, Range<u32>)>,
    /// Lines before the first `m=`.
    session_line_count: usize,
    media: Vec<MediaLine>,
}

impl PartialEq for Sdp {
    fn eq(&self, other: &Sdp) -> bool {
        self.lines().eq(other.lines())
    }
}

impl Eq for Sdp {}

/// Why a body is no session description for us: answered 488 (or 400 by taste), never passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpFault {
    /// It does not begin with `v=0`.
    NotSdp,
    /// An `m=` line without port, protocol or formats.
    Media,
    /// More bytes, lines, media lines or formats than anybody needs.
    TooLarge,
}

impl std::fmt::Display for SdpFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SdpFault::NotSdp => "the body is not SDP",
            SdpFault::Media => "an m= line cannot be read",
            SdpFault::TooLarge => "the SDP is too large",
        })
    }
}

impl std::error::Error for SdpFault {}

/// What the session part says for every media line that does not say otherwise.
#[derive(Default)]
struct Defaults {
    connection: Option<Connection>,
    direction: Option<Direction>,
    ptime: Option<u16>,
}

#[derive(Clone, Copy)]
struct Connection {
    address: IpAddr,
    /// `0.0.0.0` or `::`, literally: the writer does not want to receive, RFC 2543 §B.5.
    hold: bool,
}

impl Sdp {
    /// Reads a body. Lines that are not `x=…` are dropped, unknown letters are kept. A NUL ends a line, too: no line may
    /// hold one (RFC 8866 §9), and some phones send the one that ends their string.
    pub fn parse(body: &[u8]) -> Result<Sdp, SdpFault> {
        if body.len() > BYTES_MAX {
            return Err(SdpFault::TooLarge);
        }
        let text = String::from_utf8_lossy(body);
        let mut lines: Vec<(u8, &str)> = Vec::with_capacity(24);
        for line in split(&text) {
            let line = line.trim_start();
            let Some((letter, value)) = line.split_once('=') else { continue };
            let &[letter] = letter.as_bytes() else { continue };
            if lines.len() == LINES_MAX {
                return Err(SdpFault::TooLarge);
            }
            lines.push((letter.to_ascii_lowercase(), value.trim()));
        }
        if lines.first() != Some(&(b'v', "0")) {
            return Err(SdpFault::NotSdp);
        }
        let starts: Vec<usize> =
            lines.iter().enumerate().filter(|(_, (letter, _))| *letter == b'm').map(|(at, _)| at).collect();
        if starts.len() > MEDIA_MAX {
            return Err(SdpFault::TooLarge);
        }
        let session_line_count = starts.first().copied().unwrap_or(lines.len());
        let defaults = Defaults::of(&lines[..session_line_count]);
        let mut media = Vec::with_capacity(starts.len());
        for (nth, &start) in starts.iter().enumerate() {
            let end = starts.get(nth + 1).copied().unwrap_or(lines.len());
            media.push(read_media(&lines, start..end, &defaults)?);
        }
        let place = |value: &str| {
            let start = value.as_ptr() as usize - text.as_ptr() as usize;
            start as u32..(start + value.len()) as u32
        };
        let lines = lines.iter().map(|(letter, value)| (*letter, place(value))).collect();
        Ok(Sdp(Arc::new(Read { lines, session_line_count, media, text: text.into() })))
    }

    /// The media lines, in order: an answer has as many, in the same order.
    pub fn media(&self) -> &[MediaLine] {
        &self.0.media
    }

    /// Which lines come before the first media line.
    pub(super) fn session(&self) -> Range<usize> {
        0..self.0.session_line_count
    }

    /// The values of some lines that have this letter.
    pub(super) fn values(&self, lines: Range<usize>, letter: u8) -> impl Iterator<Item = &str> {
        let of_letter = self.0.lines[lines].iter().filter(move |(found, _)| *found == letter);
        of_letter.map(|(_, place)| self.value(place))
    }

    fn lines(&self) -> impl Iterator<Item = (u8, &str)> {
        self.0.lines.iter().map(|(letter, place)| (*letter, self.value(place)))
    }

    fn value(&self, place: &Range<u32>) -> &str {
        &self.0.text[place.start as usize..place.end as usize]
    }

    /// The first audio line that we could relay, and its place.
    pub fn audio(&self) -> Option<(usize, &MediaLine)> {
        self.media().iter().enumerate().find(|(_, line)| line.kind == Kind::Audio && line.is_relayable())
    }

    /// Some line can be relayed: else the offer is refused with 488.
    pub fn is_relayable(&self) -> bool {
        self.media().iter().any(MediaLine::is_relayable)
    }

    /// The writer has put the call on hold: none of the lines in use receives anything.
    pub fn is_hold(&self) -> bool {
        let mut in_use = self.media().iter().filter(|line| line.port != 0).peekable();
        in_use.peek().is_some() && in_use.all(|line| !line.direction.receives())
    }

    /// Says the same as an earlier one from the same writer, its `o=` line apart: a refresh that changes nothing.
    pub fn says_the_same_as(&self, earlier: &Sdp) -> bool {
        let not_origin = |(letter, _): &(u8, &str)| *letter != b'o';
        self.lines().filter(not_origin).eq(earlier.lines().filter(not_origin))
    }
}

/// The lines of a text, by whatever byte they end.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| matches!(byte, b'\n' | b'\r' | 0));
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

impl Defaults {
    fn of(lines: &[(u8, &str)]) -> Defaults {
        let mut defaults = Defaults::default();
        for (letter, value) in lines {
            match letter {
                b'c' => defaults.connection = read_connection(value).or(defaults.connection),
                b'a' => {
                    defaults.direction = Direction::parse(value).or(defaults.direction);
                    defaults.ptime = attribute(value, "ptime").and_then(|ms| ms.parse().ok()).or(defaults.ptime);
                }
                _ => {}
            }
        }
        defaults
    }
}

fn read_media(lines: &[(u8, &str)], section: Range<usize>, defaults: &Defaults) -> Result<MediaLine, SdpFault> {
    let (_, head) = &lines[section.start];
    let mut words = head.split_ascii_whitespace();
    let media = words.next().ok_or(SdpFault::Media)?;
    let port = words.next().ok_or(SdpFault::Media)?;
    let proto_text = words.next().ok_or(SdpFault::Media)?;
    let formats_text = words.collect::<Vec<_>>().join(" ");
    if formats_text.is_empty() {
        return Err(SdpFault::Media);
    }
    // "49170/2" asks for two ports; we only ever relay the first.
    let port = port.split('/').next().unwrap_or_default().parse().map_err(|_| SdpFault::Media)?;
    let proto = read_proto(proto_text);
    let attributes: Vec<&str> =
        lines[section.clone()].iter().filter(|(letter, _)| *letter == b'a').map(|(_, value)| *value).collect();
    let connection = lines[section.clone()]
        .iter()
        .filter(|(letter, _)| *letter == b'c')
        .find_map(|(_, value)| read_connection(value))
        .or(defaults.connection);
    let direction =
        attributes.iter().find_map(|value| Direction::parse(value)).or(defaults.direction).unwrap_or_default();
    let held = connection.is_some_and(|connection| connection.hold);
    let address = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |connection| connection.address);
    let find = |name| attributes.iter().find_map(|value| attribute(value, name));
    Ok(MediaLine {
        kind: read_kind(media),
        port,
        proto,
        address,
        rtcp: find("rtcp").and_then(|value| read_rtcp(value, address)),
        rtcp_mux: attributes.contains(&"rtcp-mux"),
        direction: if held { Direction::of(direction.sends(), false) } else { direction },
        formats: if proto == Proto::Other { Vec::new() } else { read_formats(&formats_text, &attributes)? },
        ptime: find("ptime").and_then(|ms| ms.parse().ok()).or(defaults.ptime),
        mid: find("mid").map(Into::into),
        media: media.into(),
        proto_text: proto_text.into(),
        formats_text: formats_text.into(),
        lines: section,
    })
}

fn read_kind(media: &str) -> Kind {
    match media {
        _ if media.eq_ignore_ascii_case("audio") => Kind::Audio,
        _ if media.eq_ignore_ascii_case("video") => Kind::Video,
        _ if media.eq_ignore_ascii_case("image") => Kind::Image,
        _ => Kind::Other,
    }
}

fn read_proto(proto: &str) -> Proto {
    match proto.to_ascii_uppercase().as_str() {
        "RTP/AVP" => Proto::Avp,
        "RTP/AVPF" => Proto::Avpf,
        "RTP/SAVP" | "RTP/SAVPF" | "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" => Proto::Secure,
        _ => Proto::Other,
    }
}

/// `IN IP4 192.0.2.1`, perhaps with `/ttl`; a host name gives an unspecified address that is no hold.
fn read_connection(value: &str) -> Option<Connection> {
    let address = value.split_ascii_whitespace().nth(2)?;
    let address = address.split('/').next().unwrap_or_default();
    Some(match address.parse::<IpAddr>() {
        Ok(address) => Connection { address, hold: address.is_unspecified() },
        Err(_) => Connection { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), hold: false },
    })
}

/// `53020`, or `53020 IN IP4 192.0.2.1`.
fn read_rtcp(value: &str, line_address: IpAddr) -> Option<SocketAddr> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    let address = words.nth(2).and_then(|address| address.parse().ok()).unwrap_or(line_address);
    Some(SocketAddr::new(address, port))
}

fn read_formats(list: &str, attributes: &[&str]) -> Result<Vec<Format>, SdpFault> {
    let mut formats: Vec<Format> = Vec::new();
    for payload in list.split(' ').filter_map(|word| word.parse::<u8>().ok()).filter(|payload| *payload < 128) {
        if formats.iter().any(|format| format.payload == payload) {
            continue;
        }
        if formats.len() == FORMATS_MAX {
            return Err(SdpFault::TooLarge);
        }
        formats.push(Format::without_rtpmap(payload));
    }
    for value in attributes {
        let Some((name, rest)) = value.split_once(':') else { continue };
        let Some((payload, rest)) = rest.trim().split_once(' ') else { continue };
        let Ok(payload) = payload.parse::<u8>() else { continue };
        let Some(format) = formats.iter_mut().find(|format| format.payload == payload) else { continue };
        match name {
            "rtpmap" => format.set_rtpmap(rest),
            "fmtp" => format.fmtp = Some(rest.trim().into()),
            _ => {}
        }
    }
    Ok(formats)
}

/// The value of `name:value`.
pub(super) fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.strip_prefix(':').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Sdp {
        Sdp::parse(text.as_bytes()).expect("valid")
    }

    #[test]
    fn an_ordinary_offer_is_understood() {
        let sdp = read(
            "v=0\r\no=anna 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
             m=audio 4000/2 RTP/AVP 8 96 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:30\r\na=rtcp:4444\r\na=sendonly\r\n\
             m=video 0 RTP/SAVPF 97\r\nc=IN IP6 2001:db8::1\r\n",
        );
        let audio = &sdp.media()[0];
        assert_eq!((audio.kind, audio.port, audio.proto), (Kind::Audio, 4000, Proto::Avp));
        assert_eq!(audio.rtp(), "192.0.2.10:4000".parse().unwrap());
        assert_eq!(audio.rtcp(), "192.0.2.10:4444".parse().unwrap());
        assert_eq!((audio.ptime, audio.direction), (Some(30), Direction::SendOnly));
        assert_eq!(audio.formats[1].channels, 2);
        assert_eq!(audio.formats[1].fmtp.as_deref(), Some("useinbandfec=1"));
        assert_eq!(audio.telephone_event(8000), Some(101));
        let video = &sdp.media()[1];
        assert_eq!((video.kind, video.proto, video.is_relayable()), (Kind::Video, Proto::Secure, false));
        assert_eq!(video.address, "2001:db8::1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn bare_line_feeds_a_missing_session_name_and_unknown_lines_are_tolerated() {
        let sdp = read("v=0\no=- 1 1 IN IP4 192.0.2.1\nx=what\nnonsense\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n");
        assert_eq!(sdp.media().len(), 1);
        assert_eq!(sdp.media()[0].formats[0].name, "PCMU");
    }

    /// RFC 8866 §9: byte-string has no NUL.
    #[test]
    fn a_nul_ends_a_line_and_goes_no_further() {
        let sdp = read("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=x\0y=z\r\na=ptime:20\r\n\0");
        assert_eq!(sdp.media()[0].ptime, Some(20));
        assert!(sdp.lines().all(|(_, value)| !value.contains('\0')));
    }

    /// RFC 2543 §B.5, RFC 3264 §8.4: an offer with 0.0.0.0 is a hold.
    #[test]
    fn the_old_hold_by_address_counts_as_not_receiving() {
        let sdp = read("v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n");
        assert_eq!(sdp.media()[0].direction, Direction::SendOnly);
        assert!(sdp.is_hold());
    }

    #[test]
    fn a_host_name_is_not_a_hold() {
        let sdp = read("v=0\r\nc=IN IP4 phone.example.com\r\nm=audio 4000 RTP/AVP 0\r\n");
        assert_eq!(sdp.media()[0].direction, Direction::SendRecv);
        assert!(sdp.media()[0].address.is_unspecified());
        assert!(!sdp.is_hold());
    }

    /// RFC 8866 §6.7.1: the session's direction is the default of the lines.
    #[test]
    fn a_session_level_direction_holds_where_a_line_has_none() {
        let sdp = read(
            "v=0\r\nc=IN IP4 192.0.2.1\r\na=inactive\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\na=sendrecv\r\n",
        );
        assert_eq!(sdp.media()[0].direction, Direction::Inactive);
        assert_eq!(sdp.media()[1].direction, Direction::SendRecv);
    }

    #[test]
    fn multiplexed_rtcp_goes_where_rtp_goes() {
        let sdp = read("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:4001\r\n");
        assert_eq!(sdp.media()[0].rtcp(), sdp.media()[0].rtp());
    }

    #[test]
    fn what_is_no_session_description_is_refused() {
        assert_eq!(Sdp::parse(b""), Err(SdpFault::NotSdp));
        assert_eq!(Sdp::parse(b"hello=world"), Err(SdpFault::NotSdp));
        assert_eq!(Sdp::parse(b"v=0\r\nm=audio x RTP/AVP 0\r\n"), Err(SdpFault::Media));
        assert_eq!(Sdp::parse(b"v=0\r\nm=audio 1 RTP/AVP\r\n"), Err(SdpFault::Media));
        assert_eq!(Sdp::parse(&vec![b'v'; BYTES_MAX + 1]), Err(SdpFault::TooLarge));
        let many = format!("v=0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(MEDIA_MAX + 1));
        assert_eq!(Sdp::parse(many.as_bytes()), Err(SdpFault::TooLarge));
    }

    #[test]
    fn a_refresh_that_changes_only_its_version_says_the_same() {
        let one = read("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP 0\r\n");
        let two = read("v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP 0\r\n");
        let held = read("v=0\r\no=- 1 3 IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP 0\r\na=sendonly\r\n");
        assert!(two.says_the_same_as(&one));
        assert!(!held.says_the_same_as(&two));
    }
}
