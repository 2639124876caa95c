//! The INVITE server transaction, RFC 3261 §17.2.1 with RFC 6026 §7.1.
//!
//! ```text
//!                        │ INVITE: tell
//!  INVITE: last 1xx      ▼
//!  again        ┌─── Proceeding ── 2xx from the user: send ───▶ Accepted ── L ──▶ Terminated
//!  1xx from the │     │  ▲ │                                     │ INVITE: nothing
//!  user: send   └─────┼──┘ │                                     │ ACK: tell
//!                     │    │ CANCEL: tell once                   │ 2xx from the user: send
//!                     │
//!                     └ 300–699 from the user: send ─▶ Completed ── H: tell of no ACK ──▶ Terminated
//!                                                       │  ▲ │ INVITE, G: send again
//!                                                       │  └─┘
//!                                                       └ ACK ─▶ Confirmed ── I ──▶ Terminated
//!                                                                 └ ACK: nothing
//! ```
//!
//! The user answers at once with 100 at least, so the transaction has no 200 ms of its own. A response that cannot
//! be sent leaves the state as it is (RFC 6026 §7.1): timers H and L end what the network does not.

use crate::client::Due;
use crate::timings::{Resend, Timings, earlier};
use State::{Accepted, Completed, Confirmed, Proceeding, Terminated};
use bytes::Bytes;
use std::mem;
use std::time::Instant;

/// One INVITE that came to us.
#[derive(Debug)]
pub(crate) struct InviteServer {
    state: State,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// The user has not decided. Lasts as long as it rings: the user ends it.
    Proceeding { provisional: Option<Bytes>, cancelled: bool },
    /// 2xx sent; absorbs the INVITE until timer L. The dialog resends the 2xx.
    Accepted { until: Instant },
    /// 3xx–6xx sent; sent again by timer G until the ACK or timer H.
    Completed { response: Bytes, resend: Option<Resend>, until: Instant },
    /// Acknowledged; absorbs resent ACKs until timer I.
    Confirmed { until: Instant },
    /// To be taken out of the table.
    Terminated,
}

/// What an ACK that matched this transaction is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Acked {
    /// A final response of this transaction: done with.
    Ours,
    /// The 2xx: the dialog wants to see it.
    Dialogs,
}

impl InviteServer {
    /// Begins; the caller tells the user.
    pub fn new(reliable: bool) -> Self {
        Self { state: Proceeding { provisional: None, cancelled: false }, reliable }
    }

    /// The INVITE came again: what to send.
    pub fn on_invite(&self) -> Option<Bytes> {
        match &self.state {
            Proceeding { provisional, .. } => provisional.clone(),
            Completed { response, .. } => Some(response.clone()),
            Accepted { .. } | Confirmed { .. } | Terminated => None,
        }
    }

    /// The user answers: whether the response is to be sent.
    pub fn respond(&mut self, now: Instant, response: &Bytes, code: u16, timings: &Timings) -> bool {
        let mut send = true;
        self.state = match (mem::replace(&mut self.state, Terminated), code) {
            (Proceeding { cancelled, .. }, ..200) => Proceeding { provisional: Some(response.clone()), cancelled },
            (Proceeding { .. }, 200..=299) => Accepted { until: now + timings.transaction() },
            (Proceeding { .. }, 300..) => Completed {
                response: response.clone(),
                resend: Resend::begin(now, timings, self.reliable),
                until: now + timings.transaction(),
            },
            (Accepted { until }, 200..=299) => Accepted { until },
            (unmoved, _) => {
                send = false;
                unmoved
            }
        };
        send
    }

    /// Takes an ACK with this transaction's branch.
    pub fn on_ack(&mut self, now: Instant, timings: &Timings) -> Acked {
        match self.state {
            Completed { .. } if self.reliable => self.state = Terminated,
            Completed { .. } => self.state = Confirmed { until: now + timings.t4 },
            Accepted { .. } => return Acked::Dialogs,
            Proceeding { .. } | Confirmed { .. } | Terminated => {}
        }
        Acked::Ours
    }

    /// Takes a CANCEL, §9.2: whether the user has to be told, once and only while it can still decide.
    pub fn on_cancel(&mut self) -> bool {
        match &mut self.state {
            Proceeding { cancelled, .. } => !mem::replace(cancelled, true),
            _ => false,
        }
    }

