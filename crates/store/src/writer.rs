//! The thread that writes: notes in, batches out, and never a wait for the exchange.
//!
//! Notes wait up to [`WriterConfig::wait`] for company, so that a thousand calls a second are twenty transactions and
//! twenty wake-ups; a note that must be kept goes at once, with all that came before it. While the store fails, a note
//! that must be kept is refused, the diary is held back up to a limit and tried again with growing pauses; what is
//! beyond is counted.

use crate::tray::Tray;
use crate::{Durability, Store, StoreError};
use call::{JourneyId, Note};
use jiff::Timestamp;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const BACK_OFF_MIN: Duration = Duration::from_millis(100);
const BACK_OFF_MAX: Duration = Duration::from_secs(10);

/// The limits of a [`Writer`].
#[derive(Clone, Copy, Debug)]
pub struct WriterConfig {
    /// At most so many notes in one transaction.
    pub batch_max: usize,
    /// How long notes wait for company.
    pub wait: Duration,
    /// At most so many notes on their way; beyond it the diary loses notes and promises are refused.
    pub queue_max: usize,
    /// Journeys are forgotten when they are this old.
    pub keep: Duration,
    /// The oldest journeys are forgotten when the store is larger than this.
    pub bytes_max: u64,
    /// How often old journeys are looked for.
    pub prune_every: Duration,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            batch_max: 4096,
            wait: Duration::from_millis(50),
            queue_max: 100_000,
            keep: Duration::from_secs(90 * 24 * 3600),
            bytes_max: 4 << 30,
            prune_every: Duration::from_secs(600),
        }
    }
}

/// One note on its way to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The note.
    pub note: Note,
    /// Whose program waits to hear whether it was kept.
    pub keep: Option<JourneyId>,
}

/// What the writer has done; counted since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Notes that are in the store.
    pub written: AtomicU64,
    /// Notes that were lost, because the store failed or was too slow.
    pub lost: AtomicU64,
    /// Transactions that failed.
    pub failures: AtomicU64,
    queued: AtomicUsize,
}

/// The thread that owns the store while the exchange runs.
pub struct Writer {
    tray: Arc<Tray>,
    stats: Arc<Stats>,
    queue_max: usize,
    kept: Arc<dyn Fn(JourneyId, bool) + Send + Sync>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; it answers each [`Entry::keep`] through `kept`, which must not block.
    pub fn start(
        store: Box<dyn Store>,
        config: WriterConfig,
        kept: impl Fn(JourneyId, bool) + Send + Sync + 'static,
    ) -> io::Result<Writer> {
        let tray = Arc::new(Tray::default());
        let (stats, kept) = (Arc::new(Stats::default()), Arc::new(kept));
        let desk = Desk {
            tray: tray.clone(),
            store,
            config,
            kept: kept.clone(),
            stats: stats.clone(),
            held: Vec::new(),
            back_off: None,
            prune_at: Instant::now() + config.prune_every.min(Duration::from_secs(60)),
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(move || desk.run())?;
        Ok(Writer { tray, stats, queue_max: config.queue_max, kept, thread: Some(thread) })
    }

    /// Hands notes to the thread, in order, and leaves none. Never waits for the store: what finds no room is lost, and
    /// counted.
    pub fn write(&self, entries: &mut Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let queued = self.stats.queued.load(Ordering::Relaxed);
        let refused = entries.split_off(self.queue_max.saturating_sub(queued).min(entries.len()));
        self.stats.queued.fetch_add(entries.len(), Ordering::Relaxed);
        self.tray.put(entries);
        // What the tray has left lying came after the thread's end.
        self.stats.queued.fetch_sub(entries.len(), Ordering::Relaxed);
        for entry in entries.drain(..).chain(refused) {
            self.stats.lost.fetch_add(1, Ordering::Relaxed);
            entry.keep.into_iter().for_each(|journey| (self.kept)(journey, false));
        }
    }

    /// What was done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Writes what is on its way and ends the thread.
    pub fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.tray.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread died");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.join();
    }
}

/// What the thread works with.
struct Desk {
    tray: Arc<Tray>,
    store: Box<dyn Store>,
    config: WriterConfig,
    kept: Arc<dyn Fn(JourneyId, bool) + Send + Sync>,
    stats: Arc<Stats>,
    held: Vec<Entry>,
    back_off: Option<BackOff>,
    prune_at: Instant,
}

