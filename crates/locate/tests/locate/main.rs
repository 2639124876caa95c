//! RFC 3263 and its relatives, sentence by sentence, with a zone file in place of DNS.

mod blacklist;
mod cache;
mod chance;
mod failover;
mod families;
mod locator;
mod request;
mod response;
mod strange;
mod zone;
