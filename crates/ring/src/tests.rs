//! Whole hunts in virtual time: what happened to whom at which second.

mod chance;
mod story;

use crate::*;
use call::Reachability::{Busy as IsBusy, DoNotDisturb as Quiet, Offline as Gone};
use call::{Action, Event, Leg, Reason};
use std::sync::Arc;
use std::time::Duration;
use story::*;

fn failed(leg: u16, code: u16) -> Event {
    Event::Failed(Leg(leg), code)
}
fn rings(leg: u16) -> Event {
    Event::Ringing(Leg(leg))
}
fn answers(leg: u16) -> Event {
    Event::Answered(Leg(leg))
}
const HANGS_UP: Event = Event::HungUp(Leg::CALLER);

#[test]
fn busy_everywhere_is_busy_not_no_answer() {
    call(&[("desk", 0, 40)]).at(1, failed(1, 486)).check(done(Busy), "0 Dial(1, desk)");
}

#[test]
fn the_first_to_answer_is_bridged_and_the_others_stop_without_a_missed_call() {
    call(&[("anna", 0, 40), ("bo", 0, 40), ("eva", 0, 40)]).at(1, rings(2)).at(3, answers(2)).check(
        done(Answered),
        "0 Dial(1, anna); 0 Dial(2, bo); 0 Dial(3, eva); \
         3 Cancel(1, AnsweredElsewhere); 3 Cancel(3, AnsweredElsewhere); 3 Bridge(0, 2)",
    );
}

#[test]
fn whoever_picks_up_a_phone_that_has_stopped_ringing_is_let_go() {
    call(&[("anna", 0, 10), ("bo", 5, 30)])
        .at(11, answers(1))
        .at(12, answers(2))
        .check(done(Answered), "0 Dial(1, anna); 5 Dial(2, bo); 10 Cancel(1, RangOut); 11 Hangup(1); 12 Bridge(0, 2)");
}

#[test]
fn a_hunt_that_nobody_answers_ends_when_the_last_branch_has_rung() {
    let story = call(&[("anna", 0, 20), ("bo", 5, 30)])
        .check(done(NoAnswer), "0 Dial(1, anna); 5 Dial(2, bo); 20 Cancel(1, RangOut); 35 Cancel(2, RangOut)");
    assert_eq!(story.seconds(), 35);
}

#[test]
fn give_up_ends_the_hunt_whatever_the_branches_say() {
    let rules = Rules { give_up: secs(25), ..Rules::default() };
    let hunt = Hunt::group(Arc::new(Group::new("office", vec![person("anna"), person("bo").after(secs(10))])), rules);
    story(hunt).check(done(NoAnswer), "0 Dial(1, anna); 10 Dial(2, bo); 25 Cancel(1, RangOut); 25 Cancel(2, RangOut)");
}

#[test]
fn no_hunt_lasts_longer_than_the_hard_limit() {
    let rules = Rules { give_up: Duration::MAX, ..Rules::default() };
    let hunt = Hunt::person("anna".into(), vec![person("anna").during(Duration::MAX)], rules);
    assert_eq!(story(hunt).check(done(NoAnswer), "0 Dial(1, anna); 600 Cancel(1, RangOut)").seconds(), 600);
}

#[test]
fn the_caller_who_gives_up_stops_every_phone() {
    call(&[("anna", 0, 40), ("bo", 0, 40)])
        .at(4, HANGS_UP)
        .check(done(Ended), "0 Dial(1, anna); 0 Dial(2, bo); 4 Cancel(1, CallerGone); 4 Cancel(2, CallerGone)");
}

#[test]
fn the_caller_hears_ringing_once_a_phone_of_ours_rings_and_not_before() {
    let progress = |story: &Story| story.actions.iter().filter(|action| **action == Action::Progress).count();
    assert_eq!(progress(&call(&[("anna", 0, 40), ("bo", 5, 40)]).at(9, HANGS_UP)), 1);
    assert_eq!(progress(&call(&[("anna", 0, 40)]).is("anna", away()).at(9, HANGS_UP)), 0);
    let outside = Hunt::number(number("0401234567", None), Rules::default());
    assert_eq!(progress(&story(outside).at(9, HANGS_UP)), 0, "the network beyond the trunk speaks for itself");
}

