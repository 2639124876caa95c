//! Request methods, RFC 3261 §7.1 and the extensions we know.

use std::fmt;

macro_rules! methods {
    ($($variant:ident $text:literal),+ $(,)?) => {
        /// A request method. The text of `Other` is in [`Message::method_str`](crate::Message::method_str).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
            /// A method we do not know.
            Other,
        }

        impl Method {
            /// Every known method.
            pub const ALL: &[Method] = &[$(Method::$variant),+];

            /// The method as the wire has it; empty for `Other`.
            pub fn as_str(self) -> &'static str {
                match self { $(Method::$variant => $text,)+ Method::Other => "" }
            }

            /// Reads a method; methods are case-sensitive, §7.1.
            pub fn from_bytes(text: &[u8]) -> Method {
                $(if text == $text.as_bytes() { return Method::$variant; })+
                Method::Other
            }
        }
    };
}

methods! {
    Invite "INVITE", Ack "ACK", Bye "BYE", Cancel "CANCEL", Register "REGISTER", Options "OPTIONS", Info "INFO",
    Prack "PRACK", Update "UPDATE", Subscribe "SUBSCRIBE", Notify "NOTIFY", Refer "REFER", Message "MESSAGE",
    Publish "PUBLISH",
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
