//! Where notes lie between the exchange and the thread that writes them.
//!
//! Whoever puts something there wakes the thread only when it has nothing else to wait for: for the first note, for one
//! that somebody waits for, for a full batch. In between the thread sleeps through on its own clock.

use crate::Entry;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Notes on their way.
pub(crate) struct Tray {
    lying: Mutex<Lying>,
    bell: Condvar,
}

struct Lying {
    entries: Vec<Entry>,
    /// Somebody waits for one of them.
    awaited: bool,
    closed: bool,
    /// With so many the thread is to be woken.
    wake_at: usize,
}

/// The thread does not sleep, or is about to wake anyway.
const NEVER: usize = usize::MAX;

impl Default for Tray {
    fn default() -> Self {
        let lying = Lying { entries: Vec::new(), awaited: false, closed: false, wake_at: NEVER };
        Tray { lying: Mutex::new(lying), bell: Condvar::new() }
    }
}

impl Tray {
    /// Takes all that is given, unless the tray is closed.
    pub(crate) fn put(&self, entries: &mut Vec<Entry>) {
        let mut lying = self.lock();
        if lying.closed {
            return;
        }
        lying.awaited |= entries.iter().any(|entry| entry.keep.is_some());
        lying.entries.append(entries);
        if lying.wake_at != NEVER && (lying.awaited || lying.entries.len() >= lying.wake_at) {
            lying.wake_at = NEVER;
            self.bell.notify_one();
        }
    }

    /// Nothing more is taken; what lies there is.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_one();
    }

    /// Waits for a first entry until `wake_at`, then for company: for so long, or until there are `enough`, or one is
    /// awaited. False when the tray is closed, and what was taken is the last.
    pub(crate) fn take(&self, wake_at: Instant, company: Duration, enough: usize, into: &mut Vec<Entry>) -> bool {
        let lying = self.sleep(self.lock(), wake_at, 1);
        let lying = if lying.entries.is_empty() { lying } else { self.sleep(lying, Instant::now() + company, enough) };
        let mut lying = lying;
        into.append(&mut lying.entries);
        lying.awaited = false;
        !lying.closed
    }

    /// Sleeps until there are so many entries, one is awaited, the tray is closed, or it is time.
    fn sleep<'a>(&self, mut lying: MutexGuard<'a, Lying>, until: Instant, enough: usize) -> MutexGuard<'a, Lying> {
        while lying.entries.len() < enough && !lying.awaited && !lying.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            lying.wake_at = enough;
            lying = self.bell.wait_timeout(lying, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        lying.wake_at = NEVER;
        lying
    }

    fn lock(&self) -> MutexGuard<'_, Lying> {
        self.lying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use call::{JourneyId, Note, What};
    use jiff::Timestamp;
    use std::sync::Arc;
    use std::thread;

    const LONG: Duration = Duration::from_secs(3600);

    fn entry(keep: Option<JourneyId>) -> Entry {
        let what = What::Fault { message: "m".into() };
        Entry { note: Note { at: Timestamp::UNIX_EPOCH, journey: None, what }, keep }
    }

    /// How many entries a thread takes that waits an hour for company.
    fn taken(enough: usize, bring: impl FnOnce(&Tray)) -> (usize, bool) {
        let tray = Arc::new(Tray::default());
        let (other, mut got) = (tray.clone(), Vec::new());
        let thread = thread::spawn(move || {
            let open = other.take(Instant::now() + LONG, LONG, enough, &mut got);
            (got.len(), open)
        });
        bring(&tray);
        thread.join().unwrap()
    }

    #[test]
    fn one_that_is_awaited_ends_the_wait_and_takes_along_the_others() {
        let bring = |tray: &Tray| {
            tray.put(&mut vec![entry(None), entry(None)]);
            tray.put(&mut vec![entry(Some(JourneyId(1)))]);
        };
        // The thread may be so late that it finds all three at once: the result is the same.
        assert_eq!(taken(100, bring), (3, true));
    }

    #[test]
    fn a_full_batch_ends_the_wait() {
        let bring = |tray: &Tray| (0..3).for_each(|_| tray.put(&mut vec![entry(None)]));
        assert_eq!(taken(3, bring), (3, true));
    }

    #[test]
    fn closing_ends_the_wait_and_loses_nothing() {
        let bring = |tray: &Tray| {
            tray.put(&mut vec![entry(None)]);
            tray.close();
            let mut late = vec![entry(None)];
            tray.put(&mut late);
            assert_eq!(late.len(), 1);
        };
        assert_eq!(taken(100, bring), (1, false));
    }
}
