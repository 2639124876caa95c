//! What is wrong with a configuration, where, and what would be right: collected all at once, shown as rustc shows it.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// One file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as it shall be shown.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Bytes of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Which of the sources.
    pub source: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    pub(crate) fn new(source: u32, range: Range<usize>) -> Self {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { source, start: byte(range.start), end: byte(range.end) }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people and editors write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The source's path.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Position {
    /// Where a span begins.
    pub fn of(span: Span, sources: &[Source]) -> Option<Position> {
        let source = sources.get(span.source as usize)?;
        let before = source.text.get(..(span.start as usize).min(source.text.len()))?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Position {
            file: source.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is not taken.
    Error,
    /// It is taken; something in it has no effect or may surprise.
    Warning,
}

/// A piece of a source with a word about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The text to underline.
    pub span: Span,
    /// What is said about it, possibly nothing.
    pub label: String,
    /// The fault itself, rather than something that explains it.
    pub primary: bool,
}

/// One fault or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where: the fault first, then what explains it.
    pub marks: Vec<Mark>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), marks: Vec::new(), help: Vec::new() }
    }

    pub(crate) fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// Underlines the fault.
    pub(crate) fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.marks.push(Mark { span, label: label.into(), primary: true });
        self
    }

    /// Underlines what explains the fault.
    pub(crate) fn see(mut self, span: Span, label: impl Into<String>) -> Self {
        self.marks.push(Mark { span, label: label.into(), primary: false });
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Whether the configuration cannot be taken because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where the fault is.
    pub fn position(&self, sources: &[Source]) -> Option<Position> {
        Position::of(self.marks.first()?.span, sources)
    }

    fn order(&self) -> (Severity, Option<Span>) {
        (self.severity, self.marks.first().map(|mark| mark.span))
    }
}

/// Shows diagnostics as rustc does, errors first, each with its lines underlined; a blank line between them.
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| diagnostic.order());
    let shown: Vec<String> = ordered.iter().map(|diagnostic| render_one(diagnostic, sources, &renderer)).collect();
    shown.join("\n\n")
}

fn render_one(diagnostic: &Diagnostic, sources: &[Source], renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(diagnostic.message.as_str()).elements(Vec::<annotate_snippets::Padding>::new());
    let mut shown: Vec<u32> = Vec::new();
    for mark in &diagnostic.marks {
        let (Some(source), false) = (sources.get(mark.span.source as usize), shown.contains(&mark.span.source)) else {
            continue;
        };
        shown.push(mark.span.source);
        let of_source = diagnostic.marks.iter().filter(|other| other.span.source == mark.span.source);
        let annotations = of_source.map(|mark| {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let label = (!mark.label.is_empty()).then_some(mark.label.as_str());
            kind.span(within(mark.span.range(), &source.text)).label(label)
        });
        group =
            group.element(Snippet::source(source.text.as_str()).path(source.path.as_str()).annotations(annotations));
    }
    group = group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(help.as_str())));
    renderer.render(&[group])
}

/// The range cut to the text and widened to whole characters, whatever it was.
fn within(range: Range<usize>, text: &str) -> Range<usize> {
    let mut start = range.start.min(text.len());
    let mut end = range.end.clamp(start, text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}
