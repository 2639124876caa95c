//! A world to search in: our transports, and a zone that answers.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet, net::IpAddr};

use vaihde_locate::{
    Answer, Data, Domain, Kind, LookupFault, Naptr, Question, Reach, Record, Search, Srv, Step, Target, Unreachable,
};

/// Builds a world from lines such as `example.com SRV 0 1 5060 a.example.com`.
pub fn zone(text: &str) -> World {
    let mut world = World {
        zone: BTreeMap::new(),
        failing: BTreeSet::new(),
        reach: reach("udp 10.0.0.1, tcp 10.0.0.1, tls 10.0.0.1"),
        dice: 1,
        asked: RefCell::default(),
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (question, data) = record(line);
        world.zone.entry(question).or_default().push(Record { ttl_secs: 300, data });
    }
    world
}

pub fn reach(text: &str) -> Reach {
    Reach::new(text.split(", ").map(|ours| {
        let (transport, ip) = ours.split_once(' ').expect("transport and address");
        (transport.parse().expect("a transport"), ip.parse::<IpAddr>().expect("an address"))
    }))
}

pub fn name(text: &str) -> Domain {
    Domain::parse(text).expect("a name")
}

pub fn question(text: &str) -> Question {
    let (kind, of) = text.split_once(' ').expect("kind and name");
    let kind = [Kind::Naptr, Kind::Srv, Kind::A, Kind::Aaaa].into_iter().find(|known| known.to_string() == kind);
    Question { name: name(of), kind: kind.expect("a kind") }
}

/// Reads one line. `-` is an empty field, `.` the root.
fn record(line: &str) -> (Question, Data) {
    let words: Vec<&str> = line.split_whitespace().map(|word| if word == "-" { "" } else { word }).collect();
    let number = |at: usize| words[at].parse::<u16>().expect("a number");
    let data = match words[1] {
        "NAPTR" => Data::Naptr(Naptr {
            order: number(2),
            preference: number(3),
            flags: words[4].into(),
            service: words[5].into(),
            regexp: words[6].into(),
            replacement: Domain::parse(words[7]),
        }),
        "SRV" => {
            Data::Srv(Srv { priority: number(2), weight: number(3), port: number(4), target: Domain::parse(words[5]) })
        }
        "A" => Data::A(words[2].parse().expect("an IPv4 address")),
        "AAAA" => Data::Aaaa(words[2].parse().expect("an IPv6 address")),
        other => panic!("no kind {other}"),
    };
    (question(&format!("{} {}", words[1], words[0])), data)
}

pub struct World {
    zone: BTreeMap<Question, Vec<Record>>,
    failing: BTreeSet<Question>,
    pub reach: Reach,
    dice: u64,
    asked: RefCell<Vec<String>>,
}

impl World {
    pub fn ours(mut self, ours: &str) -> World {
        self.reach = reach(ours);
        self
    }

    pub fn dice(mut self, dice: u64) -> World {
        self.dice = dice;
        self
    }

    /// DNS does not answer this.
    pub fn failing(mut self, text: &str) -> World {
        self.failing.insert(question(text));
        self
    }

    pub fn answer(&self, question: &Question) -> Answer {
        if self.failing.contains(question) {
            return Err(LookupFault::Failed);
        }
        match self.zone.get(question) {
            Some(records) => Ok(records.clone().into()),
            None => Err(LookupFault::Nothing { ttl_secs: None }),
        }
    }

    pub fn locate(&self, uri: &str) -> Found<'_> {
        let uri = sip::Uri::parse(uri).expect("a URI");
        self.run(Search::new(&uri, &self.reach, self.dice))
    }

    pub fn respond(&self, via: &str) -> Found<'_> {
        let via = sip::Via::parse(via).expect("a Via");
        self.run(Search::for_response(&via, &self.reach, self.dice))
    }

    fn run(&self, mut search: Search) -> Found<'_> {
        self.asked.borrow_mut().clear();
        loop {
            match search.poll() {
                Step::Ask(question) => {
                    self.asked.borrow_mut().push(question.to_string());
                    search.on_answer(&question, self.answer(&question));
                }
                Step::Wait => panic!("nothing is open"),
                Step::Done(found) => return Found { world: self, found },
            }
        }
    }
}

/// How a search ended.
pub struct Found<'a> {
    world: &'a World,
    pub found: Result<Vec<Target>, Unreachable>,
}

impl Found<'_> {
    /// The addresses, as `udp 192.0.2.1:5060`.
    #[track_caller]
    pub fn list(&self) -> Vec<String> {
        self.found.as_ref().expect("found").iter().map(Target::to_string).collect()
    }

    #[track_caller]
    pub fn check(&self, list: &[&str]) -> &Self {
        assert_eq!(self.list(), list, "asked {:?}", self.world.asked.borrow());
        self
    }

    #[track_caller]
    pub fn asked(&self, questions: &[&str]) -> &Self {
        assert_eq!(*self.world.asked.borrow(), questions);
        self
    }

    #[track_caller]
    pub fn unreachable(&self, why: Unreachable) -> &Self {
        assert_eq!(self.found, Err(why));
        self
    }
}
