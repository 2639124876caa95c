//! An INVITE as a desk phone sends it, and what the exchange does with its text.

use bytes::Bytes;
use sip::{Message, Name, Writer};

const HEAD: &str = "INVITE sip:+358401234567@office.example.com;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.41:5060;branch=z9hG4bK-524287-1---9f4e5ab1c0d7a2e1;rport\r\n\
    Max-Forwards: 70\r\n\
    Contact: <sip:anna.virtanen@192.0.2.41:5060;transport=udp;ob>;+sip.instance=\"<urn:uuid:0001-a2b3>\"\r\n\
    To: <sip:+358401234567@office.example.com;user=phone>\r\n\
    From: \"Anna Virtanen\" <sip:anna.virtanen@office.example.com>;tag=7d1f3a55\r\n\
    Call-ID: 84712NzMyYmQ1ZGU0ZjU3ZWI5Mzc1OWI2MDE1ZTk@192.0.2.41\r\n\
    CSeq: 2 INVITE\r\n\
    Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE\r\n\
    Supported: replaces, 100rel, timer, outbound\r\n\
    Session-Expires: 1800;refresher=uac\r\n\
    Accept-Language: fi, sv;q=0.8\r\n\
    User-Agent: Deskphone 47/3.1.4\r\n\
    Content-Type: application/sdp\r\n";

const SDP: &str = "v=0\r\n\
    o=- 3903428291 3903428291 IN IP4 192.0.2.41\r\n\
    s=call\r\n\
    c=IN IP4 192.0.2.41\r\n\
    t=0 0\r\n\
    m=audio 16402 RTP/AVP 9 8 0 101\r\n\
    a=rtpmap:9 G722/8000\r\n\
    a=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-16\r\n\
    a=ptime:20\r\n\
    a=rtcp:16403\r\n\
    a=sendrecv\r\n\
    m=video 16404 RTP/AVP 99\r\n\
    a=rtpmap:99 H264/90000\r\n\
    a=fmtp:99 profile-level-id=42801F;packetization-mode=1\r\n\
    a=rtcp-fb:* nack pli\r\n\
    a=sendrecv\r\n";

/// 14 header lines and a session description, about 1,175 bytes.
pub fn invite() -> Bytes {
    format!("{HEAD}Content-Length: {}\r\n\r\n{SDP}", SDP.len()).into()
}

/// Reads a datagram and what a transaction and a dialog ask of it; gives a sum, so that nothing is left out.
pub fn read(bytes: Bytes) -> Option<usize> {
    let message = Message::parse(bytes).ok()?;
    let (via, from, to, cseq) =
        (message.top_via().ok()?, message.from().ok()?, message.to().ok()?, message.cseq().ok()?);
    Some(via.branch?.len() + from.tag()?.len() + to.uri.len() + cseq.number as usize + message.call_id().len())
}

/// The callee's INVITE, from the caller's slices.
pub fn write_b_leg(message: &Message) -> Option<Bytes> {
    let from = message.from().ok()?;
    let display = from.display.as_deref().map(sip::quote).unwrap_or_default();
    let writer = Writer::request("INVITE", "sip:bo@198.51.100.7:5062;transport=udp")
        .header(Name::Via, "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKv1s0-00000000000004d2;rport")
        .header(Name::MaxForwards, "69")
        .header_fmt(Name::From, format_args!("{display} <{}>;tag=v1s0-00000000000004d3", from.uri))
        .header_fmt(Name::To, format_args!("<{}>", message.to().ok()?.uri))
        .header(Name::CallId, "v1s0-00000000000004d4@203.0.113.1")
        .header(Name::CSeq, "1 INVITE")
        .header(Name::Contact, "<sip:203.0.113.1:5060>")
        .copy(message, Name::Allow)
        .copy(message, Name::Supported)
        .copy(message, Name::SessionExpires)
        .copy(message, Name::AcceptLanguage)
        .header(Name::UserAgent, "vaihde");
    Some(writer.body("application/sdp", message.body_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benched_messages_are_good_ones() {
        let bytes = invite();
        assert!((1150..1200).contains(&bytes.len()), "{}", bytes.len());
        let message = Message::parse(bytes.clone()).unwrap();
        assert_eq!((message.validate(), message.all_headers().count()), (Ok(()), 14));
        assert!(read(bytes).is_some());
        assert_eq!(Message::parse(write_b_leg(&message).unwrap()).unwrap().validate(), Ok(()));
    }
}
