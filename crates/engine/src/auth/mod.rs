//! Digest authentication, RFC 7616 and RFC 8760, as RFC 3261 §22 uses it: who sent this request, and our own answer to a trunk.
//!
//! A nonce carries its time and our mark, so a challenge costs no memory. Only a nonce with which somebody has proved
//! who they are gets a place in a bounded table, against replays. An account that does not exist, or has no secret,
//! costs the same work and gets the same answer as a wrong password.

mod answer;
mod digest;
mod mark;
mod nonce;

pub use answer::answer;

use dialplan::{DigestAlgorithm, Secret};
use digest::{Question, Use, matches_md5, matches_sha256};
use jiff::Timestamp;
use mark::Marker;
use nonce::{Nonces, Usage};
use sip::{Challenge, Credentials, Message, Name, Uri, Writer};
use std::borrow::Cow;
use std::time::Duration;

/// Tells who sent a request.
#[derive(Debug)]
pub struct Authenticator {
    rules: Rules,
    nonces: Nonces,
    decoys: Marker,
}

/// What the configuration says about digest authentication.
#[derive(Clone, Debug)]
struct Rules {
    /// One challenge each, in this order.
    algorithms: Vec<DigestAlgorithm>,
    /// How long a nonce may be used.
    nonce_time: Duration,
    /// Whether RFC 2069's digest, without qop and counts, will do: once for each nonce.
    without_qop: bool,
}

impl From<&dialplan::Sip> for Rules {
    fn from(sip: &dialplan::Sip) -> Self {
        Self { algorithms: sip.digest.clone(), nonce_time: sip.nonce_time, without_qop: false }
    }
}

/// What a request proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It comes from this user.
    Proved {
        /// The user name of the credentials.
        user: String,
    },
    /// Nothing: 401 with [`Authenticator::challenge`].
    Challenge {
        /// The digest was right; only its nonce is used up or too old, so that the phone need not ask its user.
        stale: bool,
    },
    /// Its credentials make no sense.
    Refused {
        /// The status.
        code: u16,
    },
}

impl Authenticator {
    /// Nonces and made-up secrets come from `key`, which nobody else may know.
    pub fn new(key: u128, settings: &dialplan::Sip) -> Self {
        Self {
            rules: settings.into(),
            nonces: Nonces::new(Marker::new(key, "nonce")),
            decoys: Marker::new(key, "decoy"),
        }
    }

    /// A new configuration is in force.
    pub fn configure(&mut self, settings: &dialplan::Sip) {
        self.rules = settings.into();
    }

