//! In which order a group's members take their turns.

use crate::{Branch, Group, Strategy, Target};
use call::{Name, World};
use std::cmp::Reverse;
use std::time::Duration;

/// The members in the order in which they ring now; `dice` is a number thrown for this.
pub(crate) fn order(group: &Group, world: &dyn World, dice: u64) -> Vec<Branch> {
    let mut members = group.members.clone();
    match group.strategy {
        Strategy::All | Strategy::InOrder => {}
        Strategy::LongestIdle => members.sort_by_cached_key(|branch| Reverse(idle_for(&branch.target, world))),
        Strategy::RoundRobin => {
            let last = world.last_rung(&group.name);
            let last = last.and_then(|last| members.iter().position(|branch| member(&branch.target) == Some(&last)));
            members.rotate_left(last.map_or(0, |last| last + 1));
        }
        Strategy::Random => shuffle(&mut members, dice),
    }
    members
}

/// The name by which a group remembers whom it rang: as in `Facts::last_rung`. A group within is not remembered.
fn member(target: &Target) -> Option<&Name> {
    match target {
        Target::Person(person) => Some(person),
        Target::Device { device, person } => Some(person.as_ref().unwrap_or(device)),
        Target::Number(number) => Some(number.person.as_ref().unwrap_or(&number.number)),
        Target::Group(_) => None,
    }
}

/// Nobody knows how idle a number outside is: it comes after our own people. A group is as idle as its idlest member.
fn idle_for(target: &Target, world: &dyn World) -> Duration {
    match target {
        Target::Person(person) | Target::Device { person: Some(person), .. } => world.idle_for(person),
        Target::Group(group) => {
            let members = group.members.iter().map(|branch| match &branch.target {
                Target::Person(person) | Target::Device { person: Some(person), .. } => world.idle_for(person),
                _ => Duration::ZERO,
            });
            members.max().unwrap_or_default()
        }
        Target::Device { .. } | Target::Number(_) => Duration::ZERO,
    }
}

/// Fisher and Yates, with a small generator that begins at `dice`.
fn shuffle(members: &mut [Branch], mut dice: u64) {
    for place in (1..members.len()).rev() {
        dice = scatter(dice);
        members.swap(place, (dice % (place as u64 + 1)) as usize);
    }
}

/// SplitMix64's step: neighbouring numbers come out far apart.
fn scatter(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
