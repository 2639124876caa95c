//! Devices and their secrets.

use crate::plan::Hash;
use crate::read::section;
use call::Name;

section! {
    /// A phone. A device that a person's `devices` names needs no section of its own unless something differs.
    pub(crate) struct DeviceKeys = "[device.…]" {
        /// The user name that is typed into the phone. Left out: the device's name.
        pub(crate) user: Option<Name> = None;
        /// A SIP URI at which the device always is, such as "sip:192.0.2.7:5060", instead of registering.
        pub(crate) contact: Option<Name> = None;
        /// How many contacts it may register. Left out: `limits.contacts_per_device`.
        pub(crate) contacts: Option<u16> = None;
    }
}

section! {
    /// What a device's password is compared with: hashes that `vaihde passwd` prints. They belong into a file of their
    /// own beside the others, `secrets.toml`, that only the exchange can read.
    pub(crate) struct SecretKeys = "[secret]" {
        /// H(user:domain:password) with MD5.
        pub(crate) md5: Option<Hash<16>> = None;
        /// The same with SHA-256.
        pub(crate) sha256: Option<Hash<32>> = None;
    }
}
