//! Whose offer is out on a leg, RFC 3264 §4, RFC 6337; and what a request gets that comes at the wrong moment.
//!
//! ```text
//!          offer_sent                  offer_received
//!   Sent <------------ Stable/nothing -----------------> Received
//!        ------------>                 <-----------------
//!      answer_received / withdrawn     answer_sent / withdrawn
//! ```

use sip::Reject;
use std::time::Duration;

/// Offer/answer and INVITE state of one dialog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfferAnswer {
    exchange: Exchange,
    invite: Invite,
    /// An UPDATE of the peer's waits for our final response.
    update_received: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Exchange {
    #[default]
    Stable,
    Sent,
    Received,
}

/// The INVITE transaction in progress: there is one at a time in a dialog, RFC 3261 §14.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Invite {
    #[default]
    None,
    Ours,
    Theirs,
}

/// A request that came at the wrong moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glare {
    /// 491 when both sides ask at once, 500 when the peer asks twice.
    pub reject: Reject,
    /// Seconds for `Retry-After`, with 500 only.
    pub retry_after: Option<u8>,
}

impl Glare {
    /// RFC 3261 §14.2, RFC 3311 §5.2: a request of ours is pending.
    const BOTH: Glare = Glare { reject: Reject { code: 491, reason: "Request Pending" }, retry_after: None };

    /// RFC 3261 §14.2, RFC 3311 §5.2: the peer's own earlier request is pending; Retry-After of 0 to 10 seconds.
    fn twice(dice: u64) -> Glare {
        let reject = Reject { code: 500, reason: "An earlier request is still pending" };
        Glare { reject, retry_after: Some((dice % 11) as u8) }
    }
}

impl OfferAnswer {
    /// No offer is out and no INVITE in progress: we may send a re-INVITE.
    pub fn may_invite(&self) -> bool {
        self.invite == Invite::None && self.may_update()
    }

    /// No offer is out: we may send an UPDATE with one, or a PRACK with one.
    pub fn may_update(&self) -> bool {
        self.exchange == Exchange::Stable
    }

    /// Our offer is out.
    pub fn is_sent(&self) -> bool {
        self.exchange == Exchange::Sent
    }

    /// The peer's offer waits for our answer.
    pub fn is_received(&self) -> bool {
        self.exchange == Exchange::Received
    }

    /// An INVITE came, with or without an offer.
    pub fn invite_received(&mut self, has_offer: bool, dice: u64) -> Result<(), Glare> {
        match (self.invite, self.exchange) {
            (Invite::Ours, _) | (_, Exchange::Sent) => return Err(Glare::BOTH),
            (Invite::Theirs, _) | (_, Exchange::Received) => return Err(Glare::twice(dice)),
            (Invite::None, Exchange::Stable) => {}
        }
        self.invite = Invite::Theirs;
        if has_offer {
            self.exchange = Exchange::Received;
        }
        Ok(())
    }

    /// An UPDATE came, with or without an offer. [`update_ended`](Self::update_ended) goes with its final response.
    pub fn update_received(&mut self, has_offer: bool, dice: u64) -> Result<(), Glare> {
        if self.update_received {
            return Err(Glare::twice(dice));
        }
        if has_offer {
            match self.exchange {
                Exchange::Sent => return Err(Glare::BOTH),
                Exchange::Received => return Err(Glare::twice(dice)),
                Exchange::Stable => self.exchange = Exchange::Received,
            }
        }
        self.update_received = true;
        Ok(())
    }

    /// A PRACK came with an offer, RFC 3262 §5.
    pub fn prack_offer_received(&mut self, dice: u64) -> Result<(), Glare> {
        match self.exchange {
            Exchange::Sent => Err(Glare::BOTH),
            Exchange::Received => Err(Glare::twice(dice)),
            Exchange::Stable => {
                self.exchange = Exchange::Received;
                Ok(())
            }
        }
    }

    /// We sent an INVITE.
    pub fn invite_sent(&mut self, has_offer: bool) {
        self.invite = Invite::Ours;
        if has_offer {
            self.exchange = Exchange::Sent;
        }
    }

    /// An offer of ours went out in something else than an INVITE: a 1xx or 2xx to one without, an UPDATE, a PRACK.
    pub fn offer_sent(&mut self) {
        self.exchange = Exchange::Sent;
    }

    /// An offer of the peer's came in a response to our INVITE without one.
    pub fn offer_received(&mut self) {
        self.exchange = Exchange::Received;
    }

    /// The answer to our offer came.
    pub fn answer_received(&mut self) {
        if self.exchange == Exchange::Sent {
            self.exchange = Exchange::Stable;
        }
    }

