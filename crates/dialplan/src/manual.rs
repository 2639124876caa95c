//! The manual of the configuration, printed from the doc comments of its keys.

use crate::actions::Action;
use crate::hours::HoursKeys;
use crate::keys::{
    AbsenceKeys, AbsenceOf, CalendarKeys, DeviceKeys, FlowKeys, GreetingKeys, MemberKeys, OfficeKeys, PersonKeys,
    PromiseKeys, ReachKeys, RegisterKeys, RingKeys, RouteKeys, SecretKeys, TrunkKeys, VoicemailKeys,
};
use crate::read::{Key, Presence, Section};
use crate::settings::{Limits, Listen, Log, Media, Prompts, Sip, Store, TlsListen};

const WIDTH: usize = 100;

const OPENING: &str = "\
The configuration is every .toml file of a folder, read as one. Its keys in the order in which an office needs them:
what each means, what is expected, and what holds where it is left out.

Durations are written with their unit: \"20s\", \"4m\", \"1m30s\", \"500ms\". Numbers may have spaces. Wherever a list is
expected, one value alone will do. A name that refers to something must be defined somewhere; unknown keys are errors.";

const STEPS: &str = "\
A list of steps is gone through from the first to the last until somebody answers or the call ends. A step is a table
with one of the words below, { ring = \"reception\" }, or shorter a text, \"ring:reception\"; \"voicemail\" alone is that
of the person who is wanted. Every step may also have

  when                a condition: \"open:…\", \"closed:…\" or \"from:…\"
      Without it holding the step is left out.

  then                a step or a list of steps
      What follows if nobody answered, in place of the next step.";

/// Every section, key and step.
pub fn manual() -> String {
    let mut text = String::new();
    text.push_str(OPENING);
    section::<OfficeKeys>("At the top", &mut text);
    section::<PersonKeys>("[person.NAME]", &mut text);
    section::<AbsenceKeys>("absences = [{ … }]", &mut text);
    section::<AbsenceOf>("[[absence]]", &mut text);
    section::<CalendarKeys>("calendar = { … }", &mut text);
    section::<DeviceKeys>("[device.NAME]", &mut text);
    section::<SecretKeys>("[secret]  DEVICE = { … }", &mut text);
    section::<HoursKeys>("[hours.NAME]", &mut text);
    section::<RouteKeys>("[[route]]", &mut text);
    section::<PromiseKeys>("promise = { … }", &mut text);
    section::<FlowKeys>("[flow.NAME]", &mut text);
    section::<ReachKeys>("[reach.NAME]", &mut text);
    section::<RingKeys>("[ring.NAME]", &mut text);
    section::<MemberKeys>("members = [{ … }]", &mut text);
    section::<VoicemailKeys>("[voicemail.NAME]", &mut text);
    section::<GreetingKeys>("greeting = { … }", &mut text);
    section::<TrunkKeys>("[trunk.NAME]", &mut text);
    section::<RegisterKeys>("register = { … }", &mut text);
    heading("Steps", &mut text);
    text.push_str(STEPS);
    for (word, doc, keys) in Action::manual() {
        heading(&format!("Step: {word}"), &mut text);
        text.push_str(&wrapped(doc, 0));
        keys.iter().for_each(|key| entry(key, &mut text));
    }
    section::<Listen>("[listen]", &mut text);
    section::<TlsListen>("tls = { … }", &mut text);
    section::<Limits>("[limits]", &mut text);
    section::<Media>("[media]", &mut text);
    section::<Store>("[store]", &mut text);
    section::<Prompts>("[prompts]", &mut text);
    section::<Sip>("[sip]", &mut text);
    section::<Log>("[log]", &mut text);
    text
}

fn section<T: Section>(title: &str, text: &mut String) {
    heading(title, text);
    text.push_str(&wrapped(T::DOC, 0));
    T::keys().iter().for_each(|key| entry(key, text));
}

fn heading(title: &str, text: &mut String) {
    let line = "─".repeat(title.chars().count());
    text.push_str(&format!("\n\n\n{title}\n{line}\n"));
}

fn entry(key: &Key, text: &mut String) {
    let default = match &key.default {
        Presence::Required => "  (needed)".to_owned(),
        Presence::Unset => String::new(),
        Presence::Default(value) => format!(" = {value}"),
    };
    let name = format!("{}{default}", key.name);
    text.push_str(&format!("\n\n  {name:<18}  {}\n", key.what));
    text.push_str(&wrapped(key.doc, 6));
}

/// A doc comment's lines filled again to the width of the page.
fn wrapped(doc: &str, indent: usize) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in doc.split_whitespace() {
        let is_full = lines.last().is_some_and(|line| line.chars().count() + word.chars().count() + indent >= WIDTH);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{:indent$}{line}", "")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manual_tells_every_step_and_default() {
        let manual = super::manual();
        for text in ["calls = 2000", "ring_each = \"15s\"", "Step: voicemail_menu", "domain  (needed)", "[trunk.NAME]"]
        {
            assert!(manual.contains(text), "{text} is missing in:\n{manual}");
        }
        assert!(manual.lines().all(|line| line.chars().count() <= 160), "{manual}");
    }
}
