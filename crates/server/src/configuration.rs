//! The configuration's folder: every `.toml` file in it, and what stands beside them.

use dialplan::{Diagnostic, Dialplan, Environment, Read, Source};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// A folder whose files were read, with or without success.
pub struct Configuration {
    /// The folder.
    pub folder: PathBuf,
    /// Its files, in the order of their names.
    pub sources: Vec<Source>,
}

/// Why there is no plan.
pub enum Refused {
    /// The files could not be read.
    Unreadable(String),
    /// They have mistakes.
    Faulty(Configuration, Vec<Diagnostic>),
}

/// A plan and the configuration from which it came.
pub struct Loaded {
    /// The files.
    pub configuration: Configuration,
    /// The plan.
    pub plan: Dialplan,
    /// What may surprise.
    pub warnings: Vec<Diagnostic>,
}

impl Loaded {
    /// Reads a folder.
    pub fn from_folder(folder: &Path) -> Result<Loaded, Refused> {
        let sources = sources(folder).map_err(Refused::Unreadable)?;
        let configuration = Configuration { folder: folder.to_path_buf(), sources };
        match dialplan::read(&configuration.sources, &Beside(folder)) {
            Ok(Read { plan, warnings }) => Ok(Loaded { configuration, plan, warnings }),
            Err(diagnostics) => Err(Refused::Faulty(configuration, diagnostics)),
        }
    }

    /// What may surprise, as text; empty if nothing does.
    pub fn warnings(&self, colour: bool) -> String {
        dialplan::render(&self.warnings, &self.configuration.sources, colour)
    }

    /// The folder in which the database and the messages are kept.
    pub fn store_folder(&self) -> PathBuf {
        self.configuration.folder.join(&*self.plan.settings.store.folder)
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.store_folder().join("vaihde.db")
    }

    /// Held by the exchange that runs.
    pub fn lock(&self) -> PathBuf {
        self.store_folder().join("lock")
    }

    /// Where the running exchange listens to commands.
    pub fn control_socket(&self) -> PathBuf {
        self.store_folder().join("control.sock")
    }
}

impl Refused {
    /// An office without people that is where the faulty one is: its time zone and its store's folder.
    pub fn salvage(self) -> Result<Loaded, Refused> {
        let Refused::Faulty(configuration, diagnostics) = self else { return Err(self) };
        let (mut zone, mut store) = (None, None);
        for source in &configuration.sources {
            let mut section = "";
            for line in source.text.lines().map(str::trim) {
                let key = line.split('=').next().unwrap_or_default().trim();
                match (line.strip_prefix('['), section, key) {
                    (Some(header), ..) => section = header.split(']').next().unwrap_or_default().trim(),
                    (None, "", "timezone") => zone = Some(line),
                    (None, "store", "folder") => store = Some(line),
                    _ => {}
                }
            }
        }
        let read = |zone: Option<&str>, store: Option<&str>| {
            let (zone, store) = (zone.unwrap_or_default(), store.unwrap_or_default());
            let text = format!("domain = \"office.invalid\"\n{zone}\n[store]\n{store}");
            dialplan::read(&[Source { path: String::new(), text }], &dialplan::Nothing)
        };
        match read(zone, store).or_else(|_| read(None, store)).or_else(|_| read(None, None)) {
            Ok(Read { plan, .. }) => Ok(Loaded { configuration, plan, warnings: Vec::new() }),
            Err(_) => Err(Refused::Faulty(configuration, diagnostics)),
        }
    }

    /// The mistakes as rustc would show them, and how many there are.
    pub fn text(&self, colour: bool) -> String {
        match self {
            Refused::Unreadable(why) => format!("error: {why}"),
            Refused::Faulty(configuration, diagnostics) => {
                let shown = dialplan::render(diagnostics, &configuration.sources, colour);
                let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
                let mistakes = if errors == 1 { "1 mistake".into() } else { format!("{errors} mistakes") };
                format!("{shown}\n\n{mistakes} in {}", configuration.folder.display())
            }
        }
    }
}

/// Whether what goes to standard error may be coloured.
pub fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Every `.toml` file of the folder, in the order of their names.
fn sources(folder: &Path) -> Result<Vec<Source>, String> {
    let shown = folder.display();
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("there is no folder {shown}; `vaihde setup {shown}` makes a small office to begin with")
        }
        std::io::ErrorKind::NotADirectory => format!("{shown} is a file: the folder around it is the configuration"),
        _ => format!("cannot read the folder {shown}: {error}"),
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.is_empty() {
        return Err(format!(
            "there is no .toml file in {shown}; `vaihde setup {shown}` makes a small office to begin with"
        ));
    }
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Ok(Source { path: path.display().to_string(), text })
    };
    paths.iter().map(read).collect()
}

/// Environment variables, and the files below the configuration's folder.
struct Beside<'a>(&'a Path);

impl Environment for Beside<'_> {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.0.join(path)).ok()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_faulty_configuration_the_store_and_the_time_zone_are_still_known() {
        let salvaged = |text: &str| {
            let sources = vec![Source { path: "a.toml".into(), text: text.into() }];
            let diagnostics = dialplan::read(&sources, &dialplan::Nothing).unwrap_err();
            let configuration = Configuration { folder: "office".into(), sources };
            Refused::Faulty(configuration, diagnostics).salvage().ok().unwrap()
        };
        let known = salvaged("timezone = \"Europe/Helsinki\"\nlangage = 1\n[store]\nfolder = \"kept\" # here\n[log]\n");
        assert_eq!(known.database(), Path::new("office/kept/vaihde.db"));
        assert_eq!(known.plan.office.timezone.iana_name(), Some("Europe/Helsinki"));
        assert_eq!(
            salvaged("timezone = \"Moon\"\n[store]\nfolder = \"kept\"").store_folder(),
            Path::new("office/kept")
        );
        assert_eq!(salvaged("no toml at all").store_folder(), Path::new("office/data"));
    }
}
