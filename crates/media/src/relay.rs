//! Packets from one leg to the other.
//!
//! One `recvfrom` for each readiness and one `sendto` for each packet, as the plainest C relay does; more of either in
//! one call gains nothing where each call has its own ports and a packet each 20 ms. See `benches/relay.rs`.

use crate::codec;
use crate::end::{End, Play};
use crate::record::{Recorder, Why};
use crate::rtcp;
use crate::rtp;
use crate::sys::{self, Address};
use crate::thread::Thread;
use call::PlayEnd;
use call::media::{MediaEvent, Voice};
use std::time::Instant;

impl Thread {
    #[inline]
    pub(crate) fn on_rtp(&mut self, slot: usize) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let Some(lines) = &mut end.lines else { return };
        let mut from = Address::EMPTY;
        let Some(length) = sys::receive(lines.rtp.fd(), &mut self.buffer, &mut from) else { return };
        let packet = &self.buffer[..length];
        let is_rtcp = lines.mux && rtp::is_rtcp(packet);
        if !(is_rtcp || rtp::is_valid(packet)) || !lines.rtp.source.accepts(&from) {
            end.stats.strange += 1;
            return;
        }
        end.heard_at = self.now;
        if is_rtcp {
            return self.pass_rtcp(slot, length);
        }
        end.stats.received += 1;
        let payload = rtp::payload_type(packet);
        let is_digit = end.voice.is_some_and(|voice| voice.digits == Some(payload));
        if is_digit && let Some(digit) = end.presses.hear(packet) {
            self.on_digit(slot, digit);
        } else if !is_digit && end.recorder.is_some() {
            self.on_voice(slot, length);
        }
        self.pass(slot, length, payload);
    }

    /// To the other end of the patch, in the terms of that end.
    #[inline]
    fn pass(&mut self, slot: usize, length: usize, payload: u8) {
        let Some(peer) = self.ends.get(slot).and_then(|end| end.peer) else { return };
        let Some((end, peer)) = self.ends.get2_mut(slot, peer) else { return };
        let packet = &mut self.buffer[..length];
        let Some((socket, to)) = peer.lines.as_ref().and_then(|lines| lines.rtp.out()) else { return };
        if !peer.send || peer.is_spoken_to() {
            return;
        }
        if let Some(theirs) = peer.voice {
            match end.voice.and_then(|ours| payload_for(payload, ours, theirs)) {
                Some(mapped) if mapped != payload => rtp::set_payload_type(packet, mapped),
                None if end.voice.is_some() => return,
                _ => {}
            }
            if !peer.out.relay(packet, self.now) {
                return;
            }
        }
        if sys::send(socket, packet, to) {
            peer.stats.sent += 1;
        }
    }

    pub(crate) fn on_rtcp(&mut self, slot: usize) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let Some(lines) = &mut end.lines else { return };
        let mut from = Address::EMPTY;
        let Some(length) = sys::receive(lines.rtcp.fd(), &mut self.buffer, &mut from) else { return };
        if !rtp::is_rtcp(&self.buffer[..length]) || !lines.rtcp.source.accepts(&from) {
            end.stats.strange += 1;
            return;
        }
        end.heard_at = self.now;
        self.pass_rtcp(slot, length);
    }

    fn pass_rtcp(&mut self, slot: usize, length: usize) {
        let Some(peer) = self.ends.get(slot).and_then(|end| end.peer) else { return };
        let Some((end, peer)) = self.ends.get2_mut(slot, peer) else { return };
        // While we speak ourselves, what the other leg says of its stream would be taken for ours.
        if peer.is_spoken_to() {
            return;
        }
        let length = rtcp::translate(&mut self.buffer[..length], peer.out.mapping(), end.out.mapping());
        let out = peer.lines.as_ref().and_then(|lines| lines.rtcp_out());
        if let Some((socket, to)) = out.filter(|_| length > 0) {
            sys::send(socket, &self.buffer[..length], to);
        }
    }

    /// A key was pressed: it is reported, ends what may be interrupted, and `#` ends a recording.
    fn on_digit(&mut self, slot: usize, digit: char) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let id = end.id;
        let interrupted = end.play.asked().is_some_and(|asked| asked.interruptible);
        if interrupted {
            end.play = Play::Nothing;
        }
        let recorded = if digit == '#' { end.recorder.take() } else { None };
        self.tell(MediaEvent::Digit { end: id, digit });
        if interrupted {
            self.tell(MediaEvent::Played { end: id, ended: PlayEnd::Interrupted });
        }
        if let Some(recorder) = recorded {
            self.finish(slot, recorder, Why::Stopped);
        }
    }

    fn on_voice(&mut self, slot: usize, length: usize) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let over = record(end, &self.buffer[..length], self.now);
        let piece = end.recorder.as_mut().map(Recorder::piece).unwrap_or_default();
        let recording = (end.id, end.recordings);
        if !piece.is_empty() && !self.writer.sound(recording, piece) {
            end.recorder = None;
            self.writer.abandon(recording);
            return;
        }
        if let Some(why) = over
            && let Some(recorder) = end.recorder.take()
        {
            self.finish(slot, recorder, why);
        }
    }

    /// Hands the rest of a recording to the disk. Reported when that is done.
    pub(crate) fn finish(&mut self, slot: usize, recorder: Recorder, why: Why) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        let recording = (end.id, end.recordings);
        let (rest, length) = recorder.finish();
        if self.writer.sound(recording, rest) {
            self.writer.finish(recording, why, length);
        } else {
            self.writer.abandon(recording);
        }
    }
}

/// The payload type on the other leg; `None` for a digit that it cannot take.
fn payload_for(payload: u8, ours: Voice, theirs: Voice) -> Option<u8> {
    if Some(payload) == ours.digits {
        return theirs.digits;
    }
    Some(if payload == ours.payload && ours.codec == theirs.codec { theirs.payload } else { payload })
}

fn record(end: &mut End, packet: &[u8], now: Instant) -> Option<Why> {
    let payload = rtp::payload_type(packet);
    let negotiated = end.voice.filter(|voice| voice.payload == payload).map(|voice| voice.codec);
    let recorder = end.recorder.as_mut()?;
    if let Some(codec) = negotiated.or_else(|| codec::by_payload(payload)) {
        recorder.hear(codec, packet, now);
    }
    recorder.over(now)
}
