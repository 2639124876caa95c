//! Header names with their compact forms, RFC 3261 §7.3.3 and IANA's registry.

use std::fmt;

macro_rules! names {
    ($($variant:ident $text:literal $($compact:literal)?),+ $(,)?) => {
        /// A header name that we know.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Name {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
            /// A name we do not know; its text is in [`Message::all_headers`](crate::Message::all_headers).
            Other,
        }

        const WRITTEN: &[(Name, &[u8])] = &[
            $((Name::$variant, $text.as_bytes()), $((Name::$variant, $compact.as_bytes()),)?)+
        ];

        impl Name {
            /// The full name as it is usually written; empty for `Other`.
            pub fn as_str(self) -> &'static str {
                match self { $(Name::$variant => $text,)+ Name::Other => "" }
            }
        }
    };
}

names! {
    Via "Via" "v", From "From" "f", To "To" "t", CallId "Call-ID" "i", CSeq "CSeq", Contact "Contact" "m",
    MaxForwards "Max-Forwards", Route "Route", RecordRoute "Record-Route", ContentLength "Content-Length" "l",
    ContentType "Content-Type" "c", ContentEncoding "Content-Encoding" "e", ContentDisposition "Content-Disposition",
    ContentLanguage "Content-Language", ContentId "Content-ID", MimeVersion "MIME-Version", Expires "Expires",
    MinExpires "Min-Expires", Allow "Allow", Supported "Supported" "k", Require "Require",
    ProxyRequire "Proxy-Require", Unsupported "Unsupported", Authorization "Authorization",
    WwwAuthenticate "WWW-Authenticate", ProxyAuthorization "Proxy-Authorization",
    ProxyAuthenticate "Proxy-Authenticate", AuthenticationInfo "Authentication-Info", UserAgent "User-Agent",
    Server "Server", Date "Date", Path "Path", ServiceRoute "Service-Route", RSeq "RSeq", RAck "RAck",
    SessionExpires "Session-Expires" "x", MinSe "Min-SE", Event "Event" "o",
    SubscriptionState "Subscription-State", AllowEvents "Allow-Events" "u", ReferTo "Refer-To" "r",
    ReferredBy "Referred-By" "b", ReferSub "Refer-Sub", Replaces "Replaces", Join "Join", Reason "Reason",
    PAssertedIdentity "P-Asserted-Identity", PPreferredIdentity "P-Preferred-Identity", Privacy "Privacy",
    RemotePartyId "Remote-Party-ID", Diversion "Diversion", HistoryInfo "History-Info", RetryAfter "Retry-After",
    Warning "Warning", Accept "Accept", AcceptContact "Accept-Contact" "a", AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language", AcceptResourcePriority "Accept-Resource-Priority", AlertInfo "Alert-Info",
    CallInfo "Call-Info", ErrorInfo "Error-Info", FlowTimer "Flow-Timer", Geolocation "Geolocation",
    Identity "Identity" "y", IdentityInfo "Identity-Info" "n", InReplyTo "In-Reply-To", MaxBreadth "Max-Breadth",
    Organization "Organization", PAccessNetworkInfo "P-Access-Network-Info", PAssociatedUri "P-Associated-URI",
    PCalledPartyId "P-Called-Party-ID", PChargingVector "P-Charging-Vector", PEarlyMedia "P-Early-Media",
    Priority "Priority", RejectContact "Reject-Contact" "j", ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" "d", ResourcePriority "Resource-Priority", SessionId "Session-ID",
    SipEtag "SIP-ETag", SipIfMatch "SIP-If-Match", Subject "Subject" "s", TargetDialog "Target-Dialog",
    Timestamp "Timestamp", UserToUser "User-to-User", RecvInfo "Recv-Info", InfoPackage "Info-Package",
}

/// Open-addressed: every entry is 1 + its place in `WRITTEN`, 0 ends a search.
static SLOTS: [u8; 512] = slots();

const fn slots() -> [u8; 512] {
    let mut slots = [0; 512];
    let mut n = 0;
    while n < WRITTEN.len() {
        let mut slot = slot_of(WRITTEN[n].1);
        while slots[slot] != 0 {
            slot = (slot + 1) % 512;
        }
        slots[slot] = n as u8 + 1;
        n += 1;
    }
    slots
}

/// Length and three letters tell all names apart with these factors; `| 0x20` makes it blind to case.
const fn slot_of(name: &[u8]) -> usize {
    let len = name.len();
    let (first, middle, last) = (name[0] | 0x20, name[len / 2] | 0x20, name[len - 1] | 0x20);
    (len * 169 + first as usize * 21 + middle as usize * 55 + last as usize * 141) % 512
}

impl Name {
    /// Reads a name in any case, long or compact.
    pub fn from_bytes(name: &[u8]) -> Name {
        if name.is_empty() {
            return Name::Other;
        }
        let mut slot = slot_of(name);
        while let Some(at) = (SLOTS[slot] as usize).checked_sub(1) {
            let (known, text) = WRITTEN[at];
            if text == name || text.eq_ignore_ascii_case(name) {
                return known;
            }
            slot = (slot + 1) % 512;
        }
        Name::Other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_only_when_whole() {
        for (name, text) in WRITTEN {
            assert_eq!(Name::from_bytes(text), *name);
            assert_eq!(Name::from_bytes(&text.to_ascii_uppercase()), *name);
            assert_eq!(Name::from_bytes(&[text, &b"z"[..]].concat()), Name::Other);
        }
        assert_eq!(Name::from_bytes(b""), Name::Other);
        assert_eq!(Name::from_bytes(b"X-Unknown"), Name::Other);
    }

    #[test]
    fn no_two_names_share_a_slot() {
        let mut slots: Vec<_> = WRITTEN.iter().map(|(_, text)| slot_of(text)).collect();
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), WRITTEN.len());
    }
}
