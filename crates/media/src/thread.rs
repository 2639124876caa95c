//! What a media thread does at each turn of its loop: packets, deadlines, work from other threads.

use crate::end::End;
use crate::inbox::{Tasks, Work};
use crate::loader::Loader;
use crate::sys::{Poller, Ready};
use crate::writer::Writer;
use call::media::{EndId, MediaCommand, MediaEvent};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    report: Report,
    pub(crate) loader: Loader,
    pub(crate) writer: Writer,
    pub(crate) poller: Poller,
    /// The time of this turn of the loop.
    pub(crate) now: Instant,
    pub(crate) buffer: [u8; DATAGRAM_MAX],
    tasks: Tasks,
    deadlines: BinaryHeap<Reverse<(Instant, usize, EndId)>>,
    /// Until when the thread sleeps if nothing comes; without, for as long as nothing does.
    sleeps_until: Option<Instant>,
    /// There is more work than one turn takes.
    more: bool,
    /// What is to be reported.
    told: Vec<MediaEvent>,
    started: Instant,
}

impl Thread {
    pub(crate) fn new(
        tasks: Tasks,
        report: Report,
        loader: Loader,
        writer: Writer,
        poller: Poller,
    ) -> io::Result<Thread> {
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
            sleeps_until: None,
            more: false,
            told: Vec::new(),
            started: now,
        })
    }

    /// Does what is due, after a sleep. False at the end.
    pub(crate) fn turn(&mut self, ready: &Ready) -> bool {
        self.now = clock();
        let mut rung = self.more;
        for token in ready.tokens() {
            match token {
                BELL => rung = true,
                token if token & 1 == 0 => self.on_rtp(token as usize / 2),
                token => self.on_rtcp(token as usize / 2),
            }
        }
        self.on_deadlines();
        // Commands come last, so that a flood of them holds up no packet.
        if rung {
            self.tasks.hear_bell();
        }
        let goes_on = !rung || self.on_work(WORK_MAX);
        self.report();
        goes_on
    }

    /// How long the thread may sleep now.
    pub(crate) fn go_to_sleep(&mut self) -> Option<Duration> {
        self.sleeps_until = self.deadlines.peek().map(|Reverse((at, ..))| *at);
        if self.more { Some(Duration::ZERO) } else { self.sleeps_until.map(|at| at.saturating_duration_since(clock())) }
    }

    /// Whether something is due before the thread wakes by itself; says so once.
    pub(crate) fn must_wake(&mut self) -> bool {
        let Some(&Reverse((next, ..))) = self.deadlines.peek() else { return false };
        let must = self.sleeps_until.is_none_or(|wakes| next < wakes);
        if must {
            self.sleeps_until = Some(next);
        }
        must
    }

    /// Another thread carries out a command while this one sleeps: after what came before it.
    pub(crate) fn visit(&mut self, command: MediaCommand, told: &mut Vec<MediaEvent>) {
        self.now = clock();
        self.on_work(usize::MAX);
        self.report();
        self.on_command(command);
        told.append(&mut self.told);
    }

    fn on_work(&mut self, most: usize) -> bool {
        for _ in 0..most {
            match self.tasks.next() {
                Some(Work::Command(command)) => self.on_command(command),
                Some(Work::Loaded(loaded)) => self.on_loaded(loaded),
                Some(Work::Written(written)) => self.on_written(&written),
                Some(Work::Stop) => {
                    self.finish_recordings();
                    return false;
                }
                None => {
                    self.more = false;
                    return true;
                }
            }
        }
        self.more = true;
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

    pub(crate) fn tell(&mut self, event: MediaEvent) {
        self.told.push(event);
    }

    fn report(&mut self) {
        for event in self.told.drain(..) {
            (self.report)(event);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the media threads have a clock; nothing below them has")]
fn clock() -> Instant {
    Instant::now()
}
