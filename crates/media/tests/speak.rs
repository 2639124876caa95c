//! What the exchange says itself: prompts, music and digits.
#![allow(clippy::disallowed_methods, reason = "sockets live in real time")]

mod common;

use audio_codec::{CodecType, create_decoder};
use call::media::{Codec, MediaCommand, MediaEvent, Voice};
use call::{PlayEnd, Sound};
use common::{A, Call, PCMA, Packet, Phone, hear, share, sine, write_wav};
use std::time::Duration;

const BEEP_FRAMES: usize = 15;

fn play(sounds: Vec<Sound>) -> MediaCommand {
    MediaCommand::Play { end: A, sounds, repeat: false, interruptible: true }
}

fn music() -> MediaCommand {
    let sounds = vec![Sound::Prompt { name: "hold".into(), language: "music".into() }];
    MediaCommand::Play { end: A, sounds, repeat: true, interruptible: true }
}

fn frames(phone: &Phone, count: usize) -> Vec<Packet> {
    (0..count).map(|_| phone.hear()).collect()
}

fn decoded(packets: &[Packet], codec: CodecType) -> Vec<i16> {
    let mut decoder = create_decoder(codec);
    packets.iter().flat_map(|packet| decoder.decode(packet.body())).collect()
}

/// One stream: the same SSRC, every number, timestamps that go on.
fn assert_one_stream(packets: &[Packet]) {
    for pair in packets.windows(2) {
        assert_eq!(pair[1].ssrc(), pair[0].ssrc());
        assert_eq!(pair[1].sequence(), pair[0].sequence().wrapping_add(1));
        assert!((pair[1].timestamp().wrapping_sub(pair[0].timestamp()) as i32) >= 0);
    }
}

#[test]
fn a_beep_is_heard_in_every_codec_at_20_ms_a_packet() {
    let codecs =
        [(Codec::Pcmu, 0, CodecType::PCMU), (Codec::Pcma, 8, CodecType::PCMA), (Codec::G722, 9, CodecType::G722)];
    for (codec, payload, kind) in codecs {
        let voice = Voice { codec, payload, digits: None };
        let Call { exchange, anna, .. } = Call::with(voice, voice);
        exchange.send(play(vec![Sound::Silence(Duration::from_millis(40)), Sound::Beep]));
        let packets = frames(&anna, 2 + BEEP_FRAMES);
        exchange.played(A, PlayEnd::Finished);
        assert_one_stream(&packets);
        assert!(packets.iter().all(|packet| packet.payload() == payload && packet.body().len() == 160));
        assert!(packets[0].marker());
        assert!(packets.windows(2).all(|pair| pair[1].marker() || pair[1].timestamp() - pair[0].timestamp() == 160));
        let beep = decoded(&packets, kind).split_off(320 * (kind.samplerate() / 8000) as usize);
        assert!(share(&beep, 1000, kind.samplerate()) > 0.8, "{codec:?}");
        assert_eq!(exchange.close(A).sent as usize, packets.len());
    }
}

#[test]
fn the_offices_own_file_is_played_at_its_own_pitch() {
    let Call { exchange, anna, .. } = Call::new();
    write_wav(&exchange.folder.join("config/hello.wav"), 16_000, &sine(600, 16_000, 200));
    exchange.send(play(vec![Sound::File("hello.wav".into())]));
    let packets = frames(&anna, 10);
    exchange.played(A, PlayEnd::Finished);
    assert!(share(&decoded(&packets, CodecType::PCMA), 600, 8000) > 0.9);
}

#[test]
fn a_prompt_is_spoken_and_one_that_is_missing_is_reported() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.send(play(vec![Sound::Prompt { name: "number-1".into(), language: "fi".into() }]));
    anna.hear();
    exchange.played(A, PlayEnd::Finished);
    for missing in [Sound::File("no-such.wav".into()), Sound::File("../hello.wav".into()), Sound::Message("m".into())] {
        exchange.send(play(vec![Sound::Beep, missing]));
        exchange.played(A, PlayEnd::Failed);
    }
}

#[test]
fn music_plays_while_the_relay_stands_still_and_then_the_call_goes_on_in_the_same_stream() {
    let Call { exchange, mut anna, mut bo } = Call::new();
    bo.say(8, &[1; 160]);
    let mut heard = vec![anna.hear()];
    exchange.send(music());
    heard.push(anna.hear());
    bo.say(8, &[2; 160]);
    heard.extend(frames(&anna, 5));
    assert!(heard.iter().skip(1).all(|packet| packet.body() != [2; 160]));
    exchange.send(MediaCommand::StopPlay { end: A });
    exchange.played(A, PlayEnd::Interrupted);
    let last = bo.say(8, &[3; 160]);
    while heard.last().is_none_or(|packet| packet.body() != [3; 160]) {
        heard.push(anna.hear());
    }
    assert_one_stream(&heard);
    assert!(heard.last().unwrap().marker());
    assert_ne!(heard.last().unwrap().0, last);
    // The other way was never interrupted.
    let said = anna.say(8, &[4; 160]);
    assert_eq!(bo.hear().0, said);
}

