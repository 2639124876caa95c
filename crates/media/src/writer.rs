//! The thread that writes messages, so that a slow disk delays nobody's voice.
//!
//! Sound waits for it in memory up to a limit; beyond that the recording has failed, as it has on a full disk.

use crate::messages::{self, Create, Part};
use crate::record::Why;
use call::Name;
use call::media::EndId;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing::warn;

/// Samples that may wait for the disk: half an hour of G.722, twice the memory in octets.
const WAITING_MAX: usize = 32 << 20;

/// Names a recording: its end, and which one of that end's.
pub(crate) type Recording = (EndId, u32);

/// How a recording turned out on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) recording: Recording,
    /// `None`: nothing is kept.
    pub(crate) kept: Option<(Why, Duration)>,
}

enum Job {
    Begin { recording: Recording, message: Name, rate: u32 },
    Sound { recording: Recording, samples: Vec<i16> },
    Finish { recording: Recording, why: Why, length: Duration },
    Abandon { recording: Recording },
    Delete { message: Name },
}

/// The way to the writing thread.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Starts the thread; it ends when the last `Writer` is gone and all is written.
    pub(crate) fn start(
        folder: PathBuf,
        create: Create,
        report: impl Fn(Written) + Send + 'static,
    ) -> io::Result<(Writer, JoinHandle<()>)> {
        messages::prepare(&folder)?;
        let (jobs, todo) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let desk = Desk { folder, create, parts: HashMap::new(), waiting: waiting.clone() };
        let thread = thread::Builder::new().name("messages".into()).spawn(move || desk.work(&todo, report))?;
        Ok((Writer { jobs, waiting }, thread))
    }

    pub(crate) fn begin(&self, recording: Recording, message: Name, rate: u32) {
        self.tell(Job::Begin { recording, message, rate });
    }

    /// False when the disk is too far behind: the recording must be abandoned.
    #[must_use]
    pub(crate) fn sound(&self, recording: Recording, samples: Vec<i16>) -> bool {
        if self.waiting.fetch_add(samples.len(), Ordering::Relaxed) > WAITING_MAX {
            self.waiting.fetch_sub(samples.len(), Ordering::Relaxed);
            return false;
        }
        self.tell(Job::Sound { recording, samples });
        true
    }

    pub(crate) fn finish(&self, recording: Recording, why: Why, length: Duration) {
        self.tell(Job::Finish { recording, why, length });
    }

    /// Nothing of it is kept, and it is reported so.
    pub(crate) fn abandon(&self, recording: Recording) {
        self.tell(Job::Abandon { recording });
    }

    pub(crate) fn delete(&self, message: Name) {
        self.tell(Job::Delete { message });
    }

    /// One job for each command or half second of a recording, so the queue is as bounded as those are.
    fn tell(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            warn!("the thread that writes messages is gone");
        }
    }
}

struct Desk {
    folder: PathBuf,
    create: Create,
    /// What is being written; `None` after a fault, until its end is asked for.
    parts: HashMap<Recording, Option<Part>>,
    waiting: Arc<AtomicUsize>,
}

impl Desk {
    fn work(mut self, todo: &Receiver<Job>, report: impl Fn(Written)) {
        for job in todo {
            if let Some(written) = self.take(job) {
                report(written);
            }
        }
    }

    fn take(&mut self, job: Job) -> Option<Written> {
        match job {
            Job::Begin { recording, message, rate } => {
                let part = Part::new(&self.folder, &message, rate, self.create);
                let part = part.map_err(|fault| warn!(%message, %fault, "cannot record a message")).ok();
                self.parts.insert(recording, part);
            }
            Job::Sound { recording, samples } => {
                self.waiting.fetch_sub(samples.len(), Ordering::Relaxed);
                let part = self.parts.get_mut(&recording)?;
                if let Some(Err(fault)) = part.as_mut().map(|part| part.write(&samples)) {
                    warn!(%fault, "cannot write a message");
                    *part = None;
                }
            }
            Job::Finish { recording, why, length } => {
                let part = self.parts.remove(&recording)?;
                let kept = part.and_then(|part| keep(part, length)).map(|()| (why, length));
                return Some(Written { recording, kept });
            }
            Job::Abandon { recording } => {
                self.parts.remove(&recording)?;
                return Some(Written { recording, kept: None });
            }
            Job::Delete { message } => {
                if let Err(fault) = messages::delete(&self.folder, &message) {
                    warn!(%message, %fault, "cannot delete a message");
                }
            }
        }
        None
    }
}

