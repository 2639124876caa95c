//! One pass over the bytes of a message, RFC 3261 §7 and §18.3.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memrchr};
use smallvec::SmallVec;

use crate::{
    CSeq, Fault, Message, Method, Name, ParseError, Reject,
    message::{Line, Start},
    text::{all, class, run},
};

/// More header lines than any honest message has.
const LINES_MAX: usize = 512;
/// Longer than any transport here delivers.
const BYTES_MAX: usize = 1 << 24;

type Lines = SmallVec<[Line; 24]>;

impl Message {
    /// Reads a whole datagram, or one frame of a stream. Leading line ends are skipped (§7.5); bytes beyond
    /// Content-Length are dropped and a body shorter than it is a fault (§18.3). Header text that is no UTF-8 keeps
    /// its length and gets `?` for each wrong byte: old phones send display names in Latin-1.
    pub fn parse(mut bytes: Bytes) -> Result<Message, ParseError> {
        let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        bytes.advance(start);
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(ParseError::KeepAlive);
        }
        if bytes.len() > BYTES_MAX {
            return Err(ParseError::NotSip(Fault("Too long")));
        }
        let mut scan = Scan::default();
        scan.lines_of(&bytes)?;
        if scan.folded || std::str::from_utf8(&bytes[..scan.head_end]).is_err() {
            bytes = straighten(bytes, &scan);
        }
        scan.start_line(&bytes);
        scan.finish(bytes)
    }
}

/// What the pass has found so far.
#[derive(Default)]
struct Scan {
    first_end: usize,
    head_end: usize,
    lines: Lines,
    start: Start,
    folded: bool,
    fault: Option<Reject>,
}

impl Scan {
    /// Finds every line up to the empty one. Only bytes that cannot be SIP at all end it early.
    fn lines_of(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        let mut at = 0;
        let mut returns = 0;
        for feed in memchr::memchr_iter(b'\n', bytes) {
            let end = if feed > at && bytes[feed - 1] == b'\r' { feed - 1 } else { feed };
            returns += feed - end;
            if end == at {
                self.head_end = feed + 1;
                break;
            }
            self.line(bytes, at, end)?;
            at = feed + 1;
        }
        if self.head_end == 0 {
            if at < bytes.len() {
                self.line(bytes, at, bytes.len())?;
            }
            self.head_end = bytes.len();
            self.blame(Reject::bad("Header without an end"));
        }
        if memchr::memchr_iter(b'\r', &bytes[..self.head_end]).count() != returns {
            self.blame(Reject::bad("Carriage return inside a line"));
        }
        // Only a quoted pair may hold a NUL (§25.1); the writer lets no other through, so a tag would come back as another.
        if memchr::memchr_iter(0, &bytes[..self.head_end]).any(|at| at == 0 || bytes[at - 1] != b'\\') {
            self.blame(Reject::bad("NUL in a header line"));
        }
        self.start.body_at = self.head_end as u32;
        Ok(())
    }

    fn line(&mut self, bytes: &[u8], at: usize, end: usize) -> Result<(), ParseError> {
        if self.first_end == 0 {
            self.first_end = end;
            return if looks_like_sip(&bytes[..end]) {
                Ok(())
            } else {
                Err(ParseError::NotSip(Fault("No SIP version")))
            };
        }
        if matches!(bytes[at], b' ' | b'\t') {
            self.fold(bytes, at, end);
            return Ok(());
        }
        if self.lines.len() == LINES_MAX {
            self.blame(Reject::bad("Too many header lines"));
            return Ok(());
        }
        let name_end = at + run(&bytes[at..end], class::TOKEN);
        let colon = name_end + bytes[name_end..end].iter().take_while(|byte| is_space(**byte)).count();
        if name_end == at || name_end - at > usize::from(u16::MAX) || bytes[..end].get(colon) != Some(&b':') {
            self.blame(Reject::bad("Malformed header line"));
            return Ok(());
        }
        let (value_at, value_end) = trimmed(bytes, colon + 1, end);
        self.lines.push(Line {
            name_at: at as u32,
            value_at: value_at as u32,
            value_end: value_end as u32,
            name_len: (name_end - at) as u16,
            name: Name::from_bytes(&bytes[at..name_end]),
        });
        Ok(())
    }

    /// A line that goes on where the one before stopped, §7.3.1.
    fn fold(&mut self, bytes: &[u8], at: usize, end: usize) {
        let (value_at, value_end) = trimmed(bytes, at, end);
        match self.lines.last_mut() {
            Some(last) => {
                if value_end > value_at {
                    if last.value_at == last.value_end {
                        last.value_at = value_at as u32;
                    }
                    last.value_end = value_end as u32;
                    self.folded = true;
                }
            }
            None => self.blame(Reject::bad("Folded start line")),
        }
    }

    fn blame(&mut self, reject: Reject) {
        self.fault.get_or_insert(reject);
    }

