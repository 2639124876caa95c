//! Puts the built-in prompts (`prompts/<language>/<name>.wav`) into the binary, so that it works wherever it is copied.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../prompts");
    println!("cargo::rerun-if-changed={}", prompts.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    for language in folder(&prompts)? {
        for file in folder(&language)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "wav")) {
            files.push((stem(&language), stem(&file), file.canonicalize()?));
        }
        println!("cargo::rerun-if-changed={}", language.display());
    }
    files.sort();
    let mut table = String::from("&[\n");
    for (language, name, file) in files {
        writeln!(table, "    ({language:?}, {name:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is set by cargo"))?;
    fs::write(Path::new(&out).join("prompts.rs"), table)
}

fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
