//! What DNS said, for as long as it holds: RFC 1035 §3.2.1, nothing and failures as RFC 2308 and 9520 have it, and
//! old answers in place of a failure, RFC 8767.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{Answer, LookupFault, Question};

/// How long answers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Records are kept for so long even if they ask for less: one call's searches see one answer.
    pub shortest: Duration,
    /// Records are kept no longer than this.
    pub longest: Duration,
    /// That there is nothing is kept no longer than this, and for so long where DNS does not say.
    pub nothing: Duration,
    /// That DNS did not answer.
    pub failure: Duration,
    /// Records that have expired serve for so long while DNS does not answer.
    pub stale: Duration,
    /// How many answers are kept.
    pub entries: usize,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Lifetimes {
            shortest: Duration::from_secs(5),
            longest: Duration::from_secs(3600),
            nothing: Duration::from_secs(60),
            failure: Duration::from_secs(5),
            stale: Duration::from_secs(86_400),
            entries: 2048,
        }
    }
}

/// Answers by question.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    lifetimes: Lifetimes,
    entries: BTreeMap<Question, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    answer: Answer,
    fresh_until: Instant,
    /// Records may serve on until then.
    until: Instant,
}

impl Cache {
    /// Nothing is known.
    pub fn new(lifetimes: Lifetimes) -> Cache {
        Cache { lifetimes, entries: BTreeMap::new() }
    }

    /// What is known and still holds.
    pub fn get(&self, now: Instant, question: &Question) -> Option<Answer> {
        self.entries.get(question).filter(|entry| now < entry.fresh_until).map(|entry| entry.answer.clone())
    }

    /// Keeps what DNS said; gives back what to work with, which after a failure may be what it said before.
    pub fn put(&mut self, now: Instant, question: Question, answer: Answer) -> Answer {
        let times = self.lifetimes;
        let old = self.entries.remove(&question).filter(|old| now < old.until);
        let entry = match (answer, old) {
            (Err(LookupFault::Failed), Some(old)) if old.answer.is_ok() => {
                Entry { fresh_until: now + times.failure, ..old }
            }
            (Ok(records), _) if !records.is_empty() => {
                let ttl_secs = records.iter().map(|record| record.ttl_secs).min().unwrap_or(0);
                let ttl = Duration::from_secs(ttl_secs.into()).min(times.longest).max(times.shortest);
                Entry { answer: Ok(records), fresh_until: now + ttl, until: now + ttl + times.stale }
            }
            (Err(LookupFault::Failed), _) => {
                let until = now + times.failure;
                Entry { answer: Err(LookupFault::Failed), fresh_until: until, until }
            }
            (nothing, _) => {
                let told = match nothing {
                    Err(LookupFault::Nothing { ttl_secs: Some(secs) }) => Duration::from_secs(secs.into()),
                    _ => times.nothing,
                };
                let until = now + told.min(times.nothing).max(times.shortest);
                Entry { answer: nothing, fresh_until: until, until }
            }
        };
        let answer = entry.answer.clone();
        self.make_room(now);
        self.entries.insert(question, entry);
        answer
    }

    /// How many answers are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets everything, so that a change in DNS is seen at once.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Forgets what is over, or else what expires first.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < self.lifetimes.entries {
            return;
        }
        self.entries.retain(|_, entry| now < entry.until);
        while self.entries.len() >= self.lifetimes.entries.max(1) {
            let first = self.entries.iter().min_by_key(|(_, entry)| entry.fresh_until);
            let Some(first) = first.map(|(question, _)| question.clone()) else { return };
            self.entries.remove(&first);
        }
    }
}
