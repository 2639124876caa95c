//! SIP dialogs, offer/answer and session timers: one leg of a call.
//!
//! RFC 3261 §12–15 ([`Dialog`]), RFC 3264 and RFC 8866 ([`sdp`], [`OfferAnswer`]), RFC 4028 ([`SessionTimer`]) and
//! RFC 3262 ([`Reliable`], [`Resend`]). Everything here is a value: time and chance arrive as arguments.

mod allows;
mod dialog;
mod offer_answer;
mod reliable;
pub mod sdp;
mod session_timer;

pub use allows::Allows;
pub use dialog::{Dialog, DialogId, ViaParts};
pub use offer_answer::{Glare, OfferAnswer, glare_wait};
pub use reliable::{Again, Heard, RAck, Reliable, Resend};
pub use session_timer::{Agreed, Due, MIN_SE_FLOOR_SECS, Proposal, Refresher, SessionTimer, TooShort, Wish};
