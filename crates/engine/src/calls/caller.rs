//! A new call: the caller is known by now; its INVITE becomes a journey with a program.

use super::dial::contact;
use super::identity::{diversions_of, number_in};
use super::party::{Party, Phase, Thread};
use super::provisional::sdp_in;
use super::within::respond;
use super::{Call, CallKey, Calls};
use crate::core::{Cx, User};
use crate::ids::Tag;
use crate::uas;
use call::{Caller, Event, Journey, Leg, Reason, What};
use dialog::{Dialog, Proposal, Reliable};
use dialplan::{Incoming, View};
use sip::{Flow, Message, Name, Uri, Writer};
use transaction::ServerKey;

/// Begins a call, or refuses it; returns its key if it goes on.
pub fn receive(
    cx: &mut Cx<'_>,
    calls: &mut Calls,
    server: ServerKey,
    flow: Flow,
    request: Message,
    caller: Caller,
) -> Option<CallKey> {
    let plan = cx.core.plan.clone();
    let settings = &plan.settings;
    let limit = settings.limits.calls as usize;
    let full = calls.len() >= limit || cx.core.ports.left() < 4;
    if full {
        let wait = settings.limits.retry_after.as_secs().to_string();
        respond(cx, server, &request, 503, |writer| writer.header(Name::RetryAfter, wait).finish());
        return None;
    }
    if let Err(objection) = uas::inspect_body(&request) {
        respond(cx, server, &request, objection.code, |writer| objection.write(writer).finish());
        return None;
    }
    if let Err(short) = Proposal::of(&request).answer(&uas::wish(&settings.sip)) {
        respond(cx, server, &request, 422, |writer| writer.header(Name::MinSe, short.min_secs.to_string()).finish());
        return None;
    }
    let offer = sdp_in(&request);
    let unreadable = offer.is_none() && !request.body_bytes().is_empty();
    if unreadable || offer.as_ref().is_some_and(|offer| !offer.is_relayable()) {
        respond(cx, server, &request, 488, Writer::finish);
        return None;
    }
    let dialled = Uri::parse(request.request_uri()).ok().and_then(|uri| number_in(&uri)).unwrap_or_default();
    let mut journey = Journey::new(cx.core.journey_id(cx.wall), caller, dialled.into());
    journey.diversions = diversions_of(&request);

    let address = cx.core.our_address(&flow);
    let (shard, chance, dice) = (cx.core.config.shard, cx.core.dice.next(), cx.core.dice.next());
    let mut dialog = None;
    let key = calls.insert(|key| {
        let tag = Tag { call: key, leg: Leg::CALLER, fork: 0 }.write(shard, chance);
        dialog = Dialog::as_uas(&request, &tag, &contact(address, flow.transport)).ok();
        Call::new(key, plan.clone(), journey, Party::new(Leg::CALLER, Phase::Incoming(server), flow), cx)
    });
    let Some(dialog) = dialog else {
        calls.remove(key);
        respond(cx, server, &request, 400, Writer::finish);
        return None;
    };
    cx.core.current = Some(key); // from here on a fault is this call's
    respond(cx, server, &request, 100, Writer::finish);
    cx.core.transactions.set_user(server, User::Invite { call: key, leg: Leg::CALLER });
    let call = calls.get_mut(key)?;
    let party = &mut call.parties[0];
    party.device = call.journey.caller.device.clone();
    party.person = call.journey.caller.person.clone();
    party.follows_contact = super::dial::shows_its_address(&request, &flow) || call.journey.caller.trunk.is_some();
    party.media.offered = offer.is_some();
    party.media.remote = offer;
    let cseq = request.cseq().map_or(1, |cseq| cseq.number);
    party.threads.push(Thread { reliable: Some(Reliable::new(dice, cseq)), ..Thread::new(dialog) });
    let call_id = request.call_id().into();
    party.invite = Some(request);
    call.begin(cx, call_id);
    Some(key)
}

impl Call {
    /// Finds the route and lets its program begin.
    fn begin(&mut self, cx: &mut Cx<'_>, call_id: Box<str>) {
        let (caller, dialled) = (self.journey.caller.clone(), self.journey.dialled.clone());
        self.note(cx, What::Began { caller, dialled: dialled.clone(), call_id });
        self.note_sip(cx, Leg::CALLER, false, &format!("INVITE {dialled}"));
        let view = View { plan: &self.plan, facts: cx.facts, wall: cx.wall };
        let incoming = Incoming { caller: &self.journey.caller, dialled: &dialled, wall: cx.wall };
        match self.plan.route(&incoming, &view) {
            Some(routed) => {
                self.program = Some(routed.program);
                self.because(cx, Reason::Route { route: routed.name, at: routed.at });
                self.drive(cx, Event::Start);
            }
            None => {
                self.because(cx, Reason::NoRoute { dialled });
                self.refuse(cx, 404, call::EndedBy::Plan);
            }
        }
    }
}
