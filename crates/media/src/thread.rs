//! A media thread: one epoll loop that sleeps until a packet, a command or a deadline.

use crate::end::End;
use crate::inbox::{Tasks, Work};
use crate::loader::Loader;
use crate::sys::Poller;
use crate::writer::Writer;
use call::media::{EndId, MediaEvent};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::error;

/// The token of the bell; those of sockets are twice the slot, plus one for RTCP.
const BELL: u64 = u64::MAX - 1;
/// Commands that are carried out before the sockets have their turn again.
const WORK_MAX: usize = 256;
/// Room for a datagram; longer ones are no RTP.
pub(crate) const DATAGRAM_MAX: usize = 2048;
/// Plays begin on this grid, so that many of them share a wake-up.
const GRID: Duration = Duration::from_millis(5);

/// Takes what a thread reports.
pub(crate) type Report = Arc<dyn Fn(MediaEvent) + Send + Sync>;

/// One thread and its ends.
pub(crate) struct Thread {
    pub(crate) ends: Slab<End>,
    pub(crate) slots: HashMap<EndId, usize>,
    pub(crate) report: Report,
    pub(crate) loader: Loader,
    pub(crate) writer: Writer,
    pub(crate) poller: Poller,
    /// The time of this turn of the loop.
    pub(crate) now: Instant,
    pub(crate) buffer: [u8; DATAGRAM_MAX],
    tasks: Tasks,
    deadlines: BinaryHeap<Reverse<(Instant, usize, EndId)>>,
    started: Instant,
}

impl Thread {
    pub(crate) fn new(tasks: Tasks, report: Report, loader: Loader, writer: Writer) -> io::Result<Thread> {
        let poller = Poller::new()?;
        poller.add(tasks.bell(), BELL)?;
        let now = clock();
        Ok(Thread {
            ends: Slab::new(),
            slots: HashMap::new(),
            report,
            loader,
            writer,
            poller,
            now,
            buffer: [0; DATAGRAM_MAX],
            tasks,
            deadlines: BinaryHeap::new(),
            started: now,
        })
    }

    /// Runs until it is told to stop. A fault costs what was under way, not the thread.
    pub(crate) fn run(mut self) {
        let mut more = false;
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.turn(&mut more))) {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => error!("a fault on a media thread; it goes on"),
            }
        }
    }

    /// Sleeps, then does what is due. False at the end.
    fn turn(&mut self, more: &mut bool) -> bool {
        let next = self.deadlines.peek().map(|Reverse((at, ..))| at.saturating_duration_since(clock()));
        let ready = self.poller.wait(if *more { Some(Duration::ZERO) } else { next });
        self.now = clock();
        let mut rung = *more;
        for index in 0..ready {
            match self.poller.token(index) {
                BELL => rung = true,
                token if token & 1 == 0 => self.on_rtp(token as usize / 2),
                token => self.on_rtcp(token as usize / 2),
            }
        }
        self.on_deadlines();
        // Commands come last: a socket closed by one of them has had its turn, and its slot is free for another.
        *more = false;
        !rung || self.on_work(more)
    }

    fn on_work(&mut self, more: &mut bool) -> bool {
        self.tasks.hear_bell();
        for _ in 0..WORK_MAX {
            match self.tasks.next() {
                Some(Work::Command(command)) => self.on_command(command),
                Some(Work::Loaded(loaded)) => self.on_loaded(loaded),
                Some(Work::Written(written)) => self.on_written(&written),
                Some(Work::Stop) => {
                    self.finish_recordings();
                    return false;
                }
                None => return true,
            }
        }
        *more = true;
        true
    }

    fn on_deadlines(&mut self) {
        while let Some(&Reverse((at, slot, id))) = self.deadlines.peek()
            && at <= self.now
        {
            self.deadlines.pop();
            let Some(end) = self.ends.get_mut(slot).filter(|end| end.id == id && end.timer == Some(at)) else {
                continue;
            };
            end.timer = None;
            self.on_due(slot);
            self.arm(slot);
        }
    }

    /// Sets the deadline of an end. One that lies further off is left to find out for itself.
    pub(crate) fn arm(&mut self, slot: usize) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let Some(at) = end.poll_timeout().filter(|at| end.timer.is_none_or(|timer| *at < timer)) else { return };
        end.timer = Some(at);
        self.deadlines.push(Reverse((at, slot, end.id)));
    }

    /// When a play may begin: within 5 ms, together with others.
    pub(crate) fn grid(&self) -> Instant {
        let past = (self.now - self.started).as_micros() % GRID.as_micros();
        self.now + GRID - Duration::from_micros(past as u64)
    }

    pub(crate) fn tell(&self, event: MediaEvent) {
        (self.report)(event);
    }
}

#[expect(clippy::disallowed_methods, reason = "the media threads have a clock; nothing below them has")]
fn clock() -> Instant {
    Instant::now()
}
