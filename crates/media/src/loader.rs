//! The thread that reads sounds for the media threads.

use crate::sounds::{Clip, Folders, Sounds};
use call::Sound;
use call::media::{Codec, EndId};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// Plays that may wait for their sounds; one more has failed.
const WAITING_MAX: usize = 4096;

/// Names a play: its end, and which one of that end's.
pub(crate) type Play = (EndId, u32);

/// The sounds of a play, or `None` where one of them cannot be played.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) play: Play,
    pub(crate) codec: Codec,
    pub(crate) clips: Option<Vec<Clip>>,
}

struct Wanted {
    play: Play,
    codec: Codec,
    sounds: Arc<[Sound]>,
}

/// The way to the reading thread.
#[derive(Clone, Debug)]
pub(crate) struct Loader {
    wanted: Sender<Wanted>,
    waiting: Arc<AtomicUsize>,
}

impl Loader {
    /// Starts the thread; it ends when the last `Loader` is gone.
    pub(crate) fn start(
        folders: Folders,
        report: impl Fn(Loaded) + Send + 'static,
    ) -> io::Result<(Loader, JoinHandle<()>)> {
        let (wanted, todo) = channel::<Wanted>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let count = waiting.clone();
        let work = move || {
            let mut sounds = Sounds::new(folders);
            for Wanted { play, codec, sounds: wanted } in todo {
                count.fetch_sub(1, Ordering::Relaxed);
                report(Loaded { play, codec, clips: sounds.load(&wanted, codec) });
            }
        };
        let thread = thread::Builder::new().name("sounds".into()).spawn(work)?;
        Ok((Loader { wanted, waiting }, thread))
    }

    /// Asks for sounds. False when too many are waiting.
    #[must_use]
    pub(crate) fn load(&self, play: Play, codec: Codec, sounds: Arc<[Sound]>) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        self.wanted.send(Wanted { play, codec, sounds }).is_ok()
    }
}
