//! A mark that only we can make: HMAC with SHA-256, RFC 2104.

use sha2::{Digest, Sha256};

/// Marks bytes with a key. Both halves of the work that do not depend on the bytes are done once.
#[derive(Clone)]
pub struct Marker {
    inner: Sha256,
    outer: Sha256,
}

const BLOCK: usize = 64;

impl Marker {
    /// A marker for one purpose; marks for different purposes have nothing to do with each other.
    pub fn new(key: u128, purpose: &str) -> Self {
        let key: [u8; 32] = Sha256::new().chain_update(key.to_be_bytes()).chain_update(purpose).finalize().into();
        Self::with_key(&key)
    }

    /// A key of at most 64 bytes.
    fn with_key(key: &[u8]) -> Self {
        let pad = |with: u8| -> [u8; BLOCK] { std::array::from_fn(|at| key.get(at).copied().unwrap_or(0) ^ with) };
        Self { inner: Sha256::new().chain_update(pad(0x36)), outer: Sha256::new().chain_update(pad(0x5c)) }
    }

    /// The mark of these bytes.
    pub fn mark(&self, bytes: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(bytes).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

impl std::fmt::Debug for Marker {
    /// Never prints the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Marker")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 §4.2 and §4.3.
    #[test]
    fn the_mark_is_hmac_with_sha_256() {
        let hex = |mark: [u8; 32]| mark.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let first = Marker::with_key(&[0x0b; 20]).mark(b"Hi There");
        assert_eq!(hex(first), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let second = Marker::with_key(b"Jefe").mark(b"what do ya want for nothing?");
        assert_eq!(hex(second), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn key_and_purpose_both_count() {
        let mark = |key, purpose| Marker::new(key, purpose).mark(b"x");
        assert_eq!(mark(1, "nonce"), mark(1, "nonce"));
        assert_ne!(mark(1, "nonce"), mark(2, "nonce"));
        assert_ne!(mark(1, "nonce"), mark(1, "decoy"));
    }
}