/// A recording in which nothing was said leaves no file.
fn keep(part: Part, length: Duration) -> Option<()> {
    if length.is_zero() {
        return Some(());
    }
    part.keep().map_err(|fault| warn!(%fault, "cannot keep a message")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Sink;
    use crate::temporary::Folder;
    use std::fs::{self, File};
    use std::io::{Seek, SeekFrom, Write};
    use std::path::Path;
    use std::sync::mpsc;

    /// A disk with room for 30 000 octets.
    struct SmallDisk(File);

    impl Write for SmallDisk {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            match self.0.stream_position()? {
                ..30_000 => self.0.write(octets),
                _ => Err(io::ErrorKind::StorageFull.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl Seek for SmallDisk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    fn create_on_small_disk(path: &Path) -> io::Result<(Box<dyn Sink>, File)> {
        let (_, file) = messages::create(path)?;
        Ok((Box::new(SmallDisk(file.try_clone()?)), file))
    }

    const RECORDING: Recording = (EndId(256), 1);

    fn record(folder: &Path, create: Create, seconds: usize, finish: impl FnOnce(&Writer)) -> Written {
        let (sender, reports) = mpsc::channel();
        let (writer, thread) = Writer::start(folder.into(), create, move |one| sender.send(one).unwrap()).unwrap();
        writer.begin(RECORDING, "m1".into(), 8000);
        for _ in 0..seconds {
            assert!(writer.sound(RECORDING, vec![100; 8000]));
        }
        finish(&writer);
        drop(writer);
        thread.join().unwrap();
        reports.iter().next().unwrap()
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn stop(writer: &Writer) {
        writer.finish(RECORDING, Why::Stopped, Duration::from_secs(3));
    }

    #[test]
    fn a_message_is_whole_when_it_is_reported() {
        let folder = Folder::new();
        let written = record(folder.path(), messages::create, 3, stop);
        assert_eq!(written.kept, Some((Why::Stopped, Duration::from_secs(3))));
        assert_eq!(files(folder.path()), ["m1.wav"]);
        let reader = hound::WavReader::open(folder.path().join("m1.wav")).unwrap();
        assert_eq!((reader.len(), reader.spec().sample_rate), (24_000, 8000));
    }

    #[test]
    fn a_full_disk_leaves_nothing_half_written() {
        let folder = Folder::new();
        let written = record(folder.path(), create_on_small_disk, 3, stop);
        assert_eq!(written.kept, None);
        assert_eq!(files(folder.path()), [""; 0]);
    }

    #[test]
    fn a_recording_without_a_word_and_an_abandoned_one_leave_no_file() {
        let folder = Folder::new();
        let written = record(folder.path(), messages::create, 0, |writer| {
            writer.finish(RECORDING, Why::Silence, Duration::ZERO);
        });
        assert_eq!(written.kept, Some((Why::Silence, Duration::ZERO)));
        let written = record(folder.path(), messages::create, 1, |writer| writer.abandon(RECORDING));
        assert_eq!(written.kept, None);
        assert_eq!(files(folder.path()), [""; 0]);
    }

    #[test]
    fn an_exchange_that_stops_in_the_middle_leaves_nothing_half_written() {
        let folder = Folder::new();
        let (writer, thread) = Writer::start(folder.path().into(), messages::create, |_| ()).unwrap();
        writer.begin(RECORDING, "m1".into(), 8000);
        assert!(writer.sound(RECORDING, vec![100; 8000]));
        drop(writer);
        thread.join().unwrap();
        assert_eq!(files(folder.path()), [""; 0]);
    }

    #[test]
    fn the_start_removes_what_an_earlier_run_left_half_written() {
        let folder = Folder::new();
        fs::write(folder.path().join("m0.wav.part"), b"RIFF").unwrap();
        fs::write(folder.path().join("m0.wav"), b"RIFF").unwrap();
        record(folder.path(), messages::create, 3, stop);
        assert_eq!(files(folder.path()), ["m0.wav", "m1.wav"]);
    }

    #[test]
    fn a_message_is_never_written_over_another_or_outside_the_folder() {
        let folder = Folder::new();
        fs::write(folder.path().join("m1.wav"), b"first").unwrap();
        assert_eq!(record(folder.path(), messages::create, 1, stop).kept, None);
        assert_eq!(fs::read(folder.path().join("m1.wav")).unwrap(), b"first");
        assert!(Part::new(folder.path(), "../m2", 8000, messages::create).is_err());
        assert!(messages::delete(folder.path(), "../m2").is_err());
    }

    #[test]
    fn deleting_twice_is_deleting_once() {
        let folder = Folder::new();
        record(folder.path(), messages::create, 3, |writer| {
            stop(writer);
            writer.delete("m1".into());
            writer.delete("m1".into());
        });
        assert_eq!(files(folder.path()), [""; 0]);
    }

    #[test]
    fn a_disk_too_far_behind_takes_no_more() {
        let (jobs, todo) = channel();
        let writer = Writer { jobs, waiting: Arc::new(AtomicUsize::new(0)) };
        let taken = (0..80).take_while(|_| writer.sound(RECORDING, vec![0; 1 << 20])).count();
        assert_eq!(taken, 33);
        assert_eq!(todo.try_iter().count(), 33);
    }
}
