//! The control socket: one line of JSON asked, one answered. Only the exchange's own user can open it.

use super::office::Office;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::time::timeout;

/// The longest question.
const LINE_MAX: u64 = 4096;
/// How long a question or its answer may take: one asks after the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Request {
    /// How full is it?
    Status,
    /// Read the configuration again.
    Reload,
    /// Switch a person's do-not-disturb.
    DoNotDisturb {
        /// Whose.
        person: String,
        /// On.
        on: bool,
    },
    /// End a journey.
    HangUp {
        /// Its id.
        journey: String,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// It was done.
    pub ok: bool,
    /// In words.
    pub text: String,
}

/// Asks the running exchange.
pub fn ask(socket: &Path, request: &Request) -> io::Result<Answer> {
    let (_folder, address) = short(socket)?;
    let mut stream = UnixStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}

/// Whether an exchange listens there.
pub fn is_served(socket: &Path) -> bool {
    short(socket).and_then(|(_folder, address)| UnixStream::connect(address)).is_ok()
}

/// Opens the socket. A socket that a dead process left behind is replaced: the store's lock says that it is dead.
pub fn listen(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (_folder, address) = short(path)?;
    let listener = std::os::unix::net::UnixListener::bind(address)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A socket's address has room for some hundred bytes: a deeper path is named through its opened folder.
fn short(path: &Path) -> io::Result<(Option<File>, PathBuf)> {
    const ROOM: usize = 100;
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if path.as_os_str().len() > ROOM => {
            let folder = File::open(folder)?;
            let address = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
            Ok((Some(folder), address))
        }
        _ => Ok((None, path.to_path_buf())),
    }
}

/// Answers, one after the other, for as long as the exchange runs.
pub async fn serve(listener: std::os::unix::net::UnixListener, office: Arc<Office>) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the control socket cannot be used"),
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        if !matches!(timeout(PATIENCE, converse(stream, &office)).await, Ok(Ok(()))) {
            tracing::debug!("a question at the control socket came to nothing");
        }
    }
}

async fn converse(mut stream: tokio::net::UnixStream, office: &Office) -> io::Result<()> {
    let (from, mut to) = stream.split();
    let mut line = String::new();
    tokio::io::BufReader::new(from.take(LINE_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => match office.on_request(request).await {
            Ok(text) => Answer { ok: true, text },
            Err(text) => Answer { ok: false, text },
        },
        Err(error) => Answer { ok: false, text: format!("error: not understood: {error}") },
    };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    to.write_all(line.as_bytes()).await
}
