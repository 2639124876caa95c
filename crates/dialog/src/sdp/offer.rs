//! Offers that we make ourselves: in the 200 to an INVITE without one (late offer), or to a leg that joins a caller
//! who already hears us.

use super::answer::write_format;
use super::{Answered, AudioCodec, Format, write_connection, write_origin};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt::Write;

/// One audio line with these codecs in our order of preference, and keys.
pub fn offer_of(ours: &Answered, codecs: &[AudioCodec]) -> Bytes {
    let mut out = String::with_capacity(512);
    out.push_str("v=0\r\n");
    write_origin(&mut out, ours.session_id, ours.version, ours.local.ip());
    out.push_str("s=-\r\n");
    write_connection(&mut out, ours.local.ip());
    let _ = write!(out, "t=0 0\r\nm=audio {} RTP/AVP", ours.local.port());
    let formats =
        || codecs.iter().filter(|codec| **codec != AudioCodec::TELEPHONE_EVENT).chain([&AudioCodec::TELEPHONE_EVENT]);
    for codec in formats() {
        let _ = write!(out, " {}", codec.payload);
    }
    out.push_str("\r\n");
    for codec in formats() {
        let name = Cow::Borrowed(codec.name);
        write_format(&mut out, &Format { payload: codec.payload, name, clock: codec.clock, channels: 1, fmtp: None });
    }
    let _ = write!(out, "a=ptime:20\r\na={}\r\n", ours.direction.as_str());
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::Direction;

    #[test]
    fn an_offer_of_ours_names_every_codec_and_keys() {
        let local = "[2001:db8::5]:20000".parse().expect("an address");
        let ours = Answered { local, session_id: 3, version: 1, direction: Direction::SendRecv };
        let offer = offer_of(&ours, &[AudioCodec::PCMA, AudioCodec::PCMU]);
        assert_eq!(
            offer,
            "v=0\r\no=- 3 1 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\n\
             m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
        );
    }
}
