//! RFC 3263 §4.3: the next server after 503, silence or refusal.

use std::time::{Duration, Instant};

use crate::zone::zone;
use vaihde_locate::{Blacklist, Failure, Suspensions, Target, Targets};

const UNAVAILABLE: Failure = Failure::Unavailable { retry_after: None };

/// Two servers, the first of them with two addresses.
fn targets() -> Targets {
    let world = zone(
        "
        _sip._udp.example.com SRV 0 0 5060 a.example.com
        _sip._udp.example.com SRV 1 0 5060 b.example.com
        a.example.com         AAAA 2001:db8:1::1
        a.example.com         A 192.0.2.1
        b.example.com         A 192.0.2.2",
    )
    .ours("udp 203.0.113.1, udp 2001:db8::1");
    Targets::new(world.locate("sip:example.com;transport=udp").found.expect("found"))
}

const A6: &str = "udp [2001:db8:1::1]:5060";
const A4: &str = "udp 192.0.2.1:5060";
const B: &str = "udp 192.0.2.2:5060";

struct Story {
    now: Instant,
    blacklist: Blacklist,
}

impl Story {
    fn new() -> Story {
        #[allow(clippy::disallowed_methods, reason = "some instant to count from")]
        let now = Instant::now();
        Story { now, blacklist: Blacklist::new(Suspensions::default()) }
    }

    fn first(&mut self, targets: &mut Targets) -> Option<String> {
        targets.first(self.now, &mut self.blacklist).map(Target::to_string)
    }

    fn next(&mut self, targets: &mut Targets, failure: Failure) -> Option<String> {
        targets.next(self.now, failure, &mut self.blacklist).map(Target::to_string)
    }

    /// Where a new call ends if every attempt fails like this.
    fn walk(&mut self, failure: Failure) -> Vec<String> {
        let mut targets = targets();
        let mut walked = Vec::from_iter(self.first(&mut targets));
        while let Some(next) = self.next(&mut targets, failure) {
            walked.push(next);
        }
        assert_eq!(targets.current(), None);
        walked
    }
}

#[test]
fn silence_and_refusal_lead_to_each_address_once() {
    assert_eq!(Story::new().walk(Failure::TimedOut), [A6, A4, B]);
    assert_eq!(Story::new().walk(Failure::Refused), [A6, A4, B]);
}

#[test]
fn after_503_the_other_addresses_of_that_server_are_passed_over() {
    let mut story = Story::new();
    assert_eq!(story.walk(UNAVAILABLE), [A6, B]);
    assert_eq!(story.walk(UNAVAILABLE), [A6, B], "503 without Retry-After is about one request");
}

#[test]
fn the_next_call_begins_where_somebody_answers() {
    let mut story = Story::new();
    let mut call = targets();
    assert_eq!(story.first(&mut call).as_deref(), Some(A6));
    assert_eq!(story.next(&mut call, Failure::Refused).as_deref(), Some(A4));
    call.worked(story.now, &mut story.blacklist);
    assert_eq!(call.current().map(Target::to_string).as_deref(), Some(A4), "ACK and CANCEL go there");
    assert_eq!(story.first(&mut targets()).as_deref(), Some(A4));

    story.now += Duration::from_secs(30);
    let mut probe = targets();
    assert_eq!(story.first(&mut probe).as_deref(), Some(A6), "one call goes to see");
    assert_eq!(story.first(&mut targets()).as_deref(), Some(A4), "the others do not");
    probe.worked(story.now, &mut story.blacklist);
    assert_eq!(story.first(&mut targets()).as_deref(), Some(A6));
}

#[test]
fn when_all_are_suspended_the_one_that_failed_least_is_tried_alone() {
    let mut story = Story::new();
    assert_eq!(story.walk(Failure::Refused), [A6, A4, B]);
    assert!(targets().are_suspended(story.now, &story.blacklist));
    assert_eq!(story.walk(Failure::Refused), [A6], "quickly, so that another trunk gets its turn");
    assert_eq!(story.walk(Failure::Refused), [A4]);
    assert_eq!(story.walk(Failure::Refused), [B]);
    let mut call = targets();
    assert_eq!(story.first(&mut call).as_deref(), Some(A6));
    call.worked(story.now, &mut story.blacklist);
    assert!(!targets().are_suspended(story.now, &story.blacklist));
    assert_eq!(story.first(&mut targets()).as_deref(), Some(A6));
}

#[test]
fn a_suspended_server_is_no_way_out_for_a_call_that_tried_others() {
    let mut story = Story::new();
    let mut call = targets();
    story.first(&mut call);
    assert_eq!(
        story.next(&mut call, Failure::Unavailable { retry_after: Some(Duration::from_secs(60)) }).as_deref(),
        Some(B)
    );
    assert_eq!(story.walk(UNAVAILABLE), [A4, B]);
}

#[test]
fn an_empty_list_and_a_walk_that_has_not_begun_lead_nowhere() {
    let mut story = Story::new();
    let mut empty = Targets::new(Vec::new());
    assert_eq!((story.first(&mut empty), story.next(&mut empty, Failure::TimedOut)), (None, None));
    assert_eq!(story.next(&mut targets(), Failure::TimedOut), None);
}
