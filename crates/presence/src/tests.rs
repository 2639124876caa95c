//! The look-up's order of reasons, and what the fold makes of a day's notes.

use crate::*;
use call::{
    Absence, Binding, Caller, EndedBy, Facts as _, Gone, JourneyId, Leg, Message, Name, Note, Reachability, Target,
    What,
};
use jiff::Timestamp;
use proptest::prelude::{Just, any, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy;
use std::time::Duration;

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 0).unwrap()
}

fn note(second: i64, journey: u64, what: What) -> Note {
    Note { at: at(second), journey: (journey > 0).then_some(JourneyId(journey)), what }
}

fn registered(device: &str, id: u64, q: u16, until: i64) -> What {
    let binding = Binding {
        id,
        contact: "sip:desk@192.0.2.1".into(),
        flow: "udp:192.0.2.9:5060>192.0.2.1:5060".into(),
        path: vec![],
        call_id: "c".into(),
        cseq: 1,
        q,
        expires_at: at(until),
        instance: None,
        user_agent: None,
    };
    What::Registered { device: device.into(), binding }
}

fn offered(leg: u16, device: &str) -> What {
    let target = Target::Contact { device: device.into(), contact: 1 };
    What::Offered { leg: Leg(leg), person: Some("anna".into()), group: Some("reception".into()), target }
}

fn answered(leg: u16, device: &str) -> What {
    What::Answered { leg: Leg(leg), device: Some(device.into()) }
}

fn failed(leg: u16, device: &str) -> What {
    What::Failed { leg: Leg(leg), device: Some(device.into()), code: 487, cancelled: Some(Gone::RangOut) }
}

fn hung_up(leg: u16, device: &str) -> What {
    What::HungUp { leg: Leg(leg), device: Some(device.into()) }
}

fn began(device: &str) -> What {
    let caller = Caller { device: Some(device.into()), ..Caller::default() };
    What::Began { caller, dialled: "1002".into(), call_id: "c".into() }
}

fn ended() -> What {
    What::Ended { outcome: None, by: EndedBy::Caller, code: 200, lasted: Duration::ZERO, talked: None }
}

fn facts(notes: &[Note]) -> Facts {
    let mut facts = Facts::default();
    notes.iter().for_each(|note| facts.apply(note));
    facts
}

const DEVICES: &[DeviceView<'_>] =
    &[DeviceView { name: "anna-desk", fixed: false }, DeviceView { name: "anna-app", fixed: false }];

fn anna(absences: &[PlannedAbsence]) -> PersonView<'_> {
    PersonView { name: "anna", devices: DEVICES, substitute: None, absences, calls_max: 1 }
}

fn away(from: i64, until: Option<i64>, reason: &str) -> PlannedAbsence {
    PlannedAbsence { from: at(from), until: until.map(at), reason: Some(reason.into()), substitute: None }
}

fn desk_is_registered() -> Note {
    note(0, 0, registered("anna-desk", 1, 1000, 3600))
}

#[test]
fn whoever_has_a_phone_and_nothing_against_it_is_free() {
    assert_eq!(look_up(&anna(&[]), &facts(&[desk_is_registered()]), at(10)), Reachability::Free);
}

#[test]
fn without_a_binding_they_are_offline_and_a_binding_that_ran_out_is_none() {
    assert_eq!(look_up(&anna(&[]), &facts(&[]), at(10)), Reachability::Offline);
    let facts = facts(&[desk_is_registered()]);
    assert_eq!(look_up(&anna(&[]), &facts, at(3599)), Reachability::Free);
    assert_eq!(look_up(&anna(&[]), &facts, at(3600)), Reachability::Offline);
}

#[test]
fn a_device_with_an_address_in_the_plan_needs_no_binding() {
    let devices = [DeviceView { name: "door", fixed: true }];
    let door = PersonView { name: "door", devices: &devices, substitute: None, absences: &[], calls_max: 1 };
    assert_eq!(look_up(&door, &facts(&[]), at(0)), Reachability::Free);
    assert_eq!(contacts(devices[0], &facts(&[]), at(0)), [call::Contact { id: 0, q: 1000 }]);
}

