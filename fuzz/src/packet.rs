//! What comes to a media port: RTP, RTCP, digits, sound to be recorded.

pub fn run(data: &[u8]) {
    media::fuzzing::packets(data);
}
