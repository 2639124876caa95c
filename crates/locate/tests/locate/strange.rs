//! Answers that nobody should send: every search ends, with a bounded list.

use crate::zone::{World, question, reach, zone};
use proptest::prelude::*;
use vaihde_locate::{
    Answer, Data, Domain, LookupFault, Naptr, QUESTIONS_MAX, Record, Search, Srv, Step, TARGETS_MAX, Target,
    Unreachable,
};

/// Few names, so that answers lead back to each other.
fn domain() -> impl Strategy<Value = Option<Domain>> {
    const NAMES: [&str; 6] =
        ["example.com", "a.example.com", "_sip._udp.example.com", "_sips._tcp.example.com", "192.0.2.9", "."];
    proptest::sample::select(NAMES.as_slice()).prop_map(Domain::parse)
}

fn data() -> impl Strategy<Value = Data> {
    const SERVICES: [&str; 7] = ["SIP+D2U", "SIP+D2T", "SIPS+D2T", "sip+d2w", "SIPS+D2W", "E2U+sip", ""];
    let naptr = (0..3u16, 0..3u16, "[sSaAu]?", proptest::sample::select(SERVICES.as_slice()), "!?", domain()).prop_map(
        |(order, preference, flags, service, regexp, replacement)| {
            let (flags, service, regexp) = (flags.into(), service.into(), regexp.into());
            Data::Naptr(Naptr { order, preference, flags, service, regexp, replacement })
        },
    );
    let srv = (0..3u16, any::<u16>(), 0..3u16, domain())
        .prop_map(|(priority, weight, port, target)| Data::Srv(Srv { priority, weight, port, target }));
    prop_oneof![
        naptr,
        srv,
        any::<[u8; 4]>().prop_map(|ip| Data::A(ip.into())),
        any::<[u8; 16]>().prop_map(|ip| Data::Aaaa(ip.into())),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let records = proptest::collection::vec(data(), 0..80)
        .prop_map(|list| -> Answer { Ok(list.into_iter().map(|data| Record { ttl_secs: 1, data }).collect()) });
    prop_oneof![
        4 => records,
        1 => Just(Err(LookupFault::Nothing { ttl_secs: None })),
        1 => Just(Err(LookupFault::Failed)),
    ]
}

const URIS: [&str; 6] = [
    "sip:example.com",
    "sips:example.com",
    "sip:example.com;transport=tcp",
    "sip:example.com:5060",
    "sip:192.0.2.1",
    "sip:[::1];transport=wss",
];

proptest! {
    /// Whatever DNS answers, in whatever order, the search ends, asks nothing twice and finds a bounded list.
    #[test]
    fn any_answers_end_a_search(
        uri in proptest::sample::select(URIS.as_slice()),
        answers in proptest::collection::vec(answer(), 1..20),
        turns in proptest::collection::vec(any::<proptest::sample::Index>(), 1..20),
        give_up_after in 0..40usize,
        dice: u64,
    ) {
        let reach = reach("udp 10.0.0.1, udp 2001:db8::1, tcp 10.0.0.1, tls 10.0.0.1, wss ::1");
        let uri = sip::Uri::parse(uri).expect("a URI");
        let mut search = Search::new(&uri, &reach, dice);
        let (mut open, mut asked) = (Vec::new(), Vec::new());
        let found = loop {
            match search.poll() {
                Step::Ask(question) => {
                    prop_assert!(!asked.contains(&question), "{} twice", question);
                    asked.push(question.clone());
                    open.push(question);
                    if asked.len() == give_up_after {
                        search.give_up();
                    }
                }
                Step::Wait => {
                    prop_assert!(!open.is_empty());
                    let question = open.swap_remove(turns[asked.len() % turns.len()].index(open.len()));
                    search.on_answer(&question, answers[(asked.len() + open.len()) % answers.len()].clone());
                }
                Step::Done(found) => break found,
            }
        };
        prop_assert!(asked.len() <= QUESTIONS_MAX);
        prop_assert_eq!(search.poll(), Step::Done(found.clone()), "it stays as it ended");
        if let Ok(list) = found {
            prop_assert!((1..=TARGETS_MAX).contains(&list.len()));
            for (at, target) in list.iter().enumerate() {
                prop_assert!(reach.source(target.transport, target.addr.ip()).is_some());
                prop_assert!(target.addr.port() != 0);
                let same = |other: &Target| other.transport == target.transport && other.addr == target.addr;
                prop_assert!(!list[..at].iter().any(same), "{} twice", target);
            }
        }
    }

    /// The order in which answers arrive changes nothing.
    #[test]
    fn answers_may_come_in_any_order(turns in proptest::collection::vec(any::<proptest::sample::Index>(), 20), dice: u64) {
        let world = crowded().dice(dice);
        let uri = sip::Uri::parse("sip:example.com").expect("a URI");
        let mut search = Search::new(&uri, &world.reach, dice);
        let (mut open, mut turns) = (Vec::new(), turns.into_iter());
        let list = loop {
            match search.poll() {
                Step::Ask(question) => open.push(question),
                Step::Wait => {
                    let turn = turns.next().map_or(0, |turn| turn.index(open.len()));
                    let question = open.swap_remove(turn);
                    search.on_answer(&question, world.answer(&question));
                }
                Step::Done(found) => break found,
            }
        };
        prop_assert_eq!(list, world.locate("sip:example.com").found);
    }
}

fn crowded() -> World {
    let mut text = String::new();
    for server in 0..4 {
        text += &format!("_sip._udp.example.com SRV {} 5 5060 s{server}.example.com\n", server % 2);
        text += &format!("_sip._tcp.example.com SRV 0 {server} 5060 s{server}.example.com\n");
        text += &format!("s{server}.example.com A 192.0.2.{server}\ns{server}.example.com AAAA 2001:db8::{server}\n");
    }
    zone(&text).ours("udp 10.0.0.1, udp 2001:db8::1, tcp 10.0.0.1")
}

/// Fifty servers are more than one call can try: the first ones of the order are looked up, the rest is left out.
#[test]
fn a_crowd_of_servers_is_cut_short() {
    let mut text = String::new();
    for server in 0..50 {
        text += &format!("_sip._udp.example.com SRV {server} 0 5060 s{server}.example.com\n");
        text += &format!("s{server}.example.com A 192.0.2.{server}\n");
    }
    let world = zone(&text);
    let list = world.locate("sip:example.com;transport=udp").list();
    assert_eq!((list.len(), list[0].as_str()), (QUESTIONS_MAX - 1, "udp 192.0.2.0:5060"));
}

#[test]
fn a_crowd_of_addresses_leaves_room_for_the_next_server() {
    let mut text = "_sip._udp.example.com SRV 0 0 5060 a.example.com
        _sip._udp.example.com SRV 1 0 5060 b.example.com
        b.example.com A 198.51.100.1\n"
        .to_owned();
    for host in 0..200 {
        text += &format!("a.example.com A 192.0.2.{host}\n");
    }
    let list = zone(&text).locate("sip:example.com;transport=udp").list();
    assert_eq!((list.len(), list[8].as_str()), (9, "udp 198.51.100.1:5060"));
}

#[test]
fn a_zone_that_names_addresses_in_place_of_hosts_is_understood() {
    zone("_sip._udp.example.com SRV 0 0 5070 192.0.2.7")
        .locate("sip:example.com;transport=udp")
        .check(&["udp 192.0.2.7:5070"])
        .asked(&["SRV _sip._udp.example.com"]);
}

#[test]
fn addresses_that_are_nobodys_are_left_out() {
    let world = zone(
        "
        example.com A 0.0.0.0
        example.com A 224.0.0.1
        example.com AAAA ::ffff:192.0.2.1",
    )
    .ours("udp 10.0.0.1, udp 2001:db8::1");
    world.locate("sip:example.com:5060").unreachable(Unreachable::Unknown);
}

#[test]
fn an_answer_that_nobody_asked_for_is_ignored() {
    let world = zone("example.com A 192.0.2.1");
    let uri = sip::Uri::parse("sip:example.com:5060").expect("a URI");
    let mut search = Search::new(&uri, &world.reach, 1);
    search.on_answer(&question("A example.com"), Err(LookupFault::Failed));
    assert_eq!(search.poll(), Step::Ask(question("A example.com")));
    assert_eq!(search.poll(), Step::Wait);
    search.on_answer(&question("AAAA example.com"), Err(LookupFault::Failed));
    search.on_answer(&question("A example.com"), world.answer(&question("A example.com")));
    search.on_answer(&question("A example.com"), Err(LookupFault::Failed));
    assert!(matches!(search.poll(), Step::Done(Ok(list)) if list.len() == 1));
}