#[test]
fn the_first_reason_that_holds_is_the_answer() {
    let quiet = note(1, 0, What::DoNotDisturb { person: "anna".into(), on: true });
    let loud = note(5, 0, What::DoNotDisturb { person: "anna".into(), on: false });
    let mut facts = facts(&[note(0, 7, began("anna-desk"))]);
    let talks = Reachability::Busy { ringing: false };
    assert_eq!(look_up(&anna(&[]), &facts, at(4)), talks, "busy comes before offline");
    facts.apply(&quiet);
    assert_eq!(look_up(&anna(&[]), &facts, at(4)), Reachability::DoNotDisturb);
    let holiday = [away(0, Some(100), "holiday")];
    let absence = Absence { reason: Some("holiday".into()), until: Some(at(100)), substitute: None };
    assert_eq!(look_up(&anna(&holiday), &facts, at(4)), Reachability::Absent(absence));
    facts.apply(&loud);
    assert_eq!(look_up(&anna(&holiday), &facts, at(100)), talks, "back at the first moment after it");
}

#[test]
fn absences_that_overlap_or_touch_are_one_until_they_are_really_back() {
    let absences = [
        away(300, Some(400), "trip"),
        away(0, Some(100), "holiday"),
        away(100, Some(200), "course"),
        away(150, Some(300), "fair"),
    ];
    let until = |second| match look_up(&anna(&absences), &facts(&[]), at(second)) {
        Reachability::Absent(absence) => (absence.reason, absence.until),
        _ => (None, None),
    };
    assert_eq!(until(50), (Some("holiday".into()), Some(at(400))));
    assert_eq!(until(399), (Some("trip".into()), Some(at(400))));
    assert_eq!(until(400), (None, None));
}

#[test]
fn an_absence_without_an_end_makes_the_ones_before_it_endless() {
    let absences = [away(0, Some(100), "holiday"), away(100, None, "parental leave")];
    let Reachability::Absent(absence) = look_up(&anna(&absences), &facts(&[]), at(1)) else { panic!("she is away") };
    assert_eq!(absence.until, None);
}

#[test]
fn the_absence_names_the_substitute_and_else_the_person_does() {
    let pekka: Name = "pekka".into();
    let mut absences = [away(0, Some(100), "holiday")];
    let substitute = |absences: &[PlannedAbsence]| match look_up(
        &PersonView { substitute: Some(&pekka), ..anna(absences) },
        &facts(&[]),
        at(1),
    ) {
        Reachability::Absent(absence) => absence.substitute,
        _ => None,
    };
    assert_eq!(substitute(&absences), Some(pekka.clone()));
    absences[0].substitute = Some("maija".into());
    assert_eq!(substitute(&absences), Some("maija".into()));
}

#[test]
fn one_call_that_rings_at_two_devices_is_one_call() {
    let two_calls = PersonView { calls_max: 2, ..anna(&[]) };
    let mut facts =
        facts(&[desk_is_registered(), note(1, 7, offered(1, "anna-desk")), note(1, 7, offered(2, "anna-app"))]);
    assert_eq!(look_up(&anna(&[]), &facts, at(2)), Reachability::Busy { ringing: true });
    assert_eq!(look_up(&two_calls, &facts, at(2)), Reachability::Free);
    facts.apply(&note(3, 7, answered(1, "anna-desk")));
    facts.apply(&note(3, 7, failed(2, "anna-app")));
    assert_eq!(look_up(&two_calls, &facts, at(4)), Reachability::Free);
    facts.apply(&note(5, 8, offered(1, "anna-app")));
    assert_eq!(look_up(&two_calls, &facts, at(6)), Reachability::Busy { ringing: true });
    assert_eq!(look_up(&anna(&[]), &facts, at(6)), Reachability::Busy { ringing: false });
}

#[test]
fn a_person_who_takes_no_calls_at_once_takes_one() {
    let facts = facts(&[desk_is_registered()]);
    assert_eq!(look_up(&PersonView { calls_max: 0, ..anna(&[]) }, &facts, at(1)), Reachability::Free);
}

