//! Everything that may be written in a configuration, as it was written.

mod absence;
mod device;
mod office;
mod origin;
mod person;
mod reach;
mod ring;
mod route;
mod trunk;
mod voicemail;

pub(crate) use absence::{AbsenceKeys, AbsenceOf};
pub(crate) use device::{DeviceKeys, SecretKeys};
pub(crate) use office::OfficeKeys;
pub(crate) use origin::{Condition, Origin};
pub(crate) use person::{CalendarKeys, OwnMailbox, PersonKeys};
pub(crate) use reach::ReachKeys;
pub(crate) use ring::{Member, MemberKeys, RingKeys, Who};
pub(crate) use route::{FlowKeys, PromiseKeys, RouteKeys};
pub(crate) use trunk::{RegisterKeys, TrunkKeys, TrunkName};
pub(crate) use voicemail::{GreetingKeys, VoicemailKeys};

use crate::check::Within;
use crate::diagnostic::Span;
use crate::hours::HoursKeys;
use crate::plan::Pin;
use crate::reach::RING_FOR;
use crate::read::Word;
use crate::settings::Settings;
use crate::step::Steps;

/// A whole configuration, every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configuration {
    pub(crate) office: OfficeKeys,
    pub(crate) settings: Settings,
    pub(crate) hours: Vec<Named<HoursKeys>>,
    pub(crate) people: Vec<Named<PersonKeys>>,
    pub(crate) devices: Vec<Named<DeviceKeys>>,
    pub(crate) secrets: Vec<Named<SecretKeys>>,
    pub(crate) pins: Vec<Named<Pin>>,
    pub(crate) reaches: Vec<Named<ReachKeys>>,
    pub(crate) groups: Vec<Named<RingKeys>>,
    pub(crate) mailboxes: Vec<Named<VoicemailKeys>>,
    pub(crate) trunks: Vec<Named<TrunkKeys>>,
    pub(crate) flows: Vec<Named<FlowKeys>>,
    pub(crate) routes: Vec<Placed<RouteKeys>>,
    pub(crate) absences: Vec<Placed<AbsenceOf>>,
}

/// One `[section.name]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named<T> {
    pub(crate) word: Word,
    pub(crate) keys: T,
}

/// One `[[section]]` and its place; two are equal if they say the same.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) span: Span,
    pub(crate) keys: T,
}

impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

/// A list of steps and in what it stands.
#[derive(Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) within: Within,
    pub(crate) steps: &'a Steps,
}

impl Configuration {
    /// Every list of steps; those within `then` are within these.
    pub(crate) fn lists(&self) -> Vec<List<'_>> {
        let list = |within| move |steps| List { within, steps };
        let routes = self.routes.iter().map(|route| &route.keys.steps).map(list(Within::Route));
        let flows = self.flows.iter().map(|flow| &flow.keys.steps).map(list(Within::Flow));
        let groups = self.groups.iter().filter_map(|group| group.keys.then.as_ref()).map(list(Within::Group));
        let reaches = self.reaches.iter().flat_map(|reach| reach.keys.lists()).map(list(Within::Reach));
        routes.chain(flows).chain(groups).chain(reaches).collect()
    }

    /// The lists that are written for those with this reach: its own, and where it has none those of the default.
    pub(crate) fn reach_lists(&self, name: &str) -> Vec<&Steps> {
        let of = |name: &str| self.reaches.iter().find(|reach| *reach.word == *name).map(|reach| &reach.keys);
        let (own, default) = (of(name), of("default"));
        let keys: [fn(&ReachKeys) -> Option<&Steps>; 5] = [
            |keys| keys.absent.as_ref(),
            |keys| keys.busy.as_ref(),
            |keys| keys.do_not_disturb.as_ref(),
            |keys| keys.offline.as_ref(),
            |keys| keys.no_answer.as_ref(),
        ];
        keys.iter().filter_map(|key| own.and_then(key).or_else(|| default.and_then(key))).collect()
    }

    /// What holds for a person: their `[reach.…]`, with what it leaves out from `[reach.default]`.
    pub(crate) fn reach(&self, name: &str) -> ReachKeys {
        let of = |name: &str| self.reaches.iter().find(|reach| *reach.word == *name).map(|reach| reach.keys.clone());
        let default = of("default").unwrap_or_default();
        let own = of(name).unwrap_or_default();
        let voicemail = || Some(Steps::of(&["voicemail"]));
        let busy = default.busy.or_else(voicemail);
        ReachKeys {
            ring_for: own.ring_for.or(default.ring_for).or(Some(RING_FOR)),
            mobile_after: own.mobile_after.or(default.mobile_after),
            absent: own.absent.or(default.absent).or_else(|| Some(Steps::of(&["substitute", "voicemail"]))),
            do_not_disturb: own.do_not_disturb.or(own.busy.clone()).or(default.do_not_disturb).or(busy.clone()),
            busy: own.busy.or(busy),
            offline: own.offline.or(default.offline).or_else(voicemail),
            no_answer: own.no_answer.or(default.no_answer).or_else(voicemail),
        }
    }
}

impl ReachKeys {
    /// Every list that is written.
    pub(crate) fn lists(&self) -> Vec<&Steps> {
        [&self.absent, &self.busy, &self.do_not_disturb, &self.offline, &self.no_answer].into_iter().flatten().collect()
    }
}
