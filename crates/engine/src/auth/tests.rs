//! A phone registers with a password, and what others try.

use super::*;
use bytes::Bytes;

const REALM: &str = "office.example";
const START: i64 = 1_800_000_000;

struct Office {
    auth: Authenticator,
    now: i64,
}

impl Office {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut dialplan::Sip)) -> Self {
        let mut settings =
            dialplan::Sip { digest: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5], ..sip_settings() };
        change(&mut settings);
        Self { auth: Authenticator::new(42, &settings), now: START }
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_second(self.now).unwrap()
    }

    /// The challenges as a phone sees them.
    fn challenges(&mut self, stale: bool) -> Vec<String> {
        let wall = self.wall();
        let response = self.auth.challenge(wall, REALM, stale, Writer::response(401, "Unauthorized")).finish();
        let response = Message::parse(response).unwrap();
        response.headers(Name::WwwAuthenticate).map(str::to_owned).collect()
    }

    /// A phone answers one of them.
    fn answer(&mut self, algorithm: usize, user: &str, password: &str) -> String {
        let challenges = self.challenges(false);
        answer(&[&challenges[algorithm]], user, password, "REGISTER", "sip:office.example", 9).unwrap()
    }

    fn check(&mut self, authorization: &str) -> Verdict {
        let wall = self.wall();
        self.auth.check(wall, &register(authorization), REALM, find)
    }
}

fn sip_settings() -> dialplan::Sip {
    let source = dialplan::Source { path: "vaihde.toml".into(), text: format!("domain = '{REALM}'") };
    dialplan::read(&[source], &dialplan::Nothing).unwrap().plan.settings.sip
}

/// Anna has both digests, Bo one, Cecilia none.
fn find(user: &str) -> Option<Secret> {
    let both = Secret::of(user, REALM, "right");
    match user {
        "anna" => Some(both),
        "bo" => Some(Secret { sha256: None, ..both }),
        "cecilia" => Some(Secret::default()),
        _ => None,
    }
}

fn register(authorization: &str) -> Message {
    request("REGISTER", "sip:office.example", &[authorization])
}

fn request(method: &str, uri: &str, authorizations: &[&str]) -> Message {
    let lines: String = authorizations.iter().map(|value| format!("Authorization: {value}\r\n")).collect();
    let text = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: <sip:a@office.example>;tag=1\r\n\
         To: <sip:a@office.example>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\n{lines}Content-Length: 0\r\n\r\n"
    );
    Message::parse(Bytes::from(text)).unwrap()
}

fn proved(user: &str) -> Verdict {
    Verdict::Proved { user: user.into() }
}

const NO: Verdict = Verdict::Challenge { stale: false };
const STALE: Verdict = Verdict::Challenge { stale: true };

/// RFC 8760 §2.3: one challenge for each algorithm, in the order of preference, in header lines of their own.
#[test]
fn both_algorithms_are_offered_in_the_plans_order() {
    let mut office = Office::new();
    let challenges = office.challenges(true);
    let parsed: Vec<_> = challenges.iter().map(|line| Challenge::parse(line).unwrap().unwrap()).collect();
    let algorithms: Vec<_> = parsed.iter().map(|one| one.algorithm.as_deref()).collect();
    assert_eq!(algorithms, [Some("SHA-256"), Some("MD5")]);
    assert!(parsed.iter().all(|one| one.stale && one.realm == REALM && one.qop == ["auth"]));
    assert_eq!(Office::with(|sip| sip.digest = vec![DigestAlgorithm::Md5]).challenges(false).len(), 1);
}

#[test]
fn the_right_password_proves_who_it_is_with_either_algorithm() {
    let mut office = Office::new();
    for algorithm in [0, 1] {
        let authorization = office.answer(algorithm, "anna", "right");
        assert_eq!(office.check(&authorization), proved("anna"));
    }
    let authorization = office.answer(1, "bo", "right");
    assert_eq!(office.check(&authorization), proved("bo"));
}

#[test]
fn a_wrong_password_an_unknown_user_and_a_missing_secret_get_the_same_answer() {
    let mut office = Office::new();
    for algorithm in [0, 1] {
        for (user, password) in [("anna", "wrong"), ("nobody", "right"), ("cecilia", "right"), ("", "right")] {
            let authorization = office.answer(algorithm, user, password);
            assert_eq!(office.check(&authorization), NO, "{user}");
        }
    }
    let authorization = office.answer(0, "bo", "right");
    assert_eq!(office.check(&authorization), NO);
}

#[test]
fn without_credentials_for_our_realm_there_is_a_challenge() {
    let mut office = Office::new();
    let wall = office.wall();
    assert_eq!(office.auth.check(wall, &request("REGISTER", "sip:office.example", &[]), REALM, find), NO);
    assert_eq!(office.check("Basic YW5uYTpyaWdodA=="), NO);
    let elsewhere = office.answer(0, "anna", "right").replace(REALM, "elsewhere.example");
    assert_eq!(office.check(&elsewhere), NO);
    let mine = office.answer(0, "anna", "right");
    let both = request("REGISTER", "sip:office.example", &["Digest broken", &elsewhere, &mine]);
    assert_eq!(office.auth.check(wall, &both, REALM, find), proved("anna"));
}

