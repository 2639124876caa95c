//! Message files: what is half-written never looks like a message, and what was reported as kept survives a power cut.
//!
//! `<id>.wav.part` is written, synced and renamed to `<id>.wav`, and then the folder is synced.

use crate::sounds;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

const PART: &str = "part";

/// What a message is written to.
pub(crate) trait Sink: Write + Seek + Send {}

impl<T: Write + Seek + Send> Sink for T {}

/// Makes a new file: what to write to, and the file itself to sync at the end. In tests, a disk that fails.
pub(crate) type Create = fn(&Path) -> io::Result<(Box<dyn Sink>, File)>;

/// Makes a new file on the disk.
pub(crate) fn create(path: &Path) -> io::Result<(Box<dyn Sink>, File)> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    Ok((Box::new(file.try_clone()?), file))
}

/// Makes the folder and removes what an earlier run left half-written.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_str().is_some_and(|name| name.ends_with(".wav.part")) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Removes a message; that it does not exist is no fault.
pub(crate) fn delete(folder: &Path, id: &str) -> io::Result<()> {
    let path = sounds::message(folder, id).ok_or(io::ErrorKind::InvalidInput)?;
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => sync_folder(folder),
    }
}

/// A message being written. Dropped before [`Part::keep`], it leaves nothing.
pub(crate) struct Part {
    path: PathBuf,
    part: PathBuf,
    /// Gone once the part is complete.
    writer: Option<WavWriter<BufWriter<Box<dyn Sink>>>>,
    file: File,
}

impl Part {
    pub(crate) fn new(folder: &Path, id: &str, rate: u32, create: Create) -> io::Result<Part> {
        let path = sounds::message(folder, id).ok_or(io::ErrorKind::InvalidInput)?;
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let part = path.with_extension(format!("wav.{PART}"));
        let (sink, file) = create(&part)?;
        let mut this = Part { path, part, writer: None, file };
        let spec = WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        this.writer = Some(WavWriter::new(BufWriter::new(sink), spec).map_err(io_fault)?);
        Ok(this)
    }

    pub(crate) fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        let writer = self.writer.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let count = u32::try_from(samples.len()).map_err(io::Error::other)?;
        let mut writer = writer.get_i16_writer(count);
        samples.iter().for_each(|sample| writer.write_sample(*sample));
        writer.flush().map_err(io_fault)
    }

    /// Makes it a message.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        self.writer.take().ok_or(io::ErrorKind::BrokenPipe)?.finalize().map_err(io_fault)?;
        self.file.sync_all()?;
        fs::rename(&self.part, &self.path)?;
        if let Err(fault) = self.path.parent().map_or(Ok(()), sync_folder) {
            let _ = fs::remove_file(&self.path);
            return Err(fault);
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After `keep` there is no such file any more.
        let _ = fs::remove_file(&self.part);
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn io_fault(fault: hound::Error) -> io::Error {
    match fault {
        hound::Error::IoError(fault) => fault,
        other => io::Error::other(other),
    }
}
