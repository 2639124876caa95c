//! A mailbox, its PIN and its light.

use super::device::{hex, unhex};
use crate::diagnostic::Diagnostic;
use crate::read::{Faults, Node, Value};
use call::Name;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its name in the plan.
    pub name: Name,
    /// Whose own it is.
    pub person: Option<Name>,
    /// Greetings and limits.
    pub settings: Arc<voicemail::Mailbox>,
    /// Outside these hours callers are told that it is closed.
    pub hours: Option<Name>,
    /// Asked from who listens.
    pub pin: Option<Pin>,
    /// The devices that show its light.
    pub light: Vec<Name>,
}

/// A PIN as a salted hash. A PIN is short: the hash protects it from a glance, the file's permissions from a thief.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    salt: [u8; 8],
    hash: [u8; 32],
}

const ROUNDS: usize = 4096;

impl Pin {
    /// Of these digits.
    pub fn of(digits: &str, salt: [u8; 8]) -> Self {
        Self { salt, hash: Self::hash(digits, &salt) }
    }

    /// Whether these are the digits. Takes the same time whichever of them is wrong.
    pub fn is(&self, digits: &str) -> bool {
        let hash = Self::hash(digits, &self.salt);
        hash.iter().zip(self.hash).fold(0, |wrong, (a, b)| wrong | (a ^ b)) == 0
    }

    fn hash(digits: &str, salt: &[u8; 8]) -> [u8; 32] {
        let first: [u8; 32] = Sha256::new().chain_update(salt).chain_update(digits).finalize().into();
        (0..ROUNDS).fold(first, |hash, _| Sha256::new().chain_update(salt).chain_update(hash).finalize().into())
    }
}

impl std::fmt::Display for Pin {
    /// As the configuration holds it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", hex(&self.salt), hex(&self.hash))
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin")
    }
}

impl Value for Pin {
    fn what() -> String {
        "a hashed PIN, as `vaihde passwd --pin` prints it".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        let parts = text.split_once(':').ok_or_else(|| "a salt, `:` and a hash".to_owned());
        match parts.and_then(|(salt, hash)| Ok(Pin { salt: unhex(salt)?, hash: unhex(hash)? })) {
            Ok(pin) => Some(pin),
            Err(why) => {
                let fault = Diagnostic::error(format!("expected {}", Self::what()));
                faults.push(fault.at(node.span(), why));
                None
            }
        }
    }

    /// Never.
    fn show(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_known_by_its_hash_alone() {
        let pin = Pin::of("4711", *b"saltsalt");
        assert!(pin.is("4711"));
        assert!(!pin.is("4712") && !pin.is("") && !pin.is("47110"));
        assert!(!pin.to_string().contains("4711"));
        assert_eq!(pin.show(), None);
    }
}
