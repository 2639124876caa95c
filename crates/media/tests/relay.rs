//! Voice between two phones, and what must not come through.
#![allow(clippy::disallowed_methods, reason = "sockets live in real time")]

mod common;

use call::media::{Codec, EndId, MediaCommand, MediaEvent, Voice};
use common::{A, B, Call, Exchange, PATIENCE, PCMA, Packet, Phone, hear};
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

#[test]
fn two_phones_hear_each_other_untouched_and_are_counted() {
    let Call { exchange, mut anna, mut bo } = Call::new();
    for _ in 0..20 {
        let said = anna.say(8, &[1; 160]);
        assert_eq!(bo.hear().0, said);
        let said = bo.say(8, &[2; 160]);
        assert_eq!(anna.hear().0, said);
    }
    for end in [A, B] {
        let stats = exchange.close(end);
        assert_eq!((stats.received, stats.sent, stats.strange), (20, 20, 0));
    }
}

#[test]
fn a_strangers_packets_go_nowhere_and_are_counted() {
    let Call { exchange, mut anna, bo } = Call::new();
    let mut stranger = Phone::new("127.0.0.66", anna.exchange);
    stranger.say(8, &[66; 160]);
    let first = anna.say(8, &[1; 160]);
    assert_eq!(bo.hear().0, first);
    stranger.say(8, &[66; 160]);
    let mut other_port = Phone::new("127.0.0.2", anna.exchange);
    other_port.say(8, &[67; 160]);
    let second = anna.say(8, &[2; 160]);
    assert_eq!(bo.hear().0, second);
    assert_eq!(exchange.close(A).strange, 3);
}

#[test]
fn what_is_no_rtp_goes_nowhere() {
    let Call { exchange, mut anna, bo } = Call::new();
    for junk in [&b"\r\n\r\n"[..], &[0x40; 40], &[0x80; 11], &[0x8f; 20], &[0; 1], &[0x80; 3000]] {
        anna.rtp.send_to(junk, anna.exchange).unwrap();
    }
    let said = anna.say(8, &[1; 160]);
    assert_eq!(bo.hear().0, said);
    assert_eq!(exchange.close(A).received, 1);
}

#[test]
fn a_phone_behind_nat_is_answered_where_it_speaks_from() {
    let Call { exchange, mut anna, mut bo } = Call::new();
    let private: SocketAddr = "192.168.1.7:4000".parse().unwrap();
    let signalling = anna.address().ip();
    let connect = || MediaCommand::Connect {
        end: A,
        remote: private,
        rtcp: "192.168.1.7:4001".parse().unwrap(),
        signalling,
        voice: Some(PCMA),
        send: true,
    };
    exchange.send(connect());
    exchange.settle(A);
    let said = anna.say(8, &[1; 160]);
    assert_eq!(bo.hear().0, said);
    // The same address once more, as a re-INVITE brings it, changes nothing.
    exchange.send(connect());
    exchange.settle(A);
    let said = bo.say(8, &[2; 160]);
    assert_eq!(anna.hear().0, said);
}

#[test]
fn nothing_is_heard_or_sent_before_the_offer_is_answered() {
    let exchange = Exchange::new();
    let (to_a, to_b) = (exchange.open(A), exchange.open(B));
    let (mut anna, mut bo) = (Phone::new("127.0.0.2", to_a), Phone::new("127.0.0.3", to_b));
    exchange.connect(A, &anna, PCMA);
    exchange.send(MediaCommand::Patch { a: A, b: B });
    exchange.settle(A);
    bo.say(8, &[2; 160]);
    anna.say(8, &[1; 160]);
    // A digit that is reported tells that the packet before it has had its turn.
    anna.press(101, 5);
    assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '5' });
    exchange.connect(B, &bo, PCMA);
    exchange.settle(A);
    let said = anna.say(8, &[3; 160]);
    assert_ne!(hear_until(&bo, &said), [1; 160]);
    let said = bo.say(8, &[4; 160]);
    assert_eq!(anna.hear().0, said);
    assert!(exchange.close(B).strange <= 1);
}

