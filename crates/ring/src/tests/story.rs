//! A small office, a call into it, and what the hunt did, second by second.

use crate::*;
use call::{
    Absence, Action, Caller, Contact, Context, Event, Flow, Journey, JourneyId, Leg, MessageInfo, Name, Offer, Outcome,
    Program, Reachability, Reason, Script, What, World,
};
use jiff::{Timestamp, Zoned};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Everybody is free and has one device of their own name, unless told otherwise.
#[derive(Default)]
pub struct Office {
    pub reachability: BTreeMap<String, Reachability>,
    pub devices: BTreeMap<String, Vec<&'static str>>,
    pub contacts: BTreeMap<String, Vec<(u64, u16)>>,
    pub idle: BTreeMap<String, u64>,
    pub last_rung: Option<&'static str>,
}

impl World for Office {
    fn reachability(&self, person: &str) -> Reachability {
        self.reachability.get(person).cloned().unwrap_or(Reachability::Free)
    }
    fn devices(&self, person: &str) -> Vec<Name> {
        self.devices.get(person).map_or(vec![person.into()], |all| all.iter().map(|&name| name.into()).collect())
    }
    fn contacts(&self, device: &str) -> Vec<Contact> {
        let contact = |&(id, q): &(u64, u16)| Contact { id, q };
        self.contacts.get(device).map_or(vec![Contact { id: 1, q: 1000 }], |all| all.iter().map(contact).collect())
    }
    fn idle_for(&self, person: &str) -> Duration {
        Duration::from_secs(self.idle.get(person).copied().unwrap_or(0))
    }
    fn last_rung(&self, _group: &str) -> Option<Name> {
        self.last_rung.map(Name::from)
    }
    fn is_open(&self, _hours: &str) -> bool {
        true
    }
    fn messages(&self, _mailbox: &str) -> Vec<MessageInfo> {
        Vec::new()
    }
    fn civil(&self, at: Timestamp) -> Zoned {
        at.to_zoned(jiff::tz::TimeZone::UTC)
    }
}

/// A call and its trace.
pub struct Story {
    pub office: Office,
    pub journey: Journey,
    pub flow: Flow,
    pub actions: Vec<Action>,
    /// The legs that were dialled and have neither failed nor been stopped or bridged.
    pub ringing: BTreeSet<Leg>,
    hunt: Hunt,
    script: Script,
    began: Instant,
    now: Duration,
    trace: Vec<String>,
    begun: bool,
    dice: u64,
}

/// One instant for all stories: they count from it.
fn zero() -> Instant {
    static ZERO: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "there is no other way to get a first instant")]
    *ZERO.get_or_init(Instant::now)
}

pub fn person(name: &str) -> Branch {
    Branch::new(Target::Person(name.into()))
}

