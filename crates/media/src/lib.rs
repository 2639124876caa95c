//! RTP relay, prompts, digits and recording on threads of its own.
