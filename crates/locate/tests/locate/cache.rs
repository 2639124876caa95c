//! What DNS said holds for its time: RFC 2308 for nothing, RFC 8767 for failures.

use std::time::{Duration, Instant};

use crate::zone::question;
use vaihde_locate::{Answer, Cache, Data, Lifetimes, LookupFault, Record};

const TIMES: Lifetimes = Lifetimes {
    shortest: Duration::from_secs(5),
    longest: Duration::from_secs(100),
    nothing: Duration::from_secs(60),
    failure: Duration::from_secs(3),
    stale: Duration::from_secs(1000),
    entries: 3,
};

fn start() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "some instant to count from")]
    Instant::now()
}

fn records(ttls: &[u32]) -> Answer {
    let record = |ttl_secs: &u32| Record { ttl_secs: *ttl_secs, data: Data::A([192, 0, 2, 1].into()) };
    Ok(ttls.iter().map(record).collect())
}

/// For how many seconds an answer is given again.
fn holds(answer: Answer) -> u64 {
    let (start, mut cache) = (start(), Cache::new(TIMES));
    assert_eq!(cache.put(start, question("A example.com"), answer.clone()), answer);
    let known =
        |secs: &u64| cache.get(start + Duration::from_secs(*secs), &question("A example.com")) == Some(answer.clone());
    (0..).find(|secs| !known(secs)).expect("an end")
}

#[test]
fn records_hold_for_the_shortest_of_their_times_within_limits() {
    assert_eq!(holds(records(&[70, 30, 50])), 30);
    assert_eq!(holds(records(&[0])), 5);
    assert_eq!(holds(records(&[86_400])), 100);
}

#[test]
fn nothing_holds_for_the_time_of_the_zone_and_failures_for_a_moment() {
    assert_eq!(holds(Err(LookupFault::Nothing { ttl_secs: Some(20) })), 20);
    assert_eq!(holds(Err(LookupFault::Nothing { ttl_secs: Some(1) })), 5);
    assert_eq!(holds(Err(LookupFault::Nothing { ttl_secs: Some(3600) })), 60);
    assert_eq!(holds(Err(LookupFault::Nothing { ttl_secs: None })), 60);
    assert_eq!(holds(records(&[])), 60);
    assert_eq!(holds(Err(LookupFault::Failed)), 3);
}

#[test]
fn while_dns_fails_what_it_said_last_goes_on() {
    let (start, mut cache) = (start(), Cache::new(TIMES));
    let at = |secs| start + Duration::from_secs(secs);
    let asked = question("A example.com");
    assert_eq!(cache.put(start, asked.clone(), records(&[10])), records(&[10]));
    assert_eq!(cache.get(at(10), &asked), None, "it is asked again");
    assert_eq!(cache.put(at(10), asked.clone(), Err(LookupFault::Failed)), records(&[10]));
    assert_eq!(cache.get(at(12), &asked), Some(records(&[10])));
    assert_eq!(cache.get(at(13), &asked), None, "and again");
    let nothing = Err(LookupFault::Nothing { ttl_secs: None });
    assert_eq!(cache.put(at(13), asked.clone(), nothing.clone()), nothing, "DNS is back: the name is gone");
    assert_eq!(cache.put(at(200), asked.clone(), Err(LookupFault::Failed)), Err(LookupFault::Failed));

    assert!(cache.put(at(300), asked.clone(), records(&[10])).is_ok());
    assert_eq!(cache.put(at(1310), asked.clone(), Err(LookupFault::Failed)), Err(LookupFault::Failed), "too old");
}

#[test]
fn the_cache_is_bounded_and_kinds_are_told_apart() {
    let (start, mut cache) = (start(), Cache::new(TIMES));
    for (host, ttl) in [("a", 50), ("b", 20), ("c", 40), ("d", 30)] {
        assert!(cache.put(start, question(&format!("A {host}")), records(&[ttl])).is_ok());
    }
    assert_eq!(cache.len(), 3);
    assert_eq!(cache.get(start, &question("A b")), None, "the first to expire made room");
    assert_eq!(cache.get(start, &question("AAAA a")), None);
    assert!(cache.put(start, question("A a"), records(&[60])).is_ok());
    assert_eq!(cache.len(), 3);
    cache.clear();
    assert!(cache.is_empty());
}
