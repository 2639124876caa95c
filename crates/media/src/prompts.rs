//! The built-in prompts, part of the binary: `prompts/<language>/<name>.wav` of the source tree.

/// (language, name, WAV file), sorted.
static BUILT_IN: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/prompts.rs"));

/// Spoken where a prompt does not exist in the caller's language.
const FALLBACK: &str = "en";

/// The WAV file of a built-in prompt. Music is a language of its own: `music`, `hold`.
pub(crate) fn built_in(language: &str, name: &str) -> Option<&'static [u8]> {
    let find = |language: &str| {
        let at = BUILT_IN.binary_search_by(|(lang, prompt, _)| (*lang, *prompt).cmp(&(language, name))).ok()?;
        BUILT_IN.get(at).map(|(_, _, file)| *file)
    };
    find(language).or_else(|| find(FALLBACK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav::Pcm;

    const LIST: &str = include_str!("../../voicemail/prompts/prompts.toml");

    fn has(language: &str, name: &str) -> bool {
        BUILT_IN.iter().any(|(lang, prompt, _)| (*lang, *prompt) == (language, name))
    }

    #[test]
    fn every_prompt_of_the_list_is_spoken_in_every_language_of_the_list() {
        let list: toml::Table = LIST.parse().unwrap();
        let mut missing = Vec::new();
        for (name, texts) in &list {
            let languages = texts.as_table().unwrap().keys().filter(|key| ["fi", "sv", "en"].contains(&key.as_str()));
            missing.extend(languages.filter(|lang| !has(lang, name)).map(|lang| format!("{lang}/{name}")));
        }
        assert!(list.len() > 20 && missing.is_empty(), "run scripts/prompts: {missing:?}");
    }

    #[test]
    fn every_built_in_sound_can_be_played_and_says_something() {
        for (language, name, file) in BUILT_IN {
            let pcm = Pcm::read(file).unwrap();
            assert!([8000, 16_000].contains(&pcm.rate), "{language}/{name}");
            let loudest = pcm.samples.iter().map(|sample| sample.unsigned_abs()).max();
            assert!(loudest > Some(3000), "{language}/{name} {loudest:?}");
            let seconds = pcm.samples.len() as f64 / f64::from(pcm.rate);
            assert!((0.15..90.0).contains(&seconds), "{language}/{name} {seconds}");
        }
    }

    #[test]
    fn there_is_music_to_hold_the_line_and_it_fits_the_binary() {
        assert!(has("music", "hold"));
        let octets: usize = BUILT_IN.iter().map(|(_, _, file)| file.len()).sum();
        assert!(octets < 12 << 20, "{octets}");
    }

    #[test]
    fn a_language_without_the_prompt_falls_back_to_english() {
        assert!(built_in("xx", "number-1").is_some());
        assert_eq!(built_in("xx", "number-1"), built_in("en", "number-1"));
        assert!(built_in("en", "no-such-prompt").is_none());
    }
}
