//! Ring groups and delayed forward: who rings, when, for how long.