    /// We answered the peer's offer.
    pub fn answer_sent(&mut self) {
        if self.exchange == Exchange::Received {
            self.exchange = Exchange::Stable;
        }
    }

    /// The INVITE in progress got its final response: 2xx seen or sent, or a refusal, which withdraws its offer.
    pub fn invite_ended(&mut self, accepted: bool) {
        self.invite = Invite::None;
        if !accepted {
            self.exchange = Exchange::Stable;
        }
    }

    /// We answered the peer's UPDATE; a refusal leaves things as they were before.
    pub fn update_ended(&mut self) {
        self.update_received = false;
        self.answer_sent();
    }

    /// An offer of either side in UPDATE or PRACK was refused or got no response.
    pub fn withdrawn(&mut self) {
        self.exchange = Exchange::Stable;
    }
}

/// How long to wait before a request that got 491 is sent again, RFC 3261 §14.1: whoever made the Call-ID waits longer.
pub fn glare_wait(made_call_id: bool, dice: u64) -> Duration {
    let tens_of_ms = if made_call_id { 210 + dice % 191 } else { dice % 201 };
    Duration::from_millis(tens_of_ms * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<(), Glare>) -> u16 {
        result.map_or_else(|glare| glare.reject.code, |()| 200)
    }

    /// RFC 3261 §14.2: "A UAS that receives an INVITE on a dialog while an INVITE it had sent on that dialog is in
    /// progress MUST return a 491".
    #[test]
    fn re_invites_that_cross_get_491() {
        let mut leg = OfferAnswer::default();
        leg.invite_sent(true);
        assert_eq!(leg.invite_received(true, 0), Err(Glare::BOTH));
        leg.answer_received();
        assert_eq!(code(leg.invite_received(false, 0)), 491, "until the final response");
        leg.invite_ended(true);
        assert_eq!(code(leg.invite_received(true, 0)), 200);
    }

    /// RFC 3261 §14.2: a second INVITE before the final response to the first gets 500 with Retry-After 0 to 10.
    #[test]
    fn a_second_invite_too_early_gets_500_with_retry_after() {
        let mut leg = OfferAnswer::default();
        assert_eq!(code(leg.invite_received(true, 0)), 200);
        for dice in 0..30 {
            let glare = leg.invite_received(true, dice).expect_err("too early");
            assert_eq!(glare.reject.code, 500);
            assert!(glare.retry_after.is_some_and(|secs| secs <= 10));
        }
    }

    /// RFC 3311 §5.2: 491 if an offer of ours is unanswered, 500 if the peer's own is, 500 for UPDATE upon UPDATE.
    #[test]
    fn updates_that_cross_offers_are_refused() {
        let mut leg = OfferAnswer::default();
        leg.offer_sent();
        assert_eq!(code(leg.update_received(true, 0)), 491);
        assert_eq!(code(leg.update_received(false, 0)), 200, "without an offer there is no glare");
        leg.update_ended();
        leg.answer_received();
        assert_eq!(code(leg.invite_received(true, 0)), 200);
        assert_eq!(code(leg.update_received(true, 0)), 500);
        leg.answer_sent();
        assert_eq!(code(leg.update_received(true, 0)), 200, "the INVITE's offer was answered in a reliable 183");
        assert_eq!(code(leg.update_received(true, 0)), 500);
        leg.update_ended();
        assert_eq!(code(leg.update_received(true, 0)), 200);
    }

    #[test]
    fn a_refused_invite_leaves_the_session_as_it_was() {
        let mut leg = OfferAnswer::default();
        leg.invite_sent(true);
        leg.invite_ended(false);
        assert!(leg.may_invite());
        assert_eq!(code(leg.invite_received(true, 0)), 200);
        leg.invite_ended(false);
        assert!(leg.may_invite());
    }

    #[test]
    fn a_late_offer_is_ours_until_the_ack_answers_it() {
        let mut leg = OfferAnswer::default();
        assert_eq!(code(leg.invite_received(false, 0)), 200);
        leg.offer_sent();
        leg.invite_ended(true);
        assert!(!leg.may_invite());
        leg.answer_received();
        assert!(leg.may_invite());
    }

    /// RFC 3261 §14.1: 2.1 to 4 s for the one who made the Call-ID, 0 to 2 s for the other, in units of 10 ms.
    #[test]
    fn the_waits_after_a_491_never_meet() {
        for dice in 0..1000 {
            let (owner, other) = (glare_wait(true, dice), glare_wait(false, dice));
            assert!((2100..=4000).contains(&owner.as_millis()) && other.as_millis() <= 2000);
            assert_eq!((owner.as_millis() % 10, other.as_millis() % 10), (0, 0));
        }
    }
}
