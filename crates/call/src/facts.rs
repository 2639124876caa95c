//! What is known from moment to moment ([`Facts`]), and what programs may ask ([`World`]).

use crate::{Name, Reachability};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What registrations, calls and messages have made known. A fold over notes; the server keeps it in a `DashMap`,
/// the simulator in a `BTreeMap`.
pub trait Facts {
    /// The bindings of a device, in the order in which they were first made; expired ones may still be among them.
    fn bindings(&self, device: &str) -> Vec<Binding>;
    /// Calls of a device that ring or talk now: (ringing, talking).
    fn calls(&self, device: &str) -> (usize, usize);
    /// When the device's last call ended, or `None` since the start.
    fn idle_since(&self, device: &str) -> Option<Timestamp>;
    /// The person's do-not-disturb switch.
    fn do_not_disturb(&self, person: &str) -> bool;
    /// The member that a group rang last.
    fn last_rung(&self, group: &str) -> Option<Name>;
    /// The messages of a mailbox, oldest first.
    fn messages(&self, mailbox: &str) -> Vec<MessageInfo>;
}

/// One contact that a device registered, RFC 3261 §10.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Made by the registrar; stays the same through refreshes.
    pub id: u64,
    /// The Contact URI as the device wrote it.
    pub contact: Box<str>,
    /// From where it registered and over what, as `sip::Flow` prints it: requests go back there.
    pub flow: Box<str>,
    /// The Path header's values, first to last, RFC 3327.
    pub path: Vec<Box<str>>,
    /// The registration's Call-ID and CSeq, against requests out of order, §10.3 step 7.
    pub call_id: Box<str>,
    /// See `call_id`.
    pub cseq: u32,
    /// Preference, 0 to 1000 for q 0.000 to 1.000.
    pub q: u16,
    /// When it ends.
    pub expires_at: Timestamp,
    /// `+sip.instance`, without its quotes.
    pub instance: Option<Box<str>>,
    /// User-Agent.
    pub user_agent: Option<Box<str>>,
}

/// A way to ring a device now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The binding's id; 0 for an address that the plan gives the device.
    pub id: u64,
    /// Preference, 0 to 1000.
    pub q: u16,
}

/// A kept message as the listener's menu needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageInfo {
    /// The message.
    pub message: crate::Message,
    /// When it was left.
    pub left_at: Timestamp,
    /// Listened to.
    pub heard: bool,
}

/// What a program may ask about the office at this moment: the plan's people seen through the [`Facts`].
pub trait World {
    /// Can this person take a call now?
    fn reachability(&self, person: &str) -> Reachability;
    /// The person's devices in the plan's order.
    fn devices(&self, person: &str) -> Vec<Name>;
    /// Where a device can be rung now; best first.
    fn contacts(&self, device: &str) -> Vec<Contact>;
    /// How long none of the person's devices has been in a call; the longest when they have had none.
    fn idle_for(&self, person: &str) -> Duration;
    /// The member that a group rang last.
    fn last_rung(&self, group: &str) -> Option<Name>;
    /// Whether opening hours hold now.
    fn is_open(&self, hours: &str) -> bool;
    /// The messages of a mailbox, oldest first.
    fn messages(&self, mailbox: &str) -> Vec<MessageInfo>;
    /// A moment as the office's calendar and clock show it.
    fn civil(&self, at: Timestamp) -> jiff::Zoned;
}
