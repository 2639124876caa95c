//! Routes and flows.

use super::origin::{Condition, Origin};
use crate::number::Pattern;
use crate::read::{Later, Word, section, text_value};
use crate::step::Steps;
use call::Name;
use std::time::Duration;

section! {
    /// A route: `[[route]]`. The first one that fits a call takes it, from the top of the file.
    pub(crate) struct RouteKeys = "[[route]]" {
        /// What it is called in explanations. Left out: its place in the file.
        pub(crate) name: Option<Name> = None;
        /// Where the calls come from: "phones" are our own, "trunks", "trunk:operator", "person:anna", "device:lobby";
        /// "anyone" lets in strangers from the Internet, too.
        pub(crate) from: Vec<Origin>;
        /// The numbers: "1001", or a pattern with `x` for any digit, `z` for 1-9, `n` for 2-9, `[13-5]`, and `.` for
        /// the rest. International numbers are the same with "+" and with "00".
        pub(crate) number: Vec<Pattern>;
        /// A condition for the whole route: "open:office".
        pub(crate) when: Option<Condition> = None;
        /// The people who may use it; others go on to the next route that fits. Left out: everybody in `from`.
        pub(crate) allow: Option<Vec<Word>> = None;
        /// What happens, one step after another until somebody answers.
        pub(crate) steps: Steps;
        /// What callers were promised.
        pub(crate) promise: Option<Later<PromiseKeys>> = None;
    }
}

section! {
    /// What callers were promised.
    pub(crate) struct PromiseKeys = "`promise`" {
        /// Everybody is answered within this time.
        pub(crate) answer_within: Option<Duration> = None;
        /// So many of a hundred within this time: "80% in 30s".
        pub(crate) answer: Option<Share> = None;
    }
}

section! {
    /// Steps under a name, for use in more than one place: `[flow.night]`, and `"flow:night"` as a step.
    pub(crate) struct FlowKeys = "[flow.…]" {
        /// What happens, one step after another.
        pub(crate) steps: Steps;
    }
}

/// `80% in 30s`
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    percent: u8,
    within: Duration,
}

text_value!(
    Share,
    "a share and a time such as \"80% in 30s\"",
    |text: &str| {
        let (percent, within) = text.split_once("% in ").ok_or("`… % in …`")?;
        let percent = percent.trim().parse().ok().filter(|percent| *percent <= 100).ok_or("0 to 100 per cent")?;
        Ok::<_, String>(Share { percent, within: crate::duration::parse(within)? })
    },
    |share: &Share| format!("{}% in {}", share.percent, crate::duration::show(share.within))
);
