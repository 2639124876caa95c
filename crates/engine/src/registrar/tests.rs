//! Phones that register, sentence by sentence of RFC 3261 §10.3.

use super::*;
use call::MessageInfo;
use dialplan::Secret;
use std::collections::BTreeMap;
use std::time::Duration;

const START: i64 = 1_800_000_000;

/// The registrar, one device, and its bindings as the notes make them.
struct Office {
    registrar: Registrar,
    device: Device,
    settings: Settings,
    bindings: Vec<Binding>,
    began: Instant,
    secs: u64,
    flow: Flow,
    call_id: &'static str,
    cseq: u32,
}

struct Known(BTreeMap<String, Vec<Binding>>);

impl Facts for Known {
    fn bindings(&self, device: &str) -> Vec<Binding> {
        self.0.get(device).cloned().unwrap_or_default()
    }
    fn calls(&self, _: &str) -> (usize, usize) {
        (0, 0)
    }
    fn idle_since(&self, _: &str) -> Option<Timestamp> {
        None
    }
    fn do_not_disturb(&self, _: &str) -> bool {
        false
    }
    fn last_rung(&self, _: &str) -> Option<Name> {
        None
    }
    fn messages(&self, _: &str) -> Vec<MessageInfo> {
        Vec::new()
    }
}

/// The settings of an office that sets nothing.
fn settings() -> Settings {
    let source = dialplan::Source { path: "vaihde.toml".into(), text: "domain = 'office.example'".into() };
    dialplan::read(&[source], &dialplan::Nothing).unwrap().plan.settings
}

#[allow(clippy::disallowed_methods)] // a test needs some first instant
fn some_instant() -> Instant {
    Instant::now()
}

impl Office {
    fn new() -> Self {
        Self {
            registrar: Registrar::default(),
            device: Device {
                name: "anna-desk".into(),
                user: "anna".into(),
                secret: Secret::default(),
                contact: None,
                contacts_max: 3,
                person: None,
            },
            settings: settings(),
            bindings: Vec::new(),
            began: some_instant(),
            secs: 0,
            flow: "udp:192.0.2.1:5060>203.0.113.9:40000".parse().unwrap(),
            call_id: "phone",
            cseq: 0,
        }
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_second(START + self.secs as i64).unwrap()
    }

    fn now(&self) -> Instant {
        self.began + Duration::from_secs(self.secs)
    }

    /// Sends a REGISTER with these header lines.
    fn register(&mut self, lines: &[&str]) -> Message {
        self.cseq += 1;
        let to = format!("<sip:{}@office.example>", self.device.user);
        self.register_as(&to, lines)
    }

    fn register_as(&mut self, to: &str, lines: &[&str]) -> Message {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let request = Message::parse(Bytes::from(format!(
            "REGISTER sip:office.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n\
             From: <sip:anna@office.example>;tag=1\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {} REGISTER\r\n{lines}\
             Content-Length: 0\r\n\r\n",
            self.call_id, self.cseq
        )))
        .unwrap();
        let (now, wall) = (self.now(), self.wall());
        let before = self.bindings.clone();
        let done = self.registrar.on_register(now, wall, &request, &self.flow, &self.device, &before, &self.settings);
        done.notes.into_iter().for_each(|note| self.apply(note));
        let response = Message::parse(done.response).unwrap();
        assert_eq!(response.code(), done.code);
        assert!(response.to_tag().is_some());
        assert!(done.code == 200 || before == self.bindings, "a refusal changed something");
        response
    }

    fn apply(&mut self, note: What) {
        match note {
            What::Registered { device, binding } => {
                assert_eq!(device, self.device.name);
                match self.bindings.iter_mut().find(|known| known.id == binding.id) {
                    Some(known) => *known = binding,
                    None => self.bindings.push(binding),
                }
            }
            What::Unregistered { binding, .. } => self.bindings.retain(|known| known.id != binding),
            other => panic!("{other:?}"),
        }
    }

    fn expire(&mut self) -> Vec<What> {
        let known = Known(BTreeMap::from([("anna-desk".to_owned(), self.bindings.clone())]));
        let (now, wall) = (self.now(), self.wall());
        let notes: Vec<What> = std::iter::from_fn(|| self.registrar.expire(now, wall, &known)).collect();
        notes.iter().cloned().for_each(|note| self.apply(note));
        notes
    }
}

