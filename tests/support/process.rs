//! Programs that a test starts: what they say is kept, and they end with the test.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How often something that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running program. Dropped, it is killed; if the test fails, what it said is printed.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it with its output in `<folder>/<name>.log`.
    pub fn start(name: &str, folder: &Path, command: &mut Command) -> Process {
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log).expect("a log file can be created");
        let err = out.try_clone().expect("a log file can be shared");
        Process { name: name.into(), child: spawn(command.stdout(out).stderr(err)), log }
    }

    /// The same for a program that paints its output as a screen: only its errors are kept.
    pub fn start_without_screen(name: &str, folder: &Path, command: &mut Command) -> Process {
        let log = folder.join(format!("{name}.log"));
        let err = File::create(&log).expect("a log file can be created");
        Process { name: name.into(), child: spawn(command.stdout(Stdio::null()).stderr(err)), log }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let mut ended = None;
        until(limit, &format!("{} ends", self.name), || {
            ended = self.child.try_wait().expect("a child can be waited for");
            ended.is_some()
        });
        ended.expect("it has ended")
    }

    /// It is still there.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it now, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).spawn().unwrap_or_else(|fault| {
        panic!("{:?} does not start ({fault}); scripts/test-tools installs what tests need", command.get_program())
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = self.said();
            let tail = said.char_indices().rev().nth(20_000).map_or(0, |(at, _)| at);
            eprintln!("---- {} said:\n{}", self.name, &said[tail..]);
        }
    }
}

/// Waits for something to become true; the test fails with these words if it does not.
pub fn until(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < limit, "waited {limit:?} until {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A folder for one test, empty and gone with it unless the test fails.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it, named after the running test.
    pub fn for_test() -> Folder {
        let name = std::thread::current().name().unwrap_or("test").replace("::", "-");
        let folder = std::env::temp_dir().join(format!("vaihde-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Folder(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// The first of `count` successive ports, even, free on loopback for UDP and TCP, and given to no other test.
pub fn ports(count: u16) -> u16 {
    const FIRST: u16 = 10_000;
    const LAST: u16 = 32_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 512) as u16 * 32;
    let free = |port: u16| {
        let at = SocketAddr::from(([127, 0, 0, 1], port));
        UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok()
    };
    for _ in 0..1_000 {
        let taken = NEXT.fetch_add(count + count % 2, Ordering::Relaxed);
        let first = (FIRST + start.wrapping_add(taken) % (LAST - FIRST)) & !1;
        if (first..first + count).all(free) {
            return first;
        }
    }
    panic!("no {count} free ports in a row between {FIRST} and {LAST}");
}
