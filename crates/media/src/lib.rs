//! RTP relay, prompts, digits and recording on threads of its own.
//!
//! [`Media`] takes the [`MediaCommand`]s of the engine and reports [`MediaEvent`]s. Each media thread is one epoll loop
//! that owns its ends; the two ends of a patch share a thread because the upper bits of an
//! [`EndId`](call::media::EndId) name the call. Two more threads read sounds and write messages, so that a slow disk
//! delays nobody's voice.

mod codec;
mod commands;
mod end;
mod inbox;
mod loader;
mod messages;
mod play;
mod prompts;
mod record;
mod relay;
mod rtcp;
mod rtp;
mod sounds;
mod source;
mod speak;
mod stream;
mod sys;
mod telephone_event;
#[cfg(test)]
mod temporary;
mod thread;
mod tone;
mod wav;
mod writer;

use crate::inbox::{Inbox, Work, inbox};
use crate::loader::Loader;
use crate::sounds::Folders;
use crate::thread::Thread;
use crate::writer::Writer;
use call::media::{EndId, MediaCommand, MediaEvent};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// What the media threads need to know at their start.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many threads relay, at least one. One carries some thousand calls.
    pub threads: usize,
    /// Where the administrator's own prompts lie as `<language>/<name>.wav`; what is missing there is built in.
    pub prompts: PathBuf,
    /// The configuration's folder: files that the plan names lie below it.
    pub files: PathBuf,
    /// Where messages are kept. Made when it is not there.
    pub messages: PathBuf,
}

/// The media threads, the thread that reads sounds and the one that writes messages.
#[derive(Debug)]
pub struct Media {
    inboxes: Vec<Inbox>,
    writer: Writer,
    threads: Vec<JoinHandle<()>>,
    /// These end when the media threads are gone.
    helpers: [JoinHandle<()>; 2],
}

impl Media {
    /// Starts the threads. Half-written messages of an earlier run are removed.
    ///
    /// `events` is called on the media threads and must not wait for whoever calls [`Media::send`].
    pub fn start(config: Config, events: impl Fn(MediaEvent) + Send + Sync + Clone + 'static) -> io::Result<Media> {
        let (inboxes, tasks): (Vec<Inbox>, Vec<_>) =
            (0..config.threads.max(1)).map(|_| inbox()).collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        let Config { prompts, files, messages, .. } = config;
        let post = inboxes.clone();
        let (loader, reading) = Loader::start(Folders { prompts, files, messages: messages.clone() }, move |loaded| {
            of(&post, loaded.play.0).put(Work::Loaded(loaded));
        })?;
        let post = inboxes.clone();
        let (writer, writing) = Writer::start(messages, messages::create, move |written| {
            of(&post, written.recording.0).put(Work::Written(written));
        })?;
        let mut media = Media { inboxes, writer, threads: Vec::new(), helpers: [reading, writing] };
        for (number, tasks) in tasks.into_iter().enumerate() {
            let thread = Thread::new(tasks, Arc::new(events.clone()), loader.clone(), media.writer.clone())?;
            media.threads.push(Builder::new().name(format!("media-{number}")).spawn(move || thread.run())?);
        }
        Ok(media)
    }

    /// Hands a command to the thread of its end. Waits when that thread is far behind.
    pub fn send(&self, command: MediaCommand) {
        match command {
            MediaCommand::Delete { message } => self.writer.delete(message),
            MediaCommand::Open { end, .. }
            | MediaCommand::Connect { end, .. }
            | MediaCommand::Patch { a: end, .. }
            | MediaCommand::Unpatch { end }
            | MediaCommand::Play { end, .. }
            | MediaCommand::StopPlay { end }
            | MediaCommand::Record { end, .. }
            | MediaCommand::StopRecord { end }
            | MediaCommand::Digit { end, .. }
            | MediaCommand::Watch { end, .. }
            | MediaCommand::Close { end } => of(&self.inboxes, end).put(Work::Command(command)),
        }
    }

    /// Ends everything. Recordings in progress are kept as if stopped; ends are closed without a report.
    pub fn stop(self) {
        let Media { inboxes, writer, threads, helpers } = self;
        inboxes.iter().for_each(|inbox| inbox.put(Work::Stop));
        drop(writer);
        for thread in threads.into_iter().chain(helpers) {
            // A thread that has failed has said so.
            let _ = thread.join();
        }
    }
}

/// The thread of an end: all ends of a call share it.
fn of(inboxes: &[Inbox], end: EndId) -> &Inbox {
    &inboxes[(end.0 >> EndId::CALL_SHIFT) as usize % inboxes.len()]
}
