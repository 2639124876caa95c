//! Where a SIP message goes next: RFC 3263 with RFC 2782 and 7984, without clock or socket.
//!
//! A [`Search`] turns a URI into [`Target`]s in order, saying what to ask of DNS; a [`Cache`] keeps what DNS said; a
//! [`Blacklist`] keeps who did not answer; [`Targets`] is the way through the list when servers fail. [`Locator`] is
//! all of them for one shard.
//!
//! ```text
//!   locate(uri) ──▶ Search ──Ask──▶ Cache ──miss──▶ Output::Ask      a resolver outside
//!                     ▲               ▲                  │
//!                     └── on_answer ──┴──────────────────┘
//!   Targets: first, next (503, timeout, refusal) ◀──▶ Blacklist
//! ```

mod address_order;
mod blacklist;
mod cache;
mod dice;
mod domain;
mod goal;
mod locator;
mod naptr;
mod question;
mod reach;
mod search;
mod srv;
mod target;
mod targets;

pub use blacklist::{Blacklist, Failure, Suspended, Suspensions};
pub use cache::{Cache, Lifetimes};
pub use domain::Domain;
pub use locator::{Located, Locator, Output, SearchId};
pub use question::{Answer, Data, Kind, LookupFault, Naptr, Question, Record, Srv};
pub use reach::Reach;
pub use search::{QUESTIONS_MAX, RECORDS_MAX, Search, Step, TARGETS_MAX};
pub use target::{Target, Unreachable};
pub use targets::Targets;