/// Hears until that packet; the body of the first one. The rest of a press may come before it.
fn hear_until(phone: &Phone, last: &[u8]) -> Vec<u8> {
    let first = phone.hear();
    let mut heard = first.clone();
    while heard.0 != last {
        heard = phone.hear();
    }
    first.body().to_vec()
}

#[test]
fn a_phone_on_hold_gets_nothing_until_it_resumes() {
    let Call { exchange, mut anna, bo } = Call::new();
    exchange.connect_with(B, &bo, Some(PCMA), false);
    exchange.settle(B);
    anna.say(8, &[1; 160]);
    anna.press(101, 5);
    assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '5' });
    exchange.connect_with(B, &bo, Some(PCMA), true);
    exchange.settle(B);
    let resumed = anna.say(8, &[2; 160]);
    assert_ne!(hear_until(&bo, &resumed), [1; 160]);
    assert!(exchange.close(B).sent <= 6);
}

#[test]
fn payload_types_are_translated_between_the_legs() {
    let bos = Voice { codec: Codec::Pcma, payload: 98, digits: Some(96) };
    let Call { exchange, mut anna, mut bo } = Call::with(PCMA, bos);
    anna.say(8, &[1; 160]);
    assert_eq!(bo.hear().payload(), 98);
    bo.say(98, &[1; 160]);
    assert_eq!(anna.hear().payload(), 8);
    anna.press(101, 11);
    let packets: Vec<Packet> = (0..6).map(|_| bo.hear()).collect();
    assert!(packets.iter().all(|packet| packet.payload() == 96 && packet.timestamp() == packets[0].timestamp()));
    assert!(packets[0].marker());
    assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit: '#' });
    anna.say(8, &[1; 160]);
    bo.hear();
    assert_eq!(exchange.close(A).received, 8);
}

#[test]
fn digits_are_reported_also_where_the_other_phone_cannot_take_them() {
    let Call { exchange, mut anna, bo } = Call::with(PCMA, Voice { digits: None, ..PCMA });
    for event in [1, 2, 1] {
        anna.press(101, event);
    }
    for digit in ['1', '2', '1'] {
        assert_eq!(exchange.event(), MediaEvent::Digit { end: A, digit });
    }
    anna.say(8, &[7; 160]);
    assert_eq!(bo.hear().body(), [7; 160]);
}

#[test]
fn a_codec_that_we_do_not_speak_passes_untouched() {
    let Call { exchange, mut anna, bo } = Call::new();
    exchange.connect_with(A, &anna, None, true);
    exchange.connect_with(B, &bo, None, true);
    exchange.settle(A);
    for ssrc in [1, 2, 1, 2] {
        anna.ssrc = ssrc;
        let said = anna.say(111, &[1; 60]);
        assert_eq!(bo.hear().0, said);
    }
}

#[test]
fn a_call_that_moves_on_to_another_phone_stays_one_stream() {
    const C: EndId = EndId(0x102);
    let Call { exchange, mut anna, mut bo } = Call::new();
    bo.say(8, &[1; 160]);
    let before = anna.hear();
    let mut cecilia = Phone::new("127.0.0.4", exchange.open(C));
    exchange.connect(C, &cecilia, PCMA);
    exchange.send(MediaCommand::Patch { a: A, b: C });
    exchange.settle(A);
    bo.say(8, &[2; 160]);
    cecilia.say(8, &[3; 160]);
    let after = anna.hear();
    assert_eq!(after.body(), [3; 160]);
    assert_eq!((after.ssrc(), after.sequence()), (before.ssrc(), before.sequence().wrapping_add(1)));
    assert!(after.marker());
    let said = anna.say(8, &[4; 160]);
    assert_eq!(cecilia.hear().0, said);
}

const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 9];

