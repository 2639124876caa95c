//! What can be wrong with a message, and what shall be done about it.

use std::fmt;

use crate::{Message, Method, Name, Via};

/// A value that does not follow its grammar; says which rule broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub &'static str);

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

impl std::error::Error for Fault {}

/// How a bad request is answered (a bad response is dropped instead).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The status code, 400 to 699.
    pub code: u16,
    /// The reason phrase: names the fault for whoever reads the peer's trace.
    pub reason: &'static str,
}

impl Reject {
    /// A 400 with this reason.
    pub const fn bad(reason: &'static str) -> Reject {
        Reject { code: 400, reason }
    }
}

impl From<Fault> for Reject {
    fn from(fault: Fault) -> Reject {
        Reject::bad(fault.0)
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.code, self.reason)
    }
}

/// Why bytes are no message that could be worked with.
#[derive(Clone, Debug)]
pub enum ParseError {
    /// Nothing but line ends (or NULs, which some phones send): keeps a NAT binding open, RFC 5626 §3.5.
    KeepAlive,
    /// Does not begin like SIP, or is too long to index: silence.
    NotSip(Fault),
    /// SIP with a broken shape. The index holds what could be read, see [`ParseError::answer`].
    Malformed {
        /// The answer a request deserves.
        reject: Reject,
        /// What could be read.
        partial: Message,
    },
}

impl ParseError {
    /// The request as far as it was understood and the refusal it shall get, where one can be sent: it is a request
    /// other than ACK and its top Via says where to. `None` means silence, RFC 3261 §8.2, §18.3.
    pub fn answer(&self) -> Option<(&Message, Reject)> {
        match self {
            ParseError::Malformed { reject, partial } if partial.is_answerable() => Some((partial, *reject)),
            _ => None,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::KeepAlive => out.write_str("keep-alive"),
            ParseError::NotSip(fault) => write!(out, "not SIP: {fault}"),
            ParseError::Malformed { reject, .. } => out.write_str(reject.reason),
        }
    }
}

impl std::error::Error for ParseError {}

impl Message {
    /// Whether a refusal of this message can be sent at all: a request, not an ACK, whose top Via says who sent it.
    pub fn is_answerable(&self) -> bool {
        let sender = |via: &str| Via::sender(via).is_ok();
        self.is_request() && self.method() != Method::Ack && self.values(Name::Via).next().is_some_and(sender)
    }
}
