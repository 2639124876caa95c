//! What peers write: requests, answers, session descriptions, proofs of who they are.

use super::super::steps::Steps;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use sip::{Challenge, Message, Name, Transport, Writer};
use std::net::SocketAddr;

/// A request as its sender knows it, so that it can be sent again with credentials.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: &'static str,
    pub uri: String,
    /// From and To, with their tags.
    pub from: String,
    pub to: String,
    pub call_id: String,
    pub cseq: u32,
    pub branch: u64,
    pub more: Vec<(Name, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn write(&self, transport: Transport, sent_by: SocketAddr) -> Bytes {
        let mut writer = Writer::request(self.method, &self.uri).header_fmt(
            Name::Via,
            format_args!("SIP/2.0/{} {sent_by};branch=z9hG4bKp{};rport", transport.via(), self.branch),
        );
        if !self.more.iter().any(|(name, _)| *name == Name::MaxForwards) {
            writer = writer.header(Name::MaxForwards, "70");
        }
        writer = writer.header(Name::From, &self.from).header(Name::To, &self.to).header(Name::CallId, &self.call_id);
        writer = writer.header_fmt(Name::CSeq, format_args!("{} {}", self.cseq, self.method));
        if !self.more.iter().any(|(name, _)| *name == Name::Contact) && self.method != "BYE" {
            writer = writer.header_fmt(Name::Contact, format_args!("<sip:phone@{sent_by}>"));
        }
        for (name, value) in &self.more {
            writer = writer.header(*name, value);
        }
        if self.body.is_empty() { writer.finish() } else { writer.body(kind_of(&self.body), &self.body) }
    }
}

fn kind_of(body: &[u8]) -> &'static str {
    if body.starts_with(b"Signal") { "application/dtmf-relay" } else { "application/sdp" }
}

/// The Authorization for a challenge, by a device whose password is its name.
pub fn proof(refusal: &Message, user: &str, method: &str, uri: &str, count: u32) -> Option<String> {
    let challenges = refusal.headers(Name::WwwAuthenticate).filter_map(|line| Challenge::parse(line).ok().flatten());
    let challenge = challenges.into_iter().find(|one| one.algorithm.as_deref() == Some("MD5"))?;
    let (realm, nonce) = (&challenge.realm, &challenge.nonce);
    let a1 = hash(&format!("{user}:{realm}:{user}"));
    let a2 = hash(&format!("{method}:{uri}"));
    let response = hash(&format!("{a1}:{nonce}:{count:08x}:c:auth:{a2}"));
    Some(format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", qop=auth, nc={count:08x}, \
         cnonce=\"c\", response=\"{response}\", algorithm=MD5"
    ))
}

fn hash(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body: nothing, an offer or answer of some kind, keys, or whatever the steps say.
pub fn body(steps: &mut Steps<'_>, host: SocketAddr) -> Vec<u8> {
    let head = format!("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n", host.ip());
    let audio = "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n";
    let text = match steps.below(14) {
        0 => String::new(),
        1..=4 => format!("{head}{audio}"),
        5 => format!("{head}m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"),
        6 => format!("{head}m=audio 4000 RTP/AVP 8\r\na=inactive\r\n"),
        7 => format!("{head}{audio}m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"),
        8 => format!("{head}m=audio 0 RTP/AVP 8\r\n"),
        9 => format!("{head}m=audio 4000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"),
        10 => format!("{head}m=audio 4000 RTP/SAVP 8\r\n{audio}").replace("4000", "4010"),
        11 => "Signal=5\r\nDuration=160\r\n".to_owned(),
        12 => {
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n".to_owned()
        }
        _ => {
            let length = usize::from(steps.byte());
            return steps.bytes(length).to_vec();
        }
    };
    text.into_bytes()
}

/// Headers that change what a request or response means, one bit each; the last has a name and value from the steps.
pub fn more(steps: &mut Steps<'_>) -> Vec<(Name, String)> {
    const NAMES: [Name; 16] = [
        Name::Contact,
        Name::Expires,
        Name::RecordRoute,
        Name::Route,
        Name::SessionExpires,
        Name::MinSe,
        Name::RAck,
        Name::RSeq,
        Name::Require,
        Name::Event,
        Name::Accept,
        Name::Path,
        Name::PAssertedIdentity,
        Name::Diversion,
        Name::Reason,
        Name::RetryAfter,
    ];
    let bits = steps.byte();
    let mut more = Vec::new();
    let mut add = |bit: u8, name: Name, value: &str| {
        if bits & bit != 0 {
            more.push((name, value.to_owned()));
        }
    };
    add(1, Name::Supported, "100rel, timer, replaces");
    add(2, Name::Require, "100rel");
    add(4, Name::SessionExpires, "90;refresher=uac");
    add(8, Name::RecordRoute, "<sip:203.0.113.77;lr>, <sip:203.0.113.78>");
    add(16, Name::Allow, "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, INFO");
    add(32, Name::Privacy, "id");
    add(64, Name::MaxForwards, "0");
    if bits & 128 != 0 {
        let (name, length) = (steps.one(&NAMES), usize::from(steps.byte() % 64));
        more.push((name, String::from_utf8_lossy(steps.bytes(length)).into_owned()));
    }
    more
}

/// An answer to a request of the exchange.
pub fn answer(request: &Message, code: u16, tag: &str, contact: &str, more: &[(Name, String)], body: &[u8]) -> Bytes {
    let mut writer = sip::respond(request, code, None);
    if code > 100 {
        writer = writer.to_tag(tag);
    }
    if !more.iter().any(|(name, _)| *name == Name::Contact) {
        writer = writer.header(Name::Contact, contact);
    }
    if code == 401 {
        writer = writer.header(Name::WwwAuthenticate, "Digest realm=\"operator\", nonce=\"n\", qop=\"auth\"");
    }
    for (name, value) in more.iter().filter(|(name, _)| *name != Name::MaxForwards) {
        writer = writer.header(*name, value);
    }
    if body.is_empty() { writer.finish() } else { writer.body(kind_of(body), body) }
}