#[test]
fn the_mobile_joins_after_fifteen_seconds_and_the_desk_rings_on() {
    let mobile = Branch::new(Target::Number(number("0401234567", None))).after(secs(15));
    let hunt = Hunt::person("anna".into(), vec![person("anna"), mobile], Rules::default());
    story(hunt)
        .then(1, |office| drop(office.reachability.insert("anna".into(), IsBusy { ringing: true })))
        .at(20, answers(2))
        .check(
            done(Answered),
            "0 Dial(1, anna); 15 Dial(2, 0401234567); 20 Cancel(1, AnsweredElsewhere); 20 Bridge(0, 2)",
        );
}

#[test]
fn when_the_desk_refuses_the_mobile_does_not_wait() {
    let mobile = Branch::new(Target::Number(number("0401234567", None))).after(secs(15)).during(secs(20));
    let hunt = Hunt::person("anna".into(), vec![person("anna"), mobile], Rules::default());
    story(hunt)
        .at(2, failed(1, 480))
        .check(done(NoAnswer), "0 Dial(1, anna); 2 Dial(2, 0401234567); 22 Cancel(2, RangOut)");
}

#[test]
fn the_mobile_rings_though_the_desk_phone_is_unplugged_but_not_on_holiday() {
    let hunt = || {
        let mobile = Branch::new(Target::Number(number("0401234567", None)));
        Hunt::person("anna".into(), vec![person("anna"), mobile], Rules::default())
    };
    story(hunt())
        .is("anna", Gone)
        .at(3, answers(1))
        .check(done(Answered), "0 NotRung(anna, Offline); 0 Dial(1, 0401234567); 3 Bridge(0, 1)");
    story(hunt()).is("anna", away()).check(done(Absent), "0 NotRung(anna, Absent)");
}

#[test]
fn a_number_that_the_plan_forwards_to_rings_though_its_owner_is_away_and_was_rung() {
    let hunt = Hunt::number(number("0401234567", Some("anna")), Rules { give_up: secs(30), ..Rules::default() });
    story(hunt)
        .is("anna", away())
        .rung_before("anna")
        .check(done(NoAnswer), "0 Dial(1, 0401234567); 30 Cancel(1, RangOut)");
}

#[test]
fn whoever_cannot_take_a_call_is_not_rung_and_the_outcome_says_why() {
    let reach = |reachability| story(Hunt::person("anna".into(), vec![], Rules::default())).is("anna", reachability);
    reach(away()).check(done(Absent), "0 NotRung(anna, Absent)");
    reach(Quiet).check(done(DoNotDisturb), "0 NotRung(anna, DoNotDisturb)");
    reach(IsBusy { ringing: false }).check(done(Busy), "0 NotRung(anna, Busy)");
    reach(Gone).check(done(Offline), "0 NotRung(anna, Offline)");
}

#[test]
fn a_person_without_a_contact_is_offline() {
    let hunt = Hunt::person("anna".into(), vec![], Rules::default());
    story(hunt)
        .with(|office| drop(office.contacts.insert("anna".into(), vec![])))
        .check(done(Offline), "0 NotRung(anna, Offline)");
}

#[test]
fn presence_is_asked_again_when_a_delayed_branch_begins() {
    call(&[("anna", 0, 40), ("bo", 10, 20)])
        .then(5, |office| drop(office.reachability.insert("bo".into(), IsBusy { ringing: false })))
        .check(done(NoAnswer), "0 Dial(1, anna); 10 NotRung(bo, Busy); 40 Cancel(1, RangOut)");
}

#[test]
fn a_group_of_which_nobody_is_free_ends_at_once() {
    call(&[("anna", 0, 40), ("bo", 20, 40)])
        .is("anna", away())
        .is("bo", IsBusy { ringing: true })
        .check(done(Busy), "0 NotRung(anna, Absent); 0 NotRung(bo, Busy); 0 NobodyFree");
    call(&[]).check(done(Offline), "0 NobodyFree");
}

