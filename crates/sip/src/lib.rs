//! SIP messages: text to header index and back, RFC 3261 section 7.
//!
//! A [`Message`] is the datagram that brought it plus an index of its header lines, made in one pass; typed values are
//! read from it when they are asked for, as slices. A [`Writer`] puts slices into one buffer. Nothing here knows calls.

mod auth;
mod fault;
mod flow;
mod frame;
mod message;
mod method;
mod model;
mod name;
mod name_addr;
mod params;
mod parse;
mod reply;
mod status;
mod text;
mod transport;
mod uri;
mod validate;
mod via;
mod writer;

pub use auth::{Challenge, Credentials};
pub use fault::{Fault, ParseError, Reject};
pub use flow::Flow;
pub use frame::{Frame, FrameError, FrameLimits, Framer};
pub use message::{CSeq, Message};
pub use method::Method;
pub use name::Name;
pub use name_addr::NameAddr;
pub use params::Params;
pub use reply::{fix_via, respond, response_target};
pub use status::reason_phrase;
pub use text::{Values, escape_user, quote, values};
pub use transport::Transport;
pub use uri::{Scheme, Uri};
pub use via::Via;
pub use writer::Writer;
