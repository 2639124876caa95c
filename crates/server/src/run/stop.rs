//! From the first signal to the end of the process: reload, the clock on the wall, and a stop that lets calls end.

use super::{Running, control};
use crate::run::office::Office;
use crate::run::shard::Order;
use engine::{Command, Input};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

/// How often the clock on the wall is compared with the clock for waiting.
const CLOCK_EVERY: Duration = Duration::from_secs(10);
/// How far the two may drift apart.
const DRIFT_MAX: Duration = Duration::from_millis(200);
/// How often a stopping exchange looks whether all calls have ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the peers' answers to our last BYEs are waited for.
const FAREWELL: Duration = Duration::from_secs(2);

/// Looks after the running exchange until it has ended.
pub async fn look_after(mut running: Running) -> Result<(), String> {
    let mut signals = Signals::new().map_err(|error| format!("error: cannot wait for signals: {error}"))?;
    let listener = running.control.try_clone().map_err(|error| format!("error: the control socket: {error}"))?;
    let mut tasks = JoinSet::new();
    tasks.spawn(control::serve(listener, running.office.clone()));
    tasks.spawn(watch_clock(running.office.clone()));
    let died = tokio::select! {
        () = signals.until_stop(&running.office) => None,
        ended = &mut running.shard_ended => Some(ended),
    };
    if let Some(ended) = died {
        return Err(death(running, ended));
    }
    let grace = running.office.started_with.limits.shutdown_wait;
    tracing::info!(?grace, "stopping: no new calls; those in progress may end");
    running.office.shards.iter().for_each(|shard| shard.command(Command::Drain));
    tokio::select! {
        () = calls_ended(&running.office, grace) => {}
        () = signals.stop() => tracing::info!("asked a second time: ending all calls now"),
    }
    running.office.shards.iter().for_each(|shard| shard.command(Command::EndAll));
    tokio::select! {
        () = calls_ended(&running.office, FAREWELL) => {}
        () = signals.stop() => {}
    }
    tasks.shutdown().await;
    end(running);
    Ok(())
}

struct Signals {
    hup: Signal,
    term: Signal,
    int: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            hup: signal(SignalKind::hangup())?,
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    /// Takes reloads until a stop is asked for.
    async fn until_stop(&mut self, office: &Office) {
        loop {
            tokio::select! {
                _ = self.hup.recv() => drop(office.reload()),
                _ = self.term.recv() => return,
                _ = self.int.recv() => return,
            }
        }
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Tells the shards when the clock on the wall was set: opening hours and registrations follow it at once.
async fn watch_clock(office: Arc<Office>) {
    let (mut begun, mut wall_begun) = (Instant::now(), Timestamp::now());
    let mut tick = interval(CLOCK_EVERY);
    loop {
        tick.tick().await;
        let (now, wall) = (Instant::now(), Timestamp::now());
        let passed = jiff::SignedDuration::try_from(now - begun).unwrap_or_default();
        let drift = wall.duration_since(wall_begun) - passed;
        if drift.unsigned_abs() > DRIFT_MAX {
            tracing::info!(?drift, "the clock was set");
            office.shards.iter().for_each(|shard| shard.send(Order::Input(Input::Wall(wall))));
            (begun, wall_begun) = (now, wall);
        }
    }
}

async fn calls_ended(office: &Office, limit: Duration) {
    let until = Instant::now() + limit;
    while Instant::now() < until && office.load().await.engine.calls > 0 {
        sleep(LOOK_EVERY).await;
    }
}

/// Ends the threads in the order in which what they know flows: shard, media, store.
fn end(running: Running) {
    running.office.shards.iter().for_each(|shard| shard.send(Order::Stop));
    if running.shard.join().is_err() {
        tracing::error!("the shard's thread died while it stopped");
    }
    drop(running.office);
    if let Ok(media) = Arc::try_unwrap(running.media) {
        media.stop();
    }
    if let Ok(writer) = Arc::try_unwrap(running.writer) {
        writer.stop();
    }
    std::fs::remove_file(&running.control_path).ok();
    tracing::info!("stopped");
}

/// What is said when a shard's thread is gone: without it there is no exchange, and whoever supervises the process
/// starts it again.
fn death(running: Running, ended: Result<Result<(), String>, tokio::sync::oneshot::error::RecvError>) -> String {
    let why = match ended {
        Ok(Ok(())) => "it ended by itself".to_string(),
        Ok(Err(error)) => error,
        Err(_) => match running.shard.join() {
            Err(panic) => panic_text(&*panic),
            Ok(()) => "it ended without a word".to_string(),
        },
    };
    tracing::error!(why, "the exchange's thread died");
    format!("error: the exchange's thread died ({why}); calls in progress are lost, registrations are kept")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".into())
}
