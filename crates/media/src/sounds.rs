//! Where sounds come from, and those that were played lately, encoded: read on a thread of their own, so that a slow
//! disk delays nobody's voice.

use crate::codec;
use crate::prompts;
use crate::tone;
use crate::wav::{NotPlayable, Pcm};
use call::media::Codec;
use call::{Name, Sound};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io};
use tracing::warn;

/// Octets of encoded sound that are kept for the next time: some five hours.
const CACHE_MAX: usize = 128 << 20;
/// A file longer than this is not read at all.
const FILE_MAX: u64 = 256 << 20;
/// The longest pause.
const SILENCE_MAX: Duration = Duration::from_secs(15 * 60);

/// A sound ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Clip {
    /// Whole frames of 20 ms.
    Frames(Arc<[u8]>),
    /// So many frames of nothing.
    Silence(u32),
}

/// The folders that sounds are read from.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// The administrator's own prompts.
    pub(crate) prompts: PathBuf,
    /// The configuration's folder.
    pub(crate) files: PathBuf,
    /// Recorded messages.
    pub(crate) messages: PathBuf,
}

/// Reads, encodes and remembers.
pub(crate) struct Sounds {
    folders: Folders,
    cache: HashMap<(Key, Codec), Kept>,
    cached: usize,
    uses: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Beep,
    BuiltIn(Name, Name),
    /// A file that has changed is another sound.
    File(PathBuf, u64, Option<SystemTime>),
}

struct Kept {
    frames: Arc<[u8]>,
    used: u64,
}

impl Sounds {
    pub(crate) fn new(folders: Folders) -> Sounds {
        Sounds { folders, cache: HashMap::new(), cached: 0, uses: 0 }
    }

    /// All sounds of one play, or nothing when any of them cannot be played.
    pub(crate) fn load(&mut self, sounds: &[Sound], codec: Codec) -> Option<Vec<Clip>> {
        sounds.iter().map(|sound| self.clip(sound, codec)).collect()
    }

    fn clip(&mut self, sound: &Sound, codec: Codec) -> Option<Clip> {
        let key = match sound {
            Sound::Silence(length) => {
                return Some(Clip::Silence(length.min(&SILENCE_MAX).as_millis().div_ceil(20) as u32));
            }
            Sound::Beep => Some(Key::Beep),
            Sound::Prompt { name, language } => self.prompt(name, language),
            Sound::File(name) => below(&self.folders.files, name).and_then(file),
            Sound::Message(id) => message(&self.folders.messages, id).and_then(file),
        };
        let frames = key.and_then(|key| self.frames(key, codec, matches!(sound, Sound::Message(_))));
        if frames.is_none() {
            warn!(?sound, "no such sound");
        }
        frames.map(Clip::Frames)
    }

    /// The administrator's own, else the built-in one.
    fn prompt(&self, name: &Name, language: &Name) -> Option<Key> {
        if !is_word(name) || !is_word(language) {
            return None;
        }
        file(self.folders.prompts.join(&**language).join(format!("{name}.wav")))
            .or_else(|| prompts::built_in(language, name).map(|_| Key::BuiltIn(language.clone(), name.clone())))
    }

    fn frames(&mut self, key: Key, codec: Codec, once: bool) -> Option<Arc<[u8]>> {
        self.uses += 1;
        if let Some(kept) = self.cache.get_mut(&(key.clone(), codec)) {
            kept.used = self.uses;
            return Some(kept.frames.clone());
        }
        let samples = match &key {
            Key::Beep => tone::beep(codec::rate(codec)),
            Key::BuiltIn(language, name) => decoded(Cow::Borrowed(prompts::built_in(language, name)?), codec, name)?,
            Key::File(path, ..) => {
                let name = path.to_string_lossy();
                let file = fs::read(path).map_err(|fault| warn!(file = %name, %fault, "cannot read a sound"));
                decoded(Cow::Owned(file.ok()?), codec, &name)?
            }
        };
        let frames: Arc<[u8]> = codec::encode(codec, &samples).into();
        if !once {
            self.keep(key, codec, frames.clone());
        }
        Some(frames)
    }

    fn keep(&mut self, key: Key, codec: Codec, frames: Arc<[u8]>) {
        while self.cached + frames.len() > CACHE_MAX {
            let oldest = self.cache.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            let Some(kept) = oldest.and_then(|key| self.cache.remove(&key)) else { return };
            self.cached -= kept.frames.len();
        }
        self.cached += frames.len();
        self.cache.insert((key, codec), Kept { frames, used: self.uses });
    }
}

fn decoded(file: Cow<'_, [u8]>, codec: Codec, name: &str) -> Option<Vec<i16>> {
    match Pcm::read(&file) {
        Ok(pcm) => Some(pcm.at(codec::rate(codec))),
        Err(NotPlayable::NoWav) => {
            warn!(file = name, "not a WAV file with PCM or G.711");
            None
        }
        Err(NotPlayable::Rate) => {
            warn!(file = name, "not at a rate between 6 and 192 kHz");
            None
        }
        Err(NotPlayable::TooLong) => {
            warn!(file = name, "longer than 15 minutes");
            None
        }
    }
}

