//! A message: the bytes that brought it and an index of its header lines, RFC 3261 §7.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Fault, Method, Name, NameAddr, Via,
    text::{digits, trim, values},
};

/// A request or response. Cloning it shares both the bytes and the index.
#[derive(Clone, Debug)]
pub struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) lines: Arc<[Line]>,
    pub(crate) start: Start,
}

/// The first line, and where the body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    /// 0 for requests.
    pub code: u16,
    /// The request's, or CSeq's.
    pub method: Option<Method>,
    /// Where the request's method ends; it begins the message.
    pub method_end: u32,
    /// The request-URI, or the reason phrase.
    pub text_at: u32,
    pub text_end: u32,
    pub body_at: u32,
}

/// One header line as offsets into the bytes; trimmed. Folds were turned into spaces when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub name_at: u32,
    pub value_at: u32,
    pub value_end: u32,
    pub name_len: u16,
    pub name: Name,
}

/// A command sequence number, RFC 3261 §20.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2³¹, §8.1.1.5.
    pub number: u32,
    /// The method.
    pub method: Method,
    /// The method's text.
    pub method_str: &'a str,
}

impl Message {
    /// Whether this is a request.
    pub fn is_request(&self) -> bool {
        self.start.code == 0
    }

    /// The request's method; for a response that of its CSeq.
    pub fn method(&self) -> Method {
        self.start.method.unwrap_or(Method::Other)
    }

    /// The text of [`Message::method`].
    pub fn method_str(&self) -> &str {
        match self.method() {
            Method::Other if self.is_request() => self.text(0, self.start.method_end),
            Method::Other => self.cseq().map_or("", |cseq| cseq.method_str),
            known => known.as_str(),
        }
    }

    /// The status code, 0 for requests.
    pub fn code(&self) -> u16 {
        self.start.code
    }

    /// The reason phrase of a response, empty for requests.
    pub fn reason_phrase(&self) -> &str {
        if self.is_request() { "" } else { self.text(self.start.text_at, self.start.text_end) }
    }

    /// The request-URI as written, empty for responses.
    pub fn request_uri(&self) -> &str {
        if self.is_request() { self.text(self.start.text_at, self.start.text_end) } else { "" }
    }

    /// The first line of this name, trimmed and without folds.
    pub fn header(&self, name: Name) -> Option<&str> {
        self.line(name).map(|line| self.value(line))
    }

    /// Every line of this name.
    pub fn headers(&self, name: Name) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(move |line| line.name == name).map(|line| self.value(line))
    }

    /// Comma-separated values across all lines of this name; quotes and `<>` are respected.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &str> {
        self.headers(name).flat_map(values)
    }

    /// The first line of any name, also one that [`Name`] does not know.
    pub fn header_named(&self, name: &str) -> Option<&str> {
        match Name::from_bytes(name.as_bytes()) {
            Name::Other => {
                self.all_headers().find(|(_, text, _)| text.eq_ignore_ascii_case(name)).map(|(_, _, value)| value)
            }
            known => self.header(known),
        }
    }

    /// Every line: its name, the name as written, its value.
    pub fn all_headers(&self) -> impl Iterator<Item = (Name, &str, &str)> {
        self.lines.iter().map(|line| (line.name, self.name_text(line), self.value(line)))
    }

    /// The body, as long as Content-Length says.
    pub fn body(&self) -> Bytes {
        self.bytes.slice(self.start.body_at as usize..)
    }

    /// The body, borrowed.
    pub fn body_bytes(&self) -> &[u8] {
        &self.bytes[self.start.body_at as usize..]
    }

    /// The whole message: without what came before it or after its body, and with folded lines made straight.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The first Via.
    pub fn top_via(&self) -> Result<Via<'_>, Fault> {
        Via::parse(self.values(Name::Via).next().ok_or(Fault("Missing Via"))?)
    }

    /// Every Via, the latest hop first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, Fault>> {
        self.values(Name::Via).map(Via::parse)
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr<'_>, Fault> {
        NameAddr::parse(self.header(Name::From).ok_or(Fault("Missing From"))?)
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr<'_>, Fault> {
        NameAddr::parse(self.header(Name::To).ok_or(Fault("Missing To"))?)
    }

    /// From's tag.
    pub fn from_tag(&self) -> Option<&str> {
        self.from().ok().and_then(|from| from.tag())
    }

    /// To's tag.
    pub fn to_tag(&self) -> Option<&str> {
        self.to().ok().and_then(|to| to.tag())
    }

    /// Call-ID, empty if there is none.
    pub fn call_id(&self) -> &str {
        self.header(Name::CallId).unwrap_or("")
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq<'_>, Fault> {
        CSeq::parse(self.header(Name::CSeq).ok_or(Fault("Missing CSeq"))?)
    }

    /// The first Contact.
    pub fn contact(&self) -> Option<Result<NameAddr<'_>, Fault>> {
        self.values(Name::Contact).next().map(NameAddr::parse)
    }

    /// Every Contact.
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Fault>> {
        self.values(Name::Contact).map(NameAddr::parse)
    }

    /// The number that a line of this name begins with (Max-Forwards, Expires, RSeq, Min-SE …), up to 2³²-1.
    pub fn number(&self, name: Name) -> Option<Result<u32, Fault>> {
        self.header(name).map(|value| {
            let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
            let ends_well = value[end..].chars().next().is_none_or(|c| matches!(c, ';' | ' ' | '\t' | '(' | ','));
            match value[..end].parse() {
                Ok(number) if ends_well => Ok(number),
                _ => Err(Fault("Malformed or too large number")),
            }
        })
    }

    /// Whether a list such as Supported, Require, Allow or Privacy has this token (in any case); parameters behind it
    /// do not matter.
    pub fn has_token(&self, name: Name, token: &str) -> bool {
        self.headers(name).flat_map(|line| line.split([',', ';'])).any(|piece| trim(piece).eq_ignore_ascii_case(token))
    }

    pub(crate) fn line(&self, name: Name) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    pub(crate) fn value(&self, line: &Line) -> &str {
        self.text(line.value_at, line.value_end)
    }

    pub(crate) fn name_text(&self, line: &Line) -> &str {
        self.text(line.name_at, line.name_at + u32::from(line.name_len))
    }

    /// The header part was checked when it was read, and offsets lie between characters.
    pub(crate) fn text(&self, at: u32, end: u32) -> &str {
        self.bytes.get(at as usize..end as usize).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("")
    }
}

impl<'a> CSeq<'a> {
    /// Reads `314159 INVITE`.
    pub fn parse(text: &'a str) -> Result<CSeq<'a>, Fault> {
        let end = text.bytes().position(|byte| matches!(byte, b' ' | b'\t')).ok_or(Fault("Malformed CSeq"))?;
        let (number, method) = (&text[..end], trim(&text[end..]));
        if !crate::text::is_token(method) {
            return Err(Fault("Malformed CSeq"));
        }
        match digits(number).and_then(|number| u32::try_from(number).ok()) {
            Some(number) if number < 1 << 31 => {
                Ok(CSeq { number, method: Method::from_bytes(method.as_bytes()), method_str: method })
            }
            _ => Err(Fault("CSeq number out of range")),
        }
    }
}