#[test]
fn a_digit_interrupts_what_may_be_interrupted() {
    let Call { exchange, mut anna, .. } = Call::new();
    exchange.send(music());
    anna.hear();
    anna.press(101, 7);
    assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '7' });
    exchange.played(A, PlayEnd::Interrupted);
    let long = Sound::Silence(Duration::from_millis(200));
    exchange.send(MediaCommand::Play { end: A, sounds: vec![long], repeat: false, interruptible: false });
    anna.hear();
    anna.press(101, 8);
    assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '8' });
    exchange.played(A, PlayEnd::Finished);
}

#[test]
fn a_new_play_takes_the_place_of_the_old_one() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.send(music());
    anna.hear();
    exchange.send(play(vec![Sound::Beep]));
    exchange.played(A, PlayEnd::Finished);
    exchange.close(A);
}

#[test]
fn nothing_repeated_for_ever_is_over_at_once() {
    let Call { exchange, .. } = Call::new();
    let sounds = vec![Sound::Silence(Duration::ZERO)];
    exchange.send(MediaCommand::Play { end: A, sounds, repeat: true, interruptible: false });
    exchange.played(A, PlayEnd::Finished);
}

#[test]
fn on_a_leg_whose_codec_we_do_not_speak_a_play_fails() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.connect_with(A, &anna, None, true);
    exchange.send(play(vec![Sound::Beep]));
    exchange.played(A, PlayEnd::Failed);
}

#[test]
fn to_a_phone_that_wants_nothing_a_prompt_is_played_unheard() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.connect_with(A, &anna, Some(PCMA), false);
    exchange.send(play(vec![Sound::Silence(Duration::from_millis(60))]));
    exchange.played(A, PlayEnd::Finished);
    assert_eq!(exchange.close(A).sent, 0);
}

#[test]
fn digits_are_pressed_one_after_another_within_the_stream() {
    let Call { exchange, anna, mut bo } = Call::new();
    bo.say(8, &[1; 160]);
    let mut heard = vec![anna.hear()];
    for digit in ['1', '#'] {
        exchange.send(MediaCommand::Digit { end: A, digit, during: Duration::from_millis(60) });
    }
    heard.extend(frames(&anna, 10));
    assert_one_stream(&heard);
    let events: Vec<(u8, bool, bool)> =
        heard[1..].iter().map(|packet| (packet.body()[0], packet.marker(), packet.body()[1] & 0x80 != 0)).collect();
    let press = |event| [(event, true, false), (event, false, false), (event, false, true)];
    let press = |event| [&press(event)[..], &[(event, false, true); 2]].concat();
    assert_eq!(events, [press(1), press(11)].concat());
    assert!(heard[1..].iter().all(|packet| packet.payload() == 101));
    assert!(heard[1..6].iter().all(|packet| packet.timestamp() == heard[1].timestamp()));
    assert_ne!(heard[6].timestamp(), heard[1].timestamp());
    // Afterwards the relay goes on.
    loop {
        bo.say(8, &[9; 160]);
        anna.rtp.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut buffer = [0; 200];
        if let Ok(length) = anna.rtp.recv(&mut buffer) {
            heard.push(Packet(buffer[..length].to_vec()));
            break;
        }
    }
    assert_one_stream(&heard);
}

#[test]
fn what_we_say_is_reported_by_rtcp_and_ends_with_a_goodbye() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.send(play(vec![Sound::Beep]));
    let ssrc = anna.hear().ssrc();
    let report = hear(&anna.rtcp);
    assert_eq!((report[1], &report[4..8]), (200, &ssrc.to_be_bytes()[..]));
    exchange.played(A, PlayEnd::Finished);
    exchange.close(A);
    let goodbye = hear(&anna.rtcp);
    assert_eq!((goodbye[1], goodbye[9], &goodbye[12..16]), (201, 203, &ssrc.to_be_bytes()[..]));
}

#[test]
fn a_leg_that_changes_its_codec_hears_the_music_in_the_new_one() {
    let Call { exchange, anna, .. } = Call::new();
    exchange.send(music());
    let mut heard = vec![anna.hear()];
    exchange.connect(A, &anna, Voice { codec: Codec::Pcmu, payload: 0, digits: None });
    while heard.last().is_none_or(|packet| packet.payload() == 8) {
        heard.push(anna.hear());
    }
    heard.extend(frames(&anna, 10));
    assert_one_stream(&heard);
    let (before, after) = heard.split_at(heard.iter().position(|packet| packet.payload() == 0).unwrap());
    assert!(after.iter().all(|packet| packet.payload() == 0) && after[0].marker());
    assert_ne!(before[0].body(), after[0].body());
    exchange.connect_with(A, &anna, None, true);
    exchange.played(A, PlayEnd::Failed);
}
