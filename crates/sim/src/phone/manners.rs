//! How a simulated phone behaves: what it does with calls, and which extensions it speaks.

use std::time::Duration;

/// What a phone does when it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Answers after so long.
    Answer(Duration),
    /// 486 at once.
    Busy,
    /// Rings until it is told to stop.
    ForEver,
    /// Rings and refuses with this status after so long.
    Reject(u16, Duration),
    /// 302 to this URI.
    Redirect(String),
    /// Takes the request off the wire and says nothing.
    Mute,
}

/// Everything about a phone that a test may want different.
#[derive(Clone, Debug)]
pub struct Manners {
    /// What it does when called.
    pub ring: Ring,
    /// Hangs up so long after a call began to talk.
    pub talks: Option<Duration>,
    /// Answers 183 with SDP instead of 180: the caller hears what it plays.
    pub early_media: bool,
    /// Speaks RFC 3262: offers it as caller, uses it as callee where the caller offers it.
    pub reliable: bool,
    /// Speaks RFC 3311 and says so in Allow.
    pub update: bool,
    /// Asks for session timers of so many seconds, RFC 4028, and refreshes when it shall.
    pub session_secs: Option<u32>,
    /// Calls without an offer: the other side makes it.
    pub late_offer: bool,
    /// Payload types and names in order of preference; telephone-event is added.
    pub codecs: Vec<(u8, &'static str)>,
    /// Answers 486 beyond so many calls at once.
    pub calls_max: usize,
    /// How long its registration holds; it is refreshed at half of it.
    pub expires_secs: u32,
    /// Refreshes its registration in time.
    pub refreshes: bool,
    /// Holds by `c=0.0.0.0` as RFC 2543 did.
    pub old_hold: bool,
    /// Tries a re-INVITE again that got 491.
    pub retries_glare: bool,
    /// Answers challenges with SHA-256 rather than MD5.
    pub sha256: bool,
    /// Acknowledges 2xx responses. A phone that does not is broken.
    pub acks: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            ring: Ring::ForEver,
            talks: None,
            early_media: false,
            reliable: false,
            update: false,
            session_secs: None,
            late_offer: false,
            codecs: vec![(8, "PCMA"), (0, "PCMU")],
            calls_max: 8,
            expires_secs: 3600,
            refreshes: true,
            old_hold: false,
            retries_glare: true,
            sha256: false,
            acks: true,
        }
    }
}