#[test]
fn credentials_that_cannot_be_read_are_a_bad_request() {
    let mut office = Office::new();
    assert_eq!(office.check("Digest username=\"anna"), Verdict::Refused { code: 400 });
}

/// RFC 7616 §3.3: stale only if the digest was right.
#[test]
fn a_nonce_past_its_time_is_stale_for_who_knows_the_password() {
    let mut office = Office::new();
    let (right, wrong) = (office.answer(0, "anna", "right"), office.answer(0, "anna", "wrong"));
    office.now += 300;
    assert_eq!(office.check(&right), STALE);
    assert_eq!(office.check(&wrong), NO);
}

#[test]
fn after_a_restart_phones_are_asked_again_but_not_their_users() {
    let mut office = Office::new();
    let authorization = office.answer(0, "anna", "right");
    office.auth = Authenticator::new(43, &sip_settings());
    office.auth.configure(&dialplan::Sip { digest: vec![DigestAlgorithm::Sha256], ..sip_settings() });
    assert_eq!(office.check(&authorization), STALE);
}

#[test]
fn a_replayed_request_proves_nothing() {
    let mut office = Office::new();
    let authorization = office.answer(0, "anna", "right");
    assert_eq!(office.check(&authorization), proved("anna"));
    assert_eq!(office.check(&authorization), STALE);
    let counted_on = authorization.replace("nc=00000001", "nc=00000002");
    assert_eq!(office.check(&counted_on), NO);
}

#[test]
fn what_was_not_offered_is_challenged() {
    let mut office = Office::new();
    let right = office.answer(1, "anna", "right");
    for (from, to) in [
        ("qop=auth", "qop=auth-int"),
        (", nc=00000001", ""),
        ("algorithm=MD5", "algorithm=MD5-sess"),
        ("algorithm=MD5", "algorithm=SHA-512-256"),
    ] {
        assert!(right.contains(from), "{right}");
        assert_eq!(office.check(&right.replace(from, to)), NO, "{to}");
    }
    assert_eq!(office.check(&format!("{right}, userhash=true")), NO);
    assert_eq!(office.check(&right), proved("anna"));
    office.auth.rules.algorithms = vec![DigestAlgorithm::Sha256];
    let md5 = right.replace("nc=00000001", "nc=00000003");
    assert_eq!(office.check(&md5), NO);
}

#[test]
fn a_digest_without_qop_is_refused_unless_the_rules_allow_it_and_then_good_once() {
    let mut office = Office::new();
    let nonce = office.auth.nonces.issue(office.wall());
    let old = answer(
        &[&format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\"")],
        "anna",
        "right",
        "REGISTER",
        "sip:office.example",
        9,
    );
    let old = old.unwrap();
    assert_eq!(office.check(&old), NO);
    office.auth.rules.without_qop = true;
    assert_eq!(office.check(&old), proved("anna"));
    assert_eq!(office.check(&old), STALE);
}

/// RFC 3261 §22.4 point 1 lets the URIs differ; nobody may call elsewhere with them.
#[test]
fn the_digested_uri_may_be_written_otherwise_but_not_name_somebody_else() {
    let asked = "sip:2000@192.0.2.1:5060;user=phone";
    for (digested, same) in [
        (asked, true),
        ("sip:2000@192.0.2.1", true),
        ("sip:2000@office.example;transport=udp", true),
        ("sips:2000@Office.Example:5061", true),
        ("sip:office.example", true),
        ("sip:192.0.2.1", true),
        ("sip:%32000@192.0.2.1", true),
        ("sip:2001@192.0.2.1", false),
        ("sip:2000@elsewhere.example", false),
        ("sip:elsewhere.example", false),
        ("tel:2000", false),
        ("", false),
    ] {
        assert_eq!(is_same_goal(digested, asked, REALM), same, "{digested}");
    }
    let mut office = Office::new();
    let authorization = office.answer(0, "anna", "right");
    let call = request("REGISTER", "sip:2000@office.example", &[&authorization]);
    let wall = office.wall();
    assert_eq!(office.auth.check(wall, &call, "office.example", find), proved("anna"));
    let call = request("REGISTER", "sip:elsewhere.example", &[&authorization.replace("sip:office", "sip:x@office")]);
    assert_eq!(office.auth.check(wall, &call, "office.example", find), Verdict::Refused { code: 400 });
}

/// The work for an account is the same whether it exists: the decoy is made and compared for all.
#[test]
fn a_made_up_secret_stays_the_same_for_a_name() {
    let office = Office::new();
    assert_eq!(office.auth.decoys.mark(b"nobody"), office.auth.decoys.mark(b"nobody"));
    assert_ne!(office.auth.decoys.mark(b"nobody"), office.auth.decoys.mark(b"anybody"));
}
