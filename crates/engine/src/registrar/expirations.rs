//! When bindings run out.

use call::{Facts, Name, What};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use transaction::{TimerId, Wheel};

/// A timer for each binding of each device.
#[derive(Debug, Default)]
pub struct Expirations {
    wheel: Wheel<(Name, u64)>,
    timers: BTreeMap<(Name, u64), TimerId>,
}

impl Expirations {
    /// A binding was made, refreshed or found in the store.
    pub fn set(&mut self, now: Instant, wall: Timestamp, device: &Name, binding: u64, expires_at: Timestamp) {
        self.cancel(device, binding);
        let left = Duration::try_from(expires_at.duration_since(wall)).unwrap_or_default();
        let at = now.checked_add(left).unwrap_or(now);
        let timer = self.wheel.set(now, at, (device.clone(), binding));
        self.timers.insert((device.clone(), binding), timer);
    }

    /// A binding was removed.
    pub fn cancel(&mut self, device: &Name, binding: u64) {
        if let Some(timer) = self.timers.remove(&(device.clone(), binding)) {
            self.wheel.cancel(timer);
        }
    }

    /// When a binding may run out.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wheel.poll_timeout()
    }

    /// Takes out one binding that has run out. The facts have the last word: another shard may have refreshed it, or
    /// the clock on the wall was set.
    pub fn expire(&mut self, now: Instant, wall: Timestamp, facts: &dyn Facts) -> Option<What> {
        while let Some((device, id)) = self.wheel.expire(now) {
            self.timers.remove(&(device.clone(), id));
            let Some(binding) = facts.bindings(&device).into_iter().find(|binding| binding.id == id) else { continue };
            if binding.expires_at <= wall {
                return Some(What::Unregistered { device, binding: id, expired: true });
            }
            self.set(now, wall, &device, id, binding.expires_at);
        }
        None
    }
}
