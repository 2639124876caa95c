//! A call: its journey, the program that decides, and its legs.

use super::party::{Party, Phase};
use super::{CallKey, GivenUp, Passing};
use crate::core::{Cx, Timer};
use call::media::EndId;
use call::{Context, EndedBy, Event, Flow, Journey, Leg, Outcome, Program, Reason, Script, What};
use dialog::SessionTimer;
use dialplan::{Dialplan, View};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transaction::TimerId;

/// How long a call may stay after its caller has gone, so that a message can be kept.
const LINGER: Duration = Duration::from_secs(30);

/// A refusal for a request: status code and reason for the diary.
pub type Refusal = (u16, &'static str);

/// One caller's call.
pub struct Call {
    pub key: CallKey,
    /// The plan at the time of the INVITE: a reload does not touch running calls.
    pub plan: Arc<Dialplan>,
    pub journey: Journey,
    pub program: Option<Box<dyn Program>>,
    pub script: Script,
    /// By leg number.
    pub parties: Vec<Party>,
    /// The legs that hear each other.
    pub bridge: Option<(Leg, Leg)>,
    /// Requests on their way from one leg to another.
    pub passings: Vec<Passing>,
    pub passes: u32,
    /// INVITEs within a dialog that were let go of when their leg ended: a 2xx that comes all the same wants its ACK.
    pub given_up: Vec<GivenUp>,
    pub events: VecDeque<Event>,
    pub driving: bool,
    pub began_at: Instant,
    pub bridged_at: Option<Instant>,
    /// When the call has lasted too long: unanswered, talking, or after its caller has gone.
    pub due: Option<Instant>,
    /// When the caller's leg ended.
    pub left_at: Option<Instant>,
    pub outcome: Option<Outcome>,
    pub ended_by: EndedBy,
    /// The final status that the caller got.
    pub code: u16,
    /// The most telling failure among the legs, for a caller whose plan ends without an answer.
    pub failure: Option<u16>,
    /// The caller has been told 180 or 183.
    pub progressed: bool,
    pub next_end: u64,
    /// What the store is asked to keep, oldest first.
    pub keeping: VecDeque<What>,
    /// The timer on the shard's wheel, and what it is set to.
    pub alarm: Option<(TimerId, Instant)>,
}

impl Call {
    pub fn new(key: CallKey, plan: Arc<Dialplan>, journey: Journey, caller: Party, cx: &mut Cx<'_>) -> Self {
        Self {
            due: Some(cx.now + plan.settings.limits.wait),
            key,
            plan,
            journey,
            program: None,
            script: Script::default(),
            parties: vec![caller],
            bridge: None,
            passings: Vec::new(),
            passes: 0,
            given_up: Vec::new(),
            events: VecDeque::new(),
            driving: false,
            began_at: cx.now,
            bridged_at: None,
            left_at: None,
            outcome: None,
            ended_by: EndedBy::Plan,
            code: 0,
            failure: None,
            progressed: false,
            next_end: cx.core.first_end(key),
            keeping: VecDeque::new(),
            alarm: None,
        }
    }

    pub fn party(&mut self, leg: Leg) -> Option<&mut Party> {
        self.parties.get_mut(usize::from(leg.0))
    }

    /// The leg that hears this one.
    pub fn other(&self, leg: Leg) -> Option<Leg> {
        let (a, b) = self.bridge?;
        match leg {
            _ if leg == a => Some(b),
            _ if leg == b => Some(a),
            _ => None,
        }
    }

    /// Whose end this is.
    pub fn leg_of_end(&self, end: EndId) -> Option<Leg> {
        let holds = |party: &&Party| party.media.ends.iter().flatten().any(|held| held.id == end);
        self.parties.iter().find(holds).map(|party| party.leg)
    }

    /// Nothing is left to do, and nothing is on its way to the store or from a phone: the call can be forgotten.
    pub fn is_over(&self) -> bool {
        let rests = self.keeping.is_empty() && self.given_up.is_empty();
        self.program.is_none() && rests && self.parties.iter().all(Party::is_over)
    }

    pub fn note(&self, cx: &mut Cx<'_>, what: What) {
        cx.core.note(cx.wall, Some(self.journey.id), what);
    }

    pub fn because(&self, cx: &mut Cx<'_>, reason: Reason) {
        self.note(cx, What::Because(reason));
    }

    /// Tells the program what happened and does what it wants, until nothing more happens.
    pub fn drive(&mut self, cx: &mut Cx<'_>, event: Event) {
        self.events.push_back(event);
        if std::mem::replace(&mut self.driving, true) {
            return; // an action of the program caused this event: the loop below comes to it
        }
        while let Some(event) = self.events.pop_front() {
            let Some(mut program) = self.program.take() else { break };
            let view = View { plan: &self.plan, facts: cx.facts, wall: cx.wall };
            let dice = cx.core.dice.next();
            let context = Context { now: cx.now, wall: cx.wall, world: &view, journey: &self.journey, dice };
            let flow = program.on_event(&context, &event, &mut self.script);
            let actions = self.script.take();
            if flow == Flow::Continue {
                self.program = Some(program);
            }
            actions.into_iter().for_each(|action| self.act(cx, action));
            if let Flow::Done(outcome) = flow {
                self.on_done(cx, outcome);
            }
        }
        self.events.clear();
        self.driving = false;
    }

    /// The plan has come to its end.
    fn on_done(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        self.outcome = Some(outcome);
        match outcome {
            Outcome::Answered if self.bridge.is_some() => (),
            _ if self.parties[0].is_over() => self.end_others(cx),
            _ if self.parties[0].is_up() => self.end_all(cx, EndedBy::Plan),
            _ => {
                let code = self.code_for(outcome);
                self.refuse(cx, code, EndedBy::Plan);
            }
        }
    }

    /// When the call wants to be woken.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let program = self.program.as_ref().and_then(|program| program.poll_timeout());
        let parties = self.parties.iter().flat_map(|party| {
            let waits = !party.is_over();
            let resends = party.threads.iter().filter_map(|thread| Some(thread.resend.as_ref()?.resend.poll_timeout()));
            let incoming = matches!(party.phase, Phase::Incoming(_));
            let reliables = party.threads.iter().filter(move |_| incoming);
            let reliables = reliables.filter_map(|thread| thread.reliable.as_ref()?.poll_timeout());
            resends.chain(reliables).chain(party.timer.as_ref().map(SessionTimer::poll_timeout)).filter(move |_| waits)
        });
        parties.chain(program).chain(self.due).min()
    }

    /// Something that the call waited for has come.
    pub fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        for at in 0..self.parties.len() {
            self.on_resend_due(cx, Leg(at as u16));
            self.on_session_due(cx, Leg(at as u16));
        }
        if self.program.as_ref().and_then(|program| program.poll_timeout()).is_some_and(|at| at <= cx.now) {
            self.drive(cx, Event::Timeout);
        }
        if self.due.take_if(|due| *due <= cx.now).is_some() {
            self.on_due(cx);
        }
    }

    /// The call has lasted for as long as it may.
    fn on_due(&mut self, cx: &mut Cx<'_>) {
        if self.left_at.is_some() {
            self.program = None;
            self.keeping.clear();
            return self.end_others(cx);
        }
        self.because(cx, Reason::Words("the call reached the longest time that the configuration allows".into()));
        self.end_all(cx, EndedBy::Exchange);
    }

    /// Sets the call's one timer on the shard's wheel to the next thing that it waits for.
    pub fn settle(&mut self, cx: &mut Cx<'_>) {
        // What is overdue comes a moment later, so that no mistake of a program's can stop the clock.
        let soon = cx.now + Duration::from_millis(1);
        let next = if self.is_over() { None } else { self.poll_timeout().map(|at| at.max(soon)) };
        if self.alarm.map(|(_, at)| at) == next {
            return;
        }
        if let Some((timer, _)) = self.alarm.take() {
            cx.core.wheel.cancel(timer);
        }
        self.alarm = next.map(|at| (cx.core.wheel.set(cx.now, at, Timer::Call(self.key)), at));
    }

    /// Legs that have not ended.
    pub fn open_legs(&self) -> usize {
        self.parties.iter().filter(|party| !party.is_over()).count()
    }

    /// The last note.
    pub fn note_end(&mut self, cx: &mut Cx<'_>) {
        let left_at = self.left_at.unwrap_or(cx.now);
        let what = What::Ended {
            outcome: self.outcome,
            by: self.ended_by,
            code: self.code,
            lasted: left_at.saturating_duration_since(self.began_at),
            talked: self.bridged_at.map(|at| left_at.saturating_duration_since(at)),
        };
        self.note(cx, what);
    }

    /// Marks a leg as over and says so in the diary.
    pub fn leg_over(&mut self, cx: &mut Cx<'_>, leg: Leg, what: What) {
        let Some(party) = self.party(leg).filter(|party| !party.is_over()) else { return };
        party.phase = Phase::Over;
        party.timer = None;
        party.threads.iter_mut().for_each(|thread| thread.resend = None);
        if leg == Leg::CALLER {
            self.left_at = Some(cx.now);
            self.due = Some(cx.now + LINGER);
        }
        self.note(cx, what);
        self.close_media(cx, leg);
        self.end_passings(cx, leg);
    }
}
