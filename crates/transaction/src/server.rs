//! The non-INVITE server transaction, RFC 3261 §17.2.2 with RFC 4320 §4.
//!
//! ```text
//!                        │ request: tell
//!   request: nothing     ▼
//!            ┌─────── Trying ── 200–699 from the user: send ──▶ Completed ── J ──▶ Terminated
//!            └─────────▶ │ │                                      ▲ └ request: send again
//!    100, when E were T2 │ └ 64*T1+T4 without an answer ──────────┼──────────────▶ Terminated
//!                        ▼                                        │                  ▲
//!                    Proceeding ── 200–699 from the user: send ───┘                  │
//!     request: 100 again ┘ └ 64*T1+T4 without an answer ─────────────────────────────┘
//! ```
//!
//! RFC 4320 changed the figure: a non-INVITE request gets no provisional response but 100, over datagrams not before
//! the client's timer E has grown to T2 and then without fail; and never 408, which could not arrive in time. A 408
//! from the user leaves the state as it is, so that resent requests are still known.

use crate::client::Due;
use crate::timings::Timings;
use State::{Completed, Proceeding, Terminated, Trying};
use bytes::Bytes;
use sip::Message;
use std::mem;
use std::time::Instant;

/// One request other than INVITE, ACK and CANCEL that came to us.
#[derive(Debug)]
pub(crate) struct Server {
    state: State,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing has been sent. At `trying_at` a 100 is made from the request.
    Trying { request: Message, trying_at: Instant, until: Instant },
    /// The 100 is sent.
    Proceeding { trying: Bytes, until: Instant },
    /// A final response is sent; it answers resent requests until timer J.
    Completed { response: Bytes, until: Instant },
    /// To be taken out of the table.
    Terminated,
}

impl Server {
    /// Begins; the caller tells the user.
    pub fn new(now: Instant, request: Message, reliable: bool, timings: &Timings) -> Self {
        // The client gives up after 64*T1; its last copy may take T4 to get here, and is not a new request.
        let (trying_at, until) = (now + timings.late_trying(), now + timings.transaction() + timings.t4);
        Self { state: Trying { request, trying_at, until }, reliable }
    }

    /// The request came again: what to send.
    pub fn on_request(&self) -> Option<Bytes> {
        match &self.state {
            Proceeding { trying: response, .. } | Completed { response, .. } => Some(response.clone()),
            Trying { .. } | Terminated => None,
        }
    }

