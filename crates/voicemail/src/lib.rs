//! Voicemail: greet, record, keep, tell, listen.