#[test]
fn contacts_come_best_first_and_in_the_order_of_registration_among_equals() {
    let facts = facts(&[
        note(0, 0, registered("anna-desk", 1, 500, 3600)),
        note(0, 0, registered("anna-desk", 2, 1000, 3600)),
        note(0, 0, registered("anna-desk", 3, 1000, 60)),
        note(0, 0, registered("anna-desk", 4, 1000, 3600)),
    ]);
    let ids = |second| contacts(DEVICES[0], &facts, at(second)).iter().map(|contact| contact.id).collect::<Vec<_>>();
    assert_eq!(ids(1), [2, 3, 4, 1]);
    assert_eq!(ids(60), [2, 4, 1]);
}

#[test]
fn a_refreshed_binding_keeps_its_place_and_a_removed_one_goes() {
    let mut facts = facts(&[
        note(0, 0, registered("anna-desk", 1, 1000, 60)),
        note(0, 0, registered("anna-desk", 2, 1000, 3600)),
        note(30, 0, registered("anna-desk", 1, 1000, 90)),
    ]);
    let ids = |facts: &Facts| facts.bindings("anna-desk").iter().map(|binding| binding.id).collect::<Vec<_>>();
    assert_eq!(ids(&facts), [1, 2]);
    facts.apply(&note(40, 0, What::Unregistered { device: "anna-desk".into(), binding: 2, expired: false }));
    assert_eq!(ids(&facts), [1]);
    facts.apply(&note(100, 0, registered("anna-desk", 3, 1000, 3600)));
    assert_eq!(ids(&facts), [3], "whose end was never noted goes with the next registration");
}

#[test]
fn idle_time_counts_from_the_last_talk_not_from_a_call_that_only_rang() {
    let mut facts = facts(&[note(0, 7, offered(1, "anna-desk")), note(5, 7, answered(1, "anna-desk"))]);
    let idle = |facts: &Facts, second| idle_for(["anna-desk", "anna-app"], facts, at(second));
    assert_eq!(idle(&facts, 60), Duration::ZERO);
    facts.apply(&note(65, 7, hung_up(1, "anna-desk")));
    facts.apply(&note(70, 8, offered(1, "anna-app")));
    facts.apply(&note(80, 8, failed(1, "anna-app")));
    assert_eq!(idle(&facts, 85), Duration::from_secs(20));
    assert_eq!(idle_for(["bo-desk"], &facts, at(85)), Duration::MAX);
}

#[test]
fn a_group_remembers_whom_it_rang_last_by_the_name_that_the_plan_uses() {
    let trunk = Target::Trunk { trunk: "operator".into(), number: "040".into(), shown_as: None };
    let rang = |person: Option<&str>, target| What::Offered {
        leg: Leg(1),
        person: person.map(Name::from),
        group: Some("reception".into()),
        target,
    };
    let mut facts = facts(&[note(0, 7, offered(1, "anna-desk"))]);
    assert_eq!(facts.last_rung("reception").as_deref(), Some("anna"));
    facts.apply(&note(1, 7, rang(None, Target::Contact { device: "door".into(), contact: 1 })));
    assert_eq!(facts.last_rung("reception").as_deref(), Some("door"));
    facts.apply(&note(2, 7, rang(None, trunk)));
    assert_eq!(facts.last_rung("reception").as_deref(), Some("040"));
}