pub fn number(number: &str, person: Option<&str>) -> Number {
    Number { trunk: "operator".into(), number: number.into(), shown_as: None, person: person.map(Name::from) }
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub fn away() -> Reachability {
    Reachability::Absent(Absence { reason: None, until: None, substitute: None })
}

/// People as (name, rings after, rings for), all in one group.
pub fn call(people: &[(&str, u64, u64)]) -> Story {
    let branch = |&(name, after, during): &(&str, u64, u64)| person(name).after(secs(after)).during(secs(during));
    story(Hunt::group(Arc::new(Group::new("office", people.iter().map(branch).collect())), Rules::default()))
}

/// People who take turns of ten seconds.
pub fn turns(strategy: Strategy, people: &[&str]) -> Story {
    let members = people.iter().map(|name| person(name)).collect();
    story(Hunt::group(
        Arc::new(Group { strategy, ring_each: secs(10), ..Group::new("office", members) }),
        Rules::default(),
    ))
}

pub fn story(hunt: Hunt) -> Story {
    Story {
        office: Office::default(),
        journey: Journey::new(JourneyId(1), Caller::default(), "2000".into()),
        flow: Flow::Continue,
        actions: Vec::new(),
        ringing: BTreeSet::new(),
        hunt,
        script: Script::default(),
        began: zero(),
        now: Duration::ZERO,
        trace: Vec::new(),
        begun: false,
        dice: 7,
    }
}

impl Story {
    pub fn with(mut self, change: impl FnOnce(&mut Office)) -> Self {
        change(&mut self.office);
        self
    }

    pub fn is(self, person: &str, reachability: Reachability) -> Self {
        self.with(|office| drop(office.reachability.insert(person.into(), reachability)))
    }

    pub fn rung_before(mut self, person: &str) -> Self {
        self.journey.offers.push(Offer { leg: Leg(900), person: Some(person.into()), device: None });
        self
    }

    pub fn dice(mut self, dice: u64) -> Self {
        self.dice = dice;
        self
    }

    /// What is due before `secs` happens, then this.
    pub fn at(mut self, secs: u64, event: Event) -> Self {
        self.run_until(Duration::from_secs(secs));
        if self.flow == Flow::Continue {
            self.now = Duration::from_secs(secs);
            self.tell(event);
        }
        self
    }

    /// The world changes at `secs`.
    pub fn then(mut self, secs: u64, change: impl FnOnce(&mut Office)) -> Self {
        self.run_until(Duration::from_secs(secs));
        change(&mut self.office);
        self
    }

    pub fn run_until(&mut self, end: Duration) {
        if !std::mem::replace(&mut self.begun, true) {
            self.tell(Event::Start);
        }
        while let (Flow::Continue, Some(due)) = (self.flow, self.hunt.poll_timeout())
            && due < self.began + end
        {
            self.now = self.now.max(due - self.began);
            self.tell(Event::Timeout);
        }
    }

    pub fn tell(&mut self, event: Event) {
        if self.flow != Flow::Continue {
            return;
        }
        if let Event::Failed(leg, _) | Event::HungUp(leg) = &event {
            self.ringing.remove(leg);
        }
        let wall = Timestamp::UNIX_EPOCH;
        let (now, dice) = (self.began + self.now, self.dice);
        let cx = Context { now, wall, world: &self.office, journey: &self.journey, dice };
        self.flow = self.hunt.on_event(&cx, &event, &mut self.script);
        let actions = self.script.take();
        for action in &actions {
            if let Action::Dial(dial) = action {
                let device = match &dial.target {
                    call::Target::Contact { device, .. } => Some(device.clone()),
                    call::Target::Trunk { .. } => None,
                };
                self.journey.offers.push(Offer { leg: dial.leg, person: dial.person.clone(), device });
                self.ringing.insert(dial.leg);
            }
            if let Action::Cancel(leg, _) | Action::Hangup(leg) | Action::Bridge(_, leg) = action {
                self.ringing.remove(leg);
            }
            self.trace.extend(told(action).map(|told| format!("{} {told}", self.now.as_secs())));
        }
        self.actions.extend(actions);
    }

    /// Lets everything happen that is still due, and compares the whole trace.
    #[track_caller]
    pub fn check(mut self, flow: Flow, trace: &str) -> Self {
        self.run_until(Duration::from_secs(10_000));
        assert_eq!((self.trace.join("; ").as_str(), self.flow), (trace, flow));
        self
    }

    pub fn seconds(&self) -> u64 {
        self.now.as_secs()
    }

    pub fn poll_timeout(&self) -> Option<Duration> {
        self.hunt.poll_timeout().map(|due| due - self.began)
    }

    pub fn reasons(&self) -> Vec<Reason> {
        let because = |action: &Action| match action {
            Action::Note(What::Because(reason)) => Some(reason.clone()),
            _ => None,
        };
        self.actions.iter().filter_map(because).collect()
    }
}

fn told(action: &Action) -> Option<String> {
    Some(match action {
        Action::Dial(dial) => match &dial.target {
            call::Target::Contact { device, contact: 1 } => format!("Dial({}, {device})", dial.leg),
            call::Target::Contact { device, contact } => format!("Dial({}, {device}/{contact})", dial.leg),
            call::Target::Trunk { number, .. } => format!("Dial({}, {number})", dial.leg),
        },
        Action::Cancel(leg, gone) => format!("Cancel({leg}, {gone:?})"),
        Action::Bridge(a, b) => format!("Bridge({a}, {b})"),
        Action::Hangup(leg) => format!("Hangup({leg})"),
        Action::Note(What::Because(Reason::NotRung { person, because })) => {
            let because = format!("{because:?}");
            format!("NotRung({person}, {})", because.split(['(', ' ']).next().unwrap_or_default())
        }
        Action::Note(What::Because(Reason::AlreadyRung { person })) => format!("AlreadyRung({person})"),
        Action::Note(What::Because(Reason::NobodyFree { .. })) => "NobodyFree".into(),
        Action::Note(_) | Action::Progress => return None,
        other => format!("{other:?}"),
    })
}

pub use Outcome::*;
pub fn done(outcome: Outcome) -> Flow {
    Flow::Done(outcome)
}
