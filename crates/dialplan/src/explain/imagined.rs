//! A made-up moment: everybody is free and at their phones, unless the question says otherwise.

use super::Question;
use crate::plan::{Dialplan, View};
use call::{Absence, Binding, Contact, Facts, MessageInfo, Name, Reachability, World};
use jiff::Timestamp;
use std::time::Duration;

/// The office as the question wants it.
pub(super) struct Imagined<'a> {
    plan: &'a Dialplan,
    question: &'a Question,
    /// Where the call comes from: whoever calls is in a call.
    calls_from: Option<Name>,
}

impl<'a> Imagined<'a> {
    pub(super) fn new(plan: &'a Dialplan, question: &'a Question, calls_from: Option<Name>) -> Self {
        Self { plan, question, calls_from }
    }

    fn view(&self) -> View<'_> {
        View { plan: self.plan, facts: self, wall: self.question.at }
    }

    fn owner_is(&self, device: &str, people: &[String]) -> bool {
        self.plan.person_of(device).is_some_and(|person| is_among(people, &person.id))
    }
}

fn is_among(people: &[String], person: &str) -> bool {
    people.iter().any(|other| other == person)
}

impl Facts for Imagined<'_> {
    fn bindings(&self, device: &str) -> Vec<Binding> {
        if self.owner_is(device, &self.question.offline) {
            return Vec::new();
        }
        vec![Binding {
            id: 1,
            contact: "".into(),
            flow: "".into(),
            path: Vec::new(),
            call_id: "".into(),
            cseq: 0,
            q: 1000,
            expires_at: Timestamp::MAX,
            instance: None,
            user_agent: None,
        }]
    }

    fn calls(&self, device: &str) -> (usize, usize) {
        let person = self.plan.person_of(device).filter(|person| is_among(&self.question.busy, &person.id));
        let own = usize::from(self.calls_from.as_deref() == Some(device));
        (0, own + person.map_or(0, |person| person.calls_max.max(1)))
    }

    fn idle_since(&self, _device: &str) -> Option<Timestamp> {
        None
    }

    fn do_not_disturb(&self, person: &str) -> bool {
        is_among(&self.question.dnd, person)
    }

    fn last_rung(&self, _group: &str) -> Option<Name> {
        None
    }

    fn messages(&self, _mailbox: &str) -> Vec<MessageInfo> {
        Vec::new()
    }
}

impl World for Imagined<'_> {
    fn reachability(&self, person: &str) -> Reachability {
        let known = self.plan.person(person).filter(|person| is_among(&self.question.away, &person.id));
        match (known, self.view().reachability(person)) {
            (_, Reachability::Absent(absence)) => Reachability::Absent(absence),
            (Some(person), _) => {
                Reachability::Absent(Absence { reason: None, until: None, substitute: person.substitute.clone() })
            }
            (None, reachability) => reachability,
        }
    }

    fn devices(&self, person: &str) -> Vec<Name> {
        self.view().devices(person)
    }

    fn contacts(&self, device: &str) -> Vec<Contact> {
        self.view().contacts(device)
    }

    fn idle_for(&self, person: &str) -> Duration {
        self.view().idle_for(person)
    }

    fn last_rung(&self, group: &str) -> Option<Name> {
        Facts::last_rung(self, group)
    }

    fn is_open(&self, hours: &str) -> bool {
        self.view().is_open(hours)
    }

    fn messages(&self, mailbox: &str) -> Vec<MessageInfo> {
        Facts::messages(self, mailbox)
    }

    fn civil(&self, at: Timestamp) -> jiff::Zoned {
        self.view().civil(at)
    }
}
