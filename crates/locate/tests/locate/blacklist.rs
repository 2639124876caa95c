//! The black list in virtual time: who fails is left alone, and comes back.

use std::time::{Duration, Instant};

use vaihde_locate::{Blacklist, Failure, Suspensions, Target};

const SETTINGS: Suspensions = Suspensions {
    first: Duration::from_secs(30),
    longest: Duration::from_secs(200),
    probe: Duration::from_secs(40),
    entries: 3,
};

pub fn target(text: &str) -> Target {
    let (transport, addr) = text.split_once(' ').expect("transport and address");
    Target {
        transport: transport.parse().expect("a transport"),
        addr: addr.parse().expect("an address"),
        tls_name: None,
        server_index: 0,
    }
}

struct Story {
    start: Instant,
    blacklist: Blacklist,
}

impl Story {
    fn new() -> Story {
        #[allow(clippy::disallowed_methods, reason = "some instant to count from")]
        let start = Instant::now();
        Story { start, blacklist: Blacklist::new(SETTINGS) }
    }

    fn at(&self, secs: u64) -> Instant {
        self.start + Duration::from_secs(secs)
    }

    fn admits(&mut self, secs: u64, who: &str) -> bool {
        let (now, target) = (self.at(secs), target(who));
        let told = self.blacklist.is_suspended(now, &target);
        let admitted = self.blacklist.admit(now, &target);
        assert_eq!(admitted, !told, "what is told of {who} at {secs} s is what holds");
        admitted
    }

    fn fails(&mut self, began: u64, secs: u64, who: &str, failure: Failure) {
        self.blacklist.failed(self.at(secs), self.at(began), &target(who), failure);
    }

    fn works(&mut self, secs: u64, who: &str) {
        self.blacklist.worked(self.at(secs), &target(who));
    }
}

const A: &str = "udp 192.0.2.1:5060";

#[test]
fn a_server_that_fails_is_left_alone_and_then_gets_one_probe() {
    let mut story = Story::new();
    assert!(story.admits(0, A));
    story.fails(0, 1, A, Failure::Refused);
    assert!(!story.admits(1, A) && !story.admits(30, A));
    assert!(story.admits(31, A), "the suspension has ended");
    assert!(!story.admits(32, A), "the probe is out");
    story.works(33, A);
    assert!(story.admits(33, A) && story.admits(34, A), "it works again, for everybody");
}

#[test]
fn suspensions_grow_to_a_limit_and_success_makes_them_short_again() {
    let mut story = Story::new();
    let mut now = 0;
    for wait in [30, 60, 120, 200, 200] {
        assert!(story.admits(now, A));
        story.fails(now, now, A, Failure::TimedOut);
        assert!(!story.admits(now + wait - 1, A), "after {now} s");
        now += wait;
    }
    assert!(story.admits(now, A));
    story.works(now, A);
    story.fails(now + 1, now + 1, A, Failure::Refused);
    assert!(story.admits(now + 31, A));
}

#[test]
fn a_probe_that_reports_nothing_is_followed_by_another() {
    let mut story = Story::new();
    story.fails(0, 0, A, Failure::Refused);
    assert!(story.admits(30, A));
    assert!(!story.admits(69, A));
    assert!(story.admits(70, A));
    assert!(!story.admits(71, A));
}

/// A hundred calls wait for a dead server: the first that gives up suspends it once.
#[test]
fn attempts_from_before_a_suspension_do_not_lengthen_it() {
    let mut story = Story::new();
    for began in 0..10 {
        story.fails(began, began + 32, A, Failure::TimedOut);
    }
    assert!(story.admits(62, A), "30 s after the first failure");
    story.works(63, A);
    story.fails(31, 63, A, Failure::TimedOut);
    assert!(story.admits(64, A), "an attempt from before it worked says nothing new");
}

/// RFC 3261 §21.5.4: no other requests for the time of Retry-After; without it 503 is about one request.
#[test]
fn unavailable_suspends_for_retry_after_only() {
    let mut story = Story::new();
    story.fails(0, 0, A, Failure::Unavailable { retry_after: None });
    assert!(story.admits(0, A));
    story.fails(0, 0, A, Failure::Unavailable { retry_after: Some(Duration::from_secs(7)) });
    assert!(!story.admits(6, A) && story.admits(7, A));
    let day = Failure::Unavailable { retry_after: Some(Duration::from_secs(86_400)) };
    story.fails(8, 8, A, day);
    assert!(!story.admits(207, A) && story.admits(208, A), "nobody is sent away for a day");
}

#[test]
fn transports_and_ports_are_told_apart() {
    let mut story = Story::new();
    story.fails(0, 0, A, Failure::Refused);
    assert!(story.admits(0, "tcp 192.0.2.1:5060") && story.admits(0, "udp 192.0.2.1:5070"));
}

#[test]
fn a_failure_of_long_ago_is_forgotten() {
    let mut story = Story::new();
    story.fails(0, 0, A, Failure::Refused);
    assert!(story.admits(231, A) && story.admits(231, A), "no probing any more");
    story.fails(232, 232, A, Failure::Refused);
    assert!(story.admits(262, A), "the first suspension again");
}

#[test]
fn the_list_is_bounded_and_forgets_what_ends_first() {
    let mut story = Story::new();
    let servers: Vec<String> = (1..=5).map(|host| format!("udp 192.0.2.{host}:5060")).collect();
    for (at, server) in (0..).zip(&servers) {
        story.fails(at, at, server, Failure::Refused);
    }
    let suspended: Vec<_> = story.blacklist.suspended(story.at(5)).map(|one| one.addr.to_string()).collect();
    assert_eq!(suspended, ["192.0.2.3:5060", "192.0.2.4:5060", "192.0.2.5:5060"]);
    let first = story.blacklist.suspended(story.at(5)).next().expect("one");
    assert_eq!((first.strikes, first.until), (1, story.at(32)));
}
