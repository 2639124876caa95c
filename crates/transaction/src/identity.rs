//! How a request is recognised as one that has been seen: RFC 3261 §17.2.3 and §8.2.2.2.

use crate::branch::COOKIE;
use sip::{Message, Method, Name};
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hash, Hasher};

/// Writes what all messages of one server transaction share over what was in `out`; `false` if the message has no
/// usable Via. ACK and CANCEL give the identity of their INVITE.
///
/// With the magic cookie: branch, sent-by, and the method. Without it (RFC 2543): request-URI, From tag, Call-ID, CSeq
/// number and the whole top Via. The To tag is left out there: the INVITE does not have ours yet, its ACK has.
pub(crate) fn write(request: &Message, out: &mut String) -> bool {
    out.clear();
    let Ok(via) = request.top_via() else { return false };
    match via.branch.filter(|branch| branch.get(..COOKIE.len()).is_some_and(|start| start == COOKIE)) {
        Some(branch) => {
            out.push_str(branch);
            out.push(' ');
            out.extend(via.sent_by().chars().map(|letter| letter.to_ascii_lowercase()));
        }
        None => {
            let number = request.cseq().map_or(0, |cseq| cseq.number);
            let tag = request.from_tag().unwrap_or_default();
            let via = request.values(Name::Via).next().unwrap_or_default();
            let _ = write!(out, "{} {tag} {} {number} {via}", request.request_uri(), request.call_id());
        }
    }
    out.push(' ');
    out.push_str(match request.method() {
        Method::Invite | Method::Ack | Method::Cancel => "INVITE",
        _ => request.method_str(),
    });
    true
}

/// What two copies of one request share though they came by two ways: From tag, Call-ID and CSeq, as a keyed hash.
/// `None` within a dialog, where nothing forks.
pub(crate) fn of_copies(request: &Message, keyed: &impl BuildHasher) -> Option<u64> {
    if request.to_tag().is_some() {
        return None;
    }
    let mut hasher = keyed.build_hasher();
    request.from_tag().hash(&mut hasher);
    request.call_id().hash(&mut hasher);
    request.cseq().ok()?.number.hash(&mut hasher);
    request.method_str().hash(&mut hasher);
    Some(hasher.finish())
}
