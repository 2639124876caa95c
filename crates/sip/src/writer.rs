//! Writes a message: slices in, one buffer out.

use std::fmt::{self, Write as _};

use bytes::{Bytes, BytesMut};

use crate::{Message, Name, message::Line};

/// A message being written. Values cannot break out of their line: CR, LF and NUL become spaces.
#[derive(Clone, Debug)]
pub struct Writer {
    buffer: BytesMut,
    /// Where the To line's tag is or would be; empty range at 0 while there is no To.
    to_tag: std::ops::Range<usize>,
}

/// Holds what fits into one datagram on an Ethernet without growing.
const ROOM: usize = 1472;

impl Writer {
    /// Begins a request.
    pub fn request(method: &str, uri: &str) -> Writer {
        let mut writer = Writer::empty();
        writer.put_word(method);
        writer.buffer.extend_from_slice(b" ");
        writer.put_word(uri);
        writer.buffer.extend_from_slice(b" SIP/2.0\r\n");
        writer
    }

    /// Begins a response.
    pub fn response(code: u16, reason: &str) -> Writer {
        let mut writer = Writer::empty();
        let code = code.clamp(100, 699);
        let digits = [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        writer.buffer.extend_from_slice(b"SIP/2.0 ");
        writer.buffer.extend_from_slice(&digits);
        writer.buffer.extend_from_slice(b" ");
        put_value(&mut writer.buffer, reason.as_bytes());
        writer.buffer.extend_from_slice(b"\r\n");
        writer
    }

    fn empty() -> Writer {
        Writer { buffer: BytesMut::with_capacity(ROOM), to_tag: 0..0 }
    }

    /// Adds a header line. (`Name::Other` has no text and adds nothing: see [`Writer::named`].)
    pub fn header(self, name: Name, value: impl AsRef<str>) -> Writer {
        self.named(name.as_str(), value.as_ref())
    }

    /// Adds a header line made by `format_args!`.
    pub fn header_fmt(mut self, name: Name, value: fmt::Arguments<'_>) -> Writer {
        if name != Name::Other {
            self.put_name(name.as_str());
            // Writing into memory fails only if some Display says so; what it wrote by then stands.
            let _ = Values(&mut self.buffer).write_fmt(value);
            self.buffer.extend_from_slice(b"\r\n");
        }
        self
    }

    /// Adds a header line of any name; a name that is no token adds nothing.
    pub fn named(mut self, name: &str, value: &str) -> Writer {
        if crate::text::is_token(name) {
            self.put_name(name);
            put_value(&mut self.buffer, value.as_bytes());
            self.buffer.extend_from_slice(b"\r\n");
        }
        self
    }

    /// Adds every line of this name from another message as it stands there.
    pub fn copy(mut self, message: &Message, name: Name) -> Writer {
        for line in message.lines.iter().filter(|line| line.name == name) {
            self.put_line(message, line);
        }
        self
    }

    /// Adds the To line and remembers where its tag goes.
    pub(crate) fn copy_to(mut self, message: &Message) -> Writer {
        if let Some(line) = message.line(Name::To) {
            self.put_line(message, line);
            let end = self.buffer.len() - 2;
            self.to_tag = match message.to_tag() {
                Some(tag) => {
                    // The tag is a slice of the value, so its place in the copy is as far from the line's end.
                    let value = message.value(line);
                    let at = tag.as_ptr() as usize - value.as_ptr() as usize;
                    let start = end - value.len() + at;
                    start..start + tag.len()
                }
                None => end..end,
            };
        }
        self
    }

    /// Gives the To line of a response this tag; replaces the one it has. Does nothing where there is no To line.
    pub fn to_tag(mut self, tag: &str) -> Writer {
        if self.to_tag.end == 0 || !crate::text::is_token(tag) {
            return self;
        }
        let prefix: &[u8] = if self.to_tag.is_empty() { b";tag=" } else { b"" };
        let start = self.to_tag.start + prefix.len();
        splice(&mut self.buffer, self.to_tag.clone(), prefix, tag.as_bytes());
        self.to_tag = start..start + tag.len();
        self
    }

    /// Ends the message with a body.
    pub fn body(self, content_type: &str, body: &[u8]) -> Bytes {
        let mut writer = self.header(Name::ContentType, content_type);
        writer.put_length(body.len());
        writer.buffer.extend_from_slice(body);
        writer.buffer.freeze()
    }

    /// Ends the message without a body.
    pub fn finish(mut self) -> Bytes {
        self.put_length(0);
        self.buffer.freeze()
    }

    fn put_length(&mut self, length: usize) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = length;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.put_name(Name::ContentLength.as_str());
        self.buffer.extend_from_slice(&digits[at..]);
        self.buffer.extend_from_slice(b"\r\n\r\n");
    }

