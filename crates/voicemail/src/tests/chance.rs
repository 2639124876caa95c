//! What holds whatever the caller presses and whatever the media threads and the store do.

use super::story::*;
use crate::{Leave, Listen, Mailbox, Why};
use call::{Event, Flow, Leg, PlayEnd, RecordEnd};
use proptest::prelude::{Just, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy;
use std::sync::Arc;
use std::time::Duration;

fn event() -> impl Strategy<Value = Event> {
    let length = Duration::from_secs(3);
    prop_oneof![
        6 => proptest::sample::select("0123456789*#A".chars().collect::<Vec<_>>()).prop_map(key),
        4 => Just(PLAYED),
        2 => Just(CUT),
        1 => Just(Event::Played(Leg::CALLER, PlayEnd::Failed)),
        2 => Just(Event::Recorded(Leg::CALLER, RecordEnd::Silence { length })),
        1 => Just(Event::Recorded(Leg::CALLER, RecordEnd::Failed)),
        2 => proptest::bool::ANY.prop_map(Event::Kept),
        1 => Just(Event::Timeout),
        1 => Just(Event::Ringing(Leg(4))),
    ]
}

fn runs(mut story: Story, events: Vec<(u64, Event)>) -> Flow {
    story = story.with(&[
        message("m1", "1003", "2026-10-30T09:00:00+02:00", true),
        message("m2", "1002", "2026-11-02T09:05:00+02:00", false),
    ]);
    let mut clock = 0;
    for (pause, event) in events {
        clock += pause;
        story = story.at(clock, event);
    }
    story.run_until(clock + 20_000);
    story.flow
}

proptest! {
    #[test]
    fn leaving_a_message_always_ends(events in proptest::collection::vec((0..30u64, event()), 0..30)) {
        let mailbox = Arc::new(Mailbox::new("anna", "fi"));
        prop_assert_eq!(runs(story(Leave::new(mailbox, Why::Busy)), events), Flow::Done(call::Outcome::Ended));
    }

    #[test]
    fn listening_always_ends(events in proptest::collection::vec((0..30u64, event()), 0..60), pin: bool) {
        let mailbox = Arc::new(Mailbox::new("anna", "fi"));
        let check: Option<crate::PinCheck> = if pin { Some(Box::new(|entered| entered == "12")) } else { None };
        prop_assert_eq!(runs(story(Listen::new(mailbox, check, None)), events), Flow::Done(call::Outcome::Ended));
    }
}
