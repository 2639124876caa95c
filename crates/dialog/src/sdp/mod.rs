//! Session descriptions: a line-preserving view (RFC 8866), and what an exchange between two legs does with them
//! (RFC 3264).
//!
//! Reading is tolerant (bare LF, a missing `s=`, unknown lines), writing is strict. Everything that is read is bounded.

mod address;
mod answer;
mod format;
mod media;
mod offer;
mod origin;
mod rewrite;
mod view;

pub use answer::{Answered, Chosen, NoCommonCodec, answer_by, answer_for, refuse_all};
pub use format::{AudioCodec, Format, shares_codec};
pub use media::{Direction, Kind, MediaLine, Proto, Spoken};
pub use offer::offer_of;
pub use origin::Origin;
pub use rewrite::{Rewrite, rewrite};
pub use view::{Sdp, SdpFault};

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// `o=` as we write it: no user, the address of our own end.
fn write_origin(out: &mut String, session_id: u64, version: u64, address: IpAddr) {
    // Writing to a String cannot fail.
    let _ = write!(out, "o=- {session_id} {version} IN {} {address}\r\n", family(address));
}

/// `c=` with one of our own addresses.
fn write_connection(out: &mut String, address: IpAddr) {
    let _ = write!(out, "c=IN {} {address}\r\n", family(address));
}

/// `a=rtcp:` with the port after that of our RTP, RFC 3605.
fn write_rtcp(out: &mut String, rtp: SocketAddr) {
    let address = rtp.ip();
    let _ = write!(out, "a=rtcp:{} IN {} {address}\r\n", rtp.port().saturating_add(1), family(address));
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IP4" } else { "IP6" }
}