fn contacts(response: &Message) -> Vec<&str> {
    response.headers(sip::Name::Contact).collect()
}

const DESK: &str = "Contact: <sip:anna@192.0.2.9:5060>";

#[test]
fn a_phone_registers_and_is_told_for_how_long() {
    let mut office = Office::new();
    let response =
        office.register(&["Contact: \"Anna\" <sip:anna@192.0.2.9:5060>;expires=600", "User-Agent: desk 1.0"]);
    assert_eq!(contacts(&response), ["<sip:anna@192.0.2.9:5060>;expires=600"]);
    assert_eq!(response.header(sip::Name::Date), Some("Fri, 15 Jan 2027 08:00:00 GMT"));
    let binding = &office.bindings[0];
    assert_eq!(&*binding.flow, "udp:192.0.2.1:5060>203.0.113.9:40000");
    assert_eq!((&*binding.call_id, binding.cseq, binding.q), ("phone", 1, 1000));
    assert_eq!(binding.user_agent.as_deref(), Some("desk 1.0"));
    assert_eq!(binding.expires_at, Timestamp::from_second(START + 600).unwrap());
}

/// Step 7: the contact's own parameter, else the Expires header, else the registrar's default; not beyond its limit.
#[test]
fn expiry_comes_from_the_contact_then_the_header_then_the_plan() {
    for (lines, secs) in [
        (vec!["Contact: <sip:a@h>;expires=300", "Expires: 600"], 300),
        (vec!["Contact: <sip:a@h>", "Expires: 600"], 600),
        (vec!["Contact: <sip:a@h>"], 3600),
        (vec!["Contact: <sip:a@h>;expires=soon", "Expires: 600"], 3600),
        (vec!["Contact: <sip:a@h>", "Expires: 99999999999"], 3600),
        (vec!["Contact: <sip:a@h>;expires=86400"], 7200),
    ] {
        let mut office = Office::new();
        let response = office.register(&lines);
        assert_eq!(contacts(&response), [format!("<sip:a@h>;expires={secs}")], "{lines:?}");
    }
}

/// Step 6: a REGISTER without Contact asks what there is.
#[test]
fn a_question_gets_the_list_and_changes_nothing() {
    let mut office = Office::new();
    office.register(&[DESK]);
    office.secs = 100;
    let before = office.bindings.clone();
    let response = office.register(&[]);
    assert_eq!(contacts(&response), ["<sip:anna@192.0.2.9:5060>;expires=3500"]);
    assert_eq!(office.bindings, before);
}

#[test]
fn several_contacts_keep_their_order_their_q_and_their_instance() {
    let mut office = Office::new();
    let response = office.register(&[
        "Contact: <sip:a@h>;q=0.5;+sip.instance=\"<urn:uuid:1>\", <sip:b@h;transport=tcp>;expires=60",
        "m: <sip:c@h>;q=0",
    ]);
    let expected = [
        "<sip:a@h>;expires=3600;q=0.500;+sip.instance=\"<urn:uuid:1>\"",
        "<sip:b@h;transport=tcp>;expires=60",
        "<sip:c@h>;expires=3600;q=0.000",
    ];
    assert_eq!(contacts(&response), expected);
    assert_eq!(office.bindings[0].instance.as_deref(), Some("<urn:uuid:1>"));
    assert_eq!(office.bindings.iter().map(|binding| binding.q).collect::<Vec<_>>(), [500, 1000, 0]);
}

/// Step 7 with §19.1.4: the contact that means the same is the same binding.
#[test]
fn a_refresh_keeps_the_binding_and_follows_the_phone_to_its_new_flow() {
    let mut office = Office::new();
    office.register(&[DESK]);
    let id = office.bindings[0].id;
    office.secs = 1800;
    office.flow.remote = "203.0.113.9:50000".parse().unwrap();
    office.register(&["Contact: <SIP:anna@192.0.2.9:5060;x=1>"]);
    assert_eq!(office.bindings.len(), 1);
    assert_eq!(office.bindings[0].id, id);
    assert_eq!(&*office.bindings[0].flow, "udp:192.0.2.1:5060>203.0.113.9:50000");
    assert_eq!(office.bindings[0].expires_at, Timestamp::from_second(START + 5400).unwrap());
}

