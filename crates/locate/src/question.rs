//! What is asked of DNS and what it answers: the records of RFC 1035, 2782, 3403 and 3596 that SIP needs.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use crate::Domain;

/// The type of record asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Which transports a domain offers.
    Naptr,
    /// Which hosts serve one transport of a domain.
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Kind::Naptr => "NAPTR",
            Kind::Srv => "SRV",
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
        })
    }
}

/// One question for DNS.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// About whom; fully qualified, unless it is one label.
    pub name: Domain,
    /// Which records.
    pub kind: Kind,
}

impl fmt::Display for Question {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind, self.name)
    }
}

/// What DNS knows: records of the kind asked for, aliases already followed. Cheap to clone.
pub type Answer = Result<Arc<[Record]>, LookupFault>;

/// Why there are no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupFault {
    /// There is no such name, or it has no records of this kind; good for so long, if DNS said how long (RFC 2308).
    Nothing {
        /// The time from the SOA record.
        ttl_secs: Option<u32>,
    },
    /// No server answered, or none could.
    Failed,
}

impl fmt::Display for LookupFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            LookupFault::Nothing { .. } => "no such records",
            LookupFault::Failed => "DNS does not answer",
        })
    }
}

/// A record and how long it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The rest of its life.
    pub ttl_secs: u32,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A transport that a domain offers.
    Naptr(Naptr),
    /// A host that serves it.
    Srv(Srv),
    /// An address.
    A(Ipv4Addr),
    /// An address.
    Aaaa(Ipv6Addr),
}

/// A rule of RFC 3403 §4.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Rules of the lowest order that we can follow are the ones that count.
    pub order: u16,
    /// Lower is better among rules of one order.
    pub preference: u16,
    /// `s`: the replacement has SRV records; `a`: it has addresses.
    pub flags: Box<str>,
    /// `SIP+D2U`
    pub service: Box<str>,
    /// Empty in rules that SIP follows.
    pub regexp: Box<str>,
    /// Where to go on; `None` is the root.
    pub replacement: Option<Domain>,
}

/// A server of RFC 2782.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower is better.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its name; `None` is the root, which says that the service is not offered.
    pub target: Option<Domain>,
}

impl Record {
    pub(crate) fn naptr(&self) -> Option<&Naptr> {
        if let Data::Naptr(naptr) = &self.data { Some(naptr) } else { None }
    }

    pub(crate) fn srv(&self) -> Option<&Srv> {
        if let Data::Srv(srv) = &self.data { Some(srv) } else { None }
    }
}
