//! What DNS may say.

use super::steps::Steps;
use locate::{Answer, Data, Domain, Kind, LookupFault, Naptr, Question, Record, Srv};
use std::net::{Ipv4Addr, Ipv6Addr};

const NAMES: [&str; 8] = [
    "sip.operator.example",
    "a.operator.example",
    "b.operator.example",
    "_sip._udp.operator.example",
    "_sips._tcp.operator.example",
    "loop.example",
    "operator.example",
    "x",
];

/// Some records, few enough names that they lead to each other.
pub fn answer(steps: &mut Steps<'_>, question: &Question) -> Answer {
    match steps.below(16) {
        0 => Err(LookupFault::Failed),
        1 => Err(LookupFault::Nothing { ttl_secs: None }),
        2 => Err(LookupFault::Nothing { ttl_secs: Some(u32::from(steps.byte())) }),
        count => Ok((3..=count % 8 + 3).map(|_| record(steps, question.kind)).collect()),
    }
}

fn record(steps: &mut Steps<'_>, kind: Kind) -> Record {
    // Now and then a record of another kind than was asked for.
    let kind =
        if steps.byte() & 0xe0 == 0xe0 { steps.one(&[Kind::Naptr, Kind::Srv, Kind::A, Kind::Aaaa]) } else { kind };
    let (low, high) = (u16::from(steps.byte() % 4), u16::from(steps.byte() % 4));
    let name = match steps.byte() {
        0xff => None,
        which => Domain::parse(NAMES[usize::from(which) % NAMES.len()]),
    };
    let data = match kind {
        Kind::Naptr => Data::Naptr(Naptr {
            order: low,
            preference: high,
            flags: steps.one(&["s", "S", "a", "u", "", "p"]).into(),
            service: steps.one(&["SIP+D2U", "SIP+D2T", "SIPS+D2T", "SIP+D2W", "sip+d2u", "E2U+sip", ""]).into(),
            regexp: steps.one(&["", "", "", "!^.*$!sip:x!"]).into(),
            replacement: name,
        }),
        Kind::Srv => {
            Data::Srv(Srv { priority: low, weight: high, port: steps.one(&[5060, 5061, 0, 65535]), target: name })
        }
        Kind::A => Data::A(steps.one(&[
            Ipv4Addr::new(203, 0, 113, 10),
            Ipv4Addr::new(203, 0, 113, 11),
            Ipv4Addr::LOCALHOST,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::BROADCAST,
        ])),
        Kind::Aaaa => Data::Aaaa(steps.one(&[Ipv6Addr::LOCALHOST, Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9)])),
    };
    Record { ttl_secs: steps.one(&[0, 60, 3600, u32::MAX]), data }
}
