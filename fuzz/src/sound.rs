//! WAV files.

pub fn run(data: &[u8]) {
    media::fuzzing::sound(data);
}
