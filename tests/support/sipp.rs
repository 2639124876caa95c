//! sipp: one scenario of `tests/scenarios` played against the exchange.

use super::exchange::{DOMAIN, Exchange, PASSWORD};
use super::process::{Folder, Process, ports, until};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long one scenario may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A phone that sipp plays: it registers, and is called, at its own port.
#[derive(Clone, Debug)]
pub struct Phone {
    /// The SIP user.
    pub user: String,
    /// Its password.
    pub secret: String,
    /// Its port at the exchange's loopback address.
    pub port: u16,
    /// The port at which the test itself listens to what the phone is sent, in scenarios that name it as `[ear]`.
    pub ear: u16,
    /// `u1` for UDP, `t1` for TCP.
    pub transport: &'static str,
}

/// A scenario that runs.
pub struct Run {
    process: Process,
    scenario: String,
    trace: PathBuf,
    errors: PathBuf,
}

/// Plays scenarios against one exchange.
pub struct Sipp<'a> {
    exchange: &'a Exchange,
    folder: &'a Path,
}

impl<'a> Sipp<'a> {
    /// Traces and logs go into the test's folder.
    pub fn new(exchange: &'a Exchange, folder: &'a Folder) -> Self {
        Self { exchange, folder: folder.path() }
    }

    /// A phone of the office that the test wrote, with the password of all its phones.
    pub fn phone(&self, user: &str) -> Phone {
        Phone { user: user.into(), secret: PASSWORD.into(), port: ports(2), ear: ports(2), transport: "u1" }
    }

    /// Registers a phone, and takes what it is told of its message light.
    pub fn register(&self, user: &str) -> Phone {
        let phone = self.phone(user);
        self.play("register", &phone, "");
        phone
    }

    /// Plays a scenario to its end and gives the trace of its messages. `dial` is the number that it calls.
    pub fn play(&self, scenario: &str, phone: &Phone, dial: &str) -> String {
        self.start(scenario, phone, dial).finish()
    }

    /// Starts a phone that waits to be called, and returns as soon as it can be.
    pub fn wait(&self, scenario: &str, phone: &Phone) -> Run {
        let mut run = self.start(scenario, phone, "");
        let at = (self.exchange.sip.ip(), phone.port);
        until(PATIENCE, &format!("sipp listens for {scenario}"), || {
            !run.process.is_running() || UdpSocket::bind(at).is_err()
        });
        run
    }

    /// Starts a scenario.
    pub fn start(&self, scenario: &str, phone: &Phone, dial: &str) -> Run {
        let file =
            |scenario: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{scenario}.xml"));
        let name = format!("{scenario}-{}", phone.user);
        let in_folder = |end: &str| self.folder.join(format!("{name}{end}"));
        let (trace, errors) = (in_folder("-messages.txt"), in_folder("-errors.txt"));
        let mut sipp = Command::new("sipp");
        sipp.current_dir(self.folder).arg("-sf").arg(file(scenario)).arg(self.exchange.sip.to_string());
        sipp.args(["-i", &self.exchange.sip.ip().to_string(), "-p", &phone.port.to_string()]);
        sipp.args(["-t", phone.transport, "-m", "1", "-l", "1", "-nostdin", "-recv_timeout", "15000"]);
        sipp.args(["-timeout", &PATIENCE.as_secs().to_string(), "-timeout_error"]);
        sipp.args(["-mp", &ports(4).to_string(), "-s", dial]);
        sipp.args(["-key", "user", &phone.user, "-key", "domain", DOMAIN, "-key", "ear", &phone.ear.to_string()]);
        let asked = if dial.is_empty() { DOMAIN.to_owned() } else { format!("{dial}@{DOMAIN}") };
        sipp.args(["-au", &phone.user, "-ap", &phone.secret, "-auth_uri", &asked]);
        sipp.arg("-trace_msg").arg("-message_file").arg(&trace).args(["-message_overwrite", "true"]);
        sipp.arg("-trace_err").arg("-error_file").arg(&errors);
        if scenario == "register" {
            sipp.arg("-oocsf").arg(file("notified"));
        }
        Run {
            process: Process::start_without_screen(&name, self.folder, &mut sipp),
            scenario: scenario.into(),
            trace,
            errors,
        }
    }
}

impl Run {
    /// Waits for the scenario's end, which must be a good one, and gives the trace of its messages.
    pub fn finish(mut self) -> String {
        let ended = self.process.wait(PATIENCE + Duration::from_secs(5));
        assert!(ended.success(), "sipp {}: {ended}", self.scenario);
        std::fs::read_to_string(&self.trace).expect("sipp writes a trace")
    }
}

impl Drop for Run {
    /// A test that fails shows what each of its phones saw.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let read = |path| std::fs::read_to_string(path).unwrap_or_default();
            eprintln!("---- sipp {}:\n{}\n{}", self.scenario, read(&self.errors), read(&self.trace));
        }
    }
}

/// The code of the last final response in a trace.
pub fn last_code(trace: &str) -> u16 {
    let mut codes = trace.lines().filter_map(|line| line.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok());
    codes.rfind(|code| *code >= 200).unwrap_or(0)
}
