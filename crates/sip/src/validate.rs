//! What every message must have before anybody acts on it, RFC 3261 §8.1.1, §8.2 and §20.

use crate::{Fault, Message, Method, Name, NameAddr, Reject, Uri};

/// Headers that a message has once.
const SINGLE: &[(Name, &str)] = &[
    (Name::From, "More than one From"),
    (Name::To, "More than one To"),
    (Name::CallId, "More than one Call-ID"),
    (Name::CSeq, "More than one CSeq"),
    (Name::MaxForwards, "More than one Max-Forwards"),
    (Name::ContentType, "More than one Content-Type"),
    (Name::Expires, "More than one Expires"),
    (Name::Event, "More than one Event"),
];

impl Message {
    /// Checks what acting on a message needs. For a response an error means: drop it. Unknown schemes, methods and
    /// extensions are not this function's concern, nor are headers that only some requests need (an INVITE of RFC 2543
    /// has no Contact).
    pub fn validate(&self) -> Result<(), Reject> {
        for (name, reason) in SINGLE {
            if self.headers(*name).nth(1).is_some() {
                return Err(Reject::bad(reason));
            }
        }
        for via in self.vias() {
            via?;
        }
        self.top_via()?;
        check_address(&self.from()?)?;
        check_address(&self.to()?)?;
        if self.call_id().is_empty() || self.call_id().contains([' ', '\t']) {
            return Err(Reject::bad("Missing or malformed Call-ID"));
        }
        let cseq = self.cseq()?;
        if self.is_request() {
            if cseq.method_str != self.method_str() {
                return Err(Reject::bad("CSeq of another method"));
            }
            Uri::parse(self.request_uri())?;
            self.check_request()?;
        } else if self.values(Name::Via).nth(1).is_some() {
            // Nobody sent anything through us, §8.1.3.3.
            return Err(Reject::bad("Response that is not for us"));
        }
        Ok(())
    }

    fn check_request(&self) -> Result<(), Reject> {
        match self.number(Name::MaxForwards) {
            None | Some(Ok(0..=255)) => {}
            Some(_) => return Err(Reject::bad("Malformed Max-Forwards")),
        }
        for name in [Name::Route, Name::RecordRoute, Name::Path] {
            for value in self.values(name) {
                check_address(&NameAddr::parse(value)?)?;
            }
        }
        for contact in self.contacts() {
            let contact = contact?;
            if contact.is_star() {
                if self.method() != Method::Register || self.values(Name::Contact).nth(1).is_some() {
                    return Err(Reject::bad("Contact * out of place"));
                }
            } else {
                check_address(&contact)?;
            }
        }
        if self.body_bytes().is_empty() || self.header(Name::ContentType).is_some() {
            Ok(())
        } else {
            Err(Reject::bad("Body without Content-Type"))
        }
    }
}

fn check_address(address: &NameAddr<'_>) -> Result<(), Fault> {
    address.parse_uri().map(drop)
}
