//! Programs of a plan, event by event: what the engine is asked to do, and when.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may unwrap, and begins at any instant")]

use call::{
    Action, Binding, Caller, Context, Diversion, DivertedWhy, Event, Flow, Gone, Journey, JourneyId, Leg, Note, Offer,
    Outcome, PlayEnd, Program, Script, Target, What,
};
use jiff::{SignedDuration, Timestamp};
use presence::Facts;
use std::time::{Duration, Instant};
use vaihde_dialplan::{Dialplan, Incoming, Nothing, Source, View, read, render};

const OPEN: &str = "2026-11-24T10:00:00+02:00";

fn plan(more: &str) -> Dialplan {
    let office = include_str!("fixtures/office.toml");
    let sources = [("office.toml", office), ("more.toml", more)];
    let sources = sources.map(|(path, text)| Source { path: path.into(), text: text.into() });
    read(&sources, &Nothing).unwrap_or_else(|faults| panic!("{}", render(&faults, &sources, false))).plan
}

/// One call on a plan in which everybody's phones are registered.
struct Call {
    plan: Dialplan,
    facts: Facts,
    wall: Timestamp,
    began: Instant,
    journey: Journey,
    program: Box<dyn Program>,
    out: Script,
}

impl Call {
    fn new(plan: Dialplan, from: &str, to: &str) -> Call {
        Self::at(OPEN, plan, from, to)
    }

    fn at(at: &str, plan: Dialplan, from: &str, to: &str) -> Call {
        let wall: Timestamp = at.parse().unwrap();
        let mut facts = Facts::default();
        for (id, device) in plan.devices().iter().enumerate() {
            let binding = Binding {
                id: id as u64,
                contact: "sip:x".into(),
                flow: "".into(),
                path: Vec::new(),
                call_id: "".into(),
                cseq: 1,
                q: 1000,
                expires_at: Timestamp::MAX,
                instance: None,
                user_agent: None,
            };
            let what = What::Registered { device: device.name.clone(), binding };
            facts.apply(&Note { at: wall, journey: None, what });
        }
        let person = plan.person(from);
        let caller = Caller {
            device: person.map(|person| person.devices[0].clone()),
            person: person.map(|person| person.id.clone()),
            trunk: from.strip_prefix("trunk:").map(Into::into),
            ..Caller::default()
        };
        let journey = Journey::new(JourneyId(1), caller.clone(), vaihde_dialplan::normalise(to).unwrap());
        let view = View { plan: &plan, facts: &facts, wall };
        let program = plan.route(&Incoming { caller: &caller, dialled: to, wall }, &view).unwrap().program;
        Call { plan, facts, wall, began: Instant::now(), journey, program, out: Script::default() }
    }

    /// Gives an event, `after` so many seconds of the call; what the program does, without its words.
    fn event(&mut self, after: u64, event: Event) -> (Flow, Vec<Action>) {
        let wall = self.wall + SignedDuration::from_secs(after as i64);
        let view = View { plan: &self.plan, facts: &self.facts, wall };
        let now = self.began + Duration::from_secs(after);
        let cx = Context { now, wall, world: &view, journey: &self.journey, dice: 0 };
        let flow = self.program.on_event(&cx, &event, &mut self.out);
        let actions = self.out.take();
        for action in &actions {
            match action {
                Action::Dial(dial) => {
                    let device = match &dial.target {
                        Target::Contact { device, .. } => Some(device.clone()),
                        Target::Trunk { .. } => None,
                    };
                    self.journey.offers.push(Offer { leg: dial.leg, person: dial.person.clone(), device });
                }
                Action::Answer => self.journey.answered = true,
                _ => {}
            }
        }
        let said = |action: &Action| matches!(action, Action::Note(What::Because(_)));
        (flow, actions.into_iter().filter(|action| !said(action)).collect())
    }

    fn rung(&self) -> Vec<&str> {
        self.journey.offers.iter().filter_map(|offer| offer.person.as_deref()).collect()
    }
}

#[test]
fn a_call_that_leaves_somebody_carries_whose_it_was_and_why() {
    let mut call = Call::new(plan(""), "maija", "1002");
    call.event(0, Event::Start);
    assert_eq!(call.rung(), ["pekka"]);
    let (flow, actions) = call.event(2, Event::Failed(Leg(1), 486));
    assert_eq!(flow, Flow::Continue, "the office's voicemail begins");
    let diversion =
        Diversion { number: "1002".into(), name: Some("Pekka Koistinen".into()), why: DivertedWhy::UserBusy };
    assert!(actions.contains(&Action::Divert(diversion)), "{actions:?}");
    assert!(actions.contains(&Action::Answer), "{actions:?}");
}