impl Drop for Desk {
    /// Also after a fault: what comes now is refused, not collected.
    fn drop(&mut self) {
        self.tray.close();
    }
}

struct BackOff {
    pause: Duration,
    until: Instant,
}

impl Desk {
    fn run(mut self) {
        let mut open = true;
        while open {
            let wake_at = self.back_off.as_ref().map_or(self.prune_at, |back_off| back_off.until.min(self.prune_at));
            open = self.tray.take(wake_at, self.config.wait, self.config.batch_max, &mut self.held);
            let may_try = self.back_off.as_ref().is_none_or(|back_off| back_off.until <= Instant::now());
            if may_try || self.is_awaited() || !open {
                self.write();
            }
            self.forget_overflow();
            if self.prune_at <= Instant::now() {
                self.prune();
            }
        }
        self.lose(0);
    }

    fn is_awaited(&self) -> bool {
        self.held.iter().any(|entry| entry.keep.is_some())
    }

    /// Writes all that is held, a batch at a time, until one fails.
    fn write(&mut self) {
        while !self.held.is_empty() {
            let count = self.held.len().min(self.config.batch_max);
            let batch: Vec<Entry> = self.held.drain(..count).collect();
            let (keeps, notes): (Vec<_>, Vec<_>) = batch.into_iter().map(|entry| (entry.keep, entry.note)).unzip();
            let promised = keeps.iter().any(Option::is_some) || notes.iter().any(Note::is_promise);
            let durability = if promised { Durability::Power } else { Durability::Process };
            match self.store.append(&notes, durability) {
                Ok(()) => {
                    self.on_success(notes.len());
                    keeps.into_iter().flatten().for_each(|journey| (self.kept)(journey, true));
                }
                Err(error) => return self.on_failure(&error, keeps, notes),
            }
        }
    }

    fn on_success(&mut self, count: usize) {
        self.stats.written.fetch_add(count as u64, Ordering::Relaxed);
        self.stats.queued.fetch_sub(count, Ordering::Relaxed);
        if self.back_off.take().is_some() {
            let lost = self.stats.lost.load(Ordering::Relaxed);
            tracing::warn!(lost_since_start = lost, "the store works again");
        }
    }

    /// Refuses what was to be kept, here and in the batches behind, and puts the rest back for another attempt.
    fn on_failure(&mut self, error: &StoreError, keeps: Vec<Option<JourneyId>>, notes: Vec<Note>) {
        self.stats.failures.fetch_add(1, Ordering::Relaxed);
        let pause = self.back_off.as_ref().map_or(BACK_OFF_MIN, |back_off| (back_off.pause * 2).min(BACK_OFF_MAX));
        tracing::error!(%error, retry_after = ?pause, "the store failed");
        self.back_off = Some(BackOff { pause, until: Instant::now() + pause });
        let failed = keeps.into_iter().zip(notes).map(|(keep, note)| Entry { note, keep });
        let all: Vec<Entry> = failed.chain(std::mem::take(&mut self.held)).collect();
        for entry in all {
            match entry.keep {
                Some(journey) => {
                    self.count_lost(1);
                    (self.kept)(journey, false);
                }
                None => self.held.push(entry),
            }
        }
    }

    /// Leaves the exchange half of the queue while nothing can be written: the newest notes are the ones to lose, so
    /// that what is written later has no holes before them.
    fn forget_overflow(&mut self) {
        if self.back_off.is_some() {
            self.lose(self.config.queue_max / 2);
        }
    }

    fn lose(&mut self, keep: usize) {
        let count = self.held.len().saturating_sub(keep);
        if count > 0 {
            self.held.truncate(keep);
            self.count_lost(count);
            tracing::error!(count, "diary notes were lost");
        }
    }

    fn count_lost(&self, count: usize) {
        self.stats.lost.fetch_add(count as u64, Ordering::Relaxed);
        self.stats.queued.fetch_sub(count, Ordering::Relaxed);
    }

    /// Forgets some old journeys; comes back soon if there are more.
    fn prune(&mut self) {
        let keep_from = Timestamp::now().checked_sub(self.config.keep).unwrap_or(Timestamp::MIN);
        let more = match self.store.prune(keep_from, self.config.bytes_max) {
            Ok(count) => count > 0,
            Err(error) => {
                tracing::warn!(%error, "old journeys could not be forgotten");
                false
            }
        };
        let pause = if more { Duration::from_secs(1) } else { self.config.prune_every };
        self.prune_at = Instant::now() + pause;
    }
}
