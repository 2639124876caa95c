//! `vaihde run`: opens everything, starts the threads, and looks after them until the end.

mod addresses;
mod alarm;
mod connection;
pub mod control;
mod dns;
mod facts;
mod log;
mod office;
mod restore;
mod shard;
mod stop;
mod streams;
mod summary;
mod sys;
mod udp;

use crate::configuration::{Loaded, colour};
use arc_swap::ArcSwap;
use connection::ConnectionLimits;
use dialplan::Settings;
use dns::Dns;
use engine::Listener;
use jiff::Timestamp;
use media::Media;
use office::Office;
use shard::{Order, Start, ToShard};
use sip::{FrameLimits, Transport};
use std::fs::{DirBuilder, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::{Sqlite, Writer, WriterConfig};
use streams::StreamLimits;
use tokio::sync::oneshot;

/// Runs the exchange of a configuration's folder until it is told to stop.
pub fn run(folder: &Path) -> Result<(), String> {
    let loaded = Loaded::from_folder(folder).map_err(|refused| refused.text(colour()))?;
    if !loaded.warnings.is_empty() {
        eprintln!("{}\n", loaded.warnings(colour()));
    }
    log::start(&loaded.plan.settings.log);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("error: cannot start: {error}"))?;
    runtime.block_on(async {
        let running = start(&loaded)?;
        stop::look_after(running).await
    })
}

/// Everything that runs.
struct Running {
    office: Arc<Office>,
    control: std::os::unix::net::UnixListener,
    control_path: PathBuf,
    /// Resolves when the shard's thread has ended, whatever the cause.
    shard_ended: oneshot::Receiver<Result<(), String>>,
    shard: JoinHandle<()>,
    writer: Arc<Writer>,
    media: Arc<Media>,
    /// Held for as long as the process lives: two exchanges never share a store.
    _lock: File,
}

/// The sockets on which phones reach us, all bound or none.
struct Sockets {
    udp: Vec<UdpSocket>,
    tcp: Vec<TcpListener>,
    listeners: Vec<Listener>,
}

fn start(loaded: &Loaded) -> Result<Running, String> {
    let (plan, settings) = (Arc::new(loaded.plan.clone()), &loaded.plan.settings);
    let store_folder = loaded.store_folder();
    let messages = store_folder.join("messages");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&messages)
        .map_err(|error| cannot("make", &messages, &error))?;
    let lock = lock(&store_folder)?;
    let sockets = bind(settings)?;
    let control_path = loaded.control_socket();
    let control = control::listen(&control_path).map_err(|error| cannot("listen at", &control_path, &error))?;

    let (to_shard, orders) = ToShard::new();
    let database = loaded.database();
    let mut store = Sqlite::open(&database).map_err(|error| format!("error: {error}"))?;
    let restored = restore::restore(&mut store, Timestamp::now()).map_err(|error| format!("error: {error}"))?;
    let to_engine = to_shard.clone();
    let kept = move |journey, ok| to_engine.send(Order::Kept(journey, ok));
    let writer = Writer::start(Box::new(store), writer_config(settings), kept);
    let writer = Arc::new(writer.map_err(|error| format!("error: cannot start the store's thread: {error}"))?);

    let to_engine = to_shard.clone();
    let media = Media::start(media_config(loaded, messages), move |event| to_engine.send(Order::Media(event)));
    let media = Arc::new(media.map_err(|error| format!("error: cannot start the media threads: {error}"))?);

    summary::print(loaded, &sockets.listeners, restored.bindings.len());
    let start = Start {
        config: engine::Config { seed: seed()?, shard: 0, listeners: sockets.listeners },
        plan: plan.clone(),
        udp: sockets.udp,
        tcp: sockets.tcp,
        limits: stream_limits(settings),
        facts: restored.facts,
        journeys: restored.journeys,
        restored: restored.bindings,
        writer: writer.clone(),
        media: media.clone(),
        dns: dns(settings)?,
        orders,
        to_self: to_shard.clone(),
    };
    let (ended, shard_ended) = oneshot::channel();
    let shard = std::thread::Builder::new()
        .name("shard-0".into())
        .spawn(move || {
            ended.send(shard::run(start).map_err(|error| error.to_string())).ok();
        })
        .map_err(|error| format!("error: cannot start a shard: {error}"))?;
    let office = Office {
        folder: loaded.configuration.folder.clone(),
        plan: ArcSwap::new(plan),
        started_with: settings.clone(),
        shards: vec![to_shard],
        writer: writer.clone(),
        since: Instant::now(),
    };
    Ok(Running { office: Arc::new(office), control, control_path, shard_ended, shard, writer, media, _lock: lock })
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("error: cannot {verb} {}: {error}", path.display())
}

