//! Names that the exchange gives on the wire: tags and Call-IDs lead back to their call without a look-up table.

use crate::calls::CallKey;
use call::Leg;

/// A tag of ours: shard, call, leg, which of the leg's dialogs, and chance against guessing.
///
/// ```text
/// 0.2f.1.0.9d3c51e07a64b28f
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub call: CallKey,
    pub leg: Leg,
    pub fork: u16,
}

impl Tag {
    /// Writes a tag; `chance` makes it one that nobody can guess.
    pub fn write(self, shard: u16, chance: u64) -> String {
        let Tag { call, leg, fork } = self;
        format!("{shard:x}.{:x}.{:x}.{fork:x}.{chance:016x}", call.0, leg.0)
    }

    /// Reads back whose tag it is. Whether it is genuine shows only when the whole text is compared.
    pub fn read(text: &str) -> Option<Tag> {
        let mut parts = text.split('.').skip(1);
        let mut next = || u64::from_str_radix(parts.next()?, 16).ok();
        let (call, leg, fork) = (next()?, next()?, next()?);
        Some(Tag { call: CallKey(call), leg: Leg(u16::try_from(leg).ok()?), fork: u16::try_from(fork).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_leads_back_to_its_call() {
        let tag = Tag { call: CallKey(0x2_0000_002f), leg: Leg(3), fork: 1 };
        let text = tag.write(7, 42);
        assert_eq!(text, "7.20000002f.3.1.000000000000002a");
        assert_eq!(Tag::read(&text), Some(tag));
    }

    #[test]
    fn a_strangers_tag_is_nobodys() {
        for text in ["", "abc", "1.zz.1.1.1", "0.1.fffff.0.0", "as5d8f-76"] {
            assert_eq!(Tag::read(text), None, "{text}");
        }
    }
}
