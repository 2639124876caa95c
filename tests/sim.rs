//! A random office by seed.
