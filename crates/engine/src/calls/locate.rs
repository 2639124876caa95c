//! Targets that are named by a URI of the plan: looked up (RFC 3263), and the next address when one fails.

use super::Call;
use super::dial::Goal;
use super::party::Phase;
use crate::core::Cx;
use call::{Leg, Target};
use locate::{Failure, Located, Targets, Unreachable};
use sip::{Message, Name, Uri};

impl Call {
    /// The URI that leads to a target of the plan's own: a trunk, or a telephone with a fixed address. A registered
    /// contact is reached where it registered from instead.
    pub fn planned_uri(&self, target: &Target) -> Option<String> {
        match target {
            Target::Contact { device, contact: 0 } => self.plan.device(device)?.contact.as_deref().map(str::to_owned),
            Target::Contact { .. } => None,
            Target::Trunk { trunk, number, .. } => {
                let uri = Uri::parse(&self.plan.trunk(trunk)?.proxy).ok()?;
                Some(with_user(&uri, number))
            }
        }
    }

    /// Looks up where a leg's URI leads and sends its INVITE there, now or when DNS has answered.
    pub fn search(&mut self, cx: &mut Cx<'_>, leg: Leg, uri: String) -> Result<(), super::Refusal> {
        let dice = cx.core.dice.next();
        let found = match Uri::parse(&uri) {
            Ok(parsed) => cx.core.locator.locate(cx.now, &parsed, dice),
            Err(_) => Located::Now(Err(Unreachable::NotSip)),
        };
        let party = &mut self.parties[usize::from(leg.0)];
        party.uri = Some(uri);
        match found {
            Located::Now(found) => self.invite_found(cx, leg, found),
            Located::Later(search) => {
                party.phase = Phase::Locating(search);
                cx.core.searches.insert(search, (self.key, leg));
                Ok(())
            }
        }
    }

    /// A look-up has come to its end.
    pub fn on_located(&mut self, cx: &mut Cx<'_>, leg: Leg, found: Result<Targets, Unreachable>) {
        let Some(party) = self.party(leg).filter(|party| matches!(party.phase, Phase::Locating(_))) else { return };
        party.phase = Phase::Over;
        if let Err((code, _)) = self.invite_found(cx, leg, found) {
            self.fail_leg(cx, leg, code);
        }
    }

    fn invite_found(
        &mut self,
        cx: &mut Cx<'_>,
        leg: Leg,
        found: Result<Targets, Unreachable>,
    ) -> Result<(), super::Refusal> {
        let mut targets = found.map_err(|why| {
            let words = format!("there is no way to {}: {why}", self.parties[usize::from(leg.0)].uri_host());
            self.because(cx, call::Reason::Words(words.into()));
            (503, "no next hop")
        })?;
        let first = targets.first(cx.now, &mut cx.core.locator.blacklist).map(|target| (target.transport, target.addr));
        let flow = first.and_then(|(transport, addr)| cx.core.flow_to(transport, addr)).ok_or((503, "no way there"))?;
        let party = &mut self.parties[usize::from(leg.0)];
        let uri = party.uri.clone().unwrap_or_default();
        party.targets = Some(targets);
        self.invite(cx, leg, Goal { flow, uri, routes: Vec::new(), follows_contact: true })
    }

    /// The server that a leg was sent to has failed: the INVITE goes to the next one, RFC 3263 §4.3. False if there is
    /// none.
    pub fn fail_over(&mut self, cx: &mut Cx<'_>, leg: Leg, failure: Failure) -> bool {
        let party = &mut self.parties[usize::from(leg.0)];
        let (Some(targets), Some(before)) = (&mut party.targets, &party.invite) else { return false };
        let next = targets.next(cx.now, failure, &mut cx.core.locator.blacklist);
        let Some((transport, addr)) = next.map(|target| (target.transport, target.addr)) else { return false };
        let uri = before.request_uri().to_owned();
        let routes = before.headers(Name::Route).map(str::to_owned).collect();
        match cx.core.flow_to(transport, addr) {
            Some(flow) => self.invite_again(cx, leg, Goal { flow, uri, routes, follows_contact: true }, None),
            None => false,
        }
    }

    /// Whoever answers is no longer taken for dead.
    pub fn server_worked(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        if let Some(targets) = self.party(leg).and_then(|party| party.targets.as_ref()) {
            targets.worked(cx.now, &mut cx.core.locator.blacklist);
        }
    }
}

impl super::party::Party {
    fn uri_host(&self) -> String {
        let uri = self.uri.as_deref().and_then(|uri| Uri::parse(uri).ok());
        uri.map(|uri| uri.host.to_owned()).unwrap_or_default()
    }
}

/// What a 503 says of the server that sent it.
pub fn unavailable(response: &Message) -> Failure {
    let seconds = response.number(Name::RetryAfter).and_then(Result::ok);
    Failure::Unavailable { retry_after: seconds.map(|seconds| std::time::Duration::from_secs(seconds.into())) }
}

/// The trunk's URI with a number as its user.
fn with_user(proxy: &Uri<'_>, number: &str) -> String {
    let scheme = if proxy.scheme == sip::Scheme::Sips { "sips" } else { "sip" };
    let host = if proxy.host.contains(':') { format!("[{}]", proxy.host) } else { proxy.host.to_owned() };
    let port = proxy.port.map(|port| format!(":{port}")).unwrap_or_default();
    let transport = proxy.param("transport").map(|word| format!(";transport={word}")).unwrap_or_default();
    format!("{scheme}:{}@{host}{port}{transport}", sip::escape_user(number))
}