    fn start_line(&mut self, bytes: &[u8]) {
        let line = &bytes[..self.first_end];
        if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
            self.status_line(line);
        } else {
            self.request_line(line);
        }
    }

    /// `SIP/2.0 200 OK`; a missing reason phrase is forgiven.
    fn status_line(&mut self, line: &[u8]) {
        let good = line.get(4..8) == Some(b"2.0 ") && matches!(line.get(11), None | Some(b' '));
        let code = line.get(8..11).filter(|_| good).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(crate::text::digits).filter(|code| (100..700).contains(code));
        // Any code but 0 tells that this is a response; a bad one is never answered.
        self.start.code = code.unwrap_or(999) as u16;
        if code.is_none() {
            self.blame(Reject::bad("Malformed status line"));
        }
        (self.start.text_at, self.start.text_end) = (line.len().min(12) as u32, line.len() as u32);
    }

    /// `INVITE sip:anna@example.com SIP/2.0`, one space between.
    fn request_line(&mut self, line: &[u8]) {
        let method_end = memchr(b' ', line).unwrap_or(line.len());
        let trimmed_end = trimmed(line, 0, line.len()).1;
        let version_at = memrchr(b' ', &line[..trimmed_end]).map_or(trimmed_end, |at| at + 1);
        let (text_at, text_end) = trimmed(line, method_end, version_at.max(method_end));
        let exact = trimmed_end == line.len() && text_at == method_end + 1 && text_end + 1 == version_at;
        self.start.method = Some(Method::from_bytes(&line[..method_end]));
        self.start.method_end = method_end as u32;
        (self.start.text_at, self.start.text_end) = (text_at as u32, text_end as u32);
        if !line[version_at..trimmed_end].eq_ignore_ascii_case(b"SIP/2.0") {
            self.blame(Reject { code: 505, reason: "Version Not Supported" });
        } else if !exact || text_at == text_end || line[text_at..text_end].iter().any(|byte| is_space(*byte)) {
            self.blame(Reject::bad("Malformed request line"));
        } else if !all(&line[..method_end], class::TOKEN) {
            self.blame(Reject::bad("Malformed method"));
        }
    }

    fn finish(mut self, mut bytes: Bytes) -> Result<Message, ParseError> {
        match self.content_length(&bytes) {
            Ok(Some(length)) if self.head_end + length > bytes.len() => {
                self.blame(Reject::bad("Body shorter than Content-Length"));
            }
            Ok(Some(length)) => bytes.truncate(self.head_end + length),
            Ok(None) => {}
            Err(fault) => self.blame(fault.into()),
        }
        let mut message = Message { bytes, lines: Arc::from(self.lines.as_slice()), start: self.start };
        if message.start.code != 0 {
            message.start.method = message.cseq().ok().map(|cseq: CSeq<'_>| cseq.method);
        }
        match self.fault {
            None => Ok(message),
            Some(reject) => Err(ParseError::Malformed { reject, partial: message }),
        }
    }

    fn content_length(&self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        let mut found = None;
        for line in self.lines.iter().filter(|line| line.name == Name::ContentLength) {
            if found.is_some() {
                return Err(Fault("More than one Content-Length"));
            }
            let length = std::str::from_utf8(&bytes[line.value_at as usize..line.value_end as usize]).ok();
            let length = length.and_then(crate::text::digits).ok_or(Fault("Malformed Content-Length"))?;
            found = Some(usize::try_from(length).unwrap_or(usize::MAX).min(BYTES_MAX));
        }
        Ok(found)
    }
}

/// A status line, or a request line with some SIP version at its end (perhaps with stray spaces behind).
fn looks_like_sip(line: &[u8]) -> bool {
    let (_, end) = trimmed(line, 0, line.len());
    let last = memrchr(b' ', &line[..end]).map_or(0, |at| at + 1);
    let sip = |text: &[u8]| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    sip(line) || sip(&line[last..end])
}

/// Turns folds into spaces and wrong UTF-8 into `?`, in a copy, so that every offset stays as it is.
fn straighten(bytes: Bytes, scan: &Scan) -> Bytes {
    let mut copy = BytesMut::from(&bytes[..]);
    for line in &scan.lines {
        for byte in &mut copy[line.name_at as usize..line.value_end as usize] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }
    let mut at = 0;
    while let Err(error) = std::str::from_utf8(&copy[at..scan.head_end]) {
        at += error.valid_up_to();
        let wrong = error.error_len().unwrap_or(scan.head_end - at);
        copy[at..at + wrong].fill(b'?');
    }
    copy.freeze()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trimmed(bytes: &[u8], mut at: usize, mut end: usize) -> (usize, usize) {
    while at < end && is_space(bytes[at]) {
        at += 1;
    }
    while end > at && is_space(bytes[end - 1]) {
        end -= 1;
    }
    (at, end)
}
