//! RTP relay, prompts, digits and recording on threads of its own.
//!
//! [`Media`] takes the [`MediaCommand`]s of the engine and reports [`MediaEvent`]s. Each media thread is one epoll loop
//! that owns its ends; the two ends of a patch share a thread because the upper bits of an [`EndId`](call::media::EndId)
//! name the call.

use call::media::{MediaCommand, MediaEvent};
use std::io;
use std::path::PathBuf;

/// What the media threads need to know at their start.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many threads relay. One carries some thousand calls.
    pub threads: usize,
    /// Where the administrator's own prompts lie as `<language>/<name>.wav`; what is missing there is built in.
    pub prompts: PathBuf,
    /// The configuration's folder: files that the plan names lie below it.
    pub files: PathBuf,
    /// Where messages are kept.
    pub messages: PathBuf,
}

/// The media threads, the thread that reads sounds and the one that writes messages.
#[derive(Debug)]
pub struct Media {}

impl Media {
    /// Starts the threads. Half-written messages of an earlier run are removed. `events` is called on the media
    /// threads and must not wait.
    pub fn start(config: Config, events: impl Fn(MediaEvent) + Send + Sync + Clone + 'static) -> io::Result<Media> {
        let _ = (config, events);
        Ok(Media {})
    }

    /// Hands a command to the thread of its end. Waits when that thread is far behind.
    pub fn send(&self, command: MediaCommand) {
        let _ = command;
    }

    /// Ends everything: recordings in progress are kept, ends are closed without a report.
    pub fn stop(self) {}
}