#[test]
fn rtcp_goes_over_its_own_port_or_over_that_of_rtp() {
    let Call { exchange, mut anna, bo } = Call::new();
    anna.rtcp.send_to(&REPORT, anna.rtcp_address_of_exchange()).unwrap();
    assert_eq!(hear(&bo.rtcp), REPORT);
    let remote = bo.address();
    let signalling = remote.ip();
    exchange.send(MediaCommand::Connect { end: B, remote, rtcp: remote, signalling, voice: Some(PCMA), send: true });
    exchange.settle(B);
    anna.rtcp.send_to(&REPORT, anna.rtcp_address_of_exchange()).unwrap();
    assert_eq!(hear(&bo.rtp), REPORT);
    bo.rtp.send_to(&REPORT, bo.exchange).unwrap();
    assert_eq!(hear(&anna.rtcp), REPORT);
    let said = anna.say(8, &[1; 160]);
    assert_eq!(bo.hear().0, said);
    // Without a=rtcp-mux on this leg, RTCP on the RTP port is what it looks like: RTP of an odd kind.
    let stranger = UdpSocket::bind("127.0.0.66:0").unwrap();
    stranger.send_to(&REPORT, anna.rtcp_address_of_exchange()).unwrap();
    anna.rtcp.send_to(&REPORT, anna.rtcp_address_of_exchange()).unwrap();
    assert_eq!(hear(&bo.rtp), REPORT);
    assert_eq!(exchange.close(A).strange, 1);
}

#[test]
fn the_relay_speaks_ipv6() {
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let exchange = Exchange::on(Ipv6Addr::LOCALHOST.into());
    let (to_a, to_b) = (exchange.open(A), exchange.open(B));
    let (mut anna, bo) = (Phone::new("::1", to_a), Phone::new("::1", to_b));
    exchange.connect(A, &anna, PCMA);
    exchange.connect(B, &bo, PCMA);
    exchange.send(MediaCommand::Patch { a: A, b: B });
    exchange.settle(A);
    let said = anna.say(8, &[1; 160]);
    assert_eq!(bo.hear().0, said);
}

#[test]
fn a_taken_port_is_reported_and_a_closed_one_is_free() {
    let exchange = Exchange::new();
    let address = exchange.open(A);
    exchange.send(MediaCommand::Open { end: B, local: address.ip(), port: address.port() });
    assert_eq!(exchange.event(), MediaEvent::OpenFailed { end: B });
    exchange.close(A);
    UdpSocket::bind(address).unwrap();
    UdpSocket::bind((address.ip(), address.port() + 1)).unwrap();
}

#[test]
fn a_phone_that_falls_silent_is_reported_once_and_not_while_it_waits_alone() {
    let Call { exchange, mut anna, bo } = Call::new();
    let limit = Some(Duration::from_millis(60));
    exchange.send(MediaCommand::Unpatch { end: A });
    exchange.send(MediaCommand::Watch { end: A, limit });
    exchange.send(MediaCommand::Watch { end: B, limit: Some(PATIENCE * 100) });
    std::thread::sleep(Duration::from_millis(150));
    exchange.settle(A);
    exchange.send(MediaCommand::Patch { a: A, b: B });
    assert_eq!(exchange.event(), MediaEvent::Silent { end: A });
    // Speaking again and being silent again is no news until somebody asks.
    anna.say(8, &[1; 160]);
    bo.hear();
    std::thread::sleep(Duration::from_millis(150));
    exchange.settle(A);
    exchange.send(MediaCommand::Watch { end: A, limit });
    assert_eq!(exchange.event(), MediaEvent::Silent { end: A });
}

#[test]
fn commands_for_ends_that_do_not_exist_are_answered_or_ignored() {
    let exchange = Exchange::new();
    let end = EndId(7 << 8);
    exchange.send(MediaCommand::Unpatch { end });
    exchange.send(MediaCommand::Patch { a: end, b: A });
    exchange.send(MediaCommand::Digit { end, digit: '1', during: PATIENCE });
    exchange.send(MediaCommand::Play { end, sounds: vec![], repeat: true, interruptible: false });
    exchange.played(end, call::PlayEnd::Failed);
    exchange.close(end);
}