#[test]
fn nobody_is_rung_whom_this_journey_rang_before() {
    call(&[("anna", 0, 40), ("bo", 0, 10)])
        .rung_before("anna")
        .check(done(NoAnswer), "0 AlreadyRung(anna); 0 Dial(1, bo); 10 Cancel(1, RangOut)");
    call(&[("anna", 0, 40)]).rung_before("anna").check(done(NoAnswer), "0 AlreadyRung(anna); 0 NobodyFree");
}

#[test]
fn the_plan_may_ring_somebody_again_even_while_the_first_cancel_is_on_its_way() {
    let rules = Rules { again: true, give_up: secs(9), ..Rules::default() };
    story(Hunt::person("anna".into(), vec![], rules))
        .rung_before("anna")
        .is("anna", IsBusy { ringing: true })
        .check(done(NoAnswer), "0 Dial(1, anna); 9 Cancel(1, RangOut)");
}

#[test]
fn a_member_who_calls_the_group_is_not_rung() {
    let mut story = call(&[("anna", 0, 40), ("bo", 0, 10)]);
    story.journey.caller.person = Some("anna".into());
    story.check(done(NoAnswer), "0 NotRung(anna, Busy); 0 Dial(1, bo); 10 Cancel(1, RangOut)");
}

#[test]
fn all_devices_of_a_person_ring_and_each_may_fail_alone() {
    story(Hunt::person("anna".into(), vec![], Rules::default()))
        .with(|office| drop(office.devices.insert("anna".into(), vec!["desk", "app"])))
        .at(1, failed(1, 486))
        .at(5, answers(2))
        .check(done(Answered), "0 Dial(1, desk); 0 Dial(2, app); 5 Bridge(0, 2)");
}

/// RFC 3261 §16.6: targets of one q at once, the next q when those have failed.
#[test]
fn contacts_that_a_device_prefers_less_ring_when_the_better_ones_have_failed() {
    story(Hunt::person("anna".into(), vec![], Rules::default()))
        .with(|office| drop(office.contacts.insert("anna".into(), vec![(1, 1000), (2, 1000), (3, 500)])))
        .at(1, failed(1, 480))
        .at(2, failed(2, 408))
        .at(4, failed(3, 486))
        .check(done(Busy), "0 Dial(1, anna); 0 Dial(2, anna/2); 2 Dial(3, anna/3)");
}

/// RFC 3261 §21.6: a 6xx speaks for the user, not for one phone.
#[test]
fn a_decline_stops_all_phones_of_the_person_and_ends_a_direct_call() {
    let mobile = Branch::new(Target::Number(number("0401234567", None))).after(secs(15));
    story(Hunt::person("anna".into(), vec![person("anna"), mobile], Rules::default()))
        .with(|office| drop(office.devices.insert("anna".into(), vec!["desk", "app"])))
        .at(3, failed(1, 603))
        .check(done(Failed), "0 Dial(1, desk); 0 Dial(2, app); 3 Cancel(2, AnsweredElsewhere)");
}

#[test]
fn a_decline_of_a_device_that_nobody_owns_stops_that_device() {
    let hall = Branch::new(Target::Device { device: "hall".into(), person: None });
    let group = Group::new("office", vec![hall, person("bo").during(secs(20))]);
    story(Hunt::group(Arc::new(group), Rules::default()))
        .with(|office| drop(office.contacts.insert("hall".into(), vec![(1, 1000), (2, 1000), (3, 500)])))
        .at(3, failed(1, 603))
        .check(
            done(NoAnswer),
            "0 Dial(1, hall); 0 Dial(2, hall/2); 0 Dial(3, bo); 3 Cancel(2, AnsweredElsewhere); 20 Cancel(3, RangOut)",
        );
}

#[test]
fn a_decline_in_a_group_leaves_the_others_ringing() {
    call(&[("anna", 0, 40), ("bo", 0, 20)])
        .with(|office| drop(office.devices.insert("anna".into(), vec!["desk", "app"])))
        .at(3, failed(2, 603))
        .check(
            done(NoAnswer),
            "0 Dial(1, desk); 0 Dial(2, app); 0 Dial(3, bo); 3 Cancel(1, AnsweredElsewhere); 20 Cancel(3, RangOut)",
        );
}

