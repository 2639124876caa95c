//! One dialog of ours, RFC 3261 §12: who talks to whom, along which route, and in what order.

use crate::Allows;
use sip::{Fault, Message, Method, Name, NameAddr, Reject, Writer};

const ROUTES_MAX: usize = 32;
const MAX_FORWARDS: &str = "70";

/// One dialog as we see it, early or confirmed.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// The Call-ID.
    pub call_id: Box<str>,
    /// Our tag.
    pub local_tag: Box<str>,
    /// The peer's tag; empty for a peer of RFC 2543 that has none.
    pub remote_tag: Box<str>,
    /// Our From value in requests, without a tag.
    pub local: Box<str>,
    /// Our To value in requests, without a tag.
    pub remote: Box<str>,
    /// What we write in Contact.
    pub contact: Box<str>,
    /// The CSeq number of our last request; 0 before the first.
    pub local_seq: u32,
    /// The CSeq number of the peer's last request.
    pub remote_seq: Option<u32>,
    /// The URI in the peer's Contact.
    pub remote_target: Box<str>,
    /// The Route values in the order in which we write them.
    pub route_set: Vec<Box<str>>,
    /// Began with a `sips` URI: our Contact has to be `sips`, too.
    pub secure: bool,
    /// Which methods the peer understands.
    pub peer_allows: Allows,
    /// A 2xx has been seen or sent.
    pub confirmed: bool,
}

/// How a dialog is named on the wire, RFC 3261 §12.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId {
    /// The Call-ID.
    pub call_id: Box<str>,
    /// Our tag.
    pub local_tag: Box<str>,
    /// The peer's tag, or empty.
    pub remote_tag: Box<str>,
}

/// What goes into the Via of a request.
#[derive(Clone, Copy, Debug)]
pub struct ViaParts<'a> {
    /// The transport.
    pub transport: sip::Transport,
    /// Our `host:port`.
    pub sent_by: &'a str,
    /// The branch, with its cookie.
    pub branch: &'a str,
}

impl DialogId {
    /// The dialog that a request from the peer belongs to; its To tag is ours.
    pub fn of_request(request: &Message) -> Option<DialogId> {
        Some(DialogId {
            call_id: request.call_id().into(),
            local_tag: request.to_tag()?.into(),
            remote_tag: request.from_tag().unwrap_or_default().into(),
        })
    }

    /// The dialog that a response to a request of ours belongs to.
    pub fn of_response(response: &Message) -> Option<DialogId> {
        Some(DialogId {
            call_id: response.call_id().into(),
            local_tag: response.from_tag()?.into(),
            remote_tag: response.to_tag().unwrap_or_default().into(),
        })
    }
}

impl Dialog {
    /// The dialog that a request of the peer's opens with us as UAS, §12.1.1; `contact` is our Contact value.
    pub fn as_uas(request: &Message, local_tag: &str, contact: &str) -> Result<Dialog, Reject> {
        let target = contact_of(request).ok_or(Reject::bad("Missing Contact"))?.map_err(Reject::from)?;
        let secure = request.request_uri().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"));
        Ok(Dialog {
            call_id: request.call_id().into(),
            local_tag: local_tag.into(),
            remote_tag: request.from_tag().unwrap_or_default().into(),
            local: without_tag(&request.to()?),
            remote: without_tag(&request.from()?),
            contact: contact.into(),
            local_seq: 0,
            remote_seq: Some(request.cseq()?.number),
            remote_target: target,
            route_set: record_route(request)?,
            secure,
            peer_allows: Allows::of(request).unwrap_or(Allows::BASIC),
            confirmed: false,
        })
    }

    /// The dialog that a provisional response with a tag, or a 2xx, opens with us as UAC, §12.1.2.
    pub fn as_uac(request: &Message, response: &Message) -> Result<Dialog, Fault> {
        let contact = request.header(Name::Contact).ok_or(Fault("Our request has no Contact"))?;
        let secure = request.request_uri().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"));
        let mut dialog = Dialog {
            call_id: request.call_id().into(),
            local_tag: request.from_tag().ok_or(Fault("Our request has no From tag"))?.into(),
            remote_tag: response.to_tag().unwrap_or_default().into(),
            local: without_tag(&request.from()?),
            remote: without_tag(&request.to()?),
            contact: contact.into(),
            local_seq: request.cseq()?.number,
            remote_seq: None,
            remote_target: request.request_uri().into(),
            route_set: Vec::new(),
            secure,
            peer_allows: Allows::BASIC,
            confirmed: false,
        };
        dialog.take_response(response)?;
        Ok(dialog)
    }

    /// The name of this dialog.
    pub fn id(&self) -> DialogId {
        DialogId {
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: self.remote_tag.clone(),
        }
    }

    /// Takes another response to the INVITE that opened this dialog: while the dialog is early its route set and
    /// target are computed anew, §13.2.2.4; a 2xx confirms it.
    pub fn take_response(&mut self, response: &Message) -> Result<(), Fault> {
        if !self.confirmed {
            let mut route_set = record_route(response)?;
            route_set.reverse();
            self.route_set = route_set;
        }
        self.update_target(response);
        self.confirmed |= (200..300).contains(&response.code());
        Ok(())
    }

