//! The program that walks the graph: one step after another until somebody answers or nothing is left.

use crate::actions::Begun;
use crate::graph::{Node, NodeId};
use crate::keys::{Condition, Origin};
use crate::plan::{Inner, Person};
use call::{Action, Caller, Context, Diversion, DivertedWhy, Event, Flow, Leg, Name, Outcome, Program, Reason, Script};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Instant;

/// What a step knows of the way that led to it.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) plan: Arc<Inner>,
    /// Who was wanted, within the lists of a `[reach.…]`.
    pub(crate) wanted: Option<Wanted>,
    /// A condition `closed:…` held on the way.
    pub(crate) closed: bool,
    /// How the last step ended that did something.
    pub(crate) last: Outcome,
    /// Everybody who was reached for: nobody is a second time.
    pub(crate) trail: Vec<Name>,
    /// What is dialled, where it is not what the journey began with.
    pub(crate) dialled: Option<Name>,
    /// The same number as the route's pattern has it (`00358…` for `+358…`), where that is another form.
    pub(crate) form: Option<Name>,
}

/// Who was wanted, and why they cannot answer.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) person: Name,
    pub(crate) outcome: Outcome,
    pub(crate) until: Option<Timestamp>,
    pub(crate) substitute: Option<Name>,
}

impl Scope {
    pub(crate) fn new(plan: Arc<Inner>) -> Self {
        Self { plan, wanted: None, closed: false, last: Outcome::Passed, trail: Vec::new(), dialled: None, form: None }
    }

    /// Who was wanted: the one whom the plan could not reach, or whose number was dialled.
    pub(crate) fn person(&self, cx: &Context<'_>) -> Option<&Person> {
        match &self.wanted {
            Some(wanted) => self.plan.person(&wanted.person),
            None => self.plan.person_by_number(self.dialled(cx)),
        }
    }

    /// What was dialled.
    pub(crate) fn dialled<'a>(&'a self, cx: &'a Context<'_>) -> &'a Name {
        self.dialled.as_ref().unwrap_or(&cx.journey.dialled)
    }
}

/// Runs steps in order. Done with a final outcome, or with that of the last step that did something.
pub(crate) struct Sequence {
    scope: Scope,
    /// The step that runs, or that is next.
    at: Option<NodeId>,
    running: Option<Box<dyn Program>>,
    caller_gone: bool,
}

impl Sequence {
    pub(crate) fn new(scope: Scope, at: Option<NodeId>) -> Self {
        Self { scope, at, running: None, caller_gone: false }
    }

    /// Begins steps until one waits for something. The graph has no circles, so this ends.
    fn go_on(&mut self, cx: &Context<'_>, out: &mut Script) -> Flow {
        let plan = self.scope.plan.clone();
        while let Some(node) = self.at.and_then(|at| plan.graph.node(at)) {
            if let Some(when) = node.when.as_ref().filter(|when| !holds(when, cx)) {
                out.because(Reason::Skipped { step: node.words.clone(), when: when.text().into() });
                self.at = node.skipped;
                continue;
            }
            out.because(Reason::Step { step: node.words.clone(), at: node.at.clone() });
            self.note_closed(node, cx, out);
            let flow = match node.action.begin(&self.scope, cx, out) {
                Begun::Runs(mut program) => {
                    let flow = program.on_event(cx, &Event::Start, out);
                    self.running = Some(program);
                    flow
                }
                Begun::Over(outcome) => Flow::Done(outcome),
            };
            match flow {
                Flow::Continue => return Flow::Continue,
                Flow::Done(outcome) => {
                    if self.step_ended(node, outcome, out) {
                        return Flow::Done(outcome);
                    }
                }
            }
        }
        Flow::Done(self.scope.last)
    }

    /// Takes a step's outcome and finds the next; true if there shall be none.
    fn step_ended(&mut self, node: &Node, outcome: Outcome, out: &mut Script) -> bool {
        self.running = None;
        out.because(Reason::StepEnded { step: node.words.clone(), outcome });
        if outcome != Outcome::Passed {
            self.scope.last = outcome;
        }
        self.at = node.after.or_else(|| node.action.otherwise(&self.scope.plan));
        outcome.is_final() || self.caller_gone
    }

    /// A call that rings somebody because the office is closed says so: `time-of-day`, RFC 5806.
    fn note_closed(&mut self, node: &Node, cx: &Context<'_>, out: &mut Script) {
        if !matches!(node.when, Some(Condition::Closed(_))) || std::mem::replace(&mut self.scope.closed, true) {
            return;
        }
        if node.action.rings() {
            let number = self.scope.dialled(cx).clone();
            out.push(Action::Divert(Diversion { number, name: None, why: DivertedWhy::TimeOfDay }));
        }
    }
}

impl Program for Sequence {
    fn on_event(&mut self, cx: &Context<'_>, event: &Event, out: &mut Script) -> Flow {
        self.caller_gone |= *event == Event::HungUp(Leg::CALLER);
        let Some(running) = &mut self.running else { return self.go_on(cx, out) };
        let Flow::Done(outcome) = running.on_event(cx, event, out) else { return Flow::Continue };
        let plan = self.scope.plan.clone();
        match self.at.and_then(|at| plan.graph.node(at)) {
            Some(node) if !self.step_ended(node, outcome, out) => self.go_on(cx, out),
            _ => Flow::Done(outcome),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.running.as_ref().and_then(|running| running.poll_timeout())
    }
}

/// Whether a condition holds for this call now.
fn holds(when: &Condition, cx: &Context<'_>) -> bool {
    match when {
        Condition::Open(hours) => cx.world.is_open(hours),
        Condition::Closed(hours) => !cx.world.is_open(hours),
        Condition::From(origin) => comes_from(origin, &cx.journey.caller),
    }
}

/// Whether the caller calls from there.
pub(crate) fn comes_from(origin: &Origin, caller: &Caller) -> bool {
    let is = |name: &Option<Name>, wanted: &str| name.as_deref() == Some(wanted);
    match origin {
        Origin::Phones => caller.device.is_some(),
        Origin::Trunks => caller.trunk.is_some(),
        Origin::Anyone => true,
        Origin::Trunk(trunk) => is(&caller.trunk, trunk),
        Origin::Person(person) => is(&caller.person, person),
        Origin::Device(device) => is(&caller.device, device),
    }
}
