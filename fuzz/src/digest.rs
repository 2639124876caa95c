//! Challenges and credentials.

use sip::{Challenge, Credentials};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(Some(found)) = Credentials::parse(text) {
        let written = found.to_string();
        assert!(!written.contains(['\r', '\n']) || text.contains(['\r', '\n']), "{written:?}");
        let words = [&found.algorithm, &found.qop];
        if words.into_iter().flatten().all(|word| is_token(word)) && !written_otherwise(text) {
            assert_eq!(Credentials::parse(&written), Ok(Some(found)), "{written}");
        }
    }
    if let Ok(Some(found)) = Challenge::parse(text) {
        let written = found.to_string();
        if found.algorithm.as_ref().is_none_or(|word| is_token(word)) && !written_otherwise(text) {
            assert_eq!(Challenge::parse(&written), Ok(Some(found)), "{written}");
        }
    }
}

/// What is written without quotes is a token wherever somebody sends what he means.
fn is_token(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte))
}

/// Control characters become spaces when they are written, and no header line holds any.
fn written_otherwise(text: &str) -> bool {
    text.contains(char::is_control)
}
