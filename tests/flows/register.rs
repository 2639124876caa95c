//! Phones register, RFC 3261 §10, and are found again.

use crate::office::{PLAN, answers, millis, office_with, secs};
use sim::{Office, Phone};
use sip::{Method, Name};

/// RFC 3261 §22.1, §10.3: a challenge, then the binding with its expiry.
#[test]
fn a_phone_registers_with_its_password() {
    let mut office = Office::new(PLAN, 1);
    office.act("anna-desk", Phone::register);
    office.run_for(secs(60));
    office.check(
        "
        0.00  anna-desk → pbx          REGISTER sip:pbx.example.fi
        0.00  pbx → anna-desk          401 Unauthorized (REGISTER)
        0.00  anna-desk → pbx          REGISTER sip:pbx.example.fi
        0.00  pbx → anna-desk          200 OK (REGISTER)
        0.00  pbx → anna-desk          NOTIFY sip:anna-desk@10.0.0.1:5060
        0.00  anna-desk → pbx          200 OK (NOTIFY)
        ",
    );
    let ok = office.phone("anna-desk").got_response(200, Method::Register)[0].clone();
    assert_eq!(ok.contact().expect("the binding").expect("valid").expires(), Some(3600));
    assert!(ok.header(Name::Date).is_some());
}

/// RFC 8760 §2.4: the algorithms are offered in the order of preference, and either is taken.
#[test]
fn a_phone_may_answer_with_sha_256() {
    let mut office = Office::new(&format!("{PLAN}\n[sip]\ndigest = [\"SHA-256\", \"MD5\"]\n"), 1);
    office.phone_mut("anna-desk").manners.sha256 = true;
    office.act("anna-desk", Phone::register);
    office.run_for(secs(2));
    assert_eq!(office.phone("anna-desk").register_code, Some(200));
    let challenge = office.phone("anna-desk").got_response(401, Method::Register)[0].clone();
    let lines: Vec<&str> = challenge.headers(Name::WwwAuthenticate).collect();
    assert!(lines[0].contains("SHA-256") && lines[1].contains("MD5"), "{lines:?}");
    office.run_until_idle();
    office.assert_sound();
}

/// A wrong password and a user that does not exist get the same answers at the same time.
#[test]
fn a_stranger_learns_nothing_about_who_exists() {
    let mut office = Office::new(PLAN, 1);
    office.phone_mut("anna-desk").identity.password = "wrong".into();
    office.phone_mut("bo-desk").identity.user = "nobody".into();
    office.act("anna-desk", Phone::register);
    office.act("bo-desk", Phone::register);
    office.run_for(secs(2));
    let codes = |office: &mut Office, name: &str| {
        let seen = office.phone(name).seen.iter().filter(|seen| !seen.sent);
        seen.map(|seen| (seen.message.code(), seen.message.reason_phrase().to_owned())).collect::<Vec<_>>()
    };
    let (wrong, unknown) = (codes(&mut office, "anna-desk"), codes(&mut office, "bo-desk"));
    assert_eq!(wrong, unknown);
    assert!(wrong.iter().all(|(code, _)| matches!(code, 401 | 403)), "{wrong:?}");
    assert!(call::Facts::bindings(&office.facts, "anna-desk").is_empty());
}

/// RFC 3261 §10.2.1.1, §10.3 step 7: a registration that is not refreshed runs out, and the phone is offline.
#[test]
fn a_phone_that_vanished_is_offline_when_its_registration_runs_out() {
    let mut office = Office::new(PLAN, 1);
    office.phone_mut("bo-desk").manners.expires_secs = 120;
    office.register(&["anna-desk", "bo-desk"]);
    assert_eq!(call::Facts::bindings(&office.facts, "bo-desk").len(), 1);
    office.run_for(secs(600));
    assert_eq!(call::Facts::bindings(&office.facts, "bo-desk").len(), 1, "it refreshes");
    office.die("bo-desk");
    office.run_for(secs(200));
    assert_eq!(call::Facts::bindings(&office.facts, "bo-desk").len(), 0);
    let expired = office.notes.iter().any(|note| matches!(&note.what, call::What::Unregistered { expired: true, .. }));
    assert!(expired);
}

/// RFC 3261 §10.2.2: Expires 0 removes the binding.
#[test]
fn a_phone_that_takes_its_binding_back_is_not_rung() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.act("bo-desk", Phone::unregister);
    office.run_for(secs(1));
    assert!(call::Facts::bindings(&office.facts, "bo-desk").is_empty());
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    assert!(office.phone("bo-desk").got(Method::Invite).is_empty());
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3261 §10.3 step 5 and §21.4.17: too short an interval gets 423 with Min-Expires.
#[test]
fn too_short_a_registration_is_refused_with_the_shortest_that_is_taken() {
    let mut office = Office::new(PLAN, 1);
    office.phone_mut("anna-desk").manners.expires_secs = 5;
    office.act("anna-desk", Phone::register);
    office.run_for(secs(2));
    assert_eq!(office.phone("anna-desk").register_code, Some(423));
    let refusal = office.phone("anna-desk").got_response(423, Method::Register)[0].clone();
    assert_eq!(refusal.header(Name::MinExpires), Some("60"));
}

/// The bindings are kept: calls arrive after a restart without a new registration.
#[test]
fn bindings_survive_a_restart_of_the_exchange() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.restart();
    office.run_for(secs(1));
    office.call("anna-desk", "1002");
    office.run_for(secs(5));
    assert!(office.hears("anna-desk", "bo-desk") && office.hears("bo-desk", "anna-desk"));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// RFC 3581, RFC 5626: a phone behind NAT is reached where it registered from, not at the address it believes in.
#[test]
fn a_phone_behind_nat_is_rung_where_it_registered_from() {
    let mut office = Office::new(PLAN, 1);
    office.put_behind_nat("bo-desk", "203.0.113.9:31337");
    office.register(&["anna-desk", "bo-desk"]);
    office.phone_mut("bo-desk").manners = answers(1);
    office.call("anna-desk", "1002");
    office.run_for(secs(3));
    assert_eq!(office.talking(), ["anna-desk", "bo-desk"]);
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.assert_sound();
    let via = office.phone("bo-desk").got_response(200, Method::Register)[0].top_via().expect("Via").rport;
    assert_eq!(via, Some(Some(31337)));
}

/// A repeated REGISTER on the wire is one registration; a lossy line loses none.
#[test]
fn registering_over_a_bad_line_works_in_the_end() {
    let mut office = Office::new(PLAN, 3);
    let link = office.link("anna-desk");
    (link.lost_of_1000, link.doubled_of_1000, link.jitter) = (400, 300, millis(700));
    office.act("anna-desk", Phone::register);
    office.run_for(secs(30));
    assert_eq!(office.phone("anna-desk").register_code, Some(200));
    assert_eq!(call::Facts::bindings(&office.facts, "anna-desk").len(), 1);
}
