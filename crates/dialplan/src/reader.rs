//! From the files of a configuration to a plan, or to every fault in them.

use crate::collect::{self, Collected};
use crate::diagnostic::{Diagnostic, Source};
use crate::plan::Dialplan;
use crate::read::Faults;
use crate::{check, compile};

/// What stands beside the files: environment variables and other files.
pub trait Environment {
    /// An environment variable.
    fn var(&self, name: &str) -> Option<String>;
    /// The text of a file beside the configuration: a password.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether there is a file: a prompt or music.
    fn exists(&self, path: &str) -> bool;
}

/// An environment in which nothing is set, and every file is taken to exist.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Environment for Nothing {
    fn var(&self, _name: &str) -> Option<String> {
        None
    }

    fn text(&self, _path: &str) -> Option<String> {
        None
    }

    fn exists(&self, _path: &str) -> bool {
        true
    }
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Read {
    /// The plan.
    pub plan: Dialplan,
    /// What may surprise.
    pub warnings: Vec<Diagnostic>,
}

/// Reads all files as one configuration. On any error, all errors and warnings.
pub fn read(sources: &[Source], environment: &dyn Environment) -> Result<Read, Vec<Diagnostic>> {
    let mut faults = Faults::default();
    let documents = collect::parse(sources, &mut faults);
    if faults.errors() > 0 {
        return Err(faults.into_found());
    }
    let Collected { configuration, names, places } = collect::collect(&documents, &mut faults);
    let Some(configuration) = configuration else { return Err(faults.into_found()) };
    check::check(&configuration, &names, &places, environment, &mut faults);
    if faults.errors() > 0 {
        return Err(faults.into_found());
    }
    let plan = compile::compile(configuration, sources, environment, &mut faults);
    Ok(Read { plan, warnings: faults.into_found() })
}
