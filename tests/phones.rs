//! Two real telephones (baresip) call through the exchange: what one says the other hears, measured by frequency.
#![allow(clippy::disallowed_methods)] // real time, real sockets

use std::time::Duration;
use support::baresip::{Line, Phone};
use support::process::Folder;

/// Lets two phones talk.
fn talk(secs: f64) {
    std::thread::sleep(Duration::from_secs_f64(secs));
}

/// Without the exchange: shows that the phones, the tones and the measuring are sound.
#[test]
fn phones_hear_each_other_without_the_exchange() {
    let folder = Folder::for_test();
    let mut anna = Phone::start(&folder, &Line { user: "anna", hertz: 440.0, ..Line::default() });
    let mut bo = Phone::start(&folder, &Line { user: "bo", hertz: 1000.0, answers: true, ..Line::default() });
    anna.dial(&bo.uri);
    anna.wait_for("CALL_ESTABLISHED");
    talk(2.0);
    anna.hang_up();
    bo.wait_for("CALL_CLOSED");
    let (heard, told) = (anna.heard(), bo.heard());
    assert!(heard.secs_of(1000.0) > 1.5, "anna heard bo for {} of {} s", heard.secs_of(1000.0), heard.secs());
    assert!(told.secs_of(440.0) > 1.5, "bo heard anna for {} of {} s", told.secs_of(440.0), told.secs());
    assert!(heard.secs_of(440.0) < 0.1, "anna heard herself");
}
