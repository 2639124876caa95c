//! The next hop: searches through whatever DNS says, whenever it says it, and the walk along what was found.

use super::records;
use super::steps::{self, Steps};
use locate::{
    Blacklist, Cache, Failure, Lifetimes, Located, Locator, Output, QUESTIONS_MAX, Question, Reach, SearchId,
    Suspensions, TARGETS_MAX, Targets, Unreachable,
};
use sip::{Scheme, Transport, Uri};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

pub fn run(data: &[u8]) {
    let mut steps = Steps::new(data);
    let mut shard = Shard::new(steps.byte());
    while !steps.is_empty() {
        shard.step(&mut steps);
    }
    shard.end();
}

struct Shard {
    locator: Locator,
    reach: Reach,
    now: Instant,
    /// Searches that wait; whether they must end at encrypted targets.
    waiting: BTreeMap<SearchId, bool>,
    asked: Vec<Question>,
    searches: usize,
    questions: usize,
}

impl Shard {
    fn new(which: u8) -> Shard {
        let all = [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];
        let ours = all.into_iter().zip(0..).filter(|(_, bit)| which >> bit & 1 == 1).map(|(transport, _)| transport);
        let v6 = which & 0x20 != 0;
        let reach = Reach::new(ours.flat_map(|transport| {
            let v4 = (transport, Ipv4Addr::new(192, 0, 2, 1).into());
            [v4].into_iter().chain(v6.then(|| (transport, Ipv6Addr::LOCALHOST.into())))
        }));
        let (cache, blacklist) = (Cache::new(Lifetimes::default()), Blacklist::new(Suspensions::default()));
        Shard {
            locator: Locator::new(reach.clone(), cache, blacklist),
            reach,
            now: steps::start(),
            waiting: BTreeMap::new(),
            asked: Vec::new(),
            searches: 0,
            questions: 0,
        }
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        match steps.below(6) {
            0 | 1 => self.locate(steps),
            2 | 3 => {
                if !self.asked.is_empty() {
                    let question = self.asked.swap_remove(steps.below(self.asked.len()));
                    let answer = records::answer(steps, &question);
                    self.locator.on_answer(self.now, question, answer);
                }
            }
            4 => {
                self.now += Duration::from_millis(200) * u32::from(steps.byte());
                self.locator.on_timeout(self.now);
            }
            _ => {
                if let Some(id) = self.waiting.keys().next().copied() {
                    self.waiting.remove(&id);
                    self.locator.cancel(id);
                }
            }
        }
        self.hear();
    }

    fn locate(&mut self, steps: &mut Steps<'_>) {
        const URIS: [&str; 12] = [
            "sip:operator.example",
            "sips:operator.example",
            "sip:sip.operator.example;transport=tcp",
            "sip:loop.example:5070",
            "sips:a.operator.example:5061;transport=tcp",
            "sip:203.0.113.10",
            "sip:[2001:db8::9]:5062;transport=tls",
            "sip:x;transport=ws",
            "sip:operator.example;maddr=203.0.113.11",
            "sip:operator.example;transport=sctp",
            "tel:+358401234567",
            "",
        ];
        let text = steps.one(&URIS);
        let written =
            if text.is_empty() { String::from_utf8_lossy(steps.bytes(40)).into_owned() } else { text.to_owned() };
        let Ok(uri) = Uri::parse(&written) else { return };
        let secure = uri.scheme == Scheme::Sips;
        self.searches += 1;
        match self.locator.locate(self.now, &uri, u64::from(steps.byte())) {
            Located::Now(found) => self.check(found, secure),
            Located::Later(id) => assert!(self.waiting.insert(id, secure).is_none()),
        }
    }

    fn hear(&mut self) {
        while let Some(output) = self.locator.poll_output() {
            match output {
                Output::Ask(question) => {
                    self.questions += 1;
                    assert!(self.questions <= self.searches * QUESTIONS_MAX, "no end of questions");
                    self.asked.push(question);
                }
                Output::Located { id, found } => {
                    // One that was cancelled may have been found already.
                    if let Some(secure) = self.waiting.remove(&id) {
                        self.check(found, secure);
                    }
                }
            }
        }
    }

    fn check(&mut self, found: Result<Targets, Unreachable>, secure: bool) {
        let Ok(mut targets) = found else { return };
        let count = targets.list().len();
        assert!((1..=TARGETS_MAX).contains(&count), "{count} targets");
        for target in targets.list() {
            assert!(self.reach.has(target.transport), "{target:?}");
            assert!(!secure || matches!(target.transport, Transport::Tls | Transport::Wss), "{target:?}");
        }
        let mut next = targets.first(self.now, &mut self.locator.blacklist).cloned();
        let mut tried = 0;
        while next.is_some() {
            tried += 1;
            assert!(tried <= count, "a target comes twice");
            next = targets.next(self.now, Failure::TimedOut, &mut self.locator.blacklist).cloned();
        }
    }

    /// DNS says nothing more: every search ends by itself.
    fn end(mut self) {
        while let Some(at) = self.locator.poll_timeout() {
            self.now = self.now.max(at);
            self.locator.on_timeout(self.now);
            self.hear();
            assert!(self.locator.poll_timeout().is_none_or(|next| next > self.now), "it would never sleep");
        }
        assert!(self.locator.is_empty() && self.waiting.is_empty(), "{:?} never end", self.waiting);
    }
}
