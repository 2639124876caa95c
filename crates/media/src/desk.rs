//! A media thread's work, done by whoever is awake.
//!
//! The thread sleeps in epoll most of the time. Who brings a command finds the desk free then and carries it out
//! himself, which costs neither of them a switch of threads; if the thread is at the desk, it finds the command in its
//! inbox.

use crate::inbox::{Inbox, Work};
use crate::sys::{Poller, Ready};
use crate::thread::Thread;
use call::media::{MediaCommand, MediaEvent};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use tracing::error;

/// One desk: a thread's state and the way to it.
#[derive(Clone)]
pub(crate) struct Desk {
    thread: Arc<Mutex<Thread>>,
    inbox: Inbox,
}

impl Desk {
    pub(crate) fn new(thread: Thread, inbox: Inbox) -> Desk {
        Desk { thread: Arc::new(Mutex::new(thread)), inbox }
    }

    /// Leaves work for the thread.
    pub(crate) fn put(&self, work: Work) {
        self.inbox.put(work);
    }

    /// Carries out a command now, with what it has to tell at once, or leaves it for the thread if that is awake.
    pub(crate) fn carry_out(&self, command: MediaCommand, told: &mut Vec<MediaEvent>) {
        let mut thread = match self.thread.try_lock() {
            Ok(thread) => thread,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return self.put(Work::Command(command)),
        };
        if catch_unwind(AssertUnwindSafe(|| thread.visit(command, told))).is_err() {
            error!("a fault at a media command; the others go on");
        }
        if thread.must_wake() {
            self.inbox.ring();
        }
    }

    /// Runs until it is told to stop. A fault costs what was under way, not the thread.
    pub(crate) fn run(self, poller: &Poller) {
        let mut ready = Ready::new();
        let mut limit = None;
        loop {
            poller.wait(&mut ready, limit);
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            match catch_unwind(AssertUnwindSafe(|| thread.turn(&ready))) {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => error!("a fault on a media thread; it goes on"),
            }
            limit = thread.go_to_sleep();
        }
    }
}
