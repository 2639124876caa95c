//! Answers a challenge, RFC 7616: written from the RFC, not from the exchange's code.

use md5::{Digest as _, Md5};
use sha2::Sha256;
use sip::{Challenge, Message, Name};

/// Who proves to be whom.
pub(super) struct Account<'a> {
    pub user: &'a str,
    pub password: &'a str,
    /// Prefer SHA-256.
    pub sha256: bool,
}

impl Account<'_> {
    /// The header line for a request that was answered 401 or 407, and its name.
    pub fn answer(&self, response: &Message, method: &str, uri: &str, nc: u32, cnonce: &str) -> Option<(Name, String)> {
        let (asks, answers) = match response.code() {
            401 => (Name::WwwAuthenticate, Name::Authorization),
            _ => (Name::ProxyAuthenticate, Name::ProxyAuthorization),
        };
        let challenges: Vec<Challenge<'_>> =
            response.headers(asks).filter_map(|line| Challenge::parse(line).ok().flatten()).collect();
        let is_sha256 = |challenge: &&Challenge<'_>| challenge.algorithm.as_deref() == Some("SHA-256");
        let challenge = match challenges.iter().find(is_sha256).filter(|_| self.sha256) {
            Some(challenge) => challenge,
            None => challenges.iter().find(|challenge| !is_sha256(challenge))?,
        };
        let hash: fn(&str) -> String = if is_sha256(&challenge) { sha256 } else { md5 };
        let (realm, nonce) = (&*challenge.realm, &*challenge.nonce);
        let a1 = hash(&format!("{}:{realm}:{}", self.user, self.password));
        let a2 = hash(&format!("{method}:{uri}"));
        let algorithm = if is_sha256(&challenge) { "SHA-256" } else { "MD5" };
        let mut line =
            format!("Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\"", self.user);
        let response = if challenge.qop.iter().any(|qop| qop == "auth") {
            line += &format!(", qop=auth, nc={nc:08x}, cnonce=\"{cnonce}\"");
            hash(&format!("{a1}:{nonce}:{nc:08x}:{cnonce}:auth:{a2}"))
        } else {
            hash(&format!("{a1}:{nonce}:{a2}"))
        };
        line += &format!(", response=\"{response}\", algorithm={algorithm}");
        if let Some(opaque) = &challenge.opaque {
            line += &format!(", opaque=\"{opaque}\"");
        }
        Some((answers, line))
    }
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// RFC 7616 §3.9.1, with the names of SIP around it.
    #[test]
    fn the_example_of_the_rfc_is_answered_as_it_says() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let text = format!(
            "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n\
             Call-ID: c\r\nCSeq: 1 REGISTER\r\n\
             WWW-Authenticate: Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, nonce=\"{nonce}\"\r\n\
             WWW-Authenticate: Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, nonce=\"{nonce}\"\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let response = Message::parse(Bytes::from(text)).expect("valid");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = |sha256| {
            let account = Account { user: "Mufasa", password: "Circle of Life", sha256 };
            account.answer(&response, "GET", "/dir/index.html", 1, cnonce).expect("a challenge").1
        };
        assert!(answer(false).contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
        assert!(answer(true).contains("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
    }
}
