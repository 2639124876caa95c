//! A real telephone without a loudspeaker: baresip, told what to do over TCP, sending a tone and keeping what it hears.

use super::process::{Folder, Process, ports, until};
use super::tone::{self, Recording};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How long a phone may take for anything but ringing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A phone to start.
pub struct Line<'a> {
    /// The SIP user and the name of the phone's folder.
    pub user: &'a str,
    /// Its password; without one it does not register.
    pub secret: Option<&'a str>,
    /// Where it registers and sends its calls; `None`: it is called at its own address.
    pub exchange: Option<SocketAddr>,
    /// What it sends when it talks.
    pub hertz: f64,
    /// Picks up by itself.
    pub answers: bool,
    /// `PCMU/8000/1`, `G722/16000/1`, …; the first is preferred.
    pub codecs: &'a str,
}

impl Default for Line<'_> {
    fn default() -> Self {
        Line { user: "phone", secret: None, exchange: None, hertz: 440.0, answers: false, codecs: "PCMA/8000/1" }
    }
}

/// A running phone.
pub struct Phone {
    /// `sip:user@address:port`, where it can be called without an exchange.
    pub uri: String,
    process: Process,
    folder: PathBuf,
    control: TcpStream,
    responses: Receiver<Value>,
    events: Receiver<Value>,
    keys: SocketAddr,
}

impl Phone {
    /// Starts it; if it has a password it is registered when this returns.
    pub fn start(folder: &Folder, line: &Line<'_>) -> Phone {
        let folder = folder.path().join(line.user);
        std::fs::create_dir_all(folder.join("heard")).expect("a folder for the phone");
        tone::write(&folder.join("tone.wav"), 8_000, line.hertz, 60);
        let first = ports(18); // the one after SIP is its TLS
        let [sip, control, keys] = [first, first + 2, first + 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        std::fs::write(folder.join("config"), config(&folder, sip, control, keys, first + 4)).expect("its config");
        let process = Process::start("baresip", &folder, Command::new("baresip").arg("-v").arg("-f").arg(&folder));
        let (control, responses, events) = connect(control);
        let uri = format!("sip:{}@{sip}", line.user);
        let mut phone = Phone { uri, process, folder, control, responses, events, keys };
        phone.tell("uanew", &account(line, sip));
        if line.secret.is_some() {
            phone.wait_for("REGISTER_OK");
        }
        phone
    }

    /// Calls somebody.
    pub fn dial(&mut self, uri: &str) {
        self.tell("dial", uri);
    }

    /// Picks up.
    pub fn accept(&mut self) {
        self.tell("accept", "");
    }

    /// Hangs up, or refuses.
    pub fn hang_up(&mut self) {
        self.tell("hangup", "");
    }

    /// Presses keys one after another, as RFC 4733 events.
    pub fn press(&mut self, keys: &str) {
        let console = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
        for key in keys.bytes() {
            console.send_to(&[key], self.keys).expect("the phone's console listens");
            std::thread::sleep(Duration::from_millis(120));
            console.send_to(&[4], self.keys).expect("the phone's console listens"); // lets go of the key
            std::thread::sleep(Duration::from_millis(120));
        }
    }

    /// Waits for the phone to report an event (`CALL_ESTABLISHED`, `CALL_CLOSED`, …), leaving out others.
    pub fn wait_for(&mut self, event: &str) -> Value {
        self.wait_long_for(event, PATIENCE)
    }

    /// The same with more patience: while something rings out.
    pub fn wait_long_for(&mut self, event: &str, limit: Duration) -> Value {
        let deadline = Instant::now() + limit;
        let mut seen = Vec::new();
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(value) if value["type"] == event => return value,
                Ok(value) => seen.push(value["type"].to_string()),
                Err(_) => panic!("{}: waited {limit:?} for {event}, saw {seen:?}", self.uri),
            }
        }
    }

    /// Whether it has reported this event by now. What came before it is forgotten.
    pub fn has_seen(&mut self, event: &str) -> bool {
        self.events.try_iter().any(|value| value["type"] == event)
    }

    /// What it heard in its last call, which must be over.
    pub fn heard(&self) -> Recording {
        let mut files = files_in(&self.folder.join("heard"));
        files.retain(|path| path.to_string_lossy().ends_with("-dec.wav"));
        tone::read(files.last().unwrap_or_else(|| panic!("{} has heard nothing at all", self.uri)))
    }

    /// What the phone has logged.
    pub fn said(&self) -> String {
        self.process.said()
    }

    fn tell(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params }).to_string();
        write!(self.control, "{}:{text},", text.len()).expect("the phone takes commands");
        let answer = self.responses.recv_timeout(PATIENCE).expect("the phone says whether it could");
        assert_eq!(answer["ok"], true, "{}: {command} {params}: {answer}", self.uri);
    }
}

