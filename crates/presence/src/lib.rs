//! Presence look-up: can this person take a call now, and if not, why, until when and who instead.
