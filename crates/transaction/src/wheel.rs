//! A hierarchical timing wheel: timers by the millisecond, set and cancelled in constant time.
//!
//! Eight rings of 64 slots; ring `n` turns once in 64^(n+1) ms. A timer waits in the ring of the highest base-64
//! digit in which its tick differs from the present one, and moves inwards when the present enters its slot. A slot
//! is a list in a slab of entries, in the order in which they were set, and moving keeps that order.

use std::time::{Duration, Instant};

const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
const RINGS: usize = 8;
const LAST_TICK: u64 = (1 << (DIGIT * RINGS as u32)) - 1;
const NONE: u32 = u32::MAX;

/// Timers that carry a key each. Nothing fires early; everything is due at most 1 ms after it was wanted.
#[derive(Debug)]
pub struct Wheel<K> {
    /// Tick 0: the `now` of the first timer.
    origin: Option<Instant>,
    /// The tick up to which timers have been taken out.
    present: u64,
    slots: Box<[Slot]>,
    /// A bit for each slot of a ring that is not empty.
    occupied: [u64; RINGS],
    entries: Vec<Entry<K>>,
    free: u32,
    len: usize,
}

/// Names a timer that was set; harmless once it has fired or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u32,
    tail: u32,
    /// No entry is before this tick; exact unless that entry was cancelled.
    earliest: u64,
}

const EMPTY: Slot = Slot { head: NONE, tail: NONE, earliest: u64::MAX };

#[derive(Debug)]
struct Entry<K> {
    /// `None` while the entry is free; `next` is then the next free one.
    key: Option<K>,
    tick: u64,
    slot: u16,
    previous: u32,
    next: u32,
    generation: u32,
}

impl<K> Default for Wheel<K> {
    fn default() -> Self {
        Self {
            origin: None,
            present: 0,
            slots: vec![EMPTY; SLOTS * RINGS].into_boxed_slice(),
            occupied: [0; RINGS],
            entries: Vec::new(),
            free: NONE,
            len: 0,
        }
    }
}

impl<K> Wheel<K> {
    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No timer is set.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets a timer. One for the past is due at once, after those that are due already.
    pub fn set(&mut self, now: Instant, at: Instant, key: K) -> TimerId {
        let origin = *self.origin.get_or_insert(now);
        let waits = at.saturating_duration_since(origin);
        let tick = waits.as_nanos().div_ceil(1_000_000).min(u128::from(LAST_TICK)) as u64;
        let tick = tick.max(self.present);
        let index = self.allocate(key, tick);
        self.link(index);
        self.len += 1;
        TimerId { index, generation: self.entries[index as usize].generation }
    }

    /// Takes a timer out before it fires and gives its key back.
    pub fn cancel(&mut self, timer: TimerId) -> Option<K> {
        let entry = self.entries.get(timer.index as usize)?;
        if entry.generation != timer.generation || entry.key.is_none() {
            return None;
        }
        self.unlink(timer.index);
        self.release(timer.index)
    }

