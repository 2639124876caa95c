//! What holds in every hunt, whatever happens in it.

use super::story::{Story, number, person, secs, story};
use crate::{Branch, Group, Hunt, Rules, Target};
use call::{Action, Event, Flow, Leg, Outcome, Reachability};
use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as Chance;
use std::collections::BTreeSet;
use std::sync::Arc;

const PEOPLE: [&str; 5] = ["anna", "bo", "eva", "kai", "lea"];

fn strategy() -> impl Chance<Value = crate::Strategy> {
    use crate::Strategy::*;
    prop_oneof![Just(All), Just(InOrder), Just(LongestIdle), Just(RoundRobin), Just(Random)]
}

fn branch() -> impl Chance<Value = Branch> {
    let target = prop_oneof![
        4 => (0..5usize).prop_map(|who| person(PEOPLE[who]).target),
        1 => (0..5usize, any::<bool>()).prop_map(|(who, owned)| {
            Target::Number(number(&format!("040{who}"), owned.then_some(PEOPLE[who])))
        }),
        1 => (0..5usize).prop_map(|who| Target::Device { device: PEOPLE[who].into(), person: None }),
    ];
    (target, 0..30u64, proptest::option::of(0..40u64)).prop_map(|(target, after, during)| Branch {
        target,
        after: secs(after),
        during: during.map(secs),
    })
}

fn group() -> impl Chance<Value = Group> {
    let flat = (proptest::collection::vec(branch(), 0..5), strategy(), 0..20u64, 0..3usize).prop_map(
        |(members, strategy, each, at_once)| Group {
            name: "g".into(),
            members,
            strategy,
            ring_each: secs(each),
            at_once,
        },
    );
    flat.prop_recursive(3, 12, 3, |inner| {
        let nested =
            (inner, 0..20u64).prop_map(|(inner, after)| Branch::new(Target::Group(Arc::new(inner))).after(secs(after)));
        let member = prop_oneof![branch(), nested];
        (proptest::collection::vec(member, 0..5), strategy(), 0..20u64, 0..3usize).prop_map(
            |(members, strategy, each, at_once)| Group {
                name: "h".into(),
                members,
                strategy,
                ring_each: secs(each),
                at_once,
            },
        )
    })
}

fn event() -> impl Chance<Value = Event> {
    let leg = (0..9u16).prop_map(Leg);
    let code = proptest::sample::select(vec![404u16, 408, 480, 486, 487, 500, 503, 600, 603]);
    prop_oneof![
        3 => leg.clone().prop_map(Event::Ringing),
        4 => (1..9u16, code).prop_map(|(leg, code)| Event::Failed(Leg(leg), code)),
        1 => leg.clone().prop_map(Event::Answered),
        1 => leg.clone().prop_map(|leg| Event::Digit(leg, '5')),
        1 => (1..9u16).prop_map(|leg| Event::HungUp(Leg(leg))),
        1 => Just(Event::Timeout),
        1 => Just(Event::Start),
    ]
}

fn reachability() -> impl Chance<Value = Reachability> {
    prop_oneof![
        5 => Just(Reachability::Free),
        1 => Just(super::away()),
        1 => Just(Reachability::Busy { ringing: false }),
        1 => Just(Reachability::Offline),
    ]
}

fn play(group: Group, people: &[Reachability], events: &[(u64, Event)], give_up: u64) -> Story {
    let rules = Rules { give_up: secs(give_up), ..Rules::default() };
    let mut story = story(Hunt::group(Arc::new(group), rules));
    for (name, reachability) in PEOPLE.iter().zip(people) {
        story = story.is(name, reachability.clone());
    }
    let mut clock = 0;
    for (pause, event) in events {
        clock += pause;
        story = story.at(clock, event.clone());
    }
    story.run_until(secs(100_000));
    story
}

proptest! {
    #[test]
    fn every_hunt_ends_in_time_with_no_phone_left_ringing_and_nobody_rung_twice(
        group in group(),
        people in proptest::collection::vec(reachability(), 5),
        events in proptest::collection::vec((0..12u64, event()), 0..12),
        give_up in 1..90u64,
    ) {
        let story = play(group, &people, &events, give_up);
        let Flow::Done(outcome) = story.flow else { panic!("it goes on for ever") };
        prop_assert!(story.seconds() <= give_up);

        let bridges = story.actions.iter().filter(|action| matches!(action, Action::Bridge(..))).count();
        prop_assert_eq!(bridges, usize::from(outcome == Outcome::Answered));

        let mut dialled = BTreeSet::new();
        for action in &story.actions {
            if let Action::Dial(dial) = action {
                let target = match &dial.target {
                    call::Target::Contact { device, contact } => format!("{device}/{contact}"),
                    call::Target::Trunk { number, .. } => number.to_string(),
                };
                prop_assert!(dialled.insert(target), "dialled twice");
            }
        }
        prop_assert_eq!(&story.ringing, &BTreeSet::new());
    }

    #[test]
    fn the_same_call_is_the_same_hunt(group in group(), events in proptest::collection::vec((0..12u64, event()), 0..12)) {
        let free = vec![Reachability::Free; 5];
        prop_assert_eq!(play(group.clone(), &free, &events, 60).actions, play(group, &free, &events, 60).actions);
    }
}
