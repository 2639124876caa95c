//! The office in which every flow takes place.

use sim::{Manners, Office, Ring};
use std::time::Duration;

/// Anna (1001), Bo (1002, away over Christmas), Cia (1003), Dan (1004, two phones) and Eva (1005); the reception
/// rings Bo and Cia at once, the service desk one after another.
pub const PLAN: &str = r#"
domain   = "pbx.example.fi"
timezone = "Europe/Helsinki"
language = "en"

[media]
music = "music.wav"

[hours.office]
open = ["Mon-Fri 08:00-16:00"]

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["anna-desk"]

[person.bo]
name       = "Bo Berg"
number     = "1002"
devices    = ["bo-desk"]
substitute = "cia"
absences   = [{ from = "2026-12-21", to = "2027-01-06", reason = "holiday" }]

[person.cia]
name    = "Cia Carlsson"
number  = "1003"
devices = ["cia-desk"]

[person.dan]
name    = "Dan Dahl"
number  = "1004"
devices = ["dan-desk", "dan-soft"]

[person.eva]
name    = "Eva Ek"
number  = "1005"
devices = ["eva-desk"]
reach   = "delayed"

[reach.default]
ring_for  = "20s"
absent    = ["substitute", "voicemail"]
busy      = ["voicemail"]
offline   = ["voicemail"]
no_answer = ["voicemail"]

[reach.delayed]
ring_for  = "10s"
no_answer = ["ring:reception", "voicemail"]

[ring.reception]
members = ["bo", "cia"]
give_up = "15s"
then    = "voicemail:office"

[ring.desk]
members   = ["bo", "cia", "dan"]
strategy  = "in-order"
ring_each = "5s"
give_up   = "30s"
then      = "voicemail:office"

[voicemail.office]
light = ["bo"]

[[route]]
from   = "phones"
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
"#;

/// The phones of the office.
pub const PHONES: [&str; 6] = ["anna-desk", "bo-desk", "cia-desk", "dan-desk", "dan-soft", "eva-desk"];

/// An office at ten o'clock on a Tuesday, these phones registered.
pub fn office_with(phones: &[&str]) -> Office {
    let mut office = Office::new(PLAN, 1);
    office.register(phones);
    office
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A phone that answers after so many seconds.
pub fn answers(after: u64) -> Manners {
    Manners { ring: Ring::Answer(secs(after)), ..Manners::default() }
}

/// A phone that answers after so many seconds and hangs up after so many more.
pub fn answers_and_talks(after: u64, talks: u64) -> Manners {
    Manners { talks: Some(secs(talks)), ..answers(after) }
}
