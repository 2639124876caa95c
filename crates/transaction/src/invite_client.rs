//! The INVITE client transaction, RFC 3261 §17.1.1 with RFC 6026 §7.2, and its CANCEL, RFC 3261 §9.1.
//!
//! ```text
//!                     │ INVITE from the user: send it
//!      A: send again  ▼
//!            ┌─── Calling ──── B: tell of the time-out, transport fault ───▶ Terminated
//!            └───▶ │ │ │
//!        1xx: tell │ │ └ 2xx: tell ─────────────────▶ Accepted ── M ──▶ Terminated
//!                  ▼ │                                  ▲ └ 2xx: tell
//!            Proceeding ──── 2xx: tell ─────────────────┘
//!   1xx: tell ┘    │ │
//!                  │ └ 3xx–6xx: ACK, tell ─┐
//!                  │ cancelled, 64*T1      ▼
//!                  ▼                    Completed ── D ──▶ Terminated
//!              Terminated                 └ 3xx–6xx: ACK
//! ```

use crate::timings::{Resend, Timings, earlier};
use crate::write::ack_for;
use crate::{Cancelled, client::Due};
use State::{Accepted, Calling, Completed, Proceeding, Terminated};
use bytes::Bytes;
use sip::Message;
use std::mem;
use std::time::Instant;

/// One INVITE on its way to one place.
#[derive(Debug)]
pub(crate) struct InviteClient {
    state: State,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Sent; nothing has come back. `cancel` waits for a provisional response.
    Calling { invite: Bytes, resend: Option<Resend>, until: Instant, cancel: Option<Bytes> },
    /// A provisional response came. After a CANCEL it lasts until `until` at most.
    Proceeding { invite: Bytes, until: Option<Instant> },
    /// 2xx seen; lives until timer M so that resent and forked 2xx reach the user.
    Accepted { until: Instant },
    /// 3xx–6xx seen; lives until timer D so that resent finals get the same ACK.
    Completed { ack: Bytes, until: Instant },
    /// To be taken out of the table.
    Terminated,
}

/// What follows from a response.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The ACK to send.
    pub ack: Option<Bytes>,
    /// The CANCEL that may go out now.
    pub cancel: Option<Bytes>,
    /// The user shall see the response.
    pub tell: bool,
}

impl InviteClient {
    /// Begins with the INVITE, which the caller sends.
    pub fn new(now: Instant, invite: Bytes, reliable: bool, timings: &Timings) -> Self {
        let resend = Resend::begin(now, timings, reliable);
        Self { state: Calling { invite, resend, until: now + timings.transaction(), cancel: None }, reliable }
    }

    /// Takes a response that matched this transaction, §17.1.3.
    pub fn on_response(&mut self, now: Instant, response: &Message, timings: &Timings) -> Heard {
        let mut heard = Heard::default();
        self.state = match (mem::replace(&mut self.state, Terminated), response.code()) {
            (Calling { invite, cancel, .. }, ..200) => {
                heard.tell = true;
                let until = cancel.is_some().then(|| now + timings.transaction());
                heard.cancel = cancel;
                Proceeding { invite, until }
            }
            (Proceeding { invite, until }, ..200) => {
                heard.tell = true;
                Proceeding { invite, until }
            }
            (Calling { .. } | Proceeding { .. }, 200..=299) => {
                heard.tell = true;
                Accepted { until: now + timings.transaction() }
            }
            (Calling { invite, .. } | Proceeding { invite, .. }, 300..) => {
                heard.tell = true;
                // Our own INVITE can be read; if it could not, the other side's timer H ends what we cannot ACK.
                heard.ack = Message::parse(invite).ok().map(|invite| ack_for(&invite, response));
                match heard.ack.clone() {
                    Some(ack) if !self.reliable => Completed { ack, until: now + timings.d() },
                    _ => Terminated,
                }
            }
            (Accepted { until }, 200..=299) => {
                heard.tell = true;
                Accepted { until }
            }
            (Completed { ack, until }, 300..) => {
                heard.ack = Some(ack.clone());
                Completed { ack, until }
            }
            (unmoved, _) => unmoved,
        };
        heard
    }