#[test]
fn a_phone_that_rings_out_by_itself_has_not_answered_and_a_dead_one_is_offline() {
    let hunt = || story(Hunt::person("anna".into(), vec![], Rules::default()));
    hunt().at(1, rings(1)).at(30, failed(1, 480)).check(done(NoAnswer), "0 Dial(1, anna)");
    hunt().at(32, failed(1, 408)).check(done(Offline), "0 Dial(1, anna)");
    hunt().at(1, failed(1, 503)).check(done(Offline), "0 Dial(1, anna)");
    hunt().at(1, failed(1, 488)).check(done(Failed), "0 Dial(1, anna)");
}

#[test]
fn a_number_that_does_not_exist_is_a_failure_not_an_unplugged_phone() {
    let hunt = Hunt::number(number("0409999999", None), Rules::default());
    story(hunt).at(1, failed(1, 404)).check(done(Failed), "0 Dial(1, 0409999999)");
}

#[test]
fn in_order_each_rings_for_their_turn_and_then_stops() {
    turns(Strategy::InOrder, &["anna", "bo"])
        .check(done(NoAnswer), "0 Dial(1, anna); 10 Cancel(1, RangOut); 10 Dial(2, bo); 20 Cancel(2, RangOut)");
}

#[test]
fn in_order_the_next_rings_at_once_when_a_phone_refuses_or_is_busy() {
    turns(Strategy::InOrder, &["anna", "bo", "eva"])
        .is("bo", IsBusy { ringing: false })
        .at(2, failed(1, 486))
        .check(done(NoAnswer), "0 Dial(1, anna); 2 NotRung(bo, Busy); 2 Dial(2, eva); 12 Cancel(2, RangOut)");
}

#[test]
fn two_at_a_time_keeps_two_phones_ringing() {
    let members = ["anna", "bo", "eva"].map(person).to_vec();
    let group = Group { strategy: Strategy::InOrder, ring_each: secs(10), at_once: 2, ..Group::new("office", members) };
    story(Hunt::group(Arc::new(group), Rules::default())).at(4, failed(1, 486)).check(
        done(NoAnswer),
        "0 Dial(1, anna); 0 Dial(2, bo); 4 Dial(3, eva); 10 Cancel(2, RangOut); 14 Cancel(3, RangOut)",
    );
}

#[test]
fn longest_idle_rings_first_whoever_has_not_talked_for_longest() {
    turns(Strategy::LongestIdle, &["anna", "bo", "eva"])
        .with(|office| office.idle = [("anna".into(), 5), ("bo".into(), 50), ("eva".into(), 20)].into())
        .at(1, failed(1, 486))
        .at(2, failed(2, 486))
        .at(3, failed(3, 486))
        .check(done(Busy), "0 Dial(1, bo); 1 Dial(2, eva); 2 Dial(3, anna)");
}

#[test]
fn round_robin_begins_after_the_member_that_rang_last() {
    turns(Strategy::RoundRobin, &["anna", "bo", "eva"])
        .with(|office| office.last_rung = Some("bo"))
        .at(9, HANGS_UP)
        .check(done(Ended), "0 Dial(1, eva); 9 Cancel(1, CallerGone)");
    turns(Strategy::RoundRobin, &["anna", "bo"])
        .with(|office| office.last_rung = Some("bo"))
        .at(9, HANGS_UP)
        .check(done(Ended), "0 Dial(1, anna); 9 Cancel(1, CallerGone)");
}

#[test]
fn random_is_a_new_order_for_each_throw_and_every_member_gets_to_be_first() {
    let first = |dice| {
        let story = turns(Strategy::Random, &["anna", "bo", "eva"]).dice(dice).at(9, HANGS_UP);
        story.journey.offers[0].person.clone()
    };
    let firsts: std::collections::BTreeSet<_> = (0..40).map(first).collect();
    assert_eq!(firsts.len(), 3);
    assert_eq!(first(3), first(3), "the same throw is the same order");
}

