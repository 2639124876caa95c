//! A device and the secret that proves it.

use crate::read::text_value;
use call::Name;
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// A phone: what registers and rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name in the plan.
    pub name: Name,
    /// The user as which it registers and authenticates.
    pub user: Name,
    /// What its credentials are compared with.
    pub secret: Secret,
    /// A SIP URI at which it always is, instead of registering.
    pub contact: Option<Name>,
    /// How many contacts it may register.
    pub contacts_max: usize,
    /// Whose it is.
    pub person: Option<Name>,
}

/// The digests `H(user:realm:password)` of RFC 7616 §3.4.2. The realm is the office's domain.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Secret {
    /// For `algorithm=MD5`.
    pub md5: Option<[u8; 16]>,
    /// For `algorithm=SHA-256`, RFC 8760.
    pub sha256: Option<[u8; 32]>,
}

impl Secret {
    /// Both digests of a password.
    pub fn of(user: &str, realm: &str, password: &str) -> Self {
        let text = format!("{user}:{realm}:{password}");
        Self { md5: Some(Md5::digest(&text).into()), sha256: Some(Sha256::digest(&text).into()) }
    }

    /// No digest at all: nobody can prove to be that device.
    pub fn is_unset(&self) -> bool {
        self.md5.is_none() && self.sha256.is_none()
    }

    /// The line for `secrets.toml`, below `[secret]`.
    pub fn line(&self, device: &str) -> String {
        let md5 = self.md5.map(|digest| format!("md5 = \"{}\"", hex(&digest)));
        let sha256 = self.sha256.map(|digest| format!("sha256 = \"{}\"", hex(&digest)));
        let digests: Vec<String> = md5.into_iter().chain(sha256).collect();
        format!("{} = {{ {} }}", crate::read::shown_string(device), digests.join(", "))
    }
}

impl std::fmt::Debug for Secret {
    /// Tells which digests there are, never what they are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set = |is_set: bool| if is_set { "set" } else { "unset" };
        write!(f, "Secret {{ md5: {}, sha256: {} }}", set(self.md5.is_some()), set(self.sha256.is_some()))
    }
}

/// A digest in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> std::fmt::Debug for Hash<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash")
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format!("{} hexadecimal digits, as `vaihde passwd` prints them", 2 * N));
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16).unwrap_or(0) as u8;
        *byte = digit(pair[0]) * 16 + digit(pair[1]);
    }
    Ok(bytes)
}

text_value!(Hash<16>, "an MD5 digest", |text: &str| unhex(text).map(Hash), |hash: &Hash<16>| hex(&hash.0));
text_value!(Hash<32>, "a SHA-256 digest", |text: &str| unhex(text).map(Hash), |hash: &Hash<32>| hex(&hash.0));

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1 gives the user, realm and password; the digest is `H(A1)`.
    #[test]
    fn a_secret_is_the_digest_of_user_realm_and_password() {
        let secret = Secret::of("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(secret.md5.map(|digest| hex(&digest)).as_deref(), Some("3d78807defe7de2157e2b0b6573a855f"));
        assert!(!format!("{secret:?}").contains("3d78"), "a secret is never printed");
    }
}
