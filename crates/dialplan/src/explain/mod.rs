//! What would happen to a call, step by step and why, by the same programs that run live.

mod imagined;
mod stage;

use crate::nearest::nearest;
use crate::plan::{Dialplan, Incoming};
use call::{Caller, Journey, JourneyId, Reason};
use imagined::Imagined;
use jiff::Timestamp;
use stage::Stage;
use std::time::{Duration, Instant};

/// A call that might be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Who calls: a person or one of their devices or numbers, `trunk:NAME`, or a number outside that comes over the
    /// first trunk.
    pub from: String,
    /// What is dialled: a number, or a person's name for their number.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// People who are talking.
    pub busy: Vec<String>,
    /// People who are away.
    pub away: Vec<String>,
    /// People without a registered device.
    pub offline: Vec<String>,
    /// People who asked not to be disturbed.
    pub dnd: Vec<String>,
    /// People, and numbers outside, who answer when they are rung; all others let it ring.
    pub answers: Vec<String>,
}

/// What would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One line a step: the time since the call began, and what happens and why.
    pub lines: Vec<(Duration, String)>,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines.iter().try_for_each(|(at, line)| writeln!(f, "{:>6.1} s  {line}", at.as_secs_f32()))
    }
}

/// Plays the call through with made-up facts. An unknown name is an error in words. The clock begins at `now`, whatever
/// that is.
pub fn explain(plan: &Dialplan, question: &Question, now: Instant) -> Result<Explanation, String> {
    let people = [&question.busy, &question.away, &question.offline, &question.dnd];
    for person in people.into_iter().flatten() {
        known(plan, person)?;
    }
    for one in question.answers.iter().filter(|one| crate::normalise(one).is_none()) {
        known(plan, one)?;
    }
    let caller = caller(plan, &question.from)?;
    let dialled = dialled(plan, &question.to)?;
    let world = Imagined::new(plan, question, caller.device.clone());
    let mut stage =
        Stage::new(plan, question, Journey::new(JourneyId(0), caller.clone(), dialled.as_str().into()), now);
    stage.say(opening(plan, &caller, &dialled, question.at));
    let incoming = Incoming { caller: &caller, dialled: &dialled, wall: question.at };
    match plan.route(&incoming, &world) {
        Some(routed) => {
            stage.because(&Reason::Route { route: routed.name, at: routed.at });
            stage.play(routed.program, &world);
        }
        None => {
            stage.because(&Reason::NoRoute { dialled: dialled.as_str().into() });
            stage.say("The caller is refused: 404.".into());
        }
    }
    Ok(Explanation { lines: stage.lines })
}

fn opening(plan: &Dialplan, caller: &Caller, dialled: &str, at: Timestamp) -> String {
    let moment = at.to_zoned(plan.office.timezone.clone()).strftime("%a %Y-%m-%d %H:%M");
    let who = match (&caller.person, &caller.trunk) {
        (Some(_), _) => format!("{} ({})", caller.name, caller.number),
        (None, Some(trunk)) if caller.number.is_empty() => format!("Somebody over the trunk {trunk}"),
        (None, Some(trunk)) => format!("{} over the trunk {trunk}", caller.number),
        (None, None) => match &caller.device {
            Some(device) => device.to_string(),
            None => format!("{}, a stranger who comes over no trunk,", caller.number),
        },
    };
    format!("{moment}: {who} calls {dialled}.")
}

fn known(plan: &Dialplan, person: &str) -> Result<(), String> {
    match plan.person(person) {
        Some(_) => Ok(()),
        None => Err(unknown(plan, person)),
    }
}

fn unknown(plan: &Dialplan, person: &str) -> String {
    match nearest(person, plan.people().iter().map(|person| &*person.id)) {
        Some(near) => format!("nobody is called `{person}`: did you mean `{near}`?"),
        None => format!("nobody is called `{person}`"),
    }
}

/// The number that is dialled: somebody's name stands for their number.
fn dialled(plan: &Dialplan, to: &str) -> Result<String, String> {
    match (plan.person(to), crate::normalise(to)) {
        (Some(person), _) => {
            person.number().map(ToString::to_string).ok_or_else(|| format!("{to} has no number that could be dialled"))
        }
        (None, Some(number)) => Ok(number.to_string()),
        (None, None) => Err(unknown(plan, to)),
    }
}

fn caller(plan: &Dialplan, from: &str) -> Result<Caller, String> {
    if let Some(name) = from.strip_prefix("trunk:") {
        let trunk = plan.trunk(name).ok_or_else(|| format!("no trunk is called `{name}`"))?;
        return Ok(Caller { trunk: Some(trunk.name.clone()), ..Caller::default() });
    }
    let person = plan.person(from).or_else(|| plan.person_of(from)).or_else(|| plan.person_by_number(from));
    if let Some(person) = person {
        let device = plan.device(from).map(|device| device.name.clone());
        return Ok(Caller {
            number: person.number().cloned().unwrap_or_default(),
            name: person.name.clone(),
            device: device.or_else(|| person.devices.first().cloned()),
            person: Some(person.id.clone()),
            ..Caller::default()
        });
    }
    if let Some(device) = plan.device(from) {
        return Ok(Caller { device: Some(device.name.clone()), ..Caller::default() });
    }
    let number = crate::normalise(from).ok_or_else(|| unknown(plan, from))?;
    let trunk = plan.trunks().first().map(|trunk| trunk.name.clone());
    Ok(Caller { number, trunk, ..Caller::default() })
}
