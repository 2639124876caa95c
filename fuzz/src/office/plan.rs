//! A small office that has everything: people, groups, voicemail, a trunk, and limits that are soon reached.

use dialplan::{Dialplan, Environment, Secret, Source};
use std::sync::{Arc, OnceLock};

/// The domain and realm.
pub const DOMAIN: &str = "pbx.example.fi";
/// The devices; each one's password is its name.
pub const DEVICES: [&str; 4] = ["anna-desk", "bo-desk", "cia-desk", "cia-soft"];

const PLAN: &str = r#"
domain   = "pbx.example.fi"
timezone = "Europe/Helsinki"
language = "en"

[limits]
calls         = 6
transactions  = 200
subscriptions = 4

[sip]
digest = ["MD5", "SHA-256"]

[media]
ports = "20000-20039"
music = "music.wav"

[hours.office]
open = ["Mon-Fri 08:00-16:00"]

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["anna-desk"]
mobile  = "+358401234567"

[person.bo]
name       = "Bo Berg"
number     = "1002"
devices    = ["bo-desk"]
substitute = "cia"
absences   = [{ from = "2026-12-21", to = "2027-01-06", reason = "holiday" }]

[person.cia]
name    = "Cia Carlsson"
number  = "1003"
devices = ["cia-desk", "cia-soft"]
calls   = 2

[reach.default]
ring_for  = "20s"
absent    = ["substitute", "voicemail"]
busy      = ["voicemail"]
offline   = ["mobile", "voicemail"]
no_answer = ["voicemail"]

[ring.reception]
members = ["bo", { who = "cia", after = "5s" }]
give_up = "15s"
then    = "voicemail:office"

[ring.desk]
members   = ["anna", "bo", "cia"]
strategy  = "round-robin"
ring_each = "5s"
give_up   = "30s"
then      = "voicemail:office"

[voicemail.office]
light = ["bo"]

[trunk.operator]
proxy        = "sip:203.0.113.10"
user         = "office"
password_env = "TRUNK_PASSWORD"
as           = "+358942421000"

[[route]]
from   = "trunk:operator"
number = "+358942421xxx"
steps  = ["ring:reception"]

[[route]]
from   = ["phones", "trunks"]
number = "1xxx"
steps  = ["reach"]

[[route]]
from   = "phones"
number = "2000"
steps  = ["ring:reception"]

[[route]]
from   = "phones"
number = "2001"
steps  = ["ring:desk"]

[[route]]
from   = "phones"
number = "*97"
steps  = ["voicemail_menu"]

[trunk.named]
proxy = "sip:operator.example"

[[route]]
from   = "phones"
number = "8."
steps  = ["dial:trunk:named"]

[[route]]
from   = "phones"
number = ["0.", "+."]
steps  = ["dial:trunk:operator"]
"#;

struct Beside;

impl Environment for Beside {
    fn var(&self, _name: &str) -> Option<String> {
        Some("trunk password".into())
    }

    fn text(&self, _path: &str) -> Option<String> {
        None
    }

    fn exists(&self, _path: &str) -> bool {
        true
    }
}

/// The plan, read once.
pub fn plan() -> Arc<Dialplan> {
    static PLAN_READ: OnceLock<Arc<Dialplan>> = OnceLock::new();
    PLAN_READ.get_or_init(|| Arc::new(read())).clone()
}

fn read() -> Dialplan {
    let secrets: Vec<String> = DEVICES.iter().map(|device| Secret::of(device, DOMAIN, device).line(device)).collect();
    let sources = [
        Source { path: "office.toml".into(), text: PLAN.into() },
        Source { path: "secrets.toml".into(), text: format!("[secret]\n{}\n", secrets.join("\n")) },
    ];
    match dialplan::read(&sources, &Beside) {
        Ok(found) => found.plan,
        Err(faults) => panic!("{}", dialplan::render(&faults, &sources, false)),
    }
}
