//! The non-INVITE client transaction, RFC 3261 §17.1.2.
//!
//! ```text
//!                     │ request from the user: send it
//!      E: send again  ▼
//!            ┌─── Trying ──────────── F: tell of the time-out, transport fault ───▶ Terminated
//!            └───▶ │ │                                                               ▲
//!        1xx: tell │ └ 200–699: tell ──────────▶ Completed ── K ─────────────────────┤
//!                  ▼                               ▲ └ responses: nothing            │
//!            Proceeding ── 200–699: tell ──────────┘                                 │
//!     E: send again, └────── F: tell of the time-out, transport fault ───────────────┘
//!     1xx: tell
//! ```

use crate::timings::{Resend, Timings, earlier};
use State::{Completed, Proceeding, Terminated, Trying};
use bytes::Bytes;
use std::mem;
use std::time::Instant;

/// One request other than INVITE and ACK on its way to one place.
#[derive(Debug)]
pub(crate) struct Client {
    state: State,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Sent; nothing has come back.
    Trying { request: Bytes, resend: Option<Resend>, until: Instant },
    /// A provisional response came; sent again every T2.
    Proceeding { request: Bytes, resend: Option<Resend>, until: Instant },
    /// Lives until timer K to absorb resent responses.
    Completed { until: Instant },
    /// To be taken out of the table.
    Terminated,
}

/// What a machine wants when its time has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing that the user or the network would see.
    Nothing,
    /// Send this (again).
    Send(Bytes),
    /// Tell the user that it waited in vain.
    TimedOut,
}

impl Client {
    /// Begins with the request, which the caller sends.
    pub fn new(now: Instant, request: Bytes, reliable: bool, timings: &Timings) -> Self {
        let resend = Resend::begin(now, timings, reliable);
        Self { state: Trying { request, resend, until: now + timings.transaction() }, reliable }
    }

    /// Takes a response that matched this transaction, §17.1.3: whether the user shall see it.
    pub fn on_response(&mut self, now: Instant, code: u16, timings: &Timings) -> bool {
        let mut tell = true;
        self.state = match (mem::replace(&mut self.state, Terminated), code) {
            // Timer E runs on as it was set and is T2 from its next run, §17.1.2.2.
            (Trying { request, resend, until } | Proceeding { request, resend, until }, ..200) => {
                Proceeding { request, resend, until }
            }
            (Trying { .. } | Proceeding { .. }, _) if self.reliable => Terminated,
            (Trying { .. } | Proceeding { .. }, _) => Completed { until: now + timings.t4 },
            (unmoved @ (Completed { .. } | Terminated), _) => {
                tell = false;
                unmoved
            }
        };
        tell
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            Trying { resend, until, .. } | Proceeding { resend, until, .. } => Some(earlier(*resend, *until)),
            Completed { until } => Some(*until),
            Terminated => None,
        }
    }

    /// Timers E, F and K.
    pub fn on_timeout(&mut self, now: Instant, timings: &Timings) -> Due {
        match &mut self.state {
            Trying { until, .. } | Proceeding { until, .. } if *until <= now => {
                self.state = Terminated;
                Due::TimedOut
            }
            Trying { request, resend: Some(resend), .. } if resend.at <= now => {
                *resend = resend.doubled_to_t2(now, timings);
                Due::Send(request.clone())
            }
            Proceeding { request, resend: Some(resend), .. } if resend.at <= now => {
                *resend = Resend::every_t2(now, timings);
                Due::Send(request.clone())
            }
            Completed { until } if *until <= now => {
                self.state = Terminated;
                Due::Nothing
            }
            _ => Due::Nothing,
        }
    }

    /// The transport says that nothing goes there. Whether the user has to be told.
    pub fn on_fault(&mut self) -> bool {
        let unanswered = matches!(self.state, Trying { .. } | Proceeding { .. });
        if unanswered {
            self.state = Terminated;
        }
        unanswered
    }

    /// Nothing is left to do.
    pub fn is_terminated(&self) -> bool {
        matches!(self.state, Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{bytes_of, ms, play, start};

    fn trying(now: Instant, reliable: bool) -> Client {
        Client::new(now, bytes_of("OPTIONS"), reliable, &Timings::default())
    }

    fn hear(machine: &mut Client, now: Instant, code: u16) -> bool {
        machine.on_response(now, code, &Timings::default())
    }

    fn run(machine: &mut Client, start: Instant, until: u64) -> String {
        let act = |machine: &mut Client, now| machine.on_timeout(now, &Timings::default());
        play(machine, start, until, Client::poll_timeout, act)
            .into_iter()
            .map(|(at, due)| match due {
                Due::Send(bytes) => {
                    assert_eq!(bytes, bytes_of("OPTIONS"));
                    format!("s{at} ")
                }
                Due::TimedOut => format!("t{at} "),
                Due::Nothing => format!("-{at} "),
            })
            .collect()
    }

    /// §17.1.2.2: timer E doubles up to T2; F fires after 64*T1.
    #[test]
    fn a_request_that_nobody_answers_is_sent_eleven_times_in_all() {
        let t = start();
        let mut machine = trying(t, false);
        let expected = "s500 s1500 s3500 s7500 s11500 s15500 s19500 s23500 s27500 s31500 t32000 ";
        assert_eq!(run(&mut machine, t, 100_000), expected);
        assert!(machine.is_terminated());
    }

    #[test]
    fn over_a_reliable_transport_it_is_sent_once() {
        let t = start();
        let mut machine = trying(t, true);
        assert!(hear(&mut machine, t, 100));
        assert_eq!(run(&mut machine, t, 100_000), "t32000 ");
    }

    /// §17.1.2.2: "If Timer E fires while in the Proceeding state, … Timer E is set to fire in T2 seconds"; F ends
    /// that state, too.
    #[test]
    fn after_a_provisional_response_it_is_sent_every_t2() {
        let t = start();
        let mut machine = trying(t, false);
        assert_eq!(run(&mut machine, t, 600), "s500 ");
        assert!(hear(&mut machine, t + ms(700), 100));
        assert_eq!(run(&mut machine, t, 100_000), "s1500 s5500 s9500 s13500 s17500 s21500 s25500 s29500 t32000 ");
    }

    /// §17.1.2.2: Completed absorbs retransmissions until timer K (T4).
    #[test]
    fn a_final_response_is_told_once() {
        let t = start();
        let mut machine = trying(t, false);
        assert!(hear(&mut machine, t + ms(100), 200));
        assert!(!hear(&mut machine, t + ms(200), 200));
        assert!(!hear(&mut machine, t + ms(200), 100));
        assert_eq!(run(&mut machine, t, 100_000), "-5100 ");
        assert!(machine.is_terminated());
    }

    /// §17.1.2.2: timer K is zero for reliable transports.
    #[test]
    fn over_a_reliable_transport_a_final_response_ends_it() {
        let mut machine = trying(start(), true);
        assert!(hear(&mut machine, start(), 404));
        assert!(machine.is_terminated());
    }

    #[test]
    fn a_transport_fault_is_told_until_the_final_response() {
        let t = start();
        assert!(trying(t, false).on_fault());
        let mut answered = trying(t, false);
        hear(&mut answered, t, 200);
        assert!(!answered.on_fault());
    }
}