    /// The user answers: whether the response is to be sent.
    pub fn respond(&mut self, now: Instant, response: &Bytes, code: u16, timings: &Timings) -> bool {
        let mut send = true;
        self.state = match (mem::replace(&mut self.state, Terminated), code) {
            (Trying { trying_at, until, .. }, 100) if self.reliable || trying_at <= now => {
                Proceeding { trying: response.clone(), until }
            }
            (unmoved, 408) => {
                send = false;
                unmoved
            }
            (Trying { .. } | Proceeding { .. }, 200..) if self.reliable => Terminated,
            (Trying { .. } | Proceeding { .. }, 200..) => {
                Completed { response: response.clone(), until: now + timings.transaction() }
            }
            (unmoved, _) => {
                send = false;
                unmoved
            }
        };
        send
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            Trying { trying_at, until, .. } => Some(*trying_at.min(until)),
            Proceeding { until, .. } | Completed { until, .. } => Some(*until),
            Terminated => None,
        }
    }

    /// The late 100, timer J, and the end of a request that the user never answered.
    pub fn on_timeout(&mut self, now: Instant) -> Due {
        match &self.state {
            Trying { until, .. } | Proceeding { until, .. } | Completed { until, .. } if *until <= now => {
                self.state = Terminated;
                Due::Nothing
            }
            Trying { request, trying_at, until } if *trying_at <= now => {
                let trying = sip::respond(request, 100, None).finish();
                self.state = Proceeding { trying: trying.clone(), until: *until };
                Due::Send(trying)
            }
            _ => Due::Nothing,
        }
    }

    /// Nothing is left to do.
    pub fn is_terminated(&self) -> bool {
        matches!(self.state, Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ms, play, request, start};

    fn trying(now: Instant, reliable: bool) -> Server {
        Server::new(now, request("OPTIONS"), reliable, &Timings::default())
    }

    fn respond(machine: &mut Server, now: Instant, code: u16) -> bool {
        machine.respond(now, &Bytes::from(code.to_string()), code, &Timings::default())
    }

    fn run(machine: &mut Server, start: Instant, until: u64) -> String {
        play(machine, start, until, Server::poll_timeout, Server::on_timeout)
            .into_iter()
            .map(|(at, due)| match due {
                Due::Send(bytes) => format!("s{at}={} ", Message::parse(bytes).unwrap().code()),
                Due::TimedOut => format!("t{at} "),
                Due::Nothing => format!("-{at} "),
            })
            .collect()
    }

    /// §17.2.2: in Trying retransmissions are absorbed; in Completed they get the final response again, until J.
    #[test]
    fn a_resent_request_gets_the_final_response_again() {
        let t = start();
        let mut machine = trying(t, false);
        assert_eq!(machine.on_request(), None);
        assert!(respond(&mut machine, t + ms(100), 200));
        assert_eq!(machine.on_request().unwrap(), "200");
        // "Any other final responses passed by the TU … MUST be discarded while in the Completed state."
        assert!(!respond(&mut machine, t + ms(200), 500));
        assert_eq!(machine.on_request().unwrap(), "200");
        assert_eq!(run(&mut machine, t, 100_000), "-32100 ");
        assert!(machine.is_terminated());
    }

    /// §17.2.2: timer J is zero for reliable transports.
    #[test]
    fn over_a_reliable_transport_the_final_response_ends_it() {
        let mut machine = trying(start(), true);
        assert!(respond(&mut machine, start(), 200));
        assert!(machine.is_terminated());
    }

    /// RFC 4320 §4.1: no 100 over datagrams before timer E would be T2, and one without fail then.
    #[test]
    fn a_user_who_takes_long_is_excused_after_three_and_a_half_seconds() {
        for reliable in [false, true] {
            let t = start();
            let mut machine = trying(t, reliable);
            assert_eq!(run(&mut machine, t, 4_000), "s3500=100 ");
            assert_eq!(Message::parse(machine.on_request().unwrap()).unwrap().code(), 100);
            assert!(respond(&mut machine, t + ms(5_000), 200));
        }
    }

    #[test]
    fn an_early_100_goes_over_reliable_transports_only() {
        let t = start();
        assert!(!respond(&mut trying(t, false), t, 100));
        assert!(respond(&mut trying(t, true), t, 100));
        assert!(respond(&mut trying(t, false), t + ms(3_500), 100));
    }

    /// RFC 4320 §4.1: "MUST NOT send any provisional response with a Status-Code other than 100".
    #[test]
    fn no_other_provisional_response_is_sent() {
        let t = start();
        let mut machine = trying(t, true);
        assert!(!respond(&mut machine, t, 180));
        assert!(!respond(&mut machine, t + ms(4_000), 183));
        assert!(respond(&mut machine, t + ms(4_000), 200));
    }

    /// RFC 4320 §4.2: "MUST NOT send a response with Status-Code of 408 to a non-INVITE request".
    #[test]
    fn a_408_is_never_sent() {
        let t = start();
        for reliable in [false, true] {
            let mut machine = trying(t, reliable);
            assert!(!respond(&mut machine, t, 408));
            assert_eq!(machine.on_request(), None);
            assert_eq!(run(&mut machine, t, 100_000), "s3500=100 -37000 ");
        }
    }

    /// RFC 4320 §4.2: an element that cannot respond before the transaction expires sends nothing at all.
    #[test]
    fn a_request_that_the_user_forgets_leaves_the_table() {
        let t = start();
        let mut machine = trying(t, false);
        assert_eq!(run(&mut machine, t, 100_000), "s3500=100 -37000 ");
        assert!(machine.is_terminated());
    }
}