#[test]
fn a_mailbox_holds_what_was_left_and_not_deleted() {
    let message = |id: &str| Message {
        id: id.into(),
        mailbox: "anna".into(),
        from_number: "1002".into(),
        from_name: "".into(),
        length: Duration::from_secs(9),
    };
    let left = |second, id| note(second, 7, What::MessageLeft(message(id)));
    let mut facts = facts(&[left(1, "m1"), left(2, "m2"), left(2, "m2")]);
    facts.apply(&note(5, 8, What::MessageHeard { mailbox: "anna".into(), message: "m1".into(), heard: true }));
    facts.apply(&note(6, 8, What::MessageDeleted { mailbox: "anna".into(), message: "unknown".into() }));
    let known = |facts: &Facts| {
        let messages = facts.messages("anna");
        messages.iter().map(|info| (info.message.id.to_string(), info.left_at, info.heard)).collect::<Vec<_>>()
    };
    assert_eq!(known(&facts), [("m1".into(), at(1), true), ("m2".into(), at(2), false)]);
    facts.apply(&note(7, 8, What::MessageDeleted { mailbox: "anna".into(), message: "m1".into() }));
    assert_eq!(known(&facts), [("m2".into(), at(2), false)]);
}

/// A device "anna", a person "anna" and a mailbox "anna" have nothing to do with each other.
#[test]
fn one_name_may_stand_for_several_things() {
    let mut facts = facts(&[note(0, 0, registered("anna", 1, 1000, 3600))]);
    facts.apply(&note(1, 0, What::DoNotDisturb { person: "anna".into(), on: true }));
    facts.apply(&note(2, 7, offered(1, "anna")));
    assert_eq!((facts.bindings("anna").len(), facts.do_not_disturb("anna"), facts.calls("anna")), (1, true, (1, 0)));
    assert_eq!(facts.last_rung("anna"), None);
}

#[test]
fn the_end_of_a_journey_frees_every_device_whose_own_end_was_lost() {
    let mut facts = facts(&[
        note(0, 7, began("anna-desk")),
        note(1, 7, offered(1, "bo-desk")),
        note(2, 7, answered(2, "eva-desk")),
        note(3, 8, offered(1, "bo-desk")),
    ]);
    assert_eq!(facts.calls("bo-desk"), (2, 0));
    facts.apply(&note(9, 7, ended()));
    let calls = ["anna-desk", "bo-desk", "eva-desk"].map(|device| facts.calls(device));
    assert_eq!(calls, [(0, 0), (1, 0), (0, 0)]);
    assert_eq!(facts.idle_since("anna-desk"), Some(at(9)));
    facts.apply(&note(10, 7, offered(1, "bo-desk")));
    assert_eq!(facts.calls("bo-desk"), (1, 0), "a note that comes after the end changes nothing");
    assert_eq!(facts.journeys(), 1);
}

fn any_note() -> impl Strategy<Value = (u64, What)> {
    let device = || proptest::sample::select(vec!["anna-desk", "anna-app", "bo-desk"]);
    let what = prop_oneof![
        device().prop_map(began),
        (1..4u16, device()).prop_map(|(leg, device)| offered(leg, device)),
        (0..4u16, device()).prop_map(|(leg, device)| answered(leg, device)),
        (1..4u16, device()).prop_map(|(leg, device)| failed(leg, device)),
        (0..4u16, device()).prop_map(|(leg, device)| hung_up(leg, device)),
        Just(ended()),
    ];
    (1..5u64, what)
}

proptest! {
    /// Notes lost, doubled and out of order: once every journey has ended nobody is busy.
    #[test]
    fn nobody_stays_busy_after_the_journeys_have_ended(
        notes in proptest::collection::vec((any_note(), any::<bool>()), 0..60),
        late in proptest::collection::vec(any_note(), 0..10),
    ) {
        let mut facts = Facts::default();
        for (second, ((journey, what), twice)) in notes.into_iter().enumerate() {
            let note = note(second as i64, journey, what);
            facts.apply(&note);
            if twice {
                let once = facts.calls("bo-desk");
                facts.apply(&note);
                prop_assert_eq!(facts.calls("bo-desk"), once, "a note that comes twice is the note once");
            }
        }
        (1..5).for_each(|journey| facts.apply(&note(100, journey, ended())));
        late.into_iter().for_each(|(journey, what)| facts.apply(&note(101, journey, what)));
        for device in ["anna-desk", "anna-app", "bo-desk"] {
            prop_assert_eq!(facts.calls(device), (0, 0));
        }
        prop_assert_eq!(facts.journeys(), 0);
    }
}