#[test]
fn an_answer_bridges_and_ends_the_plan() {
    let mut call = Call::new(plan(""), "anna", "1002");
    call.event(0, Event::Start);
    let (flow, actions) = call.event(4, Event::Answered(Leg(1)));
    assert_eq!((flow, actions), (Flow::Done(Outcome::Answered), vec![Action::Bridge(Leg::CALLER, Leg(1))]));
}

#[test]
fn a_caller_who_gives_up_rings_nobody_else() {
    let mut call = Call::new(plan(""), "anna", "1002");
    call.event(0, Event::Start);
    let (flow, actions) = call.event(4, Event::HungUp(Leg::CALLER));
    assert!(matches!(flow, Flow::Done(_)), "{flow:?}");
    assert_eq!(actions, [Action::Cancel(Leg(1), Gone::CallerGone)]);
    assert_eq!(call.rung(), ["pekka"]);
}

#[test]
fn a_call_outside_the_hours_is_diverted_by_the_time_of_day() {
    let more = "[[route]]\nfrom = \"trunk:operator\"\nnumber = \"+358 9 4242 2000\"\n\
                steps = [{ when = \"closed:office\", reach = \"anna\" }]\n";
    let mut call = Call::at("2026-11-24T20:00:00+02:00", plan(more), "trunk:operator", "+358942422000");
    let (_, actions) = call.event(0, Event::Start);
    let diversion = Diversion { number: "+358942422000".into(), name: None, why: DivertedWhy::TimeOfDay };
    assert_eq!(actions[0], Action::Divert(diversion));
    assert_eq!(call.rung(), ["anna", "anna"], "both of her phones");
}

#[test]
fn the_end_of_a_plan_without_an_answer_is_the_engines_to_tell() {
    let more =
        "[[route]]\nfrom = \"phones\"\nnumber = \"2000\"\nsteps = [{ dial = \"trunk:operator\", for = \"5s\" }]\n";
    let mut call = Call::new(plan(more), "anna", "2000");
    call.event(0, Event::Start);
    let (flow, _) = call.event(1, Event::Failed(Leg(1), 486));
    assert_eq!(flow, Flow::Done(Outcome::Busy));
    let mut call = Call::new(plan(more), "anna", "2000");
    call.event(0, Event::Start);
    assert_eq!(call.program.poll_timeout(), Some(call.began + Duration::from_secs(5)));
    let (_, actions) = call.event(5, Event::Timeout);
    assert_eq!(actions, [Action::Cancel(Leg(1), Gone::RangOut)]);
}

#[test]
fn a_caller_who_heard_an_announcement_is_not_refused_but_told() {
    let more = "[[route]]\nfrom = \"phones\"\nnumber = \"2000\"\n\
                steps = [{ play = \"hello.wav\" }, { dial = \"trunk:operator\" }]\n";
    let mut call = Call::new(plan(more), "anna", "2000");
    call.event(0, Event::Start);
    call.event(3, Event::Played(Leg::CALLER, PlayEnd::Finished));
    let (flow, actions) = call.event(4, Event::Failed(Leg(1), 503));
    assert_eq!(flow, Flow::Continue);
    assert!(matches!(&actions[..], [Action::Play(_)]), "{actions:?}");
    let (flow, actions) = call.event(8, Event::Played(Leg::CALLER, PlayEnd::Finished));
    assert_eq!((flow, actions), (Flow::Done(Outcome::Ended), vec![Action::Hangup(Leg::CALLER)]));
}

#[test]
fn people_are_asked_for_once_however_the_plan_names_them() {
    let more = "[reach.boss]\nno_answer = [\"reach:anna\", \"voicemail\"]\n[person.boss]\nnumber = \"1009\"\n\
                devices = [\"boss\"]\nreach = \"boss\"\n[[route]]\nfrom = \"phones\"\nnumber = \"2000\"\n\
                steps = [\"reach:anna\"]\n";
    let mut call = Call::new(plan(more), "pekka", "1009");
    call.event(0, Event::Start);
    call.event(20, Event::Timeout);
    assert_eq!(call.rung(), ["boss", "anna", "anna"]);
    call.event(40, Event::Timeout);
    assert_eq!(call.rung(), ["boss", "anna", "anna", "maija"], "Anna's own list goes on to the reception");
}
