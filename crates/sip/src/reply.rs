//! Answering a request: what a response repeats, and where it goes, RFC 3261 §8.2.6, §18.2 and RFC 3581.

use std::{
    io::Write as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::BytesMut;

use crate::{Flow, Message, Name, Transport, Writer, reason_phrase, uri::address};

/// Begins the response to a request: Via, From, To, Call-ID, CSeq and Timestamp are the request's, §8.2.6.2.
/// The caller adds a To-tag by [`Writer::to_tag`], except to a 100.
pub fn respond(request: &Message, code: u16, reason: Option<&str>) -> Writer {
    Writer::response(code, reason.unwrap_or_else(|| reason_phrase(code)))
        .copy(request, Name::Via)
        .copy(request, Name::From)
        .copy_to(request)
        .copy(request, Name::CallId)
        .copy(request, Name::CSeq)
        .copy(request, Name::Timestamp)
}

/// Puts the source of a request into its top Via: `received` if sent-by says another address (§18.2.1), and both it
/// and `rport` where the sender asked for that (RFC 3581 §4). A `received` that the sender wrote itself is removed.
/// Responses, and requests whose Via tells the truth, come back as they are.
pub fn fix_via(message: Message, source: SocketAddr) -> Message {
    let Some(fixed) = fixed_via(&message, source) else { return message };
    // The first line may hold nothing but commas.
    let Some(top) = message.values(Name::Via).next() else { return message };
    let at = top.as_ptr() as usize - message.bytes.as_ptr() as usize;
    let end = at + top.len();
    let mut bytes = BytesMut::with_capacity(message.bytes.len() + fixed.len());
    bytes.extend_from_slice(&message.bytes[..at]);
    bytes.extend_from_slice(&fixed);
    bytes.extend_from_slice(&message.bytes[end..]);
    let moved =
        |offset: u32| if offset as usize >= end { offset + fixed.len() as u32 - (end - at) as u32 } else { offset };
    let lines: Arc<[_]> = message
        .lines
        .iter()
        .map(|line| {
            let mut line = *line;
            (line.name_at, line.value_at, line.value_end) =
                (moved(line.name_at), moved(line.value_at), moved(line.value_end));
            line
        })
        .collect();
    let mut start = message.start;
    start.body_at = moved(start.body_at);
    Message { bytes: bytes.freeze(), lines, start }
}

/// The top Via as it should be, if that differs from what is there.
fn fixed_via(message: &Message, source: SocketAddr) -> Option<Vec<u8>> {
    if !message.is_request() {
        return None;
    }
    let via = message.top_via().ok()?;
    let ip = source.ip().to_canonical();
    let truthful = via.ip().is_some_and(|sent_by| sent_by.to_canonical() == ip);
    if truthful && via.rport.is_none() && via.received.is_none() {
        return None;
    }
    let mut fixed = Vec::with_capacity(160);
    // Writing into memory cannot fail.
    let _ = write!(fixed, "{}/{} {}", via.protocol, via.transport, via.sent_by());
    for (name, value) in via.params.written() {
        if !name.eq_ignore_ascii_case("received") && !name.eq_ignore_ascii_case("rport") {
            let equals = if value.is_empty() { "" } else { "=" };
            let _ = write!(fixed, ";{name}{equals}{value}");
        }
    }
    if !truthful || via.rport.is_some() {
        let _ = write!(fixed, ";received={ip}");
    }
    if via.rport.is_some() {
        let _ = write!(fixed, ";rport={}", source.port());
    }
    Some(fixed)
}

/// Where the response to a request goes, §18.2.2 (the request as [`fix_via`] left it). Streams answer on themselves. Of
/// `maddr` only a multicast group is honoured: any other would let a stranger aim our responses.
pub fn response_target(request: &Message, flow: &Flow) -> Flow {
    if flow.transport != Transport::Udp {
        return *flow;
    }
    let Ok(via) = request.top_via() else { return *flow };
    let port = via.port.unwrap_or(Transport::Udp.default_port());
    let group = via.maddr.and_then(address).filter(IpAddr::is_multicast);
    let remote = match (group, via.rport) {
        (Some(group), _) => SocketAddr::new(group, port),
        (None, Some(Some(rport))) => SocketAddr::new(flow.remote.ip(), rport),
        (None, _) => SocketAddr::new(flow.remote.ip(), port),
    };
    Flow { remote, ..*flow }
}
