//! Two real telephones (baresip) call through the exchange: what one says the other hears, measured by frequency.
#![allow(clippy::disallowed_methods)] // real time, real sockets

use std::path::{Path, PathBuf};
use std::time::Duration;
use support::baresip::{Line, Phone};
use support::exchange::{Exchange, PASSWORD, passwd};
use support::process::{Folder, until};
use support::tone;

const BINARY: &str = env!("CARGO_BIN_EXE_vaihde");

/// What Anna, Bo and Maija say: no one is a harmonic of another.
const ANNA: f64 = 440.0;
const BO: f64 = 1_000.0;
const MAIJA: f64 = 1_500.0;

const OFFICE: &str = r#"
domain   = "office.test"
timezone = "Europe/Helsinki"
language = "en"

[person.anna]
name    = "Anna Virtanen"
number  = "1001"
devices = ["anna"]

[person.bo]                       # takes messages
name    = "Bo Lind"
number  = "1002"
devices = ["bo"]
reach   = "message"

[person.maija]                    # is helped by the reception
name    = "Maija Saarinen"
number  = "1003"
devices = ["maija"]
reach   = "helped"

[reach.message]
ring_for  = "2s"
no_answer = ["voicemail"]

[reach.helped]
ring_for  = "2s"
no_answer = ["ring:reception"]

[ring.reception]
members  = ["bo"]
give_up  = "10s"
then     = "voicemail:office"

[voicemail.office]

[voicemail.bo]
PIN

[[route]]
from   = "phones"
number = "1xxx"
steps  = ["reach"]

[[route]]
from   = "phones"
number = "*97"
steps  = ["voicemail_menu"]
"#;

fn office() -> String {
    OFFICE.replace("PIN", &passwd(Path::new(BINARY), &["bo", "--pin"], "4711"))
}

/// A phone of the office, with the password of all its phones.
fn registered<'a>(exchange: &Exchange, user: &'a str, hertz: f64, answers: bool) -> Line<'a> {
    Line { user, secret: Some(PASSWORD), exchange: Some(exchange.sip), hertz, answers, ..Line::default() }
}

/// The same, started.
fn phone(folder: &Folder, exchange: &Exchange, user: &str, hertz: f64, answers: bool) -> Phone {
    Phone::start(folder, &registered(exchange, user, hertz, answers))
}

/// Lets phones talk.
fn talk(secs: f64) {
    std::thread::sleep(Duration::from_secs_f64(secs));
}

/// A phone heard a tone for at least so long in its last call.
fn assert_heard(phone: &Phone, hertz: f64, secs: f64) {
    let heard = phone.heard();
    let of_tone = heard.secs_of(hertz);
    assert!(of_tone >= secs, "{} heard {hertz} Hz for {of_tone} s of {} s", phone.uri, heard.secs());
}

fn number(exchange: &Exchange, number: &str) -> String {
    format!("sip:{number}@{}", exchange.sip)
}

/// Without the exchange: shows that the phones, the tones and the measuring are sound.
#[test]
fn phones_hear_each_other_without_the_exchange() {
    let folder = Folder::for_test();
    let mut anna = Phone::start(&folder, &Line { user: "anna", hertz: ANNA, ..Line::default() });
    let mut bo = Phone::start(&folder, &Line { user: "bo", hertz: BO, answers: true, ..Line::default() });
    anna.dial(&bo.uri);
    anna.wait_for("CALL_ESTABLISHED");
    talk(2.0);
    anna.hang_up();
    bo.wait_for("CALL_CLOSED");
    assert_heard(&anna, BO, 1.5);
    assert_heard(&bo, ANNA, 1.5);
    assert!(anna.heard().secs_of(ANNA) < 0.1, "anna heard herself");
}

/// What a newcomer meets after `make run`: accounts as they are printed, a call to the reception, a message for
/// somebody who has no phone.
#[test]
fn the_example_office_works_with_the_accounts_that_it_prints() {
    let folder = Folder::for_test();
    let exchange = Exchange::start_example(BINARY, &folder);
    let accounts = std::fs::read_to_string(exchange.folder.join("accounts.txt")).expect("the accounts are kept");
    let example = |user: &str, hertz, answers| {
        let line = accounts.lines().find(|line| line.split_whitespace().any(|word| word == user));
        let secret = line.and_then(|line| line.split_whitespace().last());
        assert!(secret.is_some(), "{user} has an account:\n{accounts}");
        Phone::start(&folder, &Line { secret, ..registered(&exchange, user, hertz, answers) })
    };
    let (mut anna, mut pekka) = (example("anna-desk", ANNA, false), example("pekka-desk", BO, true));
    anna.dial(&number(&exchange, "1000"));
    pekka.wait_for("CALL_ESTABLISHED");
    talk(2.0);
    anna.hang_up();
    pekka.wait_for("CALL_CLOSED");
    assert_heard(&pekka, ANNA, 1.5);

    anna.dial(&number(&exchange, "1003"));
    anna.wait_for("CALL_ESTABLISHED");
    talk(2.0);
    anna.press("#");
    talk(3.0);
    anna.hang_up();
    anna.wait_for("CALL_CLOSED");
    assert!(anna.heard().secs_of_sound() > 1.0, "the greeting is heard");
    let message = tone::read(&kept_message(&exchange));
    assert!(message.secs_of(ANNA) > 1.5, "{} s of the tone in {} s", message.secs_of(ANNA), message.secs());
    exchange.stop();
}

