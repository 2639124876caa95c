//! The search for the next hop, RFC 3263: a machine that says what to ask of DNS and ends with addresses in order.
//!
//! It keeps what was answered and works the whole list out anew after each answer, asking what it misses. So questions
//! that do not depend on each other are on their way together, and the order of arrival changes nothing.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use sip::{Transport, Uri, Via};

use crate::{
    Answer, Data, Domain, Kind, LookupFault, Question, Reach, Record, Target, Unreachable, address_order,
    dice::Dice,
    goal::{Goal, Way},
    naptr,
    srv::{self, Servers},
};

/// Questions that one search asks at most; what further ones could have told is left out.
pub const QUESTIONS_MAX: usize = 32;
/// Addresses that one search finds at most.
pub const TARGETS_MAX: usize = 32;
/// Records of one answer that are looked at.
pub const RECORDS_MAX: usize = 64;
/// Addresses of one server that are tried, so that the next server gets its turn.
const ADDRESSES_MAX: usize = 8;

/// One search; it knows no clock and asks nobody itself.
#[derive(Clone, Debug)]
pub struct Search {
    goal: Result<Goal, Unreachable>,
    reach: Reach,
    dice: u64,
    known: Vec<(Question, State)>,
    given_up: bool,
}

#[derive(Clone, Debug)]
enum State {
    Wanted,
    Asked,
    Answered(Answer),
}

/// What a search needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask DNS this, and go on polling meanwhile.
    Ask(Question),
    /// Nothing to do until an answer comes.
    Wait,
    /// The addresses to try, in this order; at least one.
    Done(Result<Vec<Target>, Unreachable>),
}

impl Search {
    /// Looks for the next hop of a request: the URI of the top Route, or else the request-URI (§4). `dice` is any
    /// random number; the same one leads to the same order.
    pub fn new(uri: &Uri<'_>, reach: &Reach, dice: u64) -> Search {
        Search::towards(Goal::of_request(uri, reach), reach, dice)
    }

    /// Looks where to send a response whose connection is gone, by the top Via as [`sip::fix_via`] left it (§5).
    pub fn for_response(via: &Via<'_>, reach: &Reach, dice: u64) -> Search {
        Search::towards(Goal::of_response(via, reach), reach, dice)
    }

    fn towards(goal: Result<Goal, Unreachable>, reach: &Reach, dice: u64) -> Search {
        Search { goal, reach: reach.clone(), dice, known: Vec::new(), given_up: false }
    }

    /// The next step. Poll until it is not [`Step::Ask`].
    pub fn poll(&mut self) -> Step {
        if let Some(question) = self.wanted() {
            return Step::Ask(question);
        }
        let draft = match self.goal.clone() {
            Ok(goal) => self.draft(&goal),
            Err(why) => return Step::Done(Err(why)),
        };
        match self.wanted() {
            Some(question) => Step::Ask(question),
            None if draft.waits => Step::Wait,
            None => Step::Done(draft.end()),
        }
    }

    /// Takes the answer to a question that was asked; any other is ignored.
    pub fn on_answer(&mut self, question: &Question, answer: Answer) {
        let open = |state: &State| !matches!(state, State::Answered(_));
        if let Some((_, state)) = self.known.iter_mut().find(|(known, state)| known == question && open(state)) {
            *state = State::Answered(answer.map(|records| match records.get(..RECORDS_MAX) {
                Some(first) => first.into(),
                None => records,
            }));
        }
    }

    /// Ends the search with what is known by now.
    pub fn give_up(&mut self) {
        self.given_up = true;
        for (_, state) in &mut self.known {
            if !matches!(state, State::Answered(_)) {
                *state = State::Answered(Err(LookupFault::Failed));
            }
        }
    }

    fn wanted(&mut self) -> Option<Question> {
        let (question, state) = self.known.iter_mut().find(|(_, state)| matches!(state, State::Wanted))?;
        *state = State::Asked;
        Some(question.clone())
    }

    /// What is known of an answer; a question that was never asked will be.
    fn ask(&mut self, draft: &mut Draft, name: &Domain, kind: Kind) -> Known {
        let known = self.known.iter().find(|(question, _)| question.kind == kind && question.name == *name);
        match known.map(|(_, state)| state) {
            Some(State::Answered(Ok(records))) => Known::Records(records.clone()),
            Some(State::Answered(Err(fault))) => {
                draft.failed |= *fault == LookupFault::Failed;
                Known::Nothing
            }
            Some(State::Wanted | State::Asked) => {
                draft.waits = true;
                Known::Later
            }
            None if self.given_up => {
                draft.failed = true;
                Known::Nothing
            }
            None if self.known.len() >= QUESTIONS_MAX => Known::Nothing,
            None => {
                self.known.push((Question { name: name.clone(), kind }, State::Wanted));
                draft.waits = true;
                Known::Later
            }
        }
    }

    /// The list as far as it is known.
    fn draft(&mut self, goal: &Goal) -> Draft {
        let mut draft = Draft::about(goal.host.clone());
        if let Some(source) = goal.before {
            draft.add(source, goal.transport, &Place::Address(source));
        }
        match &goal.way {
            Way::Address(addr) => draft.add(*addr, goal.transport, &Place::Address(*addr)),
            Way::Host { name, port } => self.host(&mut draft, name, *port, goal.transport),
            Way::Service { name } => {
                let service = name.service(goal.transport);
                if self.services(&mut draft, service.iter().map(|service| (service, goal.transport))) {
                    self.host(&mut draft, name, goal.transport.default_port(), goal.transport);
                }
            }
            Way::Domain { name, secure } => self.domain(&mut draft, name, *secure, goal.transport),
        }
        draft
    }