    /// When [`expire`](Self::expire) is next worth a call: the first timer's moment, or (if the first of a distant
    /// slot was cancelled) a little before it.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (ring, slot) = self.first_slot()?;
        let tick = if ring == 0 { self.start_of(ring, slot) } else { self.slots[ring * SLOTS + slot].earliest };
        self.origin?.checked_add(Duration::from_millis(tick))
    }

    /// Takes out one timer that is due: in order of time, then of setting. Call until `None`.
    pub fn expire(&mut self, now: Instant) -> Option<K> {
        let now = now.saturating_duration_since(self.origin?).as_millis().min(u128::from(LAST_TICK)) as u64;
        while let Some((ring, slot)) = self.first_slot() {
            let start = self.start_of(ring, slot);
            if start > now {
                break;
            }
            self.present = start;
            if ring == 0 {
                let index = self.slots[slot].head;
                self.unlink(index);
                return self.release(index);
            }
            self.move_inwards(ring, slot);
        }
        self.present = self.present.max(now);
        None
    }

    /// The innermost ring that holds anything holds the earliest; within it all is ahead of the present.
    fn first_slot(&self) -> Option<(usize, usize)> {
        let ring = self.occupied.iter().position(|&slots| slots != 0)?;
        Some((ring, self.occupied[ring].trailing_zeros() as usize))
    }

    fn start_of(&self, ring: usize, slot: usize) -> u64 {
        let shift = DIGIT * ring as u32;
        let turn = self.present >> (shift + DIGIT) << (shift + DIGIT);
        turn | (slot as u64) << shift
    }

    fn move_inwards(&mut self, ring: usize, slot: usize) {
        let mut index = self.slots[ring * SLOTS + slot].head;
        self.slots[ring * SLOTS + slot] = EMPTY;
        self.occupied[ring] &= !(1 << slot);
        while index != NONE {
            let next = self.entries[index as usize].next;
            self.link(index);
            index = next;
        }
    }

    /// Appends an entry to the slot where its tick belongs at present.
    fn link(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        let ring = (63 - ((self.present ^ entry.tick) | 1).leading_zeros()) / DIGIT;
        let place = (entry.tick >> (DIGIT * ring)) as usize & (SLOTS - 1);
        let at = ring as usize * SLOTS + place;
        let slot = &mut self.slots[at];
        entry.slot = at as u16;
        entry.previous = slot.tail;
        entry.next = NONE;
        slot.earliest = slot.earliest.min(entry.tick);
        let before = std::mem::replace(&mut slot.tail, index);
        match before {
            NONE => slot.head = index,
            _ => self.entries[before as usize].next = index,
        }
        self.occupied[ring as usize] |= 1 << place;
    }

    fn unlink(&mut self, index: u32) {
        let Entry { slot: at, previous, next, .. } = self.entries[index as usize];
        let at = at as usize;
        match previous {
            NONE => self.slots[at].head = next,
            _ => self.entries[previous as usize].next = next,
        }
        match next {
            NONE => self.slots[at].tail = previous,
            _ => self.entries[next as usize].previous = previous,
        }
        if self.slots[at].head == NONE {
            self.slots[at] = EMPTY;
            self.occupied[at / SLOTS] &= !(1 << (at % SLOTS));
        }
    }

    fn allocate(&mut self, key: K, tick: u64) -> u32 {
        if self.free == NONE {
            let index = self.entries.len() as u32;
            self.entries.push(Entry { key: Some(key), tick, slot: 0, previous: NONE, next: NONE, generation: 0 });
            return index;
        }
        let index = self.free;
        let entry = &mut self.entries[index as usize];
        self.free = entry.next;
        entry.key = Some(key);
        entry.tick = tick;
        index
    }

    fn release(&mut self, index: u32) -> Option<K> {
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = std::mem::replace(&mut self.free, index);
        self.len -= 1;
        entry.key.take()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // a test needs some first instant
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn nothing_fires_early_and_nothing_more_than_a_millisecond_late() {
        let start = Instant::now();
        let mut wheel = Wheel::default();
        let wanted = Duration::from_micros(1_500_300);
        wheel.set(start, start + wanted, "timer");
        assert_eq!(wheel.expire(start + wanted), None);
        assert_eq!(wheel.poll_timeout(), Some(start + Duration::from_millis(1501)));
        assert_eq!(wheel.expire(start + Duration::from_millis(1501)), Some("timer"));
        assert!(wheel.is_empty());
    }

    #[test]
    fn a_distant_timer_is_known_to_the_millisecond() {
        let start = Instant::now();
        let mut wheel = Wheel::default();
        let at = start + Duration::from_millis(86_400_123);
        wheel.set(start, at, 1);
        assert_eq!(wheel.poll_timeout(), Some(at));
        assert_eq!(wheel.expire(at - MS), None);
        assert_eq!(wheel.poll_timeout(), Some(at));
        assert_eq!(wheel.expire(at), Some(1));
        assert_eq!(wheel.poll_timeout(), None);
    }

    #[test]
    fn a_stale_id_cancels_nothing() {
        let start = Instant::now();
        let mut wheel = Wheel::default();
        let first = wheel.set(start, start + MS, 1);
        assert_eq!(wheel.cancel(first), Some(1));
        let second = wheel.set(start, start + MS, 2);
        assert_eq!(wheel.cancel(first), None);
        assert_eq!(wheel.expire(start + MS), Some(2));
        assert_eq!(wheel.cancel(second), None);
    }

    #[test]
    fn a_timer_for_the_past_or_the_end_of_days_is_harmless() {
        let start = Instant::now();
        let mut wheel = Wheel::default();
        wheel.set(start, start + Duration::from_secs(1 << 40), "never");
        wheel.set(start, start, "now");
        let later = start + Duration::from_secs(60);
        assert_eq!(wheel.expire(later), Some("now"));
        assert_eq!(wheel.expire(later), None);
        wheel.set(later, start, "past");
        assert_eq!(wheel.poll_timeout(), Some(later));
        assert_eq!(wheel.expire(later), Some("past"));
        assert_eq!(wheel.expire(later + Duration::from_secs(1 << 30)), None);
        assert_eq!(wheel.len(), 1);
    }

    #[derive(Clone, Debug)]
    enum Step {
        /// Set a timer so many µs from now.
        Set(u64),
        /// Cancel one of the timers set so far.
        Cancel(usize),
        /// Let so many µs go by, and take everything out that is due.
        Wait(u64),
        /// Let the time go by until `poll_timeout`.
        Jump,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let reach = prop_oneof![0..2_000u64, 0..200_000u64, 0..70_000_000u64, 0..40_000_000_000_000u64];
        let step = prop_oneof![
            5 => reach.clone().prop_map(Step::Set),
            2 => (0..64usize).prop_map(Step::Cancel),
            2 => reach.prop_map(Step::Wait),
            3 => Just(Step::Jump),
        ];
        proptest::collection::vec(step, 1..200)
    }

    proptest! {
        #[test]
        fn the_wheel_is_an_ordered_map_of_time_and_setting(steps in steps()) {
            let start = Instant::now();
            let mut now = start;
            let mut wheel = Wheel::default();
            let origin = wheel.set(start, start, usize::MAX);
            wheel.cancel(origin);
            let mut model: BTreeMap<(u64, usize), ()> = BTreeMap::new();
            let mut set: Vec<(TimerId, (u64, usize))> = Vec::new();
            let mut present = 0;
            for (count, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Set(micros) => {
                        let at = now + Duration::from_micros(micros);
                        let tick = ((at - start).as_micros() as u64).div_ceil(1000).max(present);
                        model.insert((tick, count), ());
                        set.push((wheel.set(now, at, count), (tick, count)));
                    }
                    Step::Cancel(which) if !set.is_empty() => {
                        let (timer, key) = set[which % set.len()];
                        prop_assert_eq!(wheel.cancel(timer).is_some(), model.remove(&key).is_some());
                    }
                    Step::Cancel(_) => {}
                    Step::Wait(micros) => now += Duration::from_micros(micros),
                    Step::Jump => now = wheel.poll_timeout().map_or(now, |at| at.max(now)),
                }
                let tick = (now - start).as_millis() as u64;
                while let Some(key) = wheel.expire(now) {
                    let (&first, ()) = model.first_key_value().expect("the model has what the wheel has");
                    prop_assert_eq!(first.1, key);
                    prop_assert!(first.0 <= tick, "early");
                    model.remove(&first);
                }
                present = tick;
                let next = model.first_key_value().map(|(&(tick, _), ())| tick);
                prop_assert!(next.is_none_or(|next| next > tick), "late");
                prop_assert_eq!(wheel.len(), model.len());
                let polled = wheel.poll_timeout().map(|at| (at - start).as_millis() as u64);
                prop_assert_eq!(polled.is_some(), next.is_some());
                prop_assert!(polled <= next && polled.is_none_or(|polled| polled > tick));
            }
        }
    }
}