    /// The user wants to cancel. `write` makes the CANCEL from the INVITE; the bytes that come back shall be sent.
    pub fn cancel(
        &mut self,
        now: Instant,
        timings: &Timings,
        write: impl FnOnce(&Message) -> Bytes,
    ) -> (Cancelled, Option<Bytes>) {
        match &mut self.state {
            Calling { cancel: Some(_), .. } => (Cancelled::Waits, None),
            Calling { invite, cancel, .. } => {
                *cancel = Message::parse(invite.clone()).ok().map(|invite| write(&invite));
                (Cancelled::Waits, None)
            }
            Proceeding { until: Some(_), .. } => (Cancelled::Sent, None),
            Proceeding { invite, until } => {
                *until = Some(now + timings.transaction());
                (Cancelled::Sent, Message::parse(invite.clone()).ok().map(|invite| write(&invite)))
            }
            Accepted { .. } | Completed { .. } | Terminated => (Cancelled::Late, None),
        }
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            Calling { resend, until, .. } => Some(earlier(*resend, *until)),
            Proceeding { until, .. } => *until,
            Accepted { until } | Completed { until, .. } => Some(*until),
            Terminated => None,
        }
    }

    /// Timers A, B, D and M, and the end of patience with a cancelled INVITE.
    pub fn on_timeout(&mut self, now: Instant) -> Due {
        match &mut self.state {
            Calling { until, .. } if *until <= now => self.end(Due::TimedOut),
            Calling { invite, resend: Some(resend), .. } if resend.at <= now => {
                *resend = resend.doubled(now);
                Due::Send(invite.clone())
            }
            Proceeding { until: Some(until), .. } if *until <= now => self.end(Due::TimedOut),
            Accepted { until } | Completed { until, .. } if *until <= now => self.end(Due::Nothing),
            _ => Due::Nothing,
        }
    }

    /// The transport says that nothing goes there. Whether the user has to be told.
    pub fn on_fault(&mut self) -> bool {
        match self.state {
            Calling { .. } => {}
            // On a connection that died nothing more will come; a datagram's way back is not the way there.
            Proceeding { .. } if self.reliable => {}
            _ => return false,
        }
        self.state = Terminated;
        true
    }

    /// Nothing is left to do.
    pub fn is_terminated(&self) -> bool {
        matches!(self.state, Terminated)
    }

    fn end(&mut self, due: Due) -> Due {
        self.state = Terminated;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{bytes_of, ms, play, request, response, start};
    use crate::write::cancel_for;

    fn calling(now: Instant, reliable: bool) -> InviteClient {
        InviteClient::new(now, bytes_of("INVITE"), reliable, &Timings::default())
    }

    fn hear(machine: &mut InviteClient, now: Instant, code: u16) -> Heard {
        machine.on_response(now, &response("INVITE", code), &Timings::default())
    }

    /// When it did what: `s` for sent again, `t` for timed out, `-` for nothing to be seen.
    fn run(machine: &mut InviteClient, start: Instant, until: u64) -> String {
        play(machine, start, until, InviteClient::poll_timeout, InviteClient::on_timeout)
            .into_iter()
            .map(|(at, due)| match due {
                Due::Send(bytes) => {
                    assert_eq!(bytes, bytes_of("INVITE"));
                    format!("s{at} ")
                }
                Due::TimedOut => format!("t{at} "),
                Due::Nothing => format!("-{at} "),
            })
            .collect()
    }

    /// §17.1.1.2: timer A doubles with each retransmission; B fires after 64*T1 and the user is told.
    #[test]
    fn an_invite_that_nobody_answers_is_sent_seven_times_in_all() {
        let t = start();
        let mut machine = calling(t, false);
        assert_eq!(run(&mut machine, t, 100_000), "s500 s1500 s3500 s7500 s15500 s31500 t32000 ");
        assert!(machine.is_terminated());
    }

    /// §17.1.1.2: "If a reliable transport is being used, the client transaction SHOULD NOT start timer A"; B is for
    /// any transport.
    #[test]
    fn over_a_reliable_transport_it_is_sent_once() {
        let t = start();
        assert_eq!(run(&mut calling(t, true), t, 100_000), "t32000 ");
    }

    /// §17.1.1.2: a provisional response ends retransmissions, is passed up, and Proceeding has no end of its own.
    #[test]
    fn a_ringing_phone_may_ring_for_as_long_as_the_user_likes() {
        let t = start();
        let mut machine = calling(t, false);
        assert_eq!(run(&mut machine, t, 600), "s500 ");
        assert!(hear(&mut machine, t + ms(700), 180).tell);
        assert!(hear(&mut machine, t + ms(800), 183).tell);
        assert_eq!(run(&mut machine, t, 3_600_000), "");
        assert!(!machine.is_terminated());
    }

    /// RFC 6026 §7.2: every 2xx in Accepted is passed up, until timer M (64*T1), for any transport.
    #[test]
    fn each_2xx_is_told_until_timer_m() {
        for reliable in [false, true] {
            let t = start();
            let mut machine = calling(t, reliable);
            let first = hear(&mut machine, t, 200);
            assert!(first.tell && first.ack.is_none());
            assert!(hear(&mut machine, t + ms(500), 200).tell);
            assert!(!hear(&mut machine, t + ms(500), 180).tell);
            assert!(!hear(&mut machine, t + ms(500), 486).tell);
            assert_eq!(run(&mut machine, t, 100_000), "-32000 ");
            assert!(machine.is_terminated());
        }
    }

    /// §17.1.1.2: "Any retransmissions of the final response that are received while in the Completed state MUST
    /// cause the ACK to be re-passed to the transport layer", but are not passed up.
    #[test]
    fn a_resent_refusal_is_acknowledged_again_and_told_once() {
        let t = start();
        let mut machine = calling(t, false);
        let first = hear(&mut machine, t, 486);
        assert!(first.tell);
        let again = hear(&mut machine, t + ms(500), 486);
        assert!(!again.tell);
        assert_eq!(first.ack.unwrap(), again.ack.unwrap());
        assert!(!hear(&mut machine, t + ms(500), 200).tell);
        assert_eq!(run(&mut machine, t, 100_000), "-32000 ");
        assert!(machine.is_terminated());
    }

    /// §17.1.1.2: timer D is zero for reliable transports.
    #[test]
    fn over_a_reliable_transport_a_refusal_ends_it_at_once() {
        let mut machine = calling(start(), true);
        assert!(hear(&mut machine, start(), 603).ack.is_some());
        assert!(machine.is_terminated());
    }

    /// §17.1.1.3: Call-ID, From, Route, request-URI and top Via of the request, To of the response, CSeq number with
    /// the method ACK, and no body.
    #[test]
    fn the_ack_follows_the_invite_and_names_the_one_who_refused() {
        let mut machine = calling(start(), false);
        let ack = Message::parse(hear(&mut machine, start(), 404).ack.unwrap()).unwrap();
        let invite = request("INVITE");
        assert_eq!(ack.method(), sip::Method::Ack);
        assert_eq!(ack.request_uri(), invite.request_uri());
        assert_eq!(ack.headers(sip::Name::Via).collect::<Vec<_>>(), invite.headers(sip::Name::Via).collect::<Vec<_>>());
        assert_eq!(
            ack.headers(sip::Name::Route).collect::<Vec<_>>(),
            ["<sip:edge.example.com;lr>", "<sip:core.example.com;lr>"]
        );
        assert_eq!(ack.header(sip::Name::From), invite.header(sip::Name::From));
        assert_eq!(ack.to_tag(), Some("b1"));
        assert_eq!((ack.call_id(), ack.header(sip::Name::CSeq)), ("call-1", Some("41 ACK")));
        assert!(ack.body().is_empty());
    }

    /// §9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent".
    #[test]
    fn a_cancel_waits_for_the_first_provisional_response() {
        let t = start();
        let mut machine = calling(t, false);
        let (cancelled, bytes) = machine.cancel(t, &Timings::default(), |invite| cancel_for(invite, None));
        assert_eq!((cancelled, bytes), (Cancelled::Waits, None));
        let cancel = Message::parse(hear(&mut machine, t + ms(700), 180).cancel.unwrap()).unwrap();
        assert_eq!((cancel.method(), cancel.header(sip::Name::CSeq)), (sip::Method::Cancel, Some("41 CANCEL")));
        assert_eq!(cancel.to_tag(), None);
        assert_eq!(cancel.headers(sip::Name::Route).count(), 2);
        assert!(hear(&mut machine, t + ms(800), 180).cancel.is_none());
        let (cancelled, bytes) = machine.cancel(t, &Timings::default(), |_| unreachable!("sent before"));
        assert_eq!((cancelled, bytes), (Cancelled::Sent, None));
    }

    #[test]
    fn a_final_response_makes_a_waiting_cancel_moot() {
        let t = start();
        let mut machine = calling(t, false);
        machine.cancel(t, &Timings::default(), |invite| cancel_for(invite, None));
        let heard = hear(&mut machine, t + ms(700), 200);
        assert!(heard.tell && heard.cancel.is_none());
        assert_eq!(machine.cancel(t, &Timings::default(), |_| unreachable!("late")).0, Cancelled::Late);
    }

    /// §9.1: "If there is no final response for the original request in 64*T1 seconds, the client SHOULD then consider
    /// the original transaction cancelled".
    #[test]
    fn a_phone_that_never_answers_a_cancel_is_given_up() {
        let t = start();
        let mut machine = calling(t, true);
        hear(&mut machine, t, 180);
        let (cancelled, bytes) = machine.cancel(t + ms(9_000), &Timings::default(), |invite| cancel_for(invite, None));
        assert_eq!(cancelled, Cancelled::Sent);
        assert!(bytes.is_some());
        assert_eq!(run(&mut machine, t, 100_000), "t41000 ");
    }

    /// §17.1.4: a transport fault ends what waits for an answer; the user is told.
    #[test]
    fn a_transport_fault_fails_what_waits_on_it() {
        let t = start();
        assert!(calling(t, false).on_fault());
        let mut ringing = calling(t, false);
        hear(&mut ringing, t, 180);
        assert!(!ringing.on_fault());
        let mut ringing = calling(t, true);
        hear(&mut ringing, t, 180);
        assert!(ringing.on_fault() && ringing.is_terminated());
        let mut accepted = calling(t, true);
        hear(&mut accepted, t, 200);
        assert!(!accepted.on_fault());
    }
}
