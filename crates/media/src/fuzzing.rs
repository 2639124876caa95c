//! Entrances for the fuzzers in `fuzz/`, which see no private part; no part of what the crate offers.

use crate::codec;
use crate::record::Recorder;
use crate::rtcp;
use crate::rtp;
use crate::stream::Outgoing;
use crate::telephone_event::Presses;
use crate::wav::Pcm;
use call::media::Codec;
use std::time::{Duration, Instant};
use webrtc_util::marshal::Unmarshal;

const LIMIT: Duration = Duration::from_secs(20);

/// Takes packets one after another as an end does that relays, hears digits and records. Before each stand its length
/// and the time since the one before: a byte of units of 10 ms, whose highest bit says that we speak in between.
pub fn packets(data: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    let mut now = Instant::now();
    let (mut forward, mut backward) = (Outgoing::new(now), Outgoing::new(now));
    let mut presses = Presses::default();
    let mut recorder = Recorder::new(Codec::Pcma, LIMIT, Duration::from_secs(5), now);
    let mut written = 0;
    let mut rest = data;
    while let [length, time, after @ ..] = rest {
        let (packet, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        now += Duration::from_millis(10) * u32::from(time & 0x7f);
        if time & 0x80 != 0 {
            let timestamp = forward.speak(now);
            let _ = forward.next(true, 8, timestamp, now);
        }
        let _ = rtp::Header::unmarshal(&mut &packet[..]).is_ok();
        if rtp::is_rtcp(packet) {
            report(packet, &forward, &backward);
            continue;
        }
        if !rtp::is_valid(packet) {
            continue;
        }
        let payload = rtp::payload(packet);
        assert!(payload.len() + rtp::HEADER <= packet.len());
        if let Some(key) = presses.hear(packet) {
            assert!("0123456789*#ABCD".contains(key));
        }
        if let Some(codec) = codec::by_payload(rtp::payload_type(packet)) {
            recorder.hear(codec, packet, now);
            let _ = (recorder.over(now), recorder.poll_timeout());
            written += recorder.piece().len();
        }
        let mut relayed = packet.to_vec();
        if forward.relay(&mut relayed, now) {
            assert_eq!(Some(rtp::ssrc(&relayed)), forward.ssrc(), "an end sends one stream");
            assert_eq!(rtp::payload(&relayed), payload);
        }
        let _ = backward.relay(&mut relayed, now);
    }
    let rate = recorder.rate() as usize;
    let (end, length) = recorder.finish();
    assert!(length <= LIMIT && written + end.len() <= rate * LIMIT.as_secs() as usize, "{length:?}");
}

fn report(packet: &[u8], forward: &Outgoing, backward: &Outgoing) {
    let mut passed = packet.to_vec();
    let length = rtcp::translate(&mut passed, forward.mapping(), backward.mapping());
    assert!(length <= packet.len() && length.is_multiple_of(4));
    let mut untouched = packet.to_vec();
    let whole = rtcp::translate(&mut untouched, None, None);
    assert!(length <= whole && untouched[..whole] == packet[..whole]);
}

/// Reads a file as a sound and plays it at the rates of our codecs.
pub fn sound(file: &[u8]) {
    if let Ok(pcm) = Pcm::read(file) {
        assert!(pcm.samples.len() <= 8 * file.len());
        for rate in [8000, 16_000] {
            let seconds = pcm.samples.len() as u64 / u64::from(pcm.rate) + 1;
            let played = Pcm { rate: pcm.rate, samples: pcm.samples.clone() }.at(rate);
            assert!(played.len() as u64 <= (seconds + 1) * u64::from(rate), "{} at {rate}", played.len());
        }
    }
}