#[test]
fn a_new_binding_never_has_an_old_one_s_id() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>, <sip:b@h>"]);
    let (first, second) = (office.bindings[0].id, office.bindings[1].id);
    assert!(first > 0 && second > first);
    office.register(&["Contact: <sip:b@h>;expires=0, <sip:c@h>"]);
    assert!(office.bindings[1].id > second);
}

#[test]
fn a_phone_takes_its_contact_back() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>, <sip:b@h>"]);
    let response = office.register(&["Contact: <sip:a@h>;expires=0"]);
    assert_eq!(contacts(&response), ["<sip:b@h>;expires=3600"]);
    assert_eq!(contacts(&office.register(&["Contact: <sip:unknown@h>;expires=0"])), ["<sip:b@h>;expires=3600"]);
}

/// Step 6: `*` removes all, alone and with Expires 0 only.
#[test]
fn a_star_removes_everything_or_is_a_bad_request() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>, <sip:b@h>"]);
    for lines in [vec!["Contact: *"], vec!["Contact: *", "Expires: 1"], vec!["Contact: *, <sip:a@h>", "Expires: 0"]] {
        assert_eq!(office.register(&lines).code(), 400, "{lines:?}");
    }
    let response = office.register(&["Contact: *", "Expires: 0"]);
    assert_eq!((response.code(), contacts(&response).len(), office.bindings.len()), (200, 0, 0));
    assert!(office.registrar.poll_timeout().is_none());
}

/// Steps 6 and 7: with the same Call-ID only a higher CSeq counts.
#[test]
fn an_overtaken_request_changes_nothing() {
    let mut office = Office::new();
    office.cseq = 10;
    office.register(&[DESK]);
    office.cseq = 9;
    assert_eq!(office.register(&[DESK]).code(), 500);
    office.cseq = 9;
    assert_eq!(office.register(&["Contact: *", "Expires: 0"]).code(), 500);
    office.cseq = 9;
    assert_eq!(office.register(&["Contact: <sip:new@h>", DESK]).code(), 500);
    office.call_id = "after a restart of the phone";
    office.cseq = 0;
    assert_eq!(office.register(&[DESK]).code(), 200);
    assert_eq!(office.register(&["Contact: *", "Expires: 0"]).code(), 200);
}

/// Step 7: 423 with Min-Expires.
#[test]
fn a_registration_that_is_too_brief_is_told_the_shortest() {
    let mut office = Office::new();
    let response = office.register(&["Contact: <sip:a@h>, <sip:b@h>;expires=10"]);
    assert_eq!((response.code(), response.header(sip::Name::MinExpires)), (423, Some("60")));
    assert!(office.bindings.is_empty());
    assert_eq!(office.register(&["Contact: <sip:a@h>;expires=60"]).code(), 200);
    office.settings.sip.registration_min = Duration::from_secs(7200);
    assert_eq!(office.register(&["Contact: <sip:a@h>;expires=3600"]).code(), 200);
}

#[test]
fn nobody_registers_for_somebody_else() {
    let mut office = Office::new();
    for to in ["<sip:bo@office.example>", "<sip:office.example>", "<tel:anna>", "nonsense"] {
        assert_eq!(office.register_as(to, &[DESK]).code(), 403, "{to}");
    }
    assert_eq!(office.register_as("<sip:%61nna@192.0.2.1>", &[DESK]).code(), 200);
}

#[test]
fn what_is_no_contact_is_a_bad_request() {
    let mut office = Office::new();
    let long = format!("Contact: <sip:{}@h>", "a".repeat(600));
    let many = format!("Contact: {}", vec!["<sip:a@h>"; 33].join(", "));
    for contact in ["Contact: <mailto:a@h>", "Contact: <sip:>", "Contact: \"a <sip:a@h>", &long, &many] {
        assert_eq!(office.register(&[contact]).code(), 400, "{contact}");
    }
}

#[test]
fn a_device_has_as_many_contacts_as_the_plan_allows() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>"]);
    assert_eq!(office.register(&["Contact: <sip:d@h>"]).code(), 403);
    assert_eq!(office.register(&["Contact: <sip:a@h>;expires=0, <sip:d@h>"]).code(), 200);
    office.device.contacts_max = 1;
    assert_eq!(office.register(&["Contact: <sip:d@h>"]).code(), 200);
    assert_eq!(office.register(&["Contact: <sip:e@h>"]).code(), 403);
    office.secs = 3600;
    assert_eq!(office.register(&["Contact: <sip:e@h>"]).code(), 200);
}

