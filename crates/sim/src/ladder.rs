//! The SIP ladder of a simulation as text, so that a test compares a whole trace and a failure shows it.

use bytes::Bytes;
use sip::{Message, Method};
use std::collections::HashSet;
use std::fmt::Write;
use std::hash::Hasher;
use std::time::{Duration, Instant};

/// What was sent, by whom and when.
#[derive(Debug)]
pub(crate) struct Ladder {
    rungs: Vec<String>,
    since: Instant,
    /// Only looked up in, never walked.
    sent: HashSet<(String, Bytes)>,
    digest: std::hash::DefaultHasher,
    /// Lines kept; the first are forgotten beyond it.
    pub keep: usize,
}

impl Ladder {
    pub fn new(now: Instant) -> Ladder {
        Ladder {
            rungs: Vec::new(),
            since: now,
            sent: HashSet::new(),
            digest: std::hash::DefaultHasher::new(),
            keep: usize::MAX,
        }
    }

    /// Begins anew at this time.
    pub fn mark(&mut self, now: Instant) {
        self.rungs.clear();
        self.since = now;
    }

    /// A moment as the ladder shows it.
    pub fn time(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.since)
    }

    /// A message on the wire.
    pub fn message(&mut self, now: Instant, from: &str, to: &str, bytes: &Bytes, lost: bool) {
        let at = now - self.since;
        self.digest.write(format!("{} {from} {to} {lost}", at.as_nanos()).as_bytes());
        self.digest.write(bytes);
        if self.keep == 0 {
            return;
        }
        let again = !self.sent.insert((format!("{from} {to}"), bytes.clone()));
        let marks = match (again, lost) {
            (false, false) => "",
            (true, false) => " (again)",
            (false, true) => " (lost)",
            (true, true) => " (again, lost)",
        };
        self.rung(at, format!("{from} → {to}"), &format!("{}{marks}", describe(bytes)));
    }

    /// Something else that is worth a line.
    pub fn event(&mut self, now: Instant, who: &str, what: &str) {
        let at = now - self.since;
        self.digest.write(format!("{} {who} {what}", at.as_nanos()).as_bytes());
        if self.keep > 0 {
            self.rung(at, who.to_owned(), what);
        }
    }

    fn rung(&mut self, at: Duration, who: String, what: &str) {
        if self.rungs.len() >= self.keep {
            self.rungs.drain(..self.keep / 2);
        }
        self.rungs.push(format!("{:7.2}  {who:<24} {what}", at.as_secs_f64()));
    }

    /// All of it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for rung in &self.rungs {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", rung.trim_end());
        }
        text
    }

    /// A number that differs if anything that was ever sent differs in content, order or time.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }
}

/// `INVITE sip:1002@pbx.example.fi + sdp`, `180 Ringing (INVITE)`.
fn describe(bytes: &Bytes) -> String {
    let Ok(message) = Message::parse(bytes.clone()) else {
        let text = String::from_utf8_lossy(bytes);
        return format!("{:?}", text.lines().next().unwrap_or_default());
    };
    let mut line = if message.is_request() {
        format!("{} {}", message.method_str(), message.request_uri().split(';').next().unwrap_or_default())
    } else if message.method() == Method::Invite {
        format!("{} {}", message.code(), message.reason_phrase())
    } else {
        format!("{} {} ({})", message.code(), message.reason_phrase(), message.method_str())
    };
    if let Some(sound) = crate::phone::Heard::read(message.body_bytes()) {
        line += match (sound.remote.port(), sound.sends, sound.receives) {
            (0, _, _) => " + sdp refused",
            (_, true, true) => " + sdp",
            (_, true, false) if sound.remote.ip().is_unspecified() => " + sdp 0.0.0.0",
            (_, true, false) => " + sdp sendonly",
            (_, false, true) => " + sdp recvonly",
            (_, false, false) => " + sdp inactive",
        };
    }
    line
}

/// Removes what is common to the left of all lines, and empty lines at both ends.
pub(crate) fn dedent(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let indent = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().map(|line| format!("{}\n", &line[indent..])).collect()
}
