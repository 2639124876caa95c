//! Our answer when somebody else wants to know who we are: a trunk's 401 or 407, RFC 3261 §22.2 and §22.3.

use super::digest::{Question, Use, response, secret};
use md5::Md5;
use sha2::Sha256;
use sip::{Challenge, Credentials};
use std::borrow::Cow;

/// The strongest first, RFC 8760 §2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
}

/// The value for Authorization or Proxy-Authorization, or `None` if we can answer none of the challenges: another
/// scheme, an algorithm that we do not know, nothing but `auth-int`. SHA-256 goes before MD5. `chance` makes the
/// client's nonce; each answer is the first use of its challenge.
pub fn answer(challenges: &[&str], user: &str, password: &str, method: &str, uri: &str, chance: u64) -> Option<String> {
    let readable = challenges.iter().filter_map(|line| Challenge::parse(line).ok().flatten());
    let answerable = readable.filter_map(|challenge| Some((algorithm_of(&challenge)?, challenge)));
    let best = answerable.filter(|(_, challenge)| is_auth_offered(challenge)).reduce(|best, next| {
        // Of equals the first: the order is the challenger's preference.
        if next.0 > best.0 { next } else { best }
    });
    let (algorithm, challenge) = best?;
    let cnonce = format!("{chance:016x}");
    let usage = (!challenge.qop.is_empty()).then_some(Use { count: 1, cnonce: &cnonce, qop: "auth" });
    let question = Question { method, uri, nonce: &challenge.nonce, usage };
    let digest = match algorithm {
        Algorithm::Md5 => response::<Md5>(&secret::<Md5>(user, &challenge.realm, password), &question),
        Algorithm::Sha256 => response::<Sha256>(&secret::<Sha256>(user, &challenge.realm, password), &question),
    };
    let credentials = Credentials {
        username: user.into(),
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: uri.into(),
        response: digest.into(),
        algorithm: challenge.algorithm.clone(),
        cnonce: question.usage.is_some().then(|| cnonce.as_str().into()),
        nc: question.usage.as_ref().map(|usage| usage.count),
        qop: question.usage.as_ref().map(|usage| Cow::Borrowed(usage.qop)),
        opaque: challenge.opaque.clone(),
        userhash: false,
    };
    Some(credentials.to_string())
}

fn algorithm_of(challenge: &Challenge<'_>) -> Option<Algorithm> {
    match challenge.algorithm.as_deref() {
        None => Some(Algorithm::Md5),
        Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
        Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
        Some(_) => None,
    }
}

fn is_auth_offered(challenge: &Challenge<'_>) -> bool {
    challenge.qop.is_empty() || challenge.qop.iter().any(|qop| qop.eq_ignore_ascii_case("auth"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth,auth-int\", opaque=\"o\"";
    const SHA: &str = "Digest realm=\"trunk\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"";

    fn reply(challenges: &[&str]) -> Option<String> {
        answer(challenges, "office", "secret", "INVITE", "sip:112@trunk.example", 7)
    }

    #[test]
    fn sha_256_goes_before_md5_in_whatever_order_they_come() {
        for challenges in [[MD5, SHA], [SHA, MD5]] {
            let text = reply(&challenges).unwrap();
            let credentials = Credentials::parse(&text).unwrap().unwrap();
            assert_eq!(credentials.algorithm.as_deref(), Some("SHA-256"));
            assert_eq!((&*credentials.nonce, credentials.response.len()), ("n2", 64));
        }
    }

    #[test]
    fn what_the_challenge_says_is_repeated() {
        let text = reply(&[MD5]).unwrap();
        let credentials = Credentials::parse(&text).unwrap().unwrap();
        assert_eq!((&*credentials.username, &*credentials.realm, &*credentials.nonce), ("office", "trunk", "n1"));
        assert_eq!(&*credentials.uri, "sip:112@trunk.example");
        assert_eq!((credentials.opaque.as_deref(), credentials.qop.as_deref()), (Some("o"), Some("auth")));
        assert_eq!((credentials.nc, credentials.cnonce.as_deref()), (Some(1), Some("0000000000000007")));
    }

    #[test]
    fn an_old_challenge_gets_an_old_answer() {
        let text = reply(&["Digest realm=\"trunk\", nonce=\"n\""]).unwrap();
        let credentials = Credentials::parse(&text).unwrap().unwrap();
        assert_eq!(
            (credentials.qop, credentials.nc, credentials.cnonce, credentials.algorithm),
            (None, None, None, None)
        );
        assert_eq!(credentials.response.len(), 32);
    }

    #[test]
    fn what_we_cannot_do_is_not_answered() {
        let strange = [
            "Basic realm=\"trunk\"",
            "Digest realm=\"trunk\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"",
            "Digest realm=\"trunk\", nonce=\"n\", algorithm=MD5-sess, qop=\"auth\"",
            "Digest realm=\"trunk\", nonce=\"n\", qop=\"auth-int\"",
            "Digest nonsense",
        ];
        assert_eq!(reply(&strange), None);
        assert_eq!(reply(&[]), None);
        assert!(reply(&[strange[0], strange[1], MD5]).is_some());
    }
}