    /// §4.1: what NAPTR records offer; without them, each of our transports that has SRV records.
    fn domain(&mut self, draft: &mut Draft, name: &Domain, secure: bool, by_default: Transport) {
        let rules = match self.ask(draft, name, Kind::Naptr) {
            Known::Later => return,
            Known::Nothing => Vec::new(),
            Known::Records(records) => naptr::rules(&records, secure, &self.reach),
        };
        let unfound = if rules.is_empty() {
            let ours = self.reach.clone();
            let services = ours.transports().filter(|transport| naptr::is_secure(*transport) == secure);
            let services: Vec<_> = services.filter_map(|ours| Some((name.service(ours)?, ours))).collect();
            self.services(draft, services.iter().map(|(service, transport)| (service, *transport)))
        } else {
            let mut unfound = true;
            for rule in &rules {
                if rule.is_service {
                    unfound &= self.services(draft, [(&rule.name, rule.transport)].into_iter());
                } else {
                    self.host(draft, &rule.name, rule.transport.default_port(), rule.transport);
                    unfound = false;
                }
            }
            unfound
        };
        if unfound {
            // §4.2: the transport selected previously, at its default port.
            let transport = rules.first().map_or(by_default, |rule| rule.transport);
            self.host(draft, name, transport.default_port(), transport);
        }
    }

    /// The servers of SRV records. True if it is known by now that there are none for any of the services.
    fn services<'a>(&mut self, draft: &mut Draft, services: impl Iterator<Item = (&'a Domain, Transport)>) -> bool {
        let mut unfound = true;
        for (service, transport) in services {
            let records = match self.ask(draft, service, Kind::Srv) {
                Known::Records(records) => records,
                Known::Nothing => continue,
                Known::Later => {
                    unfound = false;
                    continue;
                }
            };
            match srv::servers(&records, &mut Dice::about(self.dice, service)) {
                Servers::Unknown => {}
                Servers::NotOffered => (draft.refused, unfound) = (true, false),
                Servers::Listed(servers) => {
                    unfound = false;
                    for (host, port) in servers {
                        self.host(draft, &host, port, transport);
                    }
                }
            }
        }
        unfound
    }

    /// The addresses of one server: both families, RFC 7984 §3.1.
    fn host(&mut self, draft: &mut Draft, name: &Domain, port: u16, transport: Transport) {
        if draft.targets.len() >= TARGETS_MAX || port == 0 {
            return;
        }
        let mut dice = Dice::about(self.dice, name);
        let mut addresses = Vec::new();
        // Some zones have an address where a name belongs.
        if let Ok(ip) = name.as_str().parse::<IpAddr>() {
            addresses.push(ip);
        } else {
            for kind in self.reach.clone().families(transport) {
                if let Known::Records(records) = self.ask(draft, name, kind) {
                    // Answers are kept for a while: without the dice one server would have all the load.
                    addresses
                        .extend(dice.shuffled(records.iter().filter_map(|record| address(record, kind)).collect()));
                }
            }
        }
        address_order::sort(&mut addresses, &self.reach, transport);
        addresses.truncate(ADDRESSES_MAX);
        let place = Place::Named(name.clone(), port);
        for ip in addresses {
            draft.add(SocketAddr::new(ip, port), transport, &place);
        }
    }
}

fn address(record: &Record, kind: Kind) -> Option<IpAddr> {
    match (&record.data, kind) {
        (Data::A(ip), Kind::A) => Some(IpAddr::V4(*ip)),
        (Data::Aaaa(ip), Kind::Aaaa) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

enum Known {
    Records(Arc<[Record]>),
    Nothing,
    Later,
}

/// What makes a server: a name and a port, or an address that was given as such.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Named(Domain, u16),
    Address(SocketAddr),
}

/// A list in the making.
#[derive(Debug)]
struct Draft {
    host: Arc<str>,
    targets: Vec<Target>,
    places: Vec<Place>,
    /// An answer is still missing.
    waits: bool,
    /// DNS did not answer a question.
    failed: bool,
    /// A service is decidedly not offered.
    refused: bool,
}

impl Draft {
    fn about(host: Arc<str>) -> Draft {
        Draft { host, targets: Vec::new(), places: Vec::new(), waits: false, failed: false, refused: false }
    }

    fn add(&mut self, addr: SocketAddr, transport: Transport, place: &Place) {
        let known = self.targets.iter().any(|target| target.addr == addr && target.transport == transport);
        if known || self.targets.len() >= TARGETS_MAX {
            return;
        }
        let server = self.places.iter().position(|known| known == place).unwrap_or_else(|| {
            self.places.push(place.clone());
            self.places.len() - 1
        });
        let tls_name = naptr::is_secure(transport).then(|| self.host.clone());
        self.targets.push(Target { transport, addr, tls_name, server_index: server as u16 });
    }

    fn end(self) -> Result<Vec<Target>, Unreachable> {
        match self {
            Draft { targets, .. } if !targets.is_empty() => Ok(targets),
            Draft { refused: true, .. } => Err(Unreachable::NotOffered),
            Draft { failed: true, .. } => Err(Unreachable::NoAnswer),
            _ => Err(Unreachable::Unknown),
        }
    }
}
