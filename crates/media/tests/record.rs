//! Messages: what is said is what is kept, and it is kept before anybody is told so.
#![allow(clippy::disallowed_methods, reason = "sockets live in real time")]

mod common;

use audio_codec::{CodecType, create_encoder};
use call::media::{Codec, MediaCommand, MediaEvent, Voice};
use call::{PlayEnd, RecordEnd, Sound};
use common::{A, Call, PATIENCE, PCMA, Phone, read_wav, share, sine};
use std::fs;
use std::time::Duration;

fn record(silence: Duration) -> MediaCommand {
    MediaCommand::Record { end: A, message: "m1".into(), limit: PATIENCE, silence }
}

/// Says a tone, faster than life: the recorder goes by timestamps.
fn say(phone: &mut Phone, payload: u8, codec: CodecType, hertz: u32, millis: u32) {
    let encoded = create_encoder(codec).encode(&sine(hertz, codec.samplerate(), millis));
    for frame in encoded.chunks(160) {
        phone.say(payload, frame);
    }
}

#[test]
fn a_message_is_the_tone_that_was_sent_and_the_hash_key_ends_it() {
    let codecs =
        [(Codec::Pcmu, 0, CodecType::PCMU), (Codec::Pcma, 8, CodecType::PCMA), (Codec::G722, 9, CodecType::G722)];
    for (codec, payload, kind) in codecs {
        let voice = Voice { codec, payload, digits: Some(101) };
        let Call { exchange, mut anna, .. } = Call::with(voice, voice);
        exchange.send(record(PATIENCE));
        exchange.settle(A);
        say(&mut anna, payload, kind, 700, 400);
        anna.press(101, 11);
        assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '#' });
        let length = Duration::from_millis(400);
        assert_eq!(exchange.recorded(A), RecordEnd::Stopped { length });
        let (rate, samples) = read_wav(&exchange.message("m1"));
        assert_eq!(rate, kind.samplerate(), "{codec:?}");
        assert_eq!(samples.len() as u32, rate * 4 / 10, "{codec:?}");
        assert!(share(&samples, 700, rate) > 0.9, "{codec:?}");
    }
}

#[test]
fn other_digits_do_not_end_a_message_and_it_can_be_heard_and_deleted() {
    let Call { exchange, mut anna, .. } = Call::new();
    exchange.send(record(PATIENCE));
    exchange.settle(A);
    anna.press(101, 1);
    assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '1' });
    say(&mut anna, 8, CodecType::PCMA, 700, 200);
    exchange.send(MediaCommand::StopRecord { end: A });
    // Commands may overtake packets that are on their way, so some of the tone may be missing.
    assert!(matches!(exchange.recorded(A), RecordEnd::Stopped { .. }));
    exchange.send(MediaCommand::StopRecord { end: A });

    say(&mut anna, 8, CodecType::PCMA, 700, 20);
    let play = || MediaCommand::Play {
        end: A,
        sounds: vec![Sound::Message("m1".into())],
        repeat: false,
        interruptible: false,
    };
    if exchange.message("m1").exists() {
        exchange.send(play());
        exchange.played(A, PlayEnd::Finished);
    }
    exchange.send(MediaCommand::Delete { message: "m1".into() });
    exchange.settle(A);
    while exchange.message("m1").exists() {
        std::thread::yield_now();
    }
    exchange.send(play());
    exchange.played(A, PlayEnd::Failed);
}

#[test]
fn silence_ends_a_message_also_when_nothing_comes_at_all() {
    let Call { exchange, mut anna, .. } = Call::new();
    exchange.send(record(Duration::from_millis(250)));
    exchange.settle(A);
    say(&mut anna, 8, CodecType::PCMA, 700, 200);
    assert_eq!(exchange.recorded(A), RecordEnd::Silence { length: Duration::from_millis(200) });

    exchange.send(MediaCommand::Record {
        end: A,
        message: "m2".into(),
        limit: PATIENCE,
        silence: Duration::from_millis(50),
    });
    assert_eq!(exchange.recorded(A), RecordEnd::Silence { length: Duration::ZERO });
    assert!(!exchange.message("m2").exists());
}

#[test]
fn the_limit_ends_a_message() {
    let Call { exchange, mut anna, .. } = Call::new();
    let limit = Duration::from_millis(100);
    exchange.send(MediaCommand::Record { end: A, message: "m1".into(), limit, silence: PATIENCE });
    exchange.settle(A);
    say(&mut anna, 8, CodecType::PCMA, 700, 300);
    assert_eq!(exchange.recorded(A), RecordEnd::Limit { length: limit });
}

#[test]
fn a_caller_who_hangs_up_leaves_what_was_said_and_it_is_reported_before_the_close() {
    let Call { exchange, mut anna, bo } = Call::new();
    exchange.send(record(PATIENCE));
    exchange.settle(A);
    say(&mut anna, 8, CodecType::PCMA, 700, 200);
    (0..10).for_each(|_| drop(bo.hear()));
    exchange.send(MediaCommand::Close { end: A });
    assert_eq!(exchange.recorded(A), RecordEnd::Stopped { length: Duration::from_millis(200) });
    assert!(exchange.message("m1").exists());
    assert!(matches!(exchange.event(), MediaEvent::Closed { end: A, .. }));
}

#[test]
fn a_disk_that_fails_is_reported_and_leaves_nothing() {
    let Call { exchange, mut anna, bo } = Call::new();
    fs::remove_dir(exchange.folder.join("messages")).unwrap();
    exchange.send(record(PATIENCE));
    exchange.settle(A);
    say(&mut anna, 8, CodecType::PCMA, 700, 100);
    bo.hear();
    exchange.send(MediaCommand::StopRecord { end: A });
    assert_eq!(exchange.recorded(A), RecordEnd::Failed);
}

#[test]
fn what_cannot_be_recorded_is_reported_at_once() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.send(record(PATIENCE));
    exchange.send(record(PATIENCE));
    assert_eq!(exchange.recorded(A), RecordEnd::Failed);
    exchange.send(MediaCommand::StopRecord { end: A });
    assert_eq!(exchange.recorded(A), RecordEnd::Stopped { length: Duration::ZERO });
    exchange.connect_with(A, &anna, None, true);
    exchange.send(record(PATIENCE));
    assert_eq!(exchange.recorded(A), RecordEnd::Failed);
}

#[test]
fn an_exchange_that_stops_keeps_what_was_said() {
    let Call { mut exchange, mut anna, bo } = Call::new();
    exchange.send(record(PATIENCE));
    exchange.settle(A);
    say(&mut anna, 8, CodecType::PCMA, 700, 200);
    (0..10).for_each(|_| drop(bo.hear()));
    exchange.stop();
    let (rate, samples) = read_wav(&exchange.message("m1"));
    assert_eq!(samples.len(), 1600);
    assert!(share(&samples, 700, rate) > 0.9);
    assert_eq!(PCMA.payload, 8);
}
