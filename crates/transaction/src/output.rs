//! What the table wants done and what it tells.

use crate::ClientKey;
use bytes::Bytes;
use sip::{Flow, Message};

/// Names a server transaction; stale keys are harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerKey {
    pub(crate) index: u32,
    pub(crate) count: u32,
}

/// The table has no room; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no room for another transaction")
    }
}

impl std::error::Error for Full {}

/// What became of a wish to cancel an INVITE, RFC 3261 §9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The CANCEL is on its way.
    Sent,
    /// No response has come yet; the CANCEL follows the first provisional one and is dropped by a final one.
    Waits,
    /// A final response has come, or the transaction is no more: there is nothing to cancel.
    Late,
}

/// One thing that the table wants sent or known, in order.
#[derive(Clone, Debug)]
pub enum Output<U> {
    /// Send these bytes.
    Transmit {
        /// Where.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
    },
    /// A request that was not seen before. The user answers with [`respond`](crate::Transactions::respond); an
    /// INVITE within 200 ms, with 100 at least (§17.2.1).
    Request {
        /// Its transaction.
        server: ServerKey,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Message,
    },
    /// An ACK for a 2xx, each time that it comes. It has no transaction; the dialog knows it.
    Ack {
        /// Where it came from.
        flow: Flow,
        /// The ACK.
        request: Message,
    },
    /// A CANCEL reached this INVITE before its final response; told once. It is answered already: the user sends 487.
    Cancelled {
        /// The INVITE's transaction.
        server: ServerKey,
        /// What the user attached to it.
        user: Option<U>,
        /// The CANCEL, for its Reason.
        request: Message,
    },
    /// Every provisional response, the final response once, and each 2xx of an INVITE that comes after the first
    /// (retransmissions and other branches, RFC 6026 §7.2).
    Response {
        /// The transaction.
        client: ClientKey,
        /// What the user attached to it.
        user: U,
        /// The response.
        response: Message,
    },
    /// No final response in time: timer B or F, or 64*T1 after a CANCEL. Treat as 408 (§8.1.3.1).
    TimedOut {
        /// The transaction.
        client: ClientKey,
        /// What the user attached to it.
        user: U,
    },
    /// The request could not be sent, or its connection died. Treat as 503 (§8.1.3.1).
    Failed {
        /// The transaction.
        client: ClientKey,
        /// What the user attached to it.
        user: U,
    },
    /// Timer H: a final response other than 2xx was never acknowledged; one of the table's own too (482).
    NoAck {
        /// The transaction.
        server: ServerKey,
        /// What the user attached to it.
        user: Option<U>,
    },
}
