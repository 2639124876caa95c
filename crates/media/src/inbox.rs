//! The bounded queue into a media thread, and the bell that wakes it.

use crate::loader::Loaded;
use crate::sys::Waker;
use crate::writer::Written;
use call::media::MediaCommand;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Work that may wait; who brings more waits too.
const WAITING_MAX: usize = 8192;

/// What a media thread is told.
#[derive(Debug)]
pub(crate) enum Work {
    Command(MediaCommand),
    Loaded(Loaded),
    Written(Written),
    Stop,
}

/// The sending side.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    work: SyncSender<Work>,
    bell: Arc<Bell>,
}

/// The receiving side.
pub(crate) struct Tasks {
    work: Receiver<Work>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
pub(crate) struct Bell {
    waker: Waker,
    /// Rung and not heard yet: spares the system call for all but the first of many commands.
    rung: AtomicBool,
}

pub(crate) fn inbox() -> io::Result<(Inbox, Tasks)> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    let bell = Arc::new(Bell { waker: Waker::new()?, rung: AtomicBool::new(false) });
    Ok((Inbox { work: sender, bell: bell.clone() }, Tasks { work: receiver, bell }))
}

impl Inbox {
    /// Waits while the queue is full. Nothing happens when the thread has ended.
    pub(crate) fn put(&self, work: Work) {
        if self.work.send(work).is_ok() {
            self.ring();
        }
    }

    /// Wakes the thread.
    pub(crate) fn ring(&self) {
        if !self.bell.rung.swap(true, Ordering::SeqCst) {
            self.bell.waker.wake();
        }
    }
}

impl Tasks {
    /// What becomes readable when there is work.
    pub(crate) fn bell(&self) -> &Waker {
        &self.bell.waker
    }

    /// Takes note of the bell. Work that comes from now on rings again.
    pub(crate) fn hear_bell(&self) {
        self.bell.waker.clear();
        self.bell.rung.store(false, Ordering::SeqCst);
    }

    pub(crate) fn next(&self) -> Option<Work> {
        self.work.try_recv().ok()
    }
}
