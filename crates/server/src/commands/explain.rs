//! `vaihde explain`: what would happen to a call.

use super::{Fault, load, moments, say};
use crate::cli::Explain;
use dialplan::Question;
use jiff::Timestamp;

/// Explains.
pub fn explain(asked: &Explain) -> Result<(), Fault> {
    let plan = load(&asked.folder.config)?.plan;
    let at = asked.at.as_deref().unwrap_or("now");
    let at = moments::read(at, Timestamp::now(), &plan.office.timezone).map_err(|fault| format!("error: {fault}"))?;
    let question = Question {
        from: asked.from.clone(),
        to: asked.to.clone(),
        at,
        busy: asked.busy.clone(),
        away: asked.away.clone(),
        offline: asked.offline.clone(),
        dnd: asked.dnd.clone(),
        answers: asked.answers.clone(),
    };
    let told =
        dialplan::explain(&plan, &question, std::time::Instant::now()).map_err(|fault| format!("error: {fault}"))?;
    say(&told.to_string())
}
