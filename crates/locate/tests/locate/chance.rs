//! RFC 2782: priorities in order, weights as shares.

use std::collections::BTreeMap;

use crate::zone::zone;

/// How often each server comes first, and each pair of first and second, in so many searches.
fn shares(servers: &[(u16, u16)], searches: u64) -> (BTreeMap<usize, u64>, BTreeMap<(usize, usize), u64>) {
    let mut text = String::new();
    for (at, (priority, weight)) in servers.iter().enumerate() {
        text += &format!("_sip._udp.example.com SRV {priority} {weight} {} a.example.com\n", 5000 + at);
    }
    let (mut first, mut pairs) = (BTreeMap::new(), BTreeMap::new());
    let mut world = zone(&(text + "a.example.com A 192.0.2.1"));
    for dice in 0..searches {
        world = world.dice(dice);
        let found = world.locate("sip:example.com;transport=udp").found.expect("found");
        assert_eq!(found.len(), servers.len());
        let at = |place: usize| usize::from(found[place].addr.port()) - 5000;
        *first.entry(at(0)).or_default() += 1;
        *pairs.entry((at(0), at(1))).or_default() += 1;
    }
    (first, pairs)
}

fn assert_near(count: u64, of: u64, share: f64) {
    let (count, expected) = (count as f64, of as f64 * share);
    let deviation = (of as f64 * share * (1.0 - share)).sqrt();
    assert!((count - expected).abs() < 5.0 * deviation, "{count} of {of}, {expected} expected");
}

/// A weight is a share of its priority. The procedure draws from 0 to the sum, both included, so the first of the list
/// has one chance more.
#[test]
fn weights_are_shares() {
    let (first, pairs) = shares(&[(0, 10), (0, 30), (0, 60)], 6000);
    assert_near(first[&0], 6000, 11.0 / 101.0);
    assert_near(first[&1], 6000, 30.0 / 101.0);
    assert_near(first[&2], 6000, 60.0 / 101.0);
    // Those that are left are drawn by their weights again, until none is left.
    assert_near(pairs[&(2, 1)], first[&2], 30.0 / 41.0);
}

/// The lowest priority that can be reached MUST be tried first.
#[test]
fn a_heavy_weight_does_not_overcome_a_priority() {
    let (first, pairs) = shares(&[(2, 65_535), (1, 0), (1, 1)], 4000);
    assert_eq!(first.get(&0), None);
    assert_eq!(pairs.keys().filter(|(_, second)| *second == 0).count(), 0, "{pairs:?}");
}

/// Beside weights greater than 0, one of 0 should have a very small chance.
#[test]
fn weight_zero_has_a_very_small_chance_beside_others() {
    let (first, _) = shares(&[(0, 0), (0, 999)], 6000);
    assert_near(first.get(&0).copied().unwrap_or(0), 6000, 1.0 / 1000.0);
    assert!(first[&0] > 0, "but it has one");
}

#[test]
fn servers_without_weights_are_equal() {
    let (first, _) = shares(&[(0, 0), (0, 0), (0, 0), (0, 0)], 6000);
    for at in 0..4 {
        assert_near(first[&at], 6000, 0.25);
    }
}

#[test]
fn the_same_dice_throw_the_same_order_however_dns_turns_the_list() {
    let records = ["SRV 0 5 5060 a.example.com", "SRV 0 5 5060 b.example.com", "SRV 0 9 5060 c.example.com"];
    let hosts = "a.example.com A 192.0.2.1\nb.example.com A 192.0.2.2\nc.example.com A 192.0.2.3\n";
    let turned = |by: usize| {
        let mut records = records;
        records.rotate_left(by);
        let text = records.map(|record| format!("_sip._udp.example.com {record}\n")).concat() + hosts;
        zone(&text).dice(42).locate("sip:example.com;transport=udp").list()
    };
    assert_eq!((turned(1), turned(2)), (turned(0), turned(0)));
}