fn account(line: &Line<'_>, own: SocketAddr) -> String {
    let answer = if line.answers { ";answermode=auto" } else { "" };
    let codecs = line.codecs;
    match (line.exchange, line.secret) {
        (Some(at), Some(secret)) => format!(
            "<sip:{user}@{at}>;auth_user={user};auth_pass={secret};regint=300;audio_codecs={codecs}{answer}",
            user = line.user
        ),
        _ => format!("<sip:{}@{own}>;regint=0;audio_codecs={codecs}{answer}", line.user),
    }
}

fn config(folder: &Path, sip: SocketAddr, control: SocketAddr, keys: SocketAddr, rtp: u16) -> String {
    let folder = folder.display();
    format!(
        "sip_listen {sip}\nnet_interface 127.0.0.1\nrtp_ports {rtp}-{last}\n\
         module_path {modules}\nmodule account.so\nmodule g711.so\nmodule g722.so\nmodule aufile.so\nmodule sndfile.so\n\
         module_app menu.so\nmodule_app mwi.so\nmodule cons.so\nmodule_app ctrl_tcp.so\n\
         audio_source aufile,{folder}/tone.wav\nausrc_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
         audio_path {folder}/no-ringing-sounds\nsnd_path {folder}/heard\n\
         ctrl_tcp_listen {control}\ncons_listen {keys}\ncall_local_timeout 120\n",
        last = rtp + 11,
        modules = modules().display(),
    )
}

/// Where the distribution keeps baresip's modules.
fn modules() -> PathBuf {
    let places = ["/usr/lib/baresip/modules", "/usr/lib64/baresip/modules", "/usr/local/lib/baresip/modules"];
    let found = places.iter().map(PathBuf::from).find(|place| place.join("ctrl_tcp.so").exists());
    found.expect("baresip is installed with its modules; scripts/test-tools installs it")
}

/// Connects to the phone's control port as soon as it is there, and reads what it reports: JSON in netstrings.
fn connect(control: SocketAddr) -> (TcpStream, Receiver<Value>, Receiver<Value>) {
    let mut stream = None;
    until(PATIENCE, "baresip takes commands", || {
        stream = TcpStream::connect(control).ok();
        stream.is_some()
    });
    let stream = stream.expect("it is connected");
    let ((respond, responses), (report, events)) = (channel(), channel());
    let reader = stream.try_clone().expect("a stream can be shared");
    std::thread::spawn(move || read_reports(reader, &respond, &report));
    (stream, responses, events)
}

/// Responses to commands and events of calls, until the phone is gone.
fn read_reports(mut stream: TcpStream, responses: &Sender<Value>, events: &Sender<Value>) {
    let mut length = 0usize;
    let mut byte = [0u8];
    while stream.read_exact(&mut byte).is_ok() {
        if byte[0].is_ascii_digit() {
            length = length * 10 + usize::from(byte[0] - b'0');
            continue;
        }
        let mut text = vec![0; length + 1]; // the comma that closes it, too
        if byte[0] != b':' || stream.read_exact(&mut text).is_err() {
            return;
        }
        length = 0;
        let Ok(value) = serde_json::from_slice::<Value>(&text[..text.len() - 1]) else { continue };
        let to = if value["response"] == true { responses } else { events };
        if to.send(value).is_err() {
            return;
        }
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}
