//! SIP messages: text to header index and back, RFC 3261 section 7.
