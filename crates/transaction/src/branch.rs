//! Our own branches: where a client transaction is in the table, and a token that nobody else can name.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};

/// What every branch of RFC 3261 begins with, §8.1.1.7.
pub(crate) const COOKIE: &str = "z9hG4bK";

/// Names a client transaction; stale keys are harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey {
    pub(crate) index: u32,
    pub(crate) token: u64,
}

impl ClientKey {
    /// Writes the branch `z9hG4bK<prefix>.<index>.<token>` over what was in `out`.
    pub(crate) fn write(self, prefix: &str, out: &mut String) {
        out.clear();
        let _ = write!(out, "{COOKIE}{prefix}.{:x}.{:016x}", self.index, self.token);
    }

    /// Reads a branch of ours back; the table still has to compare the token.
    pub(crate) fn read(prefix: &str, branch: &str) -> Option<Self> {
        let (index, token) = branch.strip_prefix(COOKIE)?.strip_prefix(prefix)?.strip_prefix('.')?.split_once('.')?;
        if token.len() != 16 {
            return None;
        }
        Some(Self { index: u32::from_str_radix(index, 16).ok()?, token: u64::from_str_radix(token, 16).ok()? })
    }
}

/// Hashing that follows from the seed, yet cannot be foreseen by who does not know it.
#[derive(Clone, Debug)]
pub(crate) struct Keyed(DefaultHasher);

impl Keyed {
    pub fn new(seed: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(seed);
        hasher.write_u64(!seed.rotate_left(32));
        Self(hasher)
    }
}

impl BuildHasher for Keyed {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        self.0.clone()
    }
}

/// A row of tokens: the keyed hash of a count.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    keyed: Keyed,
    count: u64,
}

impl Tokens {
    pub fn new(keyed: Keyed) -> Self {
        Self { keyed, count: 0 }
    }

    pub fn next(&mut self) -> u64 {
        self.count += 1;
        self.keyed.hash_one(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_read_back_only_under_its_own_prefix() {
        let key = ClientKey { index: 0x2a, token: 7 };
        let mut branch = String::new();
        key.write("n1s2", &mut branch);
        assert_eq!(branch, "z9hG4bKn1s2.2a.0000000000000007");
        assert_eq!(ClientKey::read("n1s2", &branch), Some(key));
        assert_eq!(ClientKey::read("n1s3", &branch), None);
        for strange in ["", "z9hG4bK", "z9hG4bKn1s2.2a.7", "z9hG4bKn1s2.fffffffff.0000000000000007", "n1s2.2a"] {
            assert_eq!(ClientKey::read("n1s2", strange), None, "{strange}");
        }
    }

    #[test]
    fn one_seed_gives_one_row_of_tokens() {
        let row = |seed| {
            let mut tokens = Tokens::new(Keyed::new(seed));
            [tokens.next(), tokens.next(), tokens.next()]
        };
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
        assert_ne!(row(1)[0], row(1)[1]);
    }
}
