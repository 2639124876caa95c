//! Ringing a target: the INVITE of a new leg, its repetition with other means, and its end by CANCEL.

use super::Call;
use super::identity::{self, Shown};
use super::party::{Exchange, Party, Phase};
use crate::core::{Cx, User};
use crate::ids::Tag;
use call::{Binding, Dial, Event, Gone, Leg, Offer, Target, What};
use sip::{Flow, Message, Name, Transport, Uri, Writer};
use std::net::SocketAddr;

/// Above this size a request leaves by TCP if it can, RFC 3261 §18.1.1.
const DATAGRAM_MAX: usize = 1300;
/// How often one leg's INVITE may be sent again: credentials, a longer session, another address.
pub const RETRIES_MAX: u8 = 4;

/// Where an INVITE goes.
pub struct Goal {
    pub flow: Flow,
    /// The request-URI.
    pub uri: String,
    /// Route headers, RFC 3327.
    pub routes: Vec<String>,
    pub follows_contact: bool,
}

impl Call {
    /// Rings a new leg; a target that can't be reached fails at once.
    pub fn dial(&mut self, cx: &mut Cx<'_>, dial: Dial) {
        let Dial { leg, target, person, group } = dial;
        let device = match &target {
            Target::Contact { device, .. } => Some(device.clone()),
            Target::Trunk { .. } => None,
        };
        self.journey.offers.push(Offer { leg, person: person.clone(), device: device.clone() });
        let (who, rings) = (person.clone(), group.clone());
        self.note(cx, What::Offered { leg, person: who, group: rings, target: target.clone() });

        let (goal, uri) = (self.registered(cx, &target), self.planned_uri(&target));
        let flow = goal.as_ref().map_or(self.parties[0].flow, |goal| goal.flow);
        let mut party = Party::new(leg, Phase::Over, flow);
        (party.device, party.person, party.group, party.target) = (device, person, group, Some(target));
        debug_assert_eq!(self.parties.len(), usize::from(leg.0));
        self.parties.push(party);
        let sent = match (goal, uri) {
            (Some(goal), _) => self.invite(cx, leg, goal),
            (None, Some(uri)) => self.search(cx, leg, uri),
            (None, None) => Err((480, "no way to reach the target")),
        };
        if let Err((code, _)) = sent {
            self.fail_leg(cx, leg, code);
        }
    }

    /// A leg that never got to ring.
    pub fn fail_leg(&mut self, cx: &mut Cx<'_>, leg: Leg, code: u16) {
        let device = self.party(leg).and_then(|party| party.device.clone());
        self.note(cx, What::Failed { leg, device, code, cancelled: None });
        self.close_media(cx, leg);
        self.drive(cx, Event::Failed(leg, code));
    }

    /// Sends the leg's first INVITE.
    pub fn invite(&mut self, cx: &mut Cx<'_>, leg: Leg, goal: Goal) -> Result<(), super::Refusal> {
        let offer = self.offer_to(cx, leg)?;
        let call_id = format!("{:x}.{:016x}{:016x}", cx.core.config.shard, cx.core.dice.next(), cx.core.dice.next());
        let tag = Tag { call: self.key, leg, fork: 0 }.write(cx.core.config.shard, cx.core.dice.next());
        let party = &mut self.parties[usize::from(leg.0)];
        (party.flow, party.follows_contact) = (goal.flow, goal.follows_contact);
        party.exchange = if offer.is_some() { Exchange::Offered } else { Exchange::Idle };
        party.media.local = offer;
        self.send_invite(cx, leg, &goal, &call_id, &tag, 1, None)
    }

    /// Writes and sends an INVITE of a leg; `authorization` answers a challenge.
    #[allow(clippy::too_many_arguments)]
    pub fn send_invite(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        goal: &Goal,
        call_id: &str,
        tag: &str,
        cseq: u32,
        authorization: Option<(Name, String)>,
    ) -> Result<(), super::Refusal> {
        let caller_takes_100rel = self.caller_takes_100rel();
        let max_forwards = self.max_forwards();
        let party = &self.parties[usize::from(leg.0)];
        let domain = &self.plan.office.domain;
        let shown_as = match &party.target {
            Some(Target::Trunk { shown_as, .. }) => shown_as.as_deref(),
            _ => None,
        };
        let shown = Shown::new(&self.journey.caller, domain, shown_as);
        let address = cx.core.our_address(&goal.flow);
        let session = &self.plan.settings.sip;
        let wish = crate::uas::wish(session);
        let to = without_params(&goal.uri);
        let write = |flow: &Flow, branch: &str| {
            let transport = flow.transport;
            let mut writer = Writer::request("INVITE", &goal.uri)
                .header(Name::Via, format!("SIP/2.0/{} {address};branch={branch};rport", transport.via()));
            for route in &goal.routes {
                writer = writer.header(Name::Route, route);
            }
            writer = writer
                .header(Name::MaxForwards, max_forwards.to_string())
                .header(Name::From, format!("{};tag={tag}", shown.from()))
                .header(Name::To, format!("<{to}>"))
                .header(Name::CallId, call_id)
                .header(Name::CSeq, format!("{cseq} INVITE"))
                .header(Name::Contact, contact(address, transport))
                .header(Name::Allow, crate::uas::ALLOW)
                .header(Name::Supported, if caller_takes_100rel { "100rel, timer" } else { "timer" })
                .header(Name::SessionExpires, wish.expires_secs.to_string())
                .header(Name::MinSe, wish.min_secs.to_string())
                .header(Name::UserAgent, &session.user_agent);
            if let Some((name, value)) = &authorization {
                writer = writer.header(*name, value);
            }
            writer = shown.write(writer);
            writer = identity::write_history(writer, &self.journey, domain, to);
            match &party.media.local {
                Some(body) => writer.body("application/sdp", body),
                None => writer.finish(),
            }
        };
        let mut flow = goal.flow;
        let mut over_udp = None;
        // A phone behind NAT can be reached only over the way that it has opened itself.
        let may_change = flow.transport == Transport::Udp && goal.follows_contact;
        if may_change && party.over_udp.is_none() && party.retries == 0 {
            let size = write(&flow, "z9hG4bK0123456789abcdef0123456789").len();
            if let Some(tcp) = (size > DATAGRAM_MAX).then(|| cx.core.flow_to(Transport::Tcp, flow.remote)).flatten() {
                (flow, over_udp) = (tcp, Some(flow));
            }
        }
        let user = User::Invite { call: self.key, leg };
        let mut message = None;
        let sent = cx.core.transactions.send_request(cx.now, flow, user, |branch| {
            let bytes = write(&flow, branch);
            message = Message::parse(bytes.clone()).ok();
            bytes
        });
        let client = sent.map_err(|_| (503, "too many transactions"))?;
        let party = &mut self.parties[usize::from(leg.0)];
        party.phase = Phase::Calling { client, cancelled: None };
        (party.flow, party.follows_contact) = (flow, goal.follows_contact);
        party.over_udp = over_udp;
        party.invite = message;
        self.note_sip(cx, leg, true, &format!("INVITE {to}"));
        Ok(())
    }