    fn put_name(&mut self, name: &str) {
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b": ");
    }

    fn put_line(&mut self, message: &Message, line: &Line) {
        if line.name == Name::Other {
            self.put_name(message.name_text(line));
        } else {
            self.put_name(line.name.as_str());
        }
        put_value(&mut self.buffer, message.value(line).as_bytes());
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// Part of the start line: there white space and control characters are escaped instead.
    fn put_word(&mut self, word: &str) {
        if word.bytes().all(|byte| byte > b' ' && byte != 0x7f) {
            self.buffer.extend_from_slice(word.as_bytes());
            return;
        }
        for byte in word.bytes() {
            if byte > b' ' && byte != 0x7f {
                self.buffer.extend_from_slice(&[byte]);
            } else {
                let _ = write!(self.buffer, "%{byte:02X}");
            }
        }
    }
}

/// A value's text, made harmless. A NUL behind a backslash may stay: a response repeats the quoted pairs of its request.
fn put_value(buffer: &mut BytesMut, value: &[u8]) {
    let start = buffer.len();
    buffer.extend_from_slice(value);
    if memchr::memchr3(b'\r', b'\n', 0, value).is_some() {
        for at in start..buffer.len() {
            let escaped = at > start && buffer[at - 1] == b'\\';
            if matches!(buffer[at], b'\r' | b'\n') || buffer[at] == 0 && !escaped {
                buffer[at] = b' ';
            }
        }
    }
}

struct Values<'a>(&'a mut BytesMut);

impl fmt::Write for Values<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        put_value(self.0, text.as_bytes());
        Ok(())
    }
}

/// Replaces `place` by `prefix` and `text`.
fn splice(buffer: &mut BytesMut, place: std::ops::Range<usize>, prefix: &[u8], text: &[u8]) {
    let tail = buffer.split_off(place.end);
    buffer.truncate(place.start);
    buffer.extend_from_slice(prefix);
    buffer.extend_from_slice(text);
    buffer.extend_from_slice(&tail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_it_reads() {
        let bytes = Writer::request("INVITE", "sip:anna@example.com")
            .header(Name::Via, "SIP/2.0/UDP a")
            .header_fmt(Name::CSeq, format_args!("{} {}", 1, "INVITE"))
            .named("X-Office", "1")
            .body("application/sdp", b"v=0\r\n");
        let expected = "INVITE sip:anna@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nCSeq: 1 INVITE\r\nX-Office: 1\r\n\
                        Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
        assert_eq!(bytes, expected);
    }

    #[test]
    fn values_cannot_break_out_of_their_line() {
        let bytes = Writer::request("INV\r\nX: y", "sip:a\r\nb c")
            .header(Name::Subject, "hello\r\nVia: evil\0")
            .header_fmt(Name::UserAgent, format_args!("{}{}", "a\r", "\nX: y"))
            .named("X:y\r\nZ", "1")
            .header(Name::Other, "nothing")
            .finish();
        let expected = "INV%0D%0AX:%20y sip:a%0D%0Ab%20c SIP/2.0\r\nSubject: hello  Via: evil \r\n\
                        User-Agent: a  X: y\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(bytes, expected);
        assert_eq!(Writer::response(200, "O\nK").finish(), "SIP/2.0 200 O K\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(Writer::response(7, "").finish(), "SIP/2.0 100 \r\nContent-Length: 0\r\n\r\n");
    }
}
