//! What every message must have before anybody acts on it, RFC 3261 §8.1.1, §8.2 and §20.

use crate::{Fault, Message, Method, Name, NameAddr, Reject, Uri};

impl Message {
    /// Checks what acting on a message needs. For a response an error means: drop it. Unknown schemes, methods and
    /// extensions are not this function's concern, nor are headers that only some requests need (an INVITE of RFC 2543
    /// has no Contact).
    pub fn validate(&self) -> Result<(), Reject> {
        self.check_repeats()?;
        let mut vias = 0;
        for via in self.vias() {
            via?;
            vias += 1;
        }
        if vias == 0 {
            return Err(Reject::bad("Missing Via"));
        }
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
        } else if vias > 1 {
            // Nobody sent anything through us, §8.1.3.3.
            return Err(Reject::bad("Response that is not for us"));
        }
        Ok(())
    }

    /// Headers that a message has once.
    fn check_repeats(&self) -> Result<(), Reject> {
        let mut seen = 0u8;
        for line in self.lines.iter() {
            let (bit, reason) = match line.name {
                Name::From => (1, "More than one From"),
                Name::To => (2, "More than one To"),
                Name::CallId => (4, "More than one Call-ID"),
                Name::CSeq => (8, "More than one CSeq"),
                Name::MaxForwards => (16, "More than one Max-Forwards"),
                Name::ContentType => (32, "More than one Content-Type"),
                Name::Expires => (64, "More than one Expires"),
                Name::Event => (128, "More than one Event"),
                _ => continue,
            };
            if seen & bit != 0 {
                return Err(Reject::bad(reason));
            }
            seen |= bit;
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
