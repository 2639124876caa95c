//! SIP dialogs, offer/answer and session timers: one leg of a call.
