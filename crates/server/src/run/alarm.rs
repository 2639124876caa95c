//! The shard's one timer: the kernel's, moved only when it must ring earlier than it would.
//!
//! Deadlines come and go with every message, and most are cancelled. An alarm that rings for nothing now and then costs
//! less than one that is moved each time, and deadlines that lie close together share one.

use super::sys;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::unix::AsyncFd;

/// A deadline is heard of this much late at most, and shares its wake-up with all others within it.
const GRID: Duration = Duration::from_millis(10);

/// Wakes the shard when it is time.
pub struct Alarm {
    timer: AsyncFd<OwnedFd>,
    start: Instant,
    /// When it rings.
    set: Option<Instant>,
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new() -> io::Result<Alarm> {
        Ok(Alarm { timer: sys::timer()?, start: Instant::now(), set: None })
    }

    /// Ready when `due` has come; else the task is woken by then.
    pub fn poll(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        let now = Instant::now();
        if due <= now {
            return Poll::Ready(());
        }
        loop {
            let rings = self.on_grid(due);
            if self.set.is_none_or(|set| rings < set) {
                if let Err(error) = sys::set_timer(self.timer.get_ref(), rings - now) {
                    tracing::error!(%error, "a timer cannot be set");
                }
                self.set = Some(rings);
            }
            let Poll::Ready(rung) = self.timer.poll_read_ready(cx) else { return Poll::Pending };
            let Ok(mut rung) = rung else { return Poll::Pending }; // the runtime is at its end
            rung.clear_ready();
            self.set = None;
        }
    }

    fn on_grid(&self, due: Instant) -> Instant {
        let steps = due.saturating_duration_since(self.start).as_nanos() / GRID.as_nanos();
        self.start + GRID * u32::try_from(steps + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    async fn sleep(alarm: &mut Alarm, wait: Duration) -> Duration {
        let begun = Instant::now();
        let due = begun + wait;
        poll_fn(|cx| alarm.poll(cx, due)).await;
        begun.elapsed()
    }

    #[tokio::test]
    async fn it_never_rings_early() {
        let mut alarm = Alarm::new().unwrap();
        for millis in [1, 0, 25, 10, 3] {
            let wait = Duration::from_millis(millis);
            assert!(sleep(&mut alarm, wait).await >= wait);
        }
    }

    #[tokio::test]
    async fn a_deadline_that_was_cancelled_does_not_hold_up_or_hasten_a_later_one() {
        let mut alarm = Alarm::new().unwrap();
        let (soon, later) = (Duration::from_millis(20), Duration::from_millis(60));
        let due = Instant::now() + soon;
        poll_fn(|cx| Poll::Ready(alarm.poll(cx, due).is_pending())).await;
        assert!(sleep(&mut alarm, later).await >= later);
    }

    #[tokio::test]
    async fn a_deadline_before_the_one_that_is_set_comes_first() {
        let mut alarm = Alarm::new().unwrap();
        let due = Instant::now() + Duration::from_secs(3600);
        poll_fn(|cx| Poll::Ready(alarm.poll(cx, due).is_pending())).await;
        assert!(sleep(&mut alarm, Duration::from_millis(20)).await < Duration::from_secs(60));
    }
}
