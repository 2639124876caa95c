//! Messages out of a stream, however its bytes arrive, RFC 3261 §18.3 and RFC 5626 §3.5.1.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use crate::{Name, text::digits};

/// How much of a peer's stream is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// The longest message, header and body.
    pub message_max: usize,
    /// The longest header part.
    pub header_max: usize,
}

impl Default for FrameLimits {
    fn default() -> FrameLimits {
        FrameLimits { message_max: 256 * 1024, header_max: 64 * 1024 }
    }
}

/// One thing that a stream brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message.
    Message(Bytes),
    /// An empty line twice: answer it by one, CRLF.
    Ping,
    /// The answer to a ping of ours, see [`Framer::expect_pong`].
    Pong,
}

/// Why a stream can be read no further: close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The header part goes beyond its limit.
    HeaderTooLong,
    /// Header and body go beyond the limit.
    MessageTooLong,
    /// Streams need Content-Length, §20.14.
    NoContentLength,
    /// Content-Length is no number, or there are several.
    BadContentLength,
}

/// Cuts a stream into frames. The frames do not depend on how the bytes were split.
#[derive(Debug)]
pub struct Framer {
    limits: FrameLimits,
    buffer: BytesMut,
    /// Up to here no line end is left to be looked at.
    scanned: usize,
    /// Where the line begins that `scanned` is in.
    line_at: usize,
    /// Header and body, once the header's end was seen.
    whole: Option<usize>,
    pongs: u32,
    failed: bool,
}

impl Framer {
    /// An empty framer.
    pub fn new(limits: FrameLimits) -> Framer {
        Framer { limits, buffer: BytesMut::new(), scanned: 0, line_at: 0, whole: None, pongs: 0, failed: false }
    }

    /// Takes what the stream brought.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.failed {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Says that we sent a ping: the next lone CRLF is its answer and not half a ping.
    pub fn expect_pong(&mut self) {
        self.pongs = self.pongs.saturating_add(1);
    }