#[test]
fn a_phone_that_comes_back_from_another_port_takes_its_own_place() {
    let mut office = Office::new();
    office.device.contacts_max = 1;
    office.register(&["Contact: <sip:a@h:1000>;+sip.instance=\"<urn:uuid:1>\""]);
    let response = office.register(&["Contact: <sip:a@h:2000>;+sip.instance=\"<urn:uuid:1>\""]);
    assert_eq!(contacts(&response), ["<sip:a@h:2000>;expires=3600;+sip.instance=\"<urn:uuid:1>\""]);
    assert_eq!(office.register(&["Contact: <sip:a@h:3000>;+sip.instance=\"<urn:uuid:2>\""]).code(), 403);
}

/// RFC 3327 §5.3.
#[test]
fn the_path_is_kept_and_told_to_a_phone_that_knows_it() {
    let mut office = Office::new();
    let path = "Path: <sip:edge1.example;lr>, <sip:edge2.example;lr>";
    let response = office.register(&[DESK, path, "Supported: path, gruu"]);
    assert_eq!(response.values(sip::Name::Path).count(), 2);
    let kept: Vec<&str> = office.bindings[0].path.iter().map(|value| &**value).collect();
    assert_eq!(kept, ["<sip:edge1.example;lr>", "<sip:edge2.example;lr>"]);
    let refused = office.register(&[DESK, path]);
    assert_eq!((refused.code(), refused.header(sip::Name::Unsupported)), (420, Some("path")));
    assert_eq!(office.register(&[DESK, "Path: nonsense", "Supported: path"]).code(), 400);
}

#[test]
fn a_binding_runs_out_once_and_in_time() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>;expires=60, <sip:b@h>;expires=120"]);
    let id = office.bindings[0].id;
    assert_eq!(office.registrar.poll_timeout(), Some(office.began + Duration::from_secs(60)));
    office.secs = 59;
    assert!(office.expire().is_empty());
    office.secs = 60;
    let gone = What::Unregistered { device: "anna-desk".into(), binding: id, expired: true };
    assert_eq!(office.expire(), [gone]);
    office.secs = 1000;
    assert_eq!(office.expire().len(), 1);
    assert!(office.expire().is_empty() && office.registrar.poll_timeout().is_none());
}

#[test]
fn a_refresh_puts_the_end_off() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>;expires=60"]);
    office.secs = 50;
    office.register(&["Contact: <sip:a@h>;expires=60"]);
    office.secs = 109;
    assert!(office.expire().is_empty());
    office.secs = 110;
    assert_eq!(office.expire().len(), 1);
}

#[test]
fn a_late_refresh_finds_its_binding_again() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>;expires=60"]);
    let id = office.bindings[0].id;
    office.secs = 61;
    assert!(contacts(&office.register(&[])).is_empty());
    office.cseq = 0;
    assert_eq!(office.register(&["Contact: <sip:a@h>;expires=60"]).code(), 200);
    assert_eq!(office.bindings.iter().map(|binding| binding.id).collect::<Vec<_>>(), [id]);
    assert!(office.expire().is_empty());
}

#[test]
fn bindings_from_before_the_start_run_out_too() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>;expires=60, <sip:b@h>;expires=120"]);
    let restored: Vec<(Name, Binding)> = office.bindings.iter().map(|one| ("anna-desk".into(), one.clone())).collect();
    office.registrar = Registrar::default();
    office.secs = 60;
    office.registrar.restore(office.now(), office.wall(), restored);
    assert_eq!(office.expire().len(), 1);
    office.secs = 120;
    assert_eq!(office.expire().len(), 1);
}

#[test]
fn a_binding_that_another_shard_refreshed_goes_on() {
    let mut office = Office::new();
    office.register(&["Contact: <sip:a@h>;expires=60"]);
    office.bindings[0].expires_at = Timestamp::from_second(START + 100).unwrap();
    office.secs = 60;
    assert!(office.expire().is_empty());
    office.secs = 100;
    assert_eq!(office.expire().len(), 1);
}
