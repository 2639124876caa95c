//! Our `o=` line towards one peer: one session id, and a version that grows by one when what we say changes.

use bytes::Bytes;

/// Numbers what we send to one peer, RFC 3264 §5 and §8.
#[derive(Clone, Debug)]
pub struct Origin {
    session_id: u64,
    version: u64,
    last: Option<Bytes>,
}

impl Origin {
    /// A new session towards a peer. Both numbers stay below 2^62: some phones read them as signed.
    pub fn new(dice: u64) -> Origin {
        Origin { session_id: dice >> 32, version: 1, last: None }
    }

    /// Writes a description by `write(session_id, version)`. It gets a new version only if it says something else
    /// than the one before.
    pub fn write(&mut self, write: impl Fn(u64, u64) -> Bytes) -> Bytes {
        let same_version = write(self.session_id, self.version);
        let description = match &self.last {
            Some(last) if *last != same_version => {
                self.version += 1;
                write(self.session_id, self.version)
            }
            _ => same_version,
        };
        self.last = Some(description.clone());
        description
    }

    /// What the peer was told last.
    pub fn last(&self) -> Option<&Bytes> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3264 §8: the version increments by one if the description differs, and stays if it does not.
    #[test]
    fn the_version_grows_only_when_we_say_something_else() {
        let mut origin = Origin::new(7 << 32);
        let say = |origin: &mut Origin, words: &'static str| {
            origin.write(|id, version| format!("o=- {id} {version}\r\n{words}").into())
        };
        assert_eq!(say(&mut origin, "a"), "o=- 7 1\r\na");
        assert_eq!(say(&mut origin, "a"), "o=- 7 1\r\na");
        assert_eq!(say(&mut origin, "b"), "o=- 7 2\r\nb");
        assert_eq!(say(&mut origin, "a"), "o=- 7 3\r\na");
    }
}
