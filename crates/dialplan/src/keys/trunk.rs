//! Trunks.

use crate::number::Number;
use crate::plan::Network;
use crate::read::{Faults, Later, Node, Value, Word, kind_and_name, section, shown_string};
use call::Name;
use call::media::Codec;

section! {
    /// A way to the telephone network or to another exchange: `[trunk.operator]`.
    pub(crate) struct TrunkKeys = "[trunk.…]" {
        /// The SIP URI to which calls go, such as "sip:192.0.2.10" or "sip:192.0.2.10:5080;transport=tcp".
        pub(crate) proxy: Name;
        /// Where its calls come from, when not only from the proxy's address. Calls from elsewhere are not its.
        pub(crate) addresses: Vec<Network> = Vec::new();
        /// The user name for the trunk's challenges.
        pub(crate) user: Option<Name> = None;
        /// The environment variable with the password.
        pub(crate) password_env: Option<Name> = None;
        /// The file with the password, beside the configuration.
        pub(crate) password_file: Option<Name> = None;
        /// The number that we show where the route says nothing else.
        pub(crate) shown_as "as": Option<Number> = None;
        /// The codecs that the trunk takes.
        pub(crate) codecs: Option<Later<Vec<Codec>>> = None;
        /// Registers at the trunk.
        pub(crate) register: Option<Later<RegisterKeys>> = None;
    }
}

section! {
    /// How we register at a trunk.
    pub(crate) struct RegisterKeys = "`register`" {
        /// The user.
        pub(crate) user: Name;
        /// The environment variable with the password.
        pub(crate) password_env: Option<Name> = None;
        /// The file with the password, beside the configuration.
        pub(crate) password_file: Option<Name> = None;
    }
}

/// A trunk as steps name it: `trunk:operator`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrunkName(pub(crate) Word);

impl Value for TrunkName {
    fn what() -> String {
        "a trunk such as \"trunk:operator\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        match kind_and_name(node, text) {
            ("trunk", Some((name, span))) => Word::checked(name, span, faults).map(Self),
            _ => {
                faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
                None
            }
        }
    }

    fn show(&self) -> Option<String> {
        Some(shown_string(&format!("trunk:{}", self.0)))
    }
}

impl TrunkKeys {
    /// The user with the place of the password: a variable or a file.
    pub(crate) fn credentials(&self) -> Option<(&Name, Option<&Name>, Option<&Name>)> {
        let own = self.user.as_ref().map(|user| (user, self.password_env.as_ref(), self.password_file.as_ref()));
        own.or_else(|| {
            let Later(register) = self.register.as_ref()?;
            Some((&register.user, register.password_env.as_ref(), register.password_file.as_ref()))
        })
    }
}
