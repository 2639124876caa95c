//! The methods that a peer understands, from its `Allow` header, RFC 3261 §20.5.

use sip::{Message, Method, Name};

/// A set of known methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allows(u32);

impl Allows {
    /// What everybody understands; assumed of a peer that does not say.
    pub const BASIC: Allows =
        Allows(0).with(Method::Invite).with(Method::Ack).with(Method::Bye).with(Method::Cancel).with(Method::Options);

    /// What a message says, or `None` if it has no `Allow`.
    pub fn of(message: &Message) -> Option<Allows> {
        message.header(Name::Allow)?;
        let known = message.values(Name::Allow).map(|method| Method::from_bytes(method.as_bytes()));
        Some(known.filter(|method| *method != Method::Other).fold(Allows(0), Allows::with))
    }

    /// The set with one more method.
    #[must_use]
    pub const fn with(self, method: Method) -> Allows {
        Allows(self.0 | 1 << method as u32)
    }

    /// Whether the peer understands a method.
    pub const fn contains(self, method: Method) -> bool {
        self.0 & 1 << method as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn options(extra: &str) -> Message {
        let text = format!(
            "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
             Call-ID: c\r\nCSeq: 1 OPTIONS\r\n{extra}Content-Length: 0\r\n\r\n"
        );
        Message::parse(Bytes::from(text)).expect("valid")
    }

    /// RFC 3261 §20.5: an absent Allow says nothing about what is supported.
    #[test]
    fn a_peer_that_does_not_say_is_unknown_and_one_that_does_is_believed() {
        assert_eq!(Allows::of(&options("")), None);
        let allows = Allows::of(&options("Allow: INVITE, ACK,UPDATE\r\nAllow: PRACK, FROB\r\n")).expect("said");
        assert!(allows.contains(Method::Update) && allows.contains(Method::Prack));
        assert!(!allows.contains(Method::Refer) && !allows.contains(Method::Other));
        assert!(Allows::BASIC.contains(Method::Bye) && !Allows::BASIC.contains(Method::Update));
    }
}
