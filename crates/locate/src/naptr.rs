//! Which transports a domain offers, RFC 3263 §4.1, RFC 3403 and RFC 7118 §8.

use sip::Transport;

use crate::{Domain, Naptr, Reach, Record};

/// One way that a domain offers and that we can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub transport: Transport,
    /// Has the servers of this transport, or is one.
    pub name: Domain,
    /// The name has SRV records; else it has addresses.
    pub is_service: bool,
}

/// The rules that count, best first: of those that we can follow, the ones of the lowest order. A rule of another order
/// must not be considered once one has matched (RFC 3403 §4.1), so nobody is led from TLS to UDP by a server that fails.
pub(crate) fn rules(records: &[Record], secure: bool, reach: &Reach) -> Vec<Rule> {
    let mut rules: Vec<(&Naptr, Rule)> = records
        .iter()
        .filter_map(Record::naptr)
        .filter_map(|naptr| Some((naptr, rule(naptr)?)))
        .filter(|(_, rule)| reach.has(rule.transport) && (!secure || is_secure(rule.transport)))
        .collect();
    rules.sort_by_key(|(naptr, _)| (naptr.order, naptr.preference));
    let order = rules.first().map(|(naptr, _)| naptr.order);
    rules.into_iter().filter(|(naptr, _)| Some(naptr.order) == order).map(|(_, rule)| rule).collect()
}

/// A rule that SIP knows: a final one with a replacement in place of an expression.
fn rule(naptr: &Naptr) -> Option<Rule> {
    let transport = match naptr.service.to_ascii_uppercase().as_str() {
        "SIP+D2U" => Transport::Udp,
        "SIP+D2T" => Transport::Tcp,
        "SIPS+D2T" => Transport::Tls,
        "SIP+D2W" => Transport::Ws,
        "SIPS+D2W" => Transport::Wss,
        _ => return None,
    };
    let is_service = match &*naptr.flags {
        "s" | "S" => true,
        "a" | "A" => false,
        _ => return None,
    };
    let name = naptr.replacement.clone().filter(|_| naptr.regexp.is_empty())?;
    Some(Rule { transport, name, is_service })
}

/// What a SIPS URI may be reached by.
pub(crate) fn is_secure(transport: Transport) -> bool {
    matches!(transport, Transport::Tls | Transport::Wss)
}