#[test]
fn what_one_says_the_other_hears() {
    hear_each_other("PCMA/8000/1");
}

#[test]
fn phones_speak_g722_through_the_exchange() {
    hear_each_other("G722/16000/1");
}

/// Anna calls Bo through the exchange, both with one codec.
fn hear_each_other(codecs: &str) {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, &office());
    let phone = |user, hertz, answers| {
        let line = Line { codecs, ..registered(&exchange, user, hertz, answers) };
        Phone::start(&folder, &line)
    };
    let (mut anna, mut bo) = (phone("anna", ANNA, false), phone("bo", BO, true));
    anna.dial(&number(&exchange, "1002"));
    anna.wait_for("CALL_ESTABLISHED");
    talk(2.0);
    bo.hang_up();
    anna.wait_for("CALL_CLOSED");
    assert_heard(&anna, BO, 1.5);
    assert_heard(&bo, ANNA, 1.5);
    exchange.stop();
}

/// Maija does not answer; after two seconds the call goes on to the reception, where Bo does.
#[test]
fn a_call_goes_on_to_the_reception_and_both_hear_each_other() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, &office());
    let mut anna = phone(&folder, &exchange, "anna", ANNA, false);
    let mut bo = phone(&folder, &exchange, "bo", BO, false);
    let mut maija = phone(&folder, &exchange, "maija", MAIJA, false);
    anna.dial(&number(&exchange, "1003"));
    maija.wait_for("CALL_INCOMING");
    assert!(!bo.has_seen("CALL_INCOMING"), "the reception rings before Maija had her time");
    bo.wait_for("CALL_INCOMING");
    maija.wait_for("CALL_CLOSED");
    bo.accept();
    anna.wait_for("CALL_ESTABLISHED");
    talk(2.0);
    anna.hang_up();
    bo.wait_for("CALL_CLOSED");
    assert_heard(&anna, BO, 1.5);
    assert_heard(&bo, ANNA, 1.5);
    exchange.stop();
}

/// Bo does not answer; Anna's tone is recorded as it was sent, and is what Bo hears when he listens.
#[test]
fn a_message_in_voicemail_is_the_tone_that_was_sent() {
    let folder = Folder::for_test();
    let exchange = Exchange::start(BINARY, &folder, &office());
    let mut anna = phone(&folder, &exchange, "anna", ANNA, false);
    let mut bo = phone(&folder, &exchange, "bo", BO, false);
    anna.dial(&number(&exchange, "1002"));
    bo.wait_for("CALL_INCOMING");
    anna.wait_for("CALL_ESTABLISHED");
    talk(1.0);
    anna.press("#"); // enough of the greeting
    talk(4.0);
    anna.hang_up();
    let message = tone::read(&kept_message(&exchange));
    assert!(message.secs_of(ANNA) > 2.0, "{} s of the tone in {} s", message.secs_of(ANNA), message.secs());
    assert!(message.secs_of_sound() - message.secs_of(ANNA) < 0.2, "something else was recorded, too");

    bo.wait_for("CALL_CLOSED");
    bo.dial(&number(&exchange, "*97"));
    bo.wait_for("CALL_ESTABLISHED");
    talk(1.0);
    bo.press("4711#");
    talk(15.0);
    bo.hang_up();
    bo.wait_for("CALL_CLOSED");
    assert_heard(&bo, ANNA, 2.0);
    exchange.stop();
}

/// The file of the one message that is kept, as soon as it is.
fn kept_message(exchange: &Exchange) -> PathBuf {
    let mut kept = None;
    until(Duration::from_secs(5), "the message is kept", || {
        let files = std::fs::read_dir(exchange.folder.join("data/messages")).into_iter().flatten();
        let mut files = files.filter_map(|entry| Some(entry.ok()?.path()));
        kept = files.find(|path| path.extension().is_some_and(|extension| extension == "wav"));
        kept.is_some()
    });
    kept.expect("it is kept")
}
