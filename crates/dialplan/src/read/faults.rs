//! Where faults gather while the configuration is read.

use crate::diagnostic::{Diagnostic, Span};

/// As many as are worth showing at once.
const FAULTS_MAX: usize = 200;

/// Every fault and warning found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    found: Vec<Diagnostic>,
}

impl Faults {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.found.len() < FAULTS_MAX {
            self.found.push(diagnostic);
        }
    }

    /// A value of the wrong kind.
    pub(crate) fn expected(&mut self, span: Span, what: &str, found: &str) {
        self.push(Diagnostic::error(format!("expected {what}")).at(span, format!("found {found}")));
    }

    /// How many errors there are by now.
    pub(crate) fn errors(&self) -> usize {
        self.found.iter().filter(|fault| fault.is_error()).count()
    }

    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}
