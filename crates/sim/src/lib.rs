//! Phones, network, clock and dice around the engine.
