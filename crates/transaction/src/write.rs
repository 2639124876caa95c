//! The two requests that travel in the wake of an INVITE and are made of it: CANCEL and the ACK for a non-2xx.

use bytes::Bytes;
use sip::{Message, Name, Writer};

/// The ACK for a final response other than 2xx, RFC 3261 §17.1.1.3: everything from the INVITE but To.
pub(crate) fn ack_for(invite: &Message, response: &Message) -> Bytes {
    beside(invite, "ACK", response.header(Name::To)).finish()
}

/// The CANCEL for an INVITE of ours, RFC 3261 §9.1; `reason` becomes its Reason header, RFC 3326.
pub fn cancel_for(invite: &Message, reason: Option<&str>) -> Bytes {
    let cancel = beside(invite, "CANCEL", invite.header(Name::To));
    match reason {
        Some(reason) => cancel.header(Name::Reason, reason).finish(),
        None => cancel.finish(),
    }
}

/// A request that follows the INVITE's way hop by hop: same request-URI, top Via, Route, From, Call-ID and CSeq number.
fn beside(invite: &Message, method: &str, to: Option<&str>) -> Writer {
    let mut writer = Writer::request(method, invite.request_uri());
    if let Some(via) = invite.values(Name::Via).next() {
        writer = writer.header(Name::Via, via);
    }
    writer = writer.header(Name::MaxForwards, "70");
    for route in invite.headers(Name::Route) {
        writer = writer.header(Name::Route, route);
    }
    writer = writer.header(Name::From, invite.header(Name::From).unwrap_or_default());
    writer = writer.header(Name::To, to.unwrap_or_default());
    writer = writer.header(Name::CallId, invite.call_id());
    let number = invite.cseq().map_or(0, |cseq| cseq.number);
    writer.header_fmt(Name::CSeq, format_args!("{number} {method}"))
}