    /// Who sent this request? `find` gives the secret of a user.
    ///
    /// Of several credentials the first for our realm counts. The digest's URI must mean what the request-URI means,
    /// with the liberties that phones take: see [`is_same_goal`].
    pub fn check(
        &mut self,
        wall: Timestamp,
        request: &Message,
        realm: &str,
        find: impl Fn(&str) -> Option<Secret>,
    ) -> Verdict {
        let credentials = match credentials_for(request, realm) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return Verdict::Challenge { stale: false },
            Err(code) => return Verdict::Refused { code },
        };
        if !is_same_goal(&credentials.uri, request.request_uri(), realm) {
            return Verdict::Refused { code: 400 };
        }
        let (Some(algorithm), Some(usage)) = (self.algorithm(&credentials), self.usage(&credentials)) else {
            return Verdict::Challenge { stale: false };
        };
        let question = Question {
            method: request.method_str(),
            uri: &credentials.uri,
            nonce: &credentials.nonce,
            usage: usage.clone(),
        };
        if !self.is_answer(&credentials, algorithm, &question, find) {
            return Verdict::Challenge { stale: false };
        }
        match self.nonces.spend(wall, self.rules.nonce_time, &credentials.nonce, usage.map_or(1, |usage| usage.count)) {
            Usage::Fresh => Verdict::Proved { user: credentials.username.into_owned() },
            Usage::Spent => Verdict::Challenge { stale: true },
        }
    }

    /// Adds a WWW-Authenticate for each algorithm that is offered.
    pub fn challenge(&mut self, wall: Timestamp, realm: &str, stale: bool, writer: Writer) -> Writer {
        let nonce = self.nonces.issue(wall);
        self.rules.algorithms.iter().fold(writer, |writer, algorithm| {
            let challenge = Challenge {
                realm: realm.into(),
                nonce: nonce.as_str().into(),
                algorithm: Some(name_of(*algorithm).into()),
                qop: vec![Cow::Borrowed("auth")],
                stale,
                ..Challenge::default()
            };
            writer.header_fmt(Name::WwwAuthenticate, format_args!("{challenge}"))
        })
    }

    /// The algorithm that was used, if it is one that we offer. None named means MD5.
    fn algorithm(&self, credentials: &Credentials<'_>) -> Option<DigestAlgorithm> {
        let used = credentials.algorithm.as_deref().unwrap_or("MD5");
        self.rules.algorithms.iter().copied().find(|offered| name_of(*offered).eq_ignore_ascii_case(used))
    }

    /// The count and the client's own nonce; `Some(None)` for a digest without them, where the rules allow that, and
    /// `None` for what we did not offer: `auth-int`, a hashed user name, a half of it.
    fn usage<'a>(&self, credentials: &'a Credentials<'_>) -> Option<Option<Use<'a>>> {
        match (credentials.qop.as_deref(), credentials.nc, credentials.cnonce.as_deref()) {
            _ if credentials.userhash => None,
            (Some(qop), Some(count), Some(cnonce)) if qop.eq_ignore_ascii_case("auth") => {
                Some(Some(Use { count, cnonce, qop }))
            }
            (None, _, _) if self.rules.without_qop => Some(None),
            _ => None,
        }
    }

    /// Whether the response is right. The work is the same whatever `find` gives.
    fn is_answer(
        &self,
        credentials: &Credentials<'_>,
        algorithm: DigestAlgorithm,
        question: &Question<'_>,
        find: impl Fn(&str) -> Option<Secret>,
    ) -> bool {
        let decoy = self.decoys.mark(credentials.username.as_bytes());
        let secret = find(&credentials.username).unwrap_or_default();
        let (known, right) = match algorithm {
            DigestAlgorithm::Md5 => {
                let made_up = std::array::from_fn(|at| decoy[at]);
                let ha1 = secret.md5.unwrap_or(made_up);
                (secret.md5.is_some(), matches_md5(&ha1, question, &credentials.response))
            }
            DigestAlgorithm::Sha256 => {
                let ha1 = secret.sha256.unwrap_or(decoy);
                (secret.sha256.is_some(), matches_sha256(&ha1, question, &credentials.response))
            }
        };
        known & right
    }
}

fn name_of(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Md5 => "MD5",
        DigestAlgorithm::Sha256 => "SHA-256",
    }
}

/// How many Authorization lines are looked at.
const CREDENTIALS_MAX: usize = 8;

/// The first digest credentials for our realm. Those for others are none of our business, whatever they look like;
/// if there is nothing but what cannot be read, that is a bad request.
fn credentials_for<'a>(request: &'a Message, realm: &str) -> Result<Option<Credentials<'a>>, u16> {
    let mut unreadable = false;
    for line in request.headers(Name::Authorization).take(CREDENTIALS_MAX) {
        match Credentials::parse(line) {
            Ok(Some(credentials)) if credentials.realm == realm => return Ok(Some(credentials)),
            Ok(_) => {}
            Err(_) => unreadable = true,
        }
    }
    if unreadable { Err(400) } else { Ok(None) }
}

/// Whether the URI that was digested means what is asked for, RFC 7616 §3.4.6 and RFC 3261 §22.4.
///
/// Phones digest the request-URI, the same without parameters or port, the same with our domain for our address, or
/// the domain alone. All of that is let through, since a nonce's count is good for one request. Another user is not.
fn is_same_goal(digested: &str, asked: &str, realm: &str) -> bool {
    if digested == asked {
        return true;
    }
    let (Ok(digested), Ok(asked)) = (Uri::parse(digested), Uri::parse(asked)) else { return false };
    let same_user = digested.user.is_none() || digested.user_decoded() == asked.user_decoded();
    let is_ours = |host: &str| host.eq_ignore_ascii_case(asked.host) || host.eq_ignore_ascii_case(realm);
    same_user && digested.is_sip() && is_ours(digested.host)
}

#[cfg(test)]
mod tests;
