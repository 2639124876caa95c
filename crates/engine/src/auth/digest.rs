//! What a digest is made of, RFC 7616 §3.4.1 to §3.4.3, and comparing it in constant time.

use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use subtle::ConstantTimeEq;

/// What the digest covers besides the secret.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The digest's own URI.
    pub uri: &'a str,
    /// The challenge's nonce.
    pub nonce: &'a str,
    /// With qop; without it the digest is that of RFC 2069.
    pub usage: Option<Use<'a>>,
}

/// What qop adds.
#[derive(Clone, Debug)]
pub struct Use<'a> {
    /// How often the nonce was used, this time included.
    pub count: u32,
    /// The client's own nonce.
    pub cnonce: &'a str,
    /// `auth`, as it was written.
    pub qop: &'a str,
}

/// The response in lower-case hexadecimal, by the secret `H(user:realm:password)`.
pub fn response<D: Digest>(ha1: &[u8], question: &Question<'_>) -> String {
    hex(&raw::<D>(ha1, question))
}

/// The secret for one algorithm.
pub fn secret<D: Digest>(user: &str, realm: &str, password: &str) -> Vec<u8> {
    D::new()
        .chain_update(user)
        .chain_update(":")
        .chain_update(realm)
        .chain_update(":")
        .chain_update(password)
        .finalize()
        .to_vec()
}

/// Whether this is the response that the secret gives.
pub fn matches_md5(ha1: &[u8; 16], question: &Question<'_>, given: &str) -> bool {
    is_same::<16>(&raw::<Md5>(ha1, question), given)
}

/// Whether this is the response that the secret gives.
pub fn matches_sha256(ha1: &[u8; 32], question: &Question<'_>, given: &str) -> bool {
    is_same::<32>(&raw::<Sha256>(ha1, question), given)
}

fn raw<D: Digest>(ha1: &[u8], question: &Question<'_>) -> Vec<u8> {
    let Question { method, uri, nonce, usage } = question;
    let ha2 = D::new().chain_update(method).chain_update(":").chain_update(uri).finalize();
    let mut digest = D::new().chain_update(hex(ha1)).chain_update(":").chain_update(nonce).chain_update(":");
    if let Some(Use { count, cnonce, qop }) = usage {
        digest.update(format!("{count:08x}:{cnonce}:{qop}:"));
    }
    digest.chain_update(hex(&ha2)).finalize().to_vec()
}

/// The time this takes depends on the length of `given` alone.
fn is_same<const N: usize>(right: &[u8], given: &str) -> bool {
    let mut bytes = [0u8; N];
    let mut readable = given.len() == 2 * N;
    for (byte, pair) in bytes.iter_mut().zip(given.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| (pair[at] as char).to_digit(16).unwrap_or(16) as u8;
        readable &= digit(0) < 16 && digit(1) < 16;
        *byte = digit(0) << 4 | digit(1) & 15;
    }
    readable & bool::from(right.ct_eq(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn question() -> Question<'static> {
        let usage = Some(Use { count: 1, cnonce: CNONCE, qop: "auth" });
        Question { method: "GET", uri: "/dir/index.html", nonce: NONCE, usage }
    }

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_example_of_the_rfc_comes_out_for_both_algorithms() {
        let (user, realm, password) = ("Mufasa", "http-auth@example.org", "Circle of Life");
        let md5 = secret::<Md5>(user, realm, password);
        assert_eq!(response::<Md5>(&md5, &question()), "8ca523f5e9506fed4657c9700eebdbec");
        let sha256 = secret::<Sha256>(user, realm, password);
        assert_eq!(
            response::<Sha256>(&sha256, &question()),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    /// The example of RFC 2069 §2.4, as its erratum 749 corrects it.
    #[test]
    fn a_digest_without_qop_is_that_of_rfc_2069() {
        let secret = secret::<Md5>("Mufasa", "testrealm@host.com", "CircleOfLife");
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let question = Question { method: "GET", uri: "/dir/index.html", nonce, usage: None };
        assert_eq!(response::<Md5>(&secret, &question), "1949323746fe6a43ef61f9606e7febea");
    }

    #[test]
    fn only_the_whole_response_is_right() {
        let secret: [u8; 16] = secret::<Md5>("Mufasa", "http-auth@example.org", "Circle of Life").try_into().unwrap();
        let right = "8ca523f5e9506fed4657c9700eebdbec";
        assert!(matches_md5(&secret, &question(), right));
        assert!(matches_md5(&secret, &question(), &right.to_uppercase()));
        for wrong in ["", "8c", &right[..30], &format!("{right}00"), &right.replace('8', "9"), &right.replace('8', "g")]
        {
            assert!(!matches_md5(&secret, &question(), wrong), "{wrong}");
        }
    }
}
