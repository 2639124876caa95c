//! Nonces: a time, a count and our mark; and which of them were used how often, against replays, RFC 7616 §3.3 and §3.4.5.

use super::mark::Marker;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How many nonces in use are remembered. Beyond that the oldest is forgotten and taken as spent.
const USED_MAX: usize = 65_536;
const MARK: usize = 16;

/// Issues nonces and sees that each count of each is used once.
#[derive(Debug)]
pub struct Nonces {
    marker: Marker,
    issued: u64,
    /// By the nonce's count, that is from the oldest on. Only who has proved a password gets in here.
    used: BTreeMap<u64, Window>,
    /// No nonce with a smaller count is good, unless it is among `used`.
    forgotten: u64,
    used_max: usize,
}

/// Whether a nonce may be used once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It may.
    Fresh,
    /// Not ours, too old, or this count of it was used before.
    Spent,
}

/// The counts of one nonce that were used: the highest and the 64 before it, since datagrams overtake each other.
#[derive(Clone, Copy, Debug)]
struct Window {
    issued_at: i64,
    highest: u32,
    /// Bit `n`: `highest - n` was used.
    seen: u64,
}

struct Nonce {
    issued_at: i64,
    count: u64,
}

impl Nonces {
    /// Nonces with this mark.
    pub fn new(marker: Marker) -> Self {
        Self { marker, issued: 0, used: BTreeMap::new(), forgotten: 0, used_max: USED_MAX }
    }

    /// A new nonce.
    pub fn issue(&mut self, wall: Timestamp) -> String {
        let nonce = Nonce { issued_at: wall.as_millisecond(), count: self.issued };
        self.issued += 1;
        let mark = u128::from_be_bytes(self.mark(&nonce));
        format!("{:016x}{:016x}{mark:032x}", nonce.issued_at, nonce.count)
    }

    /// Uses a nonce for the `count`th time.
    pub fn spend(&mut self, wall: Timestamp, lasts: Duration, text: &str, count: u32) -> Usage {
        let now = wall.as_millisecond();
        let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        let is_current = |issued_at: i64| (0..lasts).contains(&now.saturating_sub(issued_at));
        let Some(nonce) = self.read(text).filter(|nonce| is_current(nonce.issued_at)) else { return Usage::Spent };
        if let Some(window) = self.used.get_mut(&nonce.count) {
            return window.spend(count);
        }
        if nonce.count < self.forgotten || count == 0 {
            return Usage::Spent;
        }
        while let Some(oldest) = self.used.first_entry() {
            if is_current(oldest.get().issued_at) && self.used.len() < self.used_max {
                break;
            }
            // Those before it were never used, or are forgotten as well.
            if let Some((count, _)) = self.used.pop_first() {
                self.forgotten = count + 1;
            }
        }
        if nonce.count < self.forgotten {
            return Usage::Spent;
        }
        self.used.insert(nonce.count, Window { issued_at: nonce.issued_at, highest: count, seen: 1 });
        Usage::Fresh
    }

    fn read(&self, text: &str) -> Option<Nonce> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let number = |from: usize| u64::from_str_radix(&text[from..from + 16], 16).ok();
        let nonce = Nonce { issued_at: i64::try_from(number(0)?).ok()?, count: number(16)? };
        let mark = u128::from_str_radix(&text[32..], 16).ok()?.to_be_bytes();
        bool::from(self.mark(&nonce).ct_eq(&mark)).then_some(nonce)
    }

    fn mark(&self, nonce: &Nonce) -> [u8; MARK] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&nonce.issued_at.to_be_bytes());
        bytes[8..].copy_from_slice(&nonce.count.to_be_bytes());
        let mark = self.marker.mark(&bytes);
        std::array::from_fn(|at| mark[at])
    }
}

impl Window {
    fn spend(&mut self, count: u32) -> Usage {
        if count > self.highest {
            let ahead = count - self.highest;
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return Usage::Fresh;
        }
        let bit = 1u64.checked_shl(self.highest - count).unwrap_or(0);
        if bit == 0 || count == 0 || self.seen & bit != 0 {
            return Usage::Spent;
        }
        self.seen |= bit;
        Usage::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(300);

    fn nonces() -> Nonces {
        Nonces::new(Marker::new(1, "nonce"))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn each_count_is_good_once_in_any_order_within_the_window() {
        let mut nonces = nonces();
        let nonce = nonces.issue(at(0));
        let mut spend = |count| nonces.spend(at(1_000), LASTS, &nonce, count) == Usage::Fresh;
        assert!(spend(1) && !spend(1));
        assert!(spend(4) && spend(2) && spend(3) && !spend(2) && !spend(4));
        assert!(spend(100) && spend(37) && !spend(36) && !spend(37) && !spend(0));
        assert!(spend(u32::MAX) && !spend(u32::MAX) && spend(u32::MAX - 63) && !spend(u32::MAX - 64));
    }

    #[test]
    fn a_nonce_is_good_for_its_time_and_not_before_it() {
        let mut nonces = nonces();
        let nonce = nonces.issue(at(0));
        assert_eq!(nonces.spend(at(299_999), LASTS, &nonce, 1), Usage::Fresh);
        assert_eq!(nonces.spend(at(300_000), LASTS, &nonce, 2), Usage::Spent);
        assert_eq!(nonces.spend(at(-1), LASTS, &nonce, 3), Usage::Spent);
    }

    #[test]
    fn a_nonce_that_is_not_ours_is_spent() {
        let mut nonces = nonces();
        let nonce = nonces.issue(at(0));
        let other = Nonces::new(Marker::new(2, "nonce")).issue(at(0));
        let later = format!("{:016x}{}", at(1_000).as_millisecond(), &nonce[16..]);
        let signed = format!("+{}", &nonce[1..]);
        for strange in ["", "abc", &nonce[..63], &format!("{nonce}0"), &later, &other, &signed, &"ä".repeat(32)] {
            assert_eq!(nonces.spend(at(2_000), LASTS, strange, 1), Usage::Spent, "{strange}");
        }
        assert_eq!(nonces.spend(at(2_000), LASTS, &nonce, 1), Usage::Fresh);
    }

    #[test]
    fn the_table_is_bounded_and_what_it_forgets_is_spent() {
        let mut nonces = nonces();
        nonces.used_max = 10;
        let issued: Vec<String> = (0..30).map(|_| nonces.issue(at(0))).collect();
        for nonce in &issued[5..25] {
            assert_eq!(nonces.spend(at(1), LASTS, nonce, 1), Usage::Fresh);
        }
        assert_eq!(nonces.used.len(), 10);
        // Forgotten, though their second use was never seen; and those that came before them.
        assert!(issued[..15].iter().all(|nonce| nonces.spend(at(2), LASTS, nonce, 2) == Usage::Spent));
        assert!(issued[15..25].iter().all(|nonce| nonces.spend(at(2), LASTS, nonce, 1) == Usage::Spent));
        assert!(issued[15..25].iter().all(|nonce| nonces.spend(at(2), LASTS, nonce, 2) == Usage::Fresh));
        assert!(issued[25..].iter().all(|nonce| nonces.spend(at(2), LASTS, nonce, 1) == Usage::Fresh));
    }

    #[test]
    fn nonces_past_their_time_leave_the_table() {
        let mut nonces = nonces();
        for second in 0..1_000 {
            let nonce = nonces.issue(at(second * 1_000));
            assert_eq!(nonces.spend(at(second * 1_000), LASTS, &nonce, 1), Usage::Fresh);
        }
        assert!(nonces.used.len() <= 300);
    }
}
