//! What is kept: notes, bindings, messages.
