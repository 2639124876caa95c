//! Calls by a key that is never used twice.

use super::Call;

/// Names a call of this shard: its place in the table, and how often that place was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub u64);

impl CallKey {
    fn new(index: usize, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | index as u64)
    }

    fn index(self) -> usize {
        self.0 as u32 as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

#[derive(Default)]
struct Slot {
    generation: u32,
    call: Option<Box<Call>>,
}

/// All calls of a shard.
#[derive(Default)]
pub struct Calls {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

impl Calls {
    /// Takes in a call that is made for its key.
    pub fn insert(&mut self, make: impl FnOnce(CallKey) -> Call) -> CallKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        let key = CallKey::new(index, slot.generation);
        slot.call = Some(Box::new(make(key)));
        key
    }

    /// The call of a key, if it is still going on.
    pub fn get_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        let slot = self.slots.get_mut(key.index())?;
        if slot.generation != key.generation() { None } else { slot.call.as_deref_mut() }
    }

    /// Forgets a call; its key leads nowhere from now on.
    pub fn remove(&mut self, key: CallKey) -> Option<Box<Call>> {
        let slot = self.slots.get_mut(key.index()).filter(|slot| slot.generation == key.generation())?;
        let call = slot.call.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index());
        Some(call)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The keys of all calls, in the order of the table.
    pub fn keys(&self) -> Vec<CallKey> {
        self.iter().map(|call| call.key).collect()
    }

    /// Every call, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.slots.iter().filter_map(|slot| slot.call.as_deref())
    }
}
