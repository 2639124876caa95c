//! The stream framer: whatever the cuts, the same frames, and the reader agrees about where each ends.

use super::steps::Steps;
use sip::{Frame, FrameError, FrameLimits, Framer, Message};

/// The first two bytes say how the stream is cut and how many pongs are expected.
pub fn run(data: &[u8]) {
    let mut steps = Steps::new(data);
    let (cut, pongs) = (usize::from(steps.byte()), steps.byte() % 4);
    let stream = steps.bytes(usize::MAX);
    let whole = frames(stream, stream.len().max(1), pongs);
    let mut seen = 0;
    for frame in &whole {
        if let Ok(Frame::Message(bytes)) = frame {
            seen += bytes.len();
            assert!(bytes.len() <= LIMITS.message_max, "{}", bytes.len());
            if let Ok(message) = Message::parse(bytes.clone()) {
                assert_eq!(message.bytes().len(), bytes.len(), "framer and reader see another end");
            }
        }
    }
    assert!(seen <= stream.len());
    for length in [1, 2, 3, cut + 1] {
        assert_eq!(frames(stream, length, pongs), whole, "in pieces of {length}");
    }
}

const LIMITS: FrameLimits = FrameLimits { message_max: 700, header_max: 400 };

fn frames(stream: &[u8], length: usize, pongs: u8) -> Vec<Result<Frame, FrameError>> {
    let mut framer = Framer::new(LIMITS);
    (0..pongs).for_each(|_| framer.expect_pong());
    let mut frames = Vec::new();
    for piece in stream.chunks(length) {
        framer.push(piece);
        frames.extend(std::iter::from_fn(|| framer.next()));
    }
    frames
}