    /// The last response kept, in which the To tag may be found.
    pub fn last_response(&self) -> Option<&Bytes> {
        match &self.state {
            Proceeding { provisional, .. } => provisional.as_ref(),
            Completed { response, .. } => Some(response),
            Accepted { .. } | Confirmed { .. } | Terminated => None,
        }
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            Proceeding { .. } | Terminated => None,
            Completed { resend, until, .. } => Some(earlier(*resend, *until)),
            Accepted { until } | Confirmed { until } => Some(*until),
        }
    }

    /// Timers G, H, I and L.
    pub fn on_timeout(&mut self, now: Instant, timings: &Timings) -> Due {
        match &mut self.state {
            Completed { until, .. } if *until <= now => {
                self.state = Terminated;
                Due::TimedOut
            }
            Completed { response, resend: Some(resend), .. } if resend.at <= now => {
                *resend = resend.doubled_to_t2(now, timings);
                Due::Send(response.clone())
            }
            Accepted { until } | Confirmed { until } if *until <= now => {
                self.state = Terminated;
                Due::Nothing
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
    use crate::testing::{ms, play, start};

    fn respond(machine: &mut InviteServer, now: Instant, code: u16) -> bool {
        machine.respond(now, &Bytes::from(code.to_string()), code, &Timings::default())
    }

    fn ack(machine: &mut InviteServer, now: Instant) -> Acked {
        machine.on_ack(now, &Timings::default())
    }

    fn run(machine: &mut InviteServer, start: Instant, until: u64) -> String {
        let act = |machine: &mut InviteServer, now| machine.on_timeout(now, &Timings::default());
        play(machine, start, until, InviteServer::poll_timeout, act)
            .into_iter()
            .map(|(at, due)| match due {
                Due::Send(bytes) => format!("s{at}={} ", String::from_utf8_lossy(&bytes)),
                Due::TimedOut => format!("t{at} "),
                Due::Nothing => format!("-{at} "),
            })
            .collect()
    }

    /// §17.2.1: "If a request retransmission is received while in the Proceeding state, the most recent provisional
    /// response that was received from the TU MUST be passed to the transport layer".
    #[test]
    fn a_resent_invite_gets_the_latest_provisional_response() {
        let t = start();
        let mut machine = InviteServer::new(false);
        assert_eq!(machine.on_invite(), None);
        assert!(respond(&mut machine, t, 100) && respond(&mut machine, t, 180));
        assert_eq!(machine.on_invite().unwrap(), "180");
        assert_eq!(machine.poll_timeout(), None);
    }

    /// §17.2.1: G doubles up to T2, H ends it after 64*T1 without an ACK and the user is told.
    #[test]
    fn a_refusal_that_nobody_acknowledges_is_sent_until_timer_h() {
        let t = start();
        let mut machine = InviteServer::new(false);
        assert!(respond(&mut machine, t, 486));
        assert_eq!(machine.on_invite().unwrap(), "486");
        let expected = "s500=486 s1500=486 s3500=486 s7500=486 s11500=486 s15500=486 s19500=486 s23500=486 \
                        s27500=486 s31500=486 t32000 ";
        assert_eq!(run(&mut machine, t, 100_000), expected);
        assert!(machine.is_terminated());
    }

    /// §17.2.1: G is for unreliable transports, H for any.
    #[test]
    fn over_a_reliable_transport_a_refusal_is_sent_once() {
        let t = start();
        let mut machine = InviteServer::new(true);
        assert!(respond(&mut machine, t, 486));
        assert_eq!(run(&mut machine, t, 100_000), "t32000 ");
    }

    /// §17.2.1: the ACK leads to Confirmed, which absorbs more ACKs until timer I (T4).
    #[test]
    fn an_ack_stops_the_retransmissions() {
        let t = start();
        let mut machine = InviteServer::new(false);
        respond(&mut machine, t, 486);
        assert_eq!(ack(&mut machine, t + ms(100)), Acked::Ours);
        assert_eq!(ack(&mut machine, t + ms(200)), Acked::Ours);
        assert_eq!(machine.on_invite(), None);
        assert!(!respond(&mut machine, t, 487));
        assert_eq!(run(&mut machine, t, 100_000), "-5100 ");
        assert!(machine.is_terminated());
    }

    /// §17.2.1: timer I is zero for reliable transports.
    #[test]
    fn over_a_reliable_transport_the_ack_ends_it() {
        let mut machine = InviteServer::new(true);
        respond(&mut machine, start(), 486);
        assert_eq!(ack(&mut machine, start()), Acked::Ours);
        assert!(machine.is_terminated());
    }

    /// RFC 6026 §7.1: in Accepted the INVITE is absorbed without an answer, ACKs go to the user, so do more 2xx
    /// from the user to the network; timer L (64*T1, any transport) ends it.
    #[test]
    fn a_2xx_keeps_the_transaction_until_timer_l() {
        for reliable in [false, true] {
            let t = start();
            let mut machine = InviteServer::new(reliable);
            assert!(respond(&mut machine, t, 200));
            assert_eq!(machine.on_invite(), None);
            assert_eq!(ack(&mut machine, t), Acked::Dialogs);
            assert_eq!(ack(&mut machine, t), Acked::Dialogs);
            assert!(respond(&mut machine, t + ms(500), 200));
            assert!(!respond(&mut machine, t + ms(500), 500));
            assert!(!respond(&mut machine, t + ms(500), 180));
            assert_eq!(run(&mut machine, t, 100_000), "-32000 ");
            assert!(machine.is_terminated());
        }
    }

    /// §9.2: a CANCEL has an effect only before the final response; the user hears of it once.
    #[test]
    fn a_cancel_is_told_once_and_never_after_the_final_response() {
        let t = start();
        let mut machine = InviteServer::new(false);
        assert!(machine.on_cancel());
        respond(&mut machine, t, 180);
        assert!(!machine.on_cancel());
        respond(&mut machine, t, 487);
        assert!(!machine.on_cancel());
        let mut answered = InviteServer::new(false);
        respond(&mut answered, t, 200);
        assert!(!answered.on_cancel());
    }

    #[test]
    fn an_ack_before_any_final_response_is_nobodys() {
        let mut machine = InviteServer::new(false);
        assert_eq!(ack(&mut machine, start()), Acked::Ours);
        assert!(respond(&mut machine, start(), 180));
    }
}
