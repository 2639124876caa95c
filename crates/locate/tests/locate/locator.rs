//! Searches that share a cache: asked once, answered all.

use std::time::{Duration, Instant};

use crate::zone::{World, zone};
use vaihde_locate::{
    Blacklist, Cache, Lifetimes, Located, Locator, LookupFault, Output, Question, SearchId, Suspensions, Target,
    Targets, Unreachable,
};

/// A search and how it ended.
type Ended = (SearchId, Result<Targets, Unreachable>);

struct Story {
    world: World,
    now: Instant,
    locator: Locator,
}

impl Story {
    fn new(text: &str) -> Story {
        #[allow(clippy::disallowed_methods, reason = "some instant to count from")]
        let now = Instant::now();
        let world = zone(text).ours("udp 203.0.113.1");
        let cache = Cache::new(Lifetimes::default());
        let locator = Locator::new(world.reach.clone(), cache, Blacklist::new(Suspensions::default()));
        Story { world, now, locator }
    }

    fn locate(&mut self, uri: &str) -> Located {
        self.locator.locate(self.now, &sip::Uri::parse(uri).expect("a URI"), 7)
    }

    #[track_caller]
    fn later(&mut self, uri: &str) -> SearchId {
        match self.locate(uri) {
            Located::Later(id) => id,
            Located::Now(found) => panic!("found at once: {found:?}"),
        }
    }

    fn outputs(&mut self) -> (Vec<Question>, Vec<Ended>) {
        let (mut questions, mut found) = (Vec::new(), Vec::new());
        while let Some(output) = self.locator.poll_output() {
            match output {
                Output::Ask(question) => questions.push(question),
                Output::Located { id, found: how } => found.push((id, how)),
            }
        }
        (questions, found)
    }

    /// Answers until no question is left; what was asked, and what was found.
    fn answer(&mut self) -> (Vec<String>, Vec<Ended>) {
        let (mut asked, mut ended) = (Vec::new(), Vec::new());
        loop {
            let (questions, found) = self.outputs();
            ended.extend(found);
            if questions.is_empty() {
                return (asked, ended);
            }
            for question in questions {
                asked.push(question.to_string());
                let answer = self.world.answer(&question);
                self.locator.on_answer(self.now, question, answer);
            }
        }
    }
}

fn list(found: &Result<Targets, Unreachable>) -> Vec<String> {
    found.as_ref().expect("found").list().iter().map(Target::to_string).collect()
}

const ZONE: &str = "
    _sip._udp.example.com SRV 0 0 5070 a.example.com
    a.example.com         A 192.0.2.1";

#[test]
fn an_address_is_found_at_once() {
    let mut story = Story::new("");
    let Located::Now(found) = story.locate("sip:192.0.2.1") else { panic!("no question is open") };
    assert_eq!(list(&found), ["udp 192.0.2.1:5060"]);
    assert!(story.outputs().0.is_empty() && story.locator.is_empty());
}

#[test]
fn the_second_call_finds_at_once_what_the_first_had_to_ask() {
    let mut story = Story::new(ZONE);
    let id = story.later("sip:example.com");
    let (asked, ended) = story.answer();
    assert_eq!(asked, ["NAPTR example.com", "SRV _sip._udp.example.com", "A a.example.com"]);
    assert_eq!((ended.len(), ended[0].0, list(&ended[0].1)), (1, id, vec!["udp 192.0.2.1:5070".to_owned()]));
    assert!(story.locator.is_empty() && story.locator.poll_timeout().is_none());

    story.now += Duration::from_secs(20);
    assert!(matches!(story.locate("sip:example.com"), Located::Now(Ok(_))));
    story.now += Duration::from_secs(600);
    story.later("sip:example.com");
}

#[test]
fn calls_that_come_together_ask_together() {
    let mut story = Story::new(ZONE);
    let ids: Vec<_> = (0..50).map(|_| story.later("sip:example.com")).collect();
    story.locator.cancel(ids[1]);
    let (asked, ended) = story.answer();
    assert_eq!(asked.len(), 3);
    assert_eq!(ended.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [&ids[..1], &ids[2..]].concat());
}

#[test]
fn a_search_ends_in_time_with_what_is_known() {
    let mut story = Story::new(
        "_sip._udp.example.com SRV 0 0 5070 a.example.com
         _sip._udp.example.com SRV 1 0 5070 b.example.com
         b.example.com A 192.0.2.2",
    );
    let id = story.later("sip:example.com;transport=udp");
    let (questions, _) = story.outputs();
    let answer = story.world.answer(&questions[0]);
    story.locator.on_answer(story.now, questions[0].clone(), answer);
    let (questions, _) = story.outputs();
    let answer = story.world.answer(&questions[1]);
    story.locator.on_answer(story.now, questions[1].clone(), answer);
    assert!(story.outputs().1.is_empty(), "a.example.com may still answer");

    story.now = story.locator.poll_timeout().expect("a search waits");
    story.locator.on_timeout(story.now);
    let (_, ended) = story.outputs();
    assert_eq!((ended[0].0, list(&ended[0].1)), (id, vec!["udp 192.0.2.2:5070".to_owned()]));
    story.locator.on_answer(story.now, questions[0].clone(), Err(LookupFault::Failed));
    assert!(story.outputs().1.is_empty());
}

#[test]
fn dns_that_never_answers_costs_a_bounded_amount() {
    let mut story = Story::new("");
    let mut refused = 0;
    for host in 0..3000 {
        match story.locate(&format!("sip:host{host}.example.com")) {
            Located::Later(_) => {}
            Located::Now(found) => {
                assert!(matches!(found, Err(Unreachable::NoAnswer | Unreachable::Busy)));
                refused += 1;
            }
        }
    }
    assert_eq!(story.outputs().0.len(), 256);
    assert_eq!((story.locator.len(), refused), (256, 2744));
    for _ in 0..3000 {
        story.locate("sip:host1.example.com");
    }
    assert_eq!(story.locator.len(), 1024);
    story.now += Duration::from_secs(5);
    story.locator.on_timeout(story.now);
    assert!(story.locator.is_empty());
    assert!(story.outputs().1.iter().all(|(_, found)| *found == Err(Unreachable::NoAnswer)));
    story.now += Duration::from_secs(30);
    story.later("sip:host3000.example.com");
    assert_eq!(story.outputs().0.len(), 1, "what will never be answered has made room");
}

#[test]
fn a_response_is_located_like_a_request() {
    let mut story = Story::new(ZONE);
    let via = sip::Via::parse("SIP/2.0/UDP example.com;branch=z9hG4bK1").expect("a Via");
    let Located::Later(id) = story.locator.locate_response(story.now, &via, 1) else { panic!("DNS must be asked") };
    let (_, ended) = story.answer();
    assert_eq!((ended[0].0, list(&ended[0].1)), (id, vec!["udp 192.0.2.1:5070".to_owned()]));
}
