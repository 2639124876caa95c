//! The program itself, started on free ports of loopback with an office of the test's own.

use super::process::{Folder, Process, ports, until};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The password of every phone in these tests.
pub const PASSWORD: &str = "correct-horse";
/// The domain of every office in these tests.
pub const DOMAIN: &str = "office.test";

/// The music on hold: a tone of so many hertz.
pub const MUSIC: f64 = 700.0;

/// A running exchange.
pub struct Exchange {
    /// Where it takes SIP over UDP and TCP.
    pub sip: SocketAddr,
    /// Its configuration's folder.
    pub folder: PathBuf,
    binary: PathBuf,
    process: Process,
}

impl Exchange {
    /// Starts it on IPv4 with this office's people, groups and routes; each device of the office gets [`PASSWORD`].
    /// It takes calls when this returns.
    pub fn start(binary: &str, folder: &Folder, office: &str) -> Exchange {
        Self::start_at(binary, folder, Ipv4Addr::LOCALHOST.into(), office)
    }

    /// The same on an address of choice.
    pub fn start_at(binary: &str, folder: &Folder, ip: IpAddr, office: &str) -> Exchange {
        let sip = SocketAddr::new(ip, ports(2));
        let config = folder.path().join("office");
        std::fs::create_dir_all(&config).expect("a folder for the office");
        std::fs::write(config.join("vaihde.toml"), settings(sip)).expect("its settings");
        std::fs::write(config.join("dialplan.toml"), office).expect("its plan");
        std::fs::write(config.join("secrets.toml"), secrets(Path::new(binary), office)).expect("its secrets");
        super::tone::write(&config.join("music.wav"), 8_000, MUSIC, 10);
        Self::start_in(binary, config, sip)
    }

    /// Starts the office that `vaihde setup` makes, on ports of the test's own.
    pub fn start_example(binary: &str, folder: &Folder) -> Exchange {
        let config = folder.path().join("office");
        let made = Command::new(binary).arg("setup").arg(&config).output().expect("the program runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let sip = SocketAddr::from((Ipv4Addr::LOCALHOST, ports(2)));
        let settings = config.join("vaihde.toml");
        let text = std::fs::read_to_string(&settings).expect("its settings");
        let text = text.replace("0.0.0.0:5060", &sip.to_string()).replace("20000-29999", &rtp_ports());
        std::fs::write(&settings, text).expect("its settings");
        Self::start_in(binary, config, sip)
    }

    fn start_in(binary: &str, folder: PathBuf, sip: SocketAddr) -> Exchange {
        let binary = PathBuf::from(binary);
        let process = run(&binary, &folder);
        let mut exchange = Exchange { sip, folder, binary, process };
        exchange.await_ready();
        exchange
    }

    /// Another command of the program about this office: `reload`, `journeys`, …
    pub fn command(&self, words: &[&str]) -> Output {
        let mut command = Command::new(&self.binary);
        command.args(words).arg(&self.folder).output().expect("the program runs")
    }

    /// The same, which must succeed; gives what it prints.
    pub fn tell(&self, words: &[&str]) -> String {
        let output = self.command(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The same, and starts it again on the same office.
    pub fn kill_and_start_again(&mut self) {
        self.kill();
        self.process = run(&self.binary, &self.folder);
        self.await_ready();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(asked.success());
        let ended = self.process.wait(Duration::from_secs(10));
        assert!(ended.success(), "{ended}");
    }

    /// A request over UDP to the exchange itself, with nothing wrong in it.
    pub fn request(&self, method: &str, call_id: &str) -> String {
        format!(
            "{method} sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {ip}:9;branch=z9hG4bK-{call_id};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:asks@{DOMAIN}>;tag=1\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: {call_id}\r\n\
             CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n",
            ip = self.sip.ip(),
        )
    }

    /// Sends this over UDP and gives the answer, if one comes soon.
    pub fn ask(&self, request: &str) -> Option<String> {
        let socket = UdpSocket::bind((self.sip.ip(), 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a limit");
        socket.send_to(request.as_bytes(), self.sip).ok()?;
        let mut answer = [0; 4_096];
        let length = socket.recv(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    /// It is ready when it answers OPTIONS.
    fn await_ready(&mut self) {
        let options = self.request("OPTIONS", "ready");
        until(Duration::from_secs(10), "the exchange answers OPTIONS", || {
            assert!(self.process.is_running(), "the exchange has ended");
            self.ask(&options).is_some()
        });
    }
}

fn run(binary: &Path, config: &Path) -> Process {
    let folder = config.parent().expect("the office's folder is in the test's");
    Process::start("vaihde", folder, Command::new(binary).arg("run").arg(config))
}

/// Ports of the test's own; everything else as an office has it.
fn settings(sip: SocketAddr) -> String {
    format!(
        "[listen]\nudp = [\"{sip}\"]\n\n[media]\nports = \"{rtp}\"\naddress = [\"{ip}\"]\nmusic = \"music.wav\"\n\n\
         [log]\nlevel = \"debug\"\n",
        ip = sip.ip(),
        rtp = rtp_ports(),
    )
}

/// Ports for the sound of ten calls.
fn rtp_ports() -> String {
    let first = ports(40);
    format!("{first}-{}", first + 39)
}

/// A line for each device that the office names, made by the program itself.
fn secrets(binary: &Path, office: &str) -> String {
    let lists = office.lines().filter(|line| line.starts_with("devices"));
    let devices = lists.flat_map(|line| line.split('"').skip(1).step_by(2));
    let lines = devices.map(|device| passwd(binary, &[device, "--realm", DOMAIN], PASSWORD));
    std::iter::once("[secret]\n".to_owned()).chain(lines).collect()
}

/// What `vaihde passwd` prints for a password or PIN.
pub fn passwd(binary: &Path, words: &[&str], password: &str) -> String {
    let mut command = Command::new(binary);
    let mut child = command
        .arg("passwd")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    stdin.write_all(password.as_bytes()).expect("it reads the password");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "vaihde passwd {words:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}
