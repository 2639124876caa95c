//! What one caller goes through, from the first INVITE to the last BYE.

use crate::{Diversion, Leg, Name};
use serde::{Deserialize, Serialize};

/// Names a journey: milliseconds since 1970 in the upper bits, a count below, so that ids sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JourneyId(pub u64);

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl std::fmt::Display for JourneyId {
    /// Thirteen letters and digits that cannot be mistaken for each other (Crockford's base 32).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write;
        (0..13).rev().try_for_each(|place| f.write_char(ALPHABET[(self.0 >> (5 * place)) as usize & 31] as char))
    }
}

impl std::str::FromStr for JourneyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 13 {
            return Err(());
        }
        text.bytes()
            .map(|b| b.to_ascii_lowercase())
            .try_fold(0u64, |id, b| {
                let digit = ALPHABET.iter().position(|&letter| letter == b)? as u64;
                id.checked_mul(32)?.checked_add(digit)
            })
            .map(JourneyId)
            .ok_or(())
    }
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The number to show and to call back; empty if withheld or unknown.
    pub number: Name,
    /// The name to show, possibly empty.
    pub name: Name,
    /// Our own device that calls, once it has proved that it is that device.
    pub device: Option<Name>,
    /// The person whose device it is.
    pub person: Option<Name>,
    /// The trunk over which the call came.
    pub trunk: Option<Name>,
    /// The caller asked for privacy (RFC 3323): number and name are for us, not for whom we ring outside.
    pub private: bool,
}

/// One target that the journey was offered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The leg that rang.
    pub leg: Leg,
    /// Who was hoped for.
    pub person: Option<Name>,
    /// The device that rang, where it was one of ours.
    pub device: Option<Name>,
}

/// One caller's way through the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// Its id.
    pub id: JourneyId,
    /// Who calls.
    pub caller: Caller,
    /// What was dialled, normalised.
    pub dialled: Name,
    /// Everything that rang, in order.
    pub offers: Vec<Offer>,
    /// Whom the journey has left behind, first to last.
    pub diversions: Vec<Diversion>,
    /// The caller has heard us (leg 0 is answered).
    pub answered: bool,
}

impl Journey {
    /// A journey that begins.
    pub fn new(id: JourneyId, caller: Caller, dialled: Name) -> Self {
        Self { id, caller, dialled, offers: Vec::new(), diversions: Vec::new(), answered: false }
    }

    /// Whether this person has been rung on this journey already.
    pub fn was_rung(&self, person: &str) -> bool {
        self.offers.iter().any(|offer| offer.person.as_deref() == Some(person))
    }
}
