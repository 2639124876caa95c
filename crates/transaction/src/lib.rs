//! SIP transactions: RFC 3261 section 17 and RFC 6026.
