//! The running exchange as its owner sees it: the plan in force, reload, questions from the control socket.

use super::control::Request;
use super::shard::{Order, ShardStatus, ToShard};
use crate::configuration::{Loaded, Refused};
use arc_swap::ArcSwap;
use dialplan::{Dialplan, Settings};
use engine::{Command, Input};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use store::Writer;

/// The running exchange.
pub struct Office {
    /// The configuration's folder.
    pub folder: PathBuf,
    /// The plan in force.
    pub plan: ArcSwap<Dialplan>,
    /// What was bound and opened at the start.
    pub started_with: Settings,
    /// The shards.
    pub shards: Vec<ToShard>,
    /// The store's thread.
    pub writer: Arc<Writer>,
    /// When it began.
    pub since: Instant,
}

impl Office {
    /// Carries out what was asked; words either way.
    pub async fn on_request(&self, request: Request) -> Result<String, String> {
        match request {
            Request::Status => self.status().await,
            Request::Reload => self.reload(),
            Request::DoNotDisturb { person, on } => {
                let plan = self.plan.load();
                let Some(person) = plan.person(&person) else {
                    return Err(format!("error: nobody is called `{person}` in the configuration"));
                };
                // Facts are shared, so that one shard's note is every shard's.
                let first = self.shards.first().ok_or("error: no shard runs")?;
                first.command(Command::DoNotDisturb { person: person.id.clone(), on });
                Ok(format!("{}: do-not-disturb is {}", person.name, if on { "on" } else { "off" }))
            }
            Request::HangUp { journey } => {
                let id = journey.parse().map_err(|()| format!("error: `{journey}` is no journey's id"))?;
                self.shards.iter().for_each(|shard| shard.command(Command::End(id)));
                Ok(format!("journey {id} ends now, if it was in progress"))
            }
        }
    }

    /// Takes all of the new configuration or none of it. Calls in progress keep the plan with which they began.
    pub fn reload(&self) -> Result<String, String> {
        let loaded = Loaded::from_folder(&self.folder).map_err(|refused| self.refuse(&refused))?;
        let warnings = loaded.warnings(false);
        let plan = Arc::new(loaded.plan);
        let unchanged = **self.plan.load() == *plan;
        self.plan.store(plan.clone());
        self.shards.iter().for_each(|shard| shard.send(Order::Input(Input::Dialplan(plan.clone()))));
        tracing::info!(people = plan.people().len(), devices = plan.devices().len(), unchanged, "configuration read");
        let mut said =
            if unchanged { "the configuration is as it was" } else { "the new configuration is in force" }.to_string();
        if let Some(keys) = self.needs_restart(&plan.settings) {
            said.push_str(&format!("\nafter a restart only: {keys}"));
            tracing::warn!(keys, "these changes need a restart");
        }
        if !warnings.is_empty() {
            said.push_str(&format!("\n\n{warnings}"));
        }
        Ok(said)
    }

    fn refuse(&self, refused: &Refused) -> String {
        let text = refused.text(false);
        tracing::error!("the new configuration is refused, the old one stays in force:\n{text}");
        format!("{text}\n\nnothing has changed: the old configuration stays in force")
    }

    /// The keys with changes that a running exchange cannot take.
    fn needs_restart(&self, new: &Settings) -> Option<String> {
        let changed = fixed(&self.started_with, new);
        let names: Vec<&str> = changed.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// All shards together.
    pub async fn load(&self) -> ShardStatus {
        let mut all = ShardStatus::default();
        for shard in &self.shards {
            let Some(one) = shard.status().await else { continue };
            all.connections += one.connections;
            all.engine.calls += one.engine.calls;
            all.engine.legs += one.engine.legs;
            all.engine.transactions += one.engine.transactions;
            all.engine.ports += one.engine.ports;
            all.engine.timers += one.engine.timers;
            all.engine.subscriptions += one.engine.subscriptions;
            all.engine.faults += one.engine.faults;
            all.engine.refused += one.engine.refused;
            all.engine.draining |= one.engine.draining;
        }
        all
    }

    async fn status(&self) -> Result<String, String> {
        let ShardStatus { engine, connections } = self.load().await;
        let (plan, stats) = (self.plan.load(), self.writer.stats());
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let up = jiff::SignedDuration::from_secs(self.since.elapsed().as_secs() as i64);
        let state = if engine.draining { "stopping: no new calls are taken" } else { "running" };
        Ok(format!(
            "{state}, for {up:#}\n\
             calls          {} of {} ({} legs)\n\
             transactions   {} of {}\n\
             media ports    {} pairs\n\
             subscriptions  {} of {}\n\
             connections    {connections} of {}\n\
             people         {}, devices {}\n\
             notes          {} written, {} lost\n\
             faults         {}; calls refused for a limit: {}",
            engine.calls,
            plan.settings.limits.calls,
            engine.legs,
            engine.transactions,
            plan.settings.limits.transactions,
            engine.ports,
            engine.subscriptions,
            plan.settings.limits.subscriptions,
            self.started_with.limits.connections,
            plan.people().len(),
            plan.devices().len(),
            count(&stats.written),
            count(&stats.lost),
            engine.faults,
            engine.refused,
        ))
    }
}

/// What is taken when the exchange starts, and whether it is another now; everything else follows a reload.
fn fixed(old: &Settings, new: &Settings) -> [(&'static str, bool); 18] {
    let (limits, was) = (&new.limits, &old.limits);
    [
        ("[listen]", old.listen != new.listen),
        ("limits.transactions", was.transactions != limits.transactions),
        ("limits.connections", was.connections != limits.connections),
        ("limits.connections_per_address", was.connections_per_address != limits.connections_per_address),
        ("limits.message_bytes", was.message_bytes != limits.message_bytes),
        ("limits.header_bytes", was.header_bytes != limits.header_bytes),
        ("limits.shutdown_wait", was.shutdown_wait != limits.shutdown_wait),
        ("limits.notes", was.notes != limits.notes),
        ("media.ports", old.media.ports != new.media.ports),
        ("media.threads", old.media.threads != new.media.threads),
        ("[store]", old.store != new.store),
        ("[prompts]", old.prompts != new.prompts),
        ("log.level", old.log.level != new.log.level),
        ("log.format", old.log.format != new.log.format),
        ("sip.t1", old.sip.t1 != new.sip.t1),
        ("sip.t2", old.sip.t2 != new.sip.t2),
        ("sip.t4", old.sip.t4 != new.sip.t4),
        ("sip.name_servers", old.sip.name_servers != new.sip.name_servers),
    ]
}
