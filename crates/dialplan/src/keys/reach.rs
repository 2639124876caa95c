//! What happens when somebody is wanted and cannot answer.

use crate::read::section;
use crate::step::Steps;
use std::time::Duration;

section! {
    /// What happens when somebody is wanted and cannot answer: `[reach.default]` holds for everybody, and a person may
    /// name another one. A key that another one leaves out is that of the default.
    /// In its lists `substitute`, `mobile` and `voicemail` are those of the person who was wanted.
    #[derive(Default)]
    pub(crate) struct ReachKeys = "[reach.…]" {
        /// How long their phones ring before the call goes on. Left out: 20 s.
        pub(crate) ring_for: Option<Duration> = None;
        /// So long after the phones their mobile rings as well. Left out: only where a `mobile` step says so.
        pub(crate) mobile_after: Option<Duration> = None;
        /// They are away: their phones do not ring. Left out everywhere: the substitute, then voicemail.
        pub(crate) absent: Option<Steps> = None;
        /// They talk. Left out everywhere: voicemail.
        pub(crate) busy: Option<Steps> = None;
        /// They asked not to be disturbed. Left out: as `busy`.
        pub(crate) do_not_disturb: Option<Steps> = None;
        /// None of their devices is registered. Left out everywhere: voicemail.
        pub(crate) offline: Option<Steps> = None;
        /// It rang and nobody answered, or they refused. Left out everywhere: voicemail.
        pub(crate) no_answer: Option<Steps> = None;
    }
}
