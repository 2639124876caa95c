//! One shard of the exchange, without IO.