/// One exchange for one store: a second one would answer with half of what is known.
fn lock(store_folder: &Path) -> Result<File, String> {
    let path = store_folder.join("lock");
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let mut file = open.map_err(|error| cannot("make", &path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            // Who holds it, for people and scripts that want to send a signal.
            let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            written.map_err(|error| cannot("write", &path, &error))?;
            Ok(file)
        }
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(format!("error: another exchange runs with the store {}", store_folder.display()))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(cannot("lock", &path, &error)),
    }
}

fn bind(settings: &Settings) -> Result<Sockets, String> {
    let mut sockets = Sockets { udp: Vec::new(), tcp: Vec::new(), listeners: Vec::new() };
    let fault = |transport: Transport, at: SocketAddr, error: &std::io::Error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "\n  another program has that port: another SIP server, perhaps",
            std::io::ErrorKind::AddrNotAvailable => "\n  this machine has no such address: correct [listen]",
            std::io::ErrorKind::PermissionDenied => "\n  ports below 1024 are reserved for root",
            _ => "",
        };
        format!("error: cannot listen on {} {at}: {error}{hint}", transport.via())
    };
    for &at in &settings.listen.udp {
        sockets.udp.push(udp::bind(at).map_err(|error| fault(Transport::Udp, at, &error))?);
        let own = addresses::listeners(Transport::Udp, at, &settings.listen.advertise);
        sockets.listeners.extend(own.map_err(|error| fault(Transport::Udp, at, &error))?);
    }
    for &at in settings.listen.tcp() {
        sockets.tcp.push(streams::bind(at).map_err(|error| fault(Transport::Tcp, at, &error))?);
        let own = addresses::listeners(Transport::Tcp, at, &settings.listen.advertise);
        sockets.listeners.extend(own.map_err(|error| fault(Transport::Tcp, at, &error))?);
    }
    Ok(sockets)
}

fn media_config(loaded: &Loaded, messages: PathBuf) -> media::Config {
    let (folder, settings) = (&loaded.configuration.folder, &loaded.plan.settings);
    media::Config {
        threads: settings.media.threads.into(),
        prompts: folder.join(&*settings.prompts.folder),
        files: folder.clone(),
        messages,
    }
}

fn writer_config(settings: &Settings) -> WriterConfig {
    WriterConfig {
        queue_max: settings.limits.notes as usize,
        keep: settings.store.keep,
        bytes_max: u64::from(settings.store.megabytes) << 20,
        ..WriterConfig::default()
    }
}

fn stream_limits(settings: &Settings) -> StreamLimits {
    let limits = &settings.limits;
    let frame = FrameLimits { message_max: limits.message_bytes as usize, header_max: limits.header_bytes as usize };
    StreamLimits {
        connections: limits.connections as usize,
        per_address: limits.connections_per_address as usize,
        connection: ConnectionLimits {
            frame,
            connect: settings.sip.t1 * 20,
            first_message: Duration::from_secs(30),
            whole_message: Duration::from_secs(10),
            // A phone that only registers is silent until its next registration.
            idle: settings.sip.registration_max + Duration::from_secs(120),
            write: Duration::from_secs(20),
        },
    }
}

/// Nobody can guess a nonce, a tag or a branch of ours.
/// The name servers that the configuration names, else the machine's own.
fn dns(settings: &Settings) -> Result<Dns, String> {
    let servers = &settings.sip.name_servers;
    let dns = if servers.is_empty() { Dns::of_system() } else { Dns::at(servers) };
    dns.map_err(|error| format!("error: cannot ask name servers: {error}"))
}

fn seed() -> Result<u64, String> {
    getrandom::u64().map_err(|error| format!("error: the system gives no random numbers: {error}"))
}

/// Where a phone beside this machine, or in its network, reaches the exchange over UDP.
pub fn first_address(settings: &Settings) -> Option<SocketAddr> {
    let at = *settings.listen.udp.first()?;
    let first = addresses::listeners(Transport::Udp, at, &settings.listen.advertise).ok()?.into_iter().next()?;
    Some(first.advertised.unwrap_or(first.local))
}
