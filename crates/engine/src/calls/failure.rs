//! Legs that are refused: followed redirections, second tries, and what the caller is told in the end.

use super::Call;
use super::dial::{Goal, RETRIES_MAX};
use super::identity;
use super::locate::unavailable;
use super::party::Phase;
use crate::auth;
use crate::core::Cx;
use call::{Event, Leg, Outcome, Target, What};
use dialplan::View;
use locate::Failure;
use sip::{Message, Name, NameAddr, Uri};

impl Call {
    /// A final answer other than 2xx to the INVITE of a rung leg; the transaction has acknowledged it.
    pub fn on_refused(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) {
        let code = response.code();
        self.note_sip(cx, leg, false, &format!("{code} {} (INVITE)", response.reason_phrase()));
        let Some(party) = self.party(leg) else { return };
        let Phase::Calling { cancelled, .. } = party.phase else { return };
        if code != 503 {
            self.server_worked(cx, leg);
        }
        let Some(party) = self.party(leg) else { return };
        let may_retry = cancelled.is_none() && party.retries < RETRIES_MAX && self.program.is_some();
        if may_retry && self.try_again(cx, leg, response) {
            return;
        }
        if code == 503 && cancelled.is_none() && self.fail_over(cx, leg, unavailable(response)) {
            return;
        }
        self.refused(cx, leg, code);
    }

    /// No answer at all (408), or no way to send (503).
    pub fn on_unheard(&mut self, cx: &mut Cx<'_>, leg: Leg, code: u16) {
        let Some(party) = self.party(leg) else { return };
        let Phase::Calling { cancelled, .. } = party.phase else { return };
        if code == 503 && cancelled.is_none() && self.invite_over_udp(cx, leg) {
            return;
        }
        let failure = if code == 408 { Failure::TimedOut } else { Failure::Refused };
        if cancelled.is_none() && !self.parties[usize::from(leg.0)].rang && self.fail_over(cx, leg, failure) {
            return;
        }
        self.refused(cx, leg, code);
    }

    fn refused(&mut self, cx: &mut Cx<'_>, leg: Leg, code: u16) {
        let Some(party) = self.party(leg) else { return };
        let Phase::Calling { cancelled, .. } = party.phase else { return };
        let device = party.device.clone();
        let told = if cancelled.is_some() { 487 } else { code };
        if cancelled.is_none() {
            self.failure = Some(self.failure.map_or(code, |before| more_telling(before, code)));
        }
        self.leg_over(cx, leg, What::Failed { leg, device, code: told, cancelled });
        self.hear_another(cx);
        self.drive(cx, Event::Failed(leg, told));
    }

    /// Answers a challenge, accepts a longer session, follows a redirection: true if the INVITE went out again.
    fn try_again(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) -> bool {
        match response.code() {
            300..=399 => self.follow(cx, leg, response),
            401 | 407 => self.authorize(cx, leg, response),
            _ => false,
        }
    }

    /// RFC 3261 §8.1.3.4: a phone may send its calls to another of our numbers, or to one outside that its owner may
    /// call. What a trunk says is not followed.
    fn follow(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) -> bool {
        let contacts = response.values(Name::Contact).take(4);
        let numbers: Vec<String> = contacts
            .filter_map(|value| NameAddr::parse(value).ok())
            .filter_map(|address| identity::number_in(&Uri::parse(address.uri).ok()?))
            .collect();
        let view = View { plan: &self.plan, facts: cx.facts, wall: cx.wall };
        let found = numbers.iter().find_map(|number| {
            let person = self.plan.person_by_number(number)?;
            if self.journey.was_rung(&person.id) {
                return None; // nobody is rung twice, and no redirection goes round
            }
            use call::World;
            let devices = view.devices(&person.id);
            let target = devices.iter().find_map(|device| {
                let contact = view.contacts(device).first()?.id;
                Some(Target::Contact { device: device.clone(), contact })
            })?;
            Some((Some(person.id.clone()), target))
        });
        let owner = self.parties[usize::from(leg.0)].person.as_ref();
        let outside = |number: &String| {
            let way = self.plan.way_out(owner?, number).filter(|_| self.plan.person_by_number(number).is_none())?;
            Some((None, Target::Trunk { trunk: way.trunk, number: way.number, shown_as: way.shown_as }))
        };
        let Some((person, target)) = found.or_else(|| numbers.iter().find_map(outside)) else { return false };
        let (goal, uri) = (self.registered(cx, &target), self.planned_uri(&target));
        if goal.is_none() && uri.is_none() {
            return false;
        }
        let device = match &target {
            Target::Contact { device, .. } => Some(device.clone()),
            Target::Trunk { .. } => None,
        };
        // The leg changes hands: for the facts the first device is free again and the next one rings.
        let before = self.parties[usize::from(leg.0)].device.clone();
        self.note(cx, What::Failed { leg, device: before, code: response.code(), cancelled: None });
        let offered = What::Offered { leg, person: person.clone(), group: None, target: target.clone() };
        self.note(cx, offered);
        self.journey.offers.push(call::Offer { leg, person: person.clone(), device: device.clone() });
        let party = &mut self.parties[usize::from(leg.0)];
        // Whoever is asked next by a redirection outside still pays for it: the owner stays.
        party.person = person.or(party.person.take());
        (party.device, party.target, party.targets) = (device, Some(target), None);
        match (goal, uri) {
            (Some(goal), _) => self.invite_again(cx, leg, goal, None),
            (None, Some(uri)) => {
                party.retries += 1;
                party.threads.clear();
                party.media.remote = None;
                self.search(cx, leg, uri).is_ok()
            }
            (None, None) => false,
        }
    }