    /// Takes the Contact and Allow of a target refresh request or of a 2xx to one, §12.2.1.2, §12.2.2.
    pub fn update_target(&mut self, message: &Message) {
        if let Some(Ok(target)) = contact_of(message) {
            self.remote_target = target;
        }
        if let Some(allows) = Allows::of(message) {
            self.peer_allows = allows;
        }
    }

    /// Checks a request that came within this dialog, §12.2.2: the tags name it, and its CSeq is not lower than the
    /// last one. ACK and CANCEL repeat an earlier number and are exempt.
    pub fn accepts(&mut self, request: &Message) -> Result<(), Reject> {
        if request.to_tag() != Some(&*self.local_tag)
            || request.from_tag().unwrap_or_default() != &*self.remote_tag
            || request.call_id() != &*self.call_id
        {
            return Err(Reject { code: 481, reason: "Call/Transaction Does Not Exist" });
        }
        if matches!(request.method(), Method::Ack | Method::Cancel) {
            return Ok(());
        }
        let number = request.cseq()?.number;
        if self.remote_seq.is_some_and(|last| number < last) {
            return Err(Reject { code: 500, reason: "CSeq out of order" });
        }
        self.remote_seq = Some(number);
        Ok(())
    }

    /// Begins a request within this dialog with the next CSeq number, §12.2.1.1.
    pub fn request(&mut self, method: &str, via: &ViaParts<'_>) -> Writer {
        self.local_seq += 1;
        let writer = self.head(method, via, self.local_seq);
        match Method::from_bytes(method.as_bytes()) {
            Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer => {
                writer.header(Name::Contact, &self.contact)
            }
            _ => writer,
        }
    }

    /// Begins the ACK of a 2xx: the CSeq number is that of its INVITE, §13.2.2.4.
    pub fn ack(&self, via: &ViaParts<'_>, invite_cseq: u32) -> Writer {
        self.head("ACK", via, invite_cseq)
    }

    /// The URI to which requests of this dialog go: the first Route, or the peer's Contact, §8.1.2.
    pub fn next_hop(&self) -> &str {
        match self.route_set.first() {
            Some(route) => route_uri(route),
            None => &self.remote_target,
        }
    }

    fn head(&self, method: &str, via: &ViaParts<'_>, cseq: u32) -> Writer {
        let strict = self.route_set.first().filter(|first| !is_loose(first));
        let uri = strict.map_or(&*self.remote_target, |first| route_uri(first));
        let mut writer = Writer::request(method, uri).header_fmt(
            Name::Via,
            format_args!("SIP/2.0/{} {};branch={};rport", via.transport.via(), via.sent_by, via.branch),
        );
        writer = writer.header(Name::MaxForwards, MAX_FORWARDS);
        // A strict router takes its own address from the request-URI and finds ours at the end of Route.
        for route in self.route_set.iter().skip(usize::from(strict.is_some())) {
            writer = writer.header(Name::Route, route);
        }
        if strict.is_some() {
            writer = writer.header_fmt(Name::Route, format_args!("<{}>", self.remote_target));
        }
        writer = writer.header_fmt(Name::From, format_args!("{};tag={}", self.local, self.local_tag));
        writer = if self.remote_tag.is_empty() {
            writer.header(Name::To, &self.remote)
        } else {
            writer.header_fmt(Name::To, format_args!("{};tag={}", self.remote, self.remote_tag))
        };
        writer.header(Name::CallId, &self.call_id).header_fmt(Name::CSeq, format_args!("{cseq} {method}"))
    }
}

fn contact_of(message: &Message) -> Option<Result<Box<str>, Fault>> {
    let contact = message.contact()?;
    Some(contact.and_then(|contact| contact.parse_uri().map(|_| contact.uri.into())))
}

fn record_route(message: &Message) -> Result<Vec<Box<str>>, Fault> {
    let mut routes = Vec::new();
    for route in message.values(Name::RecordRoute) {
        if routes.len() == ROUTES_MAX {
            return Err(Fault("Too many Record-Route values"));
        }
        NameAddr::parse(route)?.parse_uri()?;
        routes.push(route.into());
    }
    Ok(routes)
}

/// §16.12.1.1: `lr` marks a loose router.
fn is_loose(route: &str) -> bool {
    NameAddr::parse(route).and_then(|route| route.parse_uri()).is_ok_and(|uri| uri.param("lr").is_some())
}

fn route_uri(route: &str) -> &str {
    NameAddr::parse(route).map_or(route, |route| route.uri)
}

/// The value of From or To for our own requests: name and URI as they came, without parameters.
fn without_tag(value: &NameAddr<'_>) -> Box<str> {
    match &value.display {
        Some(name) => format!("{} <{}>", sip::quote(name), value.uri).into(),
        None => format!("<{}>", value.uri).into(),
    }
}

#[cfg(test)]
#[path = "dialog_tests.rs"]
mod tests;