    /// Whether something waits for its end.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next frame; `None` until more bytes come, and for ever after an error.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Result<Frame, FrameError>> {
        if self.failed {
            return None;
        }
        if self.whole.is_none() {
            if let Some(frame) = self.line_ends() {
                return Some(Ok(frame));
            }
            match self.header() {
                Ok(whole) => self.whole = whole,
                Err(error) => {
                    self.failed = true;
                    self.buffer = BytesMut::new();
                    return Some(Err(error));
                }
            }
        }
        let whole = self.whole.filter(|whole| *whole <= self.buffer.len())?;
        let message = self.buffer.split_to(whole).freeze();
        (self.whole, self.scanned, self.line_at) = (None, 0, 0);
        Some(Ok(Frame::Message(message)))
    }

    /// Line ends between messages: pings, pongs, and single ones that mean nothing, §7.5.
    fn line_ends(&mut self) -> Option<Frame> {
        loop {
            match (&self.buffer[..], self.pongs) {
                ([b'\r', b'\n', ..], 1..) => {
                    self.buffer.advance(2);
                    self.pongs -= 1;
                    return Some(Frame::Pong);
                }
                ([b'\r', b'\n', b'\r', b'\n', ..], 0) => {
                    self.buffer.advance(4);
                    return Some(Frame::Ping);
                }
                ([b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'], _) => return None,
                ([b'\r', b'\n', ..], _) => self.buffer.advance(2),
                ([b'\r' | b'\n', ..], _) => self.buffer.advance(1),
                _ => return None,
            }
        }
    }

    /// Looks for the empty line that ends the header part; gives the length of the whole message.
    fn header(&mut self) -> Result<Option<usize>, FrameError> {
        if matches!(self.buffer.first(), Some(b'\r' | b'\n')) {
            return Ok(None);
        }
        while let Some(hit) = memchr(b'\n', &self.buffer[self.scanned..]) {
            let end = self.scanned + hit;
            if end >= self.limits.header_max {
                return Err(FrameError::HeaderTooLong);
            }
            let line = &self.buffer[self.line_at..end];
            self.scanned = end + 1;
            self.line_at = end + 1;
            if matches!(line, [] | [b'\r']) {
                let length = content_length(&self.buffer[..end])?;
                let whole = self.scanned.saturating_add(length);
                return if whole > self.limits.message_max { Err(FrameError::MessageTooLong) } else { Ok(Some(whole)) };
            }
        }
        self.scanned = self.buffer.len();
        if self.scanned > self.limits.header_max { Err(FrameError::HeaderTooLong) } else { Ok(None) }
    }
}

fn content_length(header: &[u8]) -> Result<usize, FrameError> {
    let mut lines = header.split(|byte| *byte == b'\n').skip(1).peekable();
    let mut found = None;
    while let Some(line) = lines.next() {
        let Some(colon) = memchr(b':', line).filter(|_| !matches!(line[0], b' ' | b'\t')) else { continue };
        if Name::from_bytes(line[..colon].trim_ascii_end()) != Name::ContentLength {
            continue;
        }
        let mut text = line[colon + 1..].trim_ascii().to_vec();
        while let Some(fold) = lines.next_if(|line| matches!(line.first(), Some(b' ' | b'\t'))) {
            text.extend_from_slice(fold.trim_ascii());
        }
        let length = std::str::from_utf8(&text).ok().and_then(digits).and_then(|length| usize::try_from(length).ok());
        if found.is_some() || length.is_none() {
            return Err(FrameError::BadContentLength);
        }
        found = length;
    }
    found.ok_or(FrameError::NoContentLength)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(framer: &mut Framer, bytes: &[u8]) -> Vec<Result<Frame, FrameError>> {
        framer.push(bytes);
        std::iter::from_fn(|| framer.next()).collect()
    }

    fn message(text: &str) -> Result<Frame, FrameError> {
        Ok(Frame::Message(Bytes::copy_from_slice(text.as_bytes())))
    }

    const ONE: &str = "OPTIONS sip:a SIP/2.0\r\nl :\r\n 3\r\n\r\nabc";
    const TWO: &str = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn frames_do_not_depend_on_how_the_bytes_arrive() {
        let stream = format!("\r\n{ONE}{TWO}\r\n\r\n\r\n{ONE}\r\n\r\n\r\n\r\n{TWO}\r\n");
        let expected =
            [message(ONE), message(TWO), Ok(Frame::Ping), message(ONE), Ok(Frame::Ping), Ok(Frame::Ping), message(TWO)];
        for step in 1..stream.len() {
            let mut framer = Framer::new(FrameLimits::default());
            let found: Vec<_> = stream.as_bytes().chunks(step).flat_map(|chunk| frames(&mut framer, chunk)).collect();
            assert_eq!(found, expected, "in steps of {step}");
        }
    }

    #[test]
    fn an_answer_to_our_ping_is_no_ping() {
        let mut framer = Framer::new(FrameLimits::default());
        framer.expect_pong();
        assert_eq!(frames(&mut framer, b"\r\n"), [Ok(Frame::Pong)]);
        assert_eq!(frames(&mut framer, b"\r\n"), []);
        assert_eq!(frames(&mut framer, b"\r\n"), [Ok(Frame::Ping)]);
        assert!(framer.is_empty());
    }

    #[test]
    fn a_stream_that_cannot_be_cut_ends_once() {
        let limits = FrameLimits { message_max: 80, header_max: 60 };
        let error = |text: &str| {
            let mut framer = Framer::new(limits);
            let found = frames(&mut framer, text.as_bytes());
            assert_eq!(frames(&mut framer, TWO.as_bytes()), []);
            match found[..] {
                [Err(error)] => Some(error),
                _ => None,
            }
        };
        assert_eq!(error(&"x".repeat(61)), Some(FrameError::HeaderTooLong));
        assert_eq!(error(&format!("{}\n\n", "x".repeat(60))), Some(FrameError::HeaderTooLong));
        assert_eq!(error("a\r\nl: 75\r\n\r\n"), Some(FrameError::MessageTooLong));
        assert_eq!(error("a\r\nl: 99999999999999999999999\r\n\r\n"), Some(FrameError::BadContentLength));
        assert_eq!(error("a\r\nl: 1\r\nContent-Length: 1\r\n\r\n"), Some(FrameError::BadContentLength));
        assert_eq!(error("a\r\nl: -1\r\n\r\n"), Some(FrameError::BadContentLength));
        assert_eq!(error("a\r\nx: 1\r\n\r\n"), Some(FrameError::NoContentLength));
    }
}