#[test]
fn a_group_within_a_group_keeps_its_own_strategy_and_name() {
    let inner = Group {
        strategy: Strategy::InOrder,
        ring_each: secs(5),
        ..Group::new("inner", ["bo", "eva"].map(person).to_vec())
    };
    let outer = Group::new("outer", vec![person("anna"), Branch::new(Target::Group(Arc::new(inner))).after(secs(3))]);
    let story = story(Hunt::group(Arc::new(outer), Rules { give_up: secs(30), ..Rules::default() })).check(
        done(NoAnswer),
        "0 Dial(1, anna); 3 Dial(2, bo); 8 Cancel(2, RangOut); 8 Dial(3, eva); 13 Cancel(3, RangOut); \
         30 Cancel(1, RangOut)",
    );
    let groups = story.actions.iter().filter_map(|action| match action {
        Action::Dial(dial) => dial.group.as_deref(),
        _ => None,
    });
    assert_eq!(groups.collect::<Vec<_>>(), ["outer", "inner", "inner"]);
}

#[test]
fn a_group_that_takes_a_turn_rings_its_members_together_for_that_turn() {
    let inner = Group::new("inner", vec![person("bo"), person("eva").after(secs(4))]);
    let members = vec![person("anna"), Branch::new(Target::Group(Arc::new(inner))), person("kai")];
    let outer = Group { strategy: Strategy::InOrder, ring_each: secs(10), ..Group::new("outer", members) };
    story(Hunt::group(Arc::new(outer), Rules::default())).at(21, answers(4)).check(
        done(Answered),
        "0 Dial(1, anna); 10 Cancel(1, RangOut); 10 Dial(2, bo); 14 Dial(3, eva); 20 Cancel(2, RangOut); \
         20 Cancel(3, RangOut); 20 Dial(4, kai); 21 Bridge(0, 4)",
    );
}

#[test]
fn somebody_in_two_groups_is_rung_once() {
    let inner = Group::new("inner", ["anna", "bo"].map(person).to_vec());
    let outer = Group::new("outer", vec![person("anna"), Branch::new(Target::Group(Arc::new(inner)))]);
    story(Hunt::group(Arc::new(outer), Rules::default())).at(5, HANGS_UP).check(
        done(Ended),
        "0 Dial(1, anna); 0 AlreadyRung(anna); 0 Dial(2, bo); 5 Cancel(1, CallerGone); 5 Cancel(2, CallerGone)",
    );
}

#[test]
fn groups_nested_too_deep_do_not_ring() {
    let deep = (0..20).fold(Group::new("deepest", vec![person("anna")]), |inner, _| {
        Group::new("outer", vec![Branch::new(Target::Group(Arc::new(inner)))])
    });
    story(Hunt::group(Arc::new(deep), Rules::default())).check(done(Offline), "0 NobodyFree");
}

#[test]
fn a_hunt_dials_a_bounded_number_of_phones() {
    let many = (0..500).map(|id| (id, 1000)).collect();
    let story =
        call(&[("anna", 0, 1)]).with(|office| drop(office.contacts.insert("anna".into(), many))).at(0, HANGS_UP);
    assert_eq!(story.journey.offers.len(), LEGS_MAX);
}

#[test]
fn the_diary_says_who_rings_and_for_how_long_before_they_do() {
    let story = call(&[("anna", 0, 20), ("bo", 5, 80)]).at(6, HANGS_UP);
    let rings = |person: &str, during| Reason::Rings { person: person.into(), during: secs(during) };
    assert_eq!(story.reasons(), [rings("anna", 20), rings("bo", 55)]);
    assert!(matches!(story.actions[1], Action::Dial(_)));
}

#[test]
fn the_hunt_wakes_exactly_when_something_is_due() {
    let mut story = call(&[("anna", 0, 20), ("bo", 7, 40)]);
    story.run_until(secs(1));
    assert_eq!(story.poll_timeout(), Some(secs(7)));
    story.run_until(secs(8));
    assert_eq!(story.poll_timeout(), Some(secs(20)));
    story.run_until(secs(21));
    assert_eq!(story.poll_timeout(), Some(secs(47)));
}
