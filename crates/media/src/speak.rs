//! What we say ourselves: sounds, digits and reports about them, each at its time.

use crate::end::{End, Play, Said};
use crate::play::{Playing, STEP};
use crate::rtcp::{Goodbye, Report};
use crate::rtp::HEADER;
use crate::sys;
use crate::telephone_event::Press;
use crate::thread::{DATAGRAM_MAX, Thread};
use call::PlayEnd;
use call::media::MediaEvent;
use std::time::{Duration, Instant, SystemTime};
use webrtc_util::marshal::Marshal;

/// Between two digits, so that they are two.
const BETWEEN_PRESSES: Duration = Duration::from_millis(60);
/// Between two sender reports.
const REPORT_EVERY: Duration = Duration::from_secs(5);

impl Thread {
    /// The deadline of an end has come.
    pub(crate) fn on_due(&mut self, slot: usize) {
        let Some(end) = self.ends.get_mut(slot) else { return };
        press(end, &mut self.buffer, self.now);
        let finished = play(end, &mut self.buffer, self.now);
        let id = end.id;
        let silent = end.silent_at().is_some_and(|at| at <= self.now);
        if silent {
            end.watch = None;
        }
        let over = end.recorder.as_ref().and_then(|recorder| recorder.over(self.now));
        if let Some(why) = over
            && let Some(recorder) = end.recorder.take()
        {
            self.finish(slot, recorder, why);
        }
        if finished {
            self.tell(MediaEvent::Played { end: id, ended: PlayEnd::Finished });
        }
        if silent {
            self.tell(MediaEvent::Silent { end: id });
        }
    }
}

/// Sends the frames that are due. True when the last one has had its time.
fn play(end: &mut End, buffer: &mut [u8; DATAGRAM_MAX], now: Instant) -> bool {
    let pressing = end.pressing.now.is_some();
    let End { play, voice, send, lines, out, said, stats, .. } = end;
    let Play::Sound(playing, _) = play else { return false };
    let line = lines.as_ref().and_then(|lines| lines.rtp.out()).filter(|_| *send && !pressing);
    while playing.due <= now {
        let Playing { timestamp, marker, .. } = *playing;
        playing.marker = false;
        let Some(frame) = playing.next(now) else {
            *play = Play::Nothing;
            return true;
        };
        let (Some((socket, to)), Some(voice)) = (line, voice.as_ref()) else {
            playing.marker = true;
            continue;
        };
        let header = out.next(marker, voice.payload, timestamp, now);
        if let Some(length) = compose(buffer, &header, frame) {
            stats.sent += u64::from(sys::send(socket, &buffer[..length], to));
            said.add(frame.len());
        }
    }
    report(end, buffer, now);
    false
}

/// Goes on with the digit that we press, or begins the next one.
fn press(end: &mut End, buffer: &mut [u8; DATAGRAM_MAX], now: Instant) {
    let Some(due) = end.pressing.due.filter(|due| *due <= now) else { return };
    end.pressing.due = Some(due.max(now - STEP) + STEP);
    if end.pressing.now.is_none() {
        end.pressing.now = next_press(end, now);
        if end.pressing.now.is_none() {
            end.pressing.due = None;
            return;
        }
    }
    let Some((press, payload)) = &mut end.pressing.now else { return };
    let marker = press.is_new();
    let Some(event) = press.next() else {
        end.pressing.now = None;
        end.pressing.due = Some(now + BETWEEN_PRESSES);
        return;
    };
    let line = end.lines.as_ref().and_then(|lines| lines.rtp.out()).filter(|_| end.send);
    if let Some((socket, to)) = line {
        let header = end.out.next(marker, *payload, press.timestamp, now);
        if let Some(length) = compose(buffer, &header, &event) {
            end.stats.sent += u64::from(sys::send(socket, &buffer[..length], to));
            end.said.add(event.len());
        }
    }
}

/// The next digit that waits and that the peer understands.
fn next_press(end: &mut End, now: Instant) -> Option<(Press, u8)> {
    loop {
        let (digit, during) = end.pressing.take()?;
        let Some(payload) = end.voice.and_then(|voice| voice.digits) else { continue };
        if let Some(press) = Press::new(digit, during, end.out.speak(now)) {
            return Some((press, payload));
        }
    }
}

fn compose(buffer: &mut [u8; DATAGRAM_MAX], header: &impl Marshal, body: &[u8]) -> Option<usize> {
    let length = HEADER + body.len();
    header.marshal_to(&mut buffer[..HEADER]).ok()?;
    buffer.get_mut(HEADER..length)?.copy_from_slice(body);
    Some(length)
}

/// A sender report when it is time for one, RFC 3550 §6.4.1.
fn report(end: &mut End, buffer: &mut [u8; DATAGRAM_MAX], now: Instant) {
    let due = end.said.reported_at.is_none_or(|at| now.saturating_duration_since(at) >= REPORT_EVERY);
    let (Some(ssrc), true) = (end.out.ssrc(), due && end.said.packets > 0) else { return };
    end.said.reported_at = Some(now);
    let Some((socket, to)) = end.lines.as_ref().and_then(|lines| lines.rtcp_out()) else { return };
    let Said { packets, octets, .. } = end.said;
    let report = Report { ssrc, wall: wall(), timestamp: end.out.timestamp_at(now), packets, octets };
    if let Ok(length) = report.marshal_to(&mut buffer[..]) {
        sys::send(socket, &buffer[..length], to);
    }
}

/// Says goodbye where we were the last to speak.
pub(crate) fn say_goodbye(end: &End) {
    let spoken = end.said.packets > 0 && end.out.mapping().is_none();
    let Some(ssrc) = end.out.ssrc().filter(|_| spoken) else { return };
    let Some((socket, to)) = end.lines.as_ref().and_then(|lines| lines.rtcp_out()) else { return };
    if let Ok(packet) = Goodbye(ssrc).marshal() {
        sys::send(socket, &packet, to);
    }
}

impl Said {
    fn add(&mut self, octets: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets as u32);
    }
}

#[expect(clippy::disallowed_methods, reason = "RTCP tells the time of day")]
fn wall() -> SystemTime {
    SystemTime::now()
}
