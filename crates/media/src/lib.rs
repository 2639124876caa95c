//! RTP relay, prompts, digits and recording on threads of its own.
//!
//! [`Media`] takes the [`MediaCommand`]s of the engine and reports [`MediaEvent`]s. Each media thread is one epoll loop
//! with its ends; the two ends of a patch share a thread because the upper bits of an
//! [`EndId`](call::media::EndId) name the call. A command is carried out on the spot by whoever sends it while the
//! thread sleeps, so that a call wakes no other thread before its first packet. Two more threads read sounds and write
//! messages, so that a slow disk delays nobody's voice.

mod codec;
mod commands;
mod desk;
mod end;
#[doc(hidden)]
pub mod fuzzing;
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

use crate::desk::Desk;
use crate::inbox::{Inbox, Work, inbox};
use crate::loader::Loader;
use crate::sounds::Folders;
use crate::sys::Poller;
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
pub struct Media {
    desks: Vec<Desk>,
    writer: Writer,
    threads: Vec<JoinHandle<()>>,
    /// These end when the media threads are gone.
    helpers: [JoinHandle<()>; 2],
}

impl Media {
    /// Starts the threads. Half-written messages of an earlier run are removed.
    ///
    /// `events` gets what is not reported at once by [`Media::send`]. It is called on the media threads, or in
    /// [`Media::send`], and must not wait for whoever calls that.
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
        let mut media = Media { desks: Vec::new(), writer, threads: Vec::new(), helpers: [reading, writing] };
        for (number, (inbox, tasks)) in inboxes.into_iter().zip(tasks).enumerate() {
            let (poller, report) = (Poller::new()?, Arc::new(events.clone()));
            let thread = Thread::new(tasks, report, loader.clone(), media.writer.clone(), poller.clone())?;
            let desk = Desk::new(thread, inbox);
            media.desks.push(desk.clone());
            media.threads.push(Builder::new().name(format!("media-{number}")).spawn(move || desk.run(&poller))?);
        }
        Ok(media)
    }

    /// Carries out a command: on the spot while the thread of its end sleeps, and then what there is to report at once
    /// is added to `told`; else by that thread. Waits when the thread is far behind.
    pub fn send(&self, command: MediaCommand, told: &mut Vec<MediaEvent>) {
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
            | MediaCommand::Close { end } => of(&self.desks, end).carry_out(command, told),
        }
    }

    /// Ends everything. Recordings in progress are kept as if stopped; ends are closed without a report.
    pub fn stop(self) {
        let Media { desks, writer, threads, helpers } = self;
        desks.iter().for_each(|desk| desk.put(Work::Stop));
        // A thread that has failed has said so.
        threads.into_iter().for_each(|thread| drop(thread.join()));
        drop((desks, writer));
        helpers.into_iter().for_each(|thread| drop(thread.join()));
    }
}

/// The thread of an end: all ends of a call share it.
fn of<T>(threads: &[T], end: EndId) -> &T {
    &threads[(end.0 >> EndId::CALL_SHIFT) as usize % threads.len()]
}