/// Where a message lies; `None` when its id is not one that we could have given.
pub(crate) fn message(folder: &Path, id: &str) -> Option<PathBuf> {
    is_word(id).then(|| folder.join(format!("{id}.wav")))
}

/// A name that is one harmless part of a path.
pub(crate) fn is_word(name: &str) -> bool {
    let harmless = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'@' | b'+');
    (1..=128).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(harmless)
}

/// A path below `root`: relative and never upward. Links that the administrator has put there are followed.
fn below(root: &Path, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let downward = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    path.components().all(downward).then(|| root.join(path))
}

fn file(path: PathBuf) -> Option<Key> {
    let about: io::Result<fs::Metadata> = fs::metadata(&path);
    let about = about.ok().filter(|about| about.is_file() && about.len() <= FILE_MAX)?;
    Some(Key::File(path, about.len(), about.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;
    use hound::{SampleFormat, WavSpec, WavWriter};

    fn tone_file(path: &Path, millis: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let spec = WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec).unwrap();
        for sample in tone::sine(440, 8000, millis) {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
    }

    fn sounds(folder: &Folder) -> Sounds {
        let [prompts, files, messages] = ["prompts", "config", "messages"].map(|name| folder.path().join(name));
        Sounds::new(Folders { prompts, files, messages })
    }

    fn length(sounds: &mut Sounds, sound: Sound) -> Option<usize> {
        let clips = sounds.load(&[sound], Codec::Pcma)?;
        match &clips[..] {
            [Clip::Frames(frames)] => Some(frames.len() / codec::FRAME),
            _ => None,
        }
    }

    fn prompt(language: &str, name: &str) -> Sound {
        Sound::Prompt { name: name.into(), language: language.into() }
    }

    #[test]
    fn the_offices_own_prompt_goes_before_the_built_in_one() {
        let folder = Folder::new();
        let mut sounds = sounds(&folder);
        assert!(length(&mut sounds, prompt("fi", "number-1")).is_some());
        tone_file(&folder.path().join("prompts/fi/number-1.wav"), 100);
        assert_eq!(length(&mut sounds, prompt("fi", "number-1")), Some(5));
    }

    #[test]
    fn a_file_that_was_replaced_is_read_again() {
        let folder = Folder::new();
        let mut sounds = sounds(&folder);
        let path = folder.path().join("config/greetings/hello.wav");
        tone_file(&path, 100);
        let sound = Sound::File("greetings/hello.wav".into());
        assert_eq!(length(&mut sounds, sound.clone()), Some(5));
        tone_file(&path, 200);
        assert_eq!(length(&mut sounds, sound), Some(10));
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let folder = Folder::new();
        let mut sounds = sounds(&folder);
        tone_file(&folder.path().join("secret.wav"), 100);
        tone_file(&folder.path().join("config/inside.wav"), 100);
        let absolute = folder.path().join("secret.wav").to_string_lossy().into_owned();
        for outside in ["../secret.wav", "a/../../secret.wav", &absolute, "..", ""] {
            assert_eq!(length(&mut sounds, Sound::File(outside.into())), None, "{outside}");
        }
        for outside in ["../secret", "..", "a/b", "", ".hidden", "a\0b"] {
            assert_eq!(length(&mut sounds, Sound::Message(outside.into())), None, "{outside}");
            assert_eq!(length(&mut sounds, prompt(outside, "number-1")), None, "{outside}");
            assert_eq!(length(&mut sounds, prompt("fi", outside)), None, "{outside}");
        }
        assert_eq!(length(&mut sounds, Sound::File("./inside.wav".into())), Some(5));
    }

    #[test]
    fn one_missing_sound_is_none_at_all() {
        let folder = Folder::new();
        let missing = [Sound::Beep, Sound::Message("gone".into()), Sound::Beep];
        assert_eq!(sounds(&folder).load(&missing, Codec::Pcmu), None);
    }

    #[test]
    fn a_pause_and_a_beep_last_as_long_as_they_say() {
        let folder = Folder::new();
        let mut sounds = sounds(&folder);
        assert_eq!(length(&mut sounds, Sound::Beep), Some(15));
        let pause = [Sound::Silence(Duration::from_millis(500)), Sound::Silence(Duration::MAX)];
        let clips = sounds.load(&pause, Codec::Pcma).unwrap();
        assert_eq!(clips, [Clip::Silence(25), Clip::Silence(45_000)]);
    }

    #[test]
    fn what_is_kept_has_a_limit_and_the_longest_unused_goes_first() {
        let folder = Folder::new();
        let mut sounds = sounds(&folder);
        let third: Arc<[u8]> = vec![0; CACHE_MAX / 3].into();
        let key = |name: &str| Key::BuiltIn("xx".into(), name.into());
        for name in ["a", "b", "c"] {
            sounds.uses += 1;
            sounds.keep(key(name), Codec::Pcma, third.clone());
        }
        assert!(sounds.frames(key("a"), Codec::Pcma, false).is_some());
        sounds.keep(key("d"), Codec::Pcma, third.clone());
        let kept = |name: &str| sounds.cache.contains_key(&(key(name), Codec::Pcma));
        assert_eq!(["a", "b", "c", "d"].map(kept), [true, false, true, true]);
        assert!(sounds.cached <= CACHE_MAX);
    }
}