    /// Where a registered contact is now.
    pub fn registered(&self, cx: &Cx<'_>, target: &Target) -> Option<Goal> {
        let Target::Contact { device, contact } = target else { return None };
        let bindings = cx.facts.bindings(device);
        goal_of_binding(bindings.iter().find(|binding| binding.id == *contact)?)
    }

    /// Ends a ringing leg: CANCEL with the reason (RFC 3326), which waits for a provisional answer if it must.
    pub fn cancel(&mut self, cx: &mut Cx<'_>, leg: Leg, why: Gone) {
        let Some(party) = self.party(leg) else { return };
        if let Phase::Locating(search) = party.phase {
            let device = party.device.clone();
            cx.core.searches.remove(&search);
            cx.core.locator.cancel(search);
            self.leg_over(cx, leg, What::Failed { leg, device, code: 487, cancelled: Some(why) });
            return self.drive(cx, Event::Failed(leg, 487));
        }
        let Phase::Calling { client, cancelled: None } = party.phase else { return };
        party.phase = Phase::Calling { client, cancelled: Some(why) };
        let reason = match why {
            Gone::AnsweredElsewhere => Some("SIP;cause=200;text=\"Call completed elsewhere\""),
            Gone::RangOut => None,
            Gone::CallerGone => Some("SIP;cause=487;text=\"Originator cancel\""),
        };
        cx.core.transactions.cancel(cx.now, client, |_, invite| transaction::cancel_for(invite, reason));
        self.note_sip(cx, leg, true, "CANCEL");
    }

    /// The Max-Forwards of what we send for the caller, RFC 3261 §16.6 step 3.
    pub fn max_forwards(&self) -> u32 {
        let theirs = self.parties[0].invite.as_ref().and_then(|invite| invite.number(Name::MaxForwards)?.ok());
        theirs.unwrap_or(70).clamp(1, 255) - 1
    }

    /// The caller can acknowledge provisional answers, so the targets may send reliable ones, RFC 3262.
    fn caller_takes_100rel(&self) -> bool {
        let caller = &self.parties[0];
        let takes =
            |invite: &Message| invite.has_token(Name::Supported, "100rel") || invite.has_token(Name::Require, "100rel");
        matches!(caller.phase, Phase::Incoming(_)) && caller.invite.as_ref().is_some_and(takes)
    }
}

/// A registered contact is reached where it registered from, through the proxies that it named.
fn goal_of_binding(binding: &Binding) -> Option<Goal> {
    let flow: Flow = binding.flow.parse().ok()?;
    let uri = Uri::parse(&binding.contact).ok()?;
    let behind_nat = uri.ip() != Some(flow.remote.ip());
    Some(Goal {
        flow,
        uri: binding.contact.to_string(),
        routes: binding.path.iter().map(|path| path.to_string()).collect(),
        follows_contact: !behind_nat && binding.path.is_empty() && flow.transport == Transport::Udp,
    })
}

/// A URI as it may stand in To: without the parameters that only the request-URI has, §19.1.1.
fn without_params(uri: &str) -> &str {
    let after_user = uri.find('@').map_or(0, |at| at + 1);
    uri[after_user..].find([';', '?']).map_or(uri, |end| &uri[..after_user + end])
}

/// Whether the sender's Contact names the address that its message came from: no NAT stands between.
pub fn shows_its_address(request: &Message, flow: &Flow) -> bool {
    let contact = request.contact().and_then(Result::ok);
    contact.and_then(|contact| contact.parse_uri().ok()?.ip()) == Some(flow.remote.ip())
}

/// Our Contact on a flow.
pub fn contact(address: SocketAddr, transport: Transport) -> String {
    match transport {
        Transport::Udp => format!("<sip:{address}>"),
        other => format!("<sip:{address};transport={}>", other.param()),
    }
}