    /// RFC 3261 §22.2: once, with the credentials of the trunk.
    fn authorize(&mut self, cx: &mut Cx<'_>, leg: Leg, response: &Message) -> bool {
        let party = &self.parties[usize::from(leg.0)];
        let (Some(Target::Trunk { trunk, .. }), Some(invite)) = (&party.target, &party.invite) else { return false };
        let asked_before = invite.header(Name::Authorization).or(invite.header(Name::ProxyAuthorization)).is_some();
        let Some(trunk) = self.plan.trunk(trunk) else { return false };
        let Some(credentials) = &trunk.credentials else { return false };
        if asked_before {
            return false;
        }
        let (challenge, answer) = match response.code() {
            401 => (Name::WwwAuthenticate, Name::Authorization),
            _ => (Name::ProxyAuthenticate, Name::ProxyAuthorization),
        };
        let uri = invite.request_uri().to_owned();
        let challenges: Vec<&str> = response.headers(challenge).collect();
        let Some(value) =
            auth::answer(&challenges, &credentials.user, &credentials.password, "INVITE", &uri, cx.core.dice.next())
        else {
            return false;
        };
        let goal = Goal { flow: party.flow, uri, routes: Vec::new(), follows_contact: party.follows_contact };
        self.invite_again(cx, leg, goal, Some((answer, value)))
    }

    /// TCP was refused: the large INVITE leaves as a datagram after all, RFC 3261 §18.1.1.
    fn invite_over_udp(&mut self, cx: &mut Cx<'_>, leg: Leg) -> bool {
        let party = &self.parties[usize::from(leg.0)];
        let (Some(flow), Some(invite)) = (party.over_udp, &party.invite) else { return false };
        let uri = invite.request_uri().to_owned();
        let routes = invite.headers(Name::Route).map(str::to_owned).collect();
        let goal = Goal { flow, uri, routes, follows_contact: party.follows_contact };
        self.invite_again(cx, leg, goal, None)
    }

    pub fn invite_again(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        goal: Goal,
        authorization: Option<(Name, String)>,
    ) -> bool {
        let party = &mut self.parties[usize::from(leg.0)];
        let Some(before) = party.invite.clone() else { return false };
        party.retries += 1;
        party.threads.clear();
        party.media.remote = None;
        let (Some(tag), Ok(cseq)) = (before.from_tag(), before.cseq()) else { return false };
        let sent = self.send_invite(cx, leg, &goal, before.call_id(), tag, cseq.number + 1, authorization);
        sent.is_ok()
    }

    /// The status for a caller whose plan ends with this outcome and without an answer.
    pub fn code_for(&self, outcome: Outcome) -> u16 {
        match (outcome, self.failure) {
            (Outcome::Failed, Some(code)) => told_as(code),
            (Outcome::Busy, Some(600)) => 600,
            _ => outcome.code(),
        }
    }
}

/// Which of two failures says more to the caller, after RFC 3261 §16.7 step 6: 6xx, then the lowest class; among
/// equals the later one.
fn more_telling(before: u16, now: u16) -> u16 {
    let rank = |code: u16| match code {
        600..=699 => 0,
        480 | 486 | 404 | 484 | 410 => 1,
        400..=499 => 2,
        500..=599 => 3,
        _ => 4,
    };
    if rank(now) <= rank(before) { now } else { before }
}

/// A failure of a leg as the caller may see it: what concerns only our side of it becomes a plain 5xx or 480.
pub fn told_as(code: u16) -> u16 {
    match code {
        403 | 404 | 410 | 415 | 480 | 484 | 486 | 488 | 501 | 600 | 603 | 604 => code,
        606 => 488,
        300..=399 | 408 | 430 | 487 => 480,
        400..=499 => 500,
        _ => 503,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunks_challenge_is_not_the_callers() {
        assert_eq!([401, 407, 408, 302, 484, 500, 603].map(told_as), [500, 500, 480, 480, 484, 503, 603]);
    }

    #[test]
    fn a_decline_says_more_than_an_outage() {
        assert_eq!((more_telling(503, 486), more_telling(603, 486), more_telling(486, 503)), (486, 603, 486));
    }
}
