//! One shard of the exchange: takes inputs, gives outputs, holds calls and subscriptions.

use crate::auth::{Authenticator, Verdict};
use crate::calls::{self, CallKey, Calls};
use crate::core::{Core, Cx, Timer, User};
use crate::ids::Tag;
use crate::input::{Command, Config, Input, Output, Status};
use crate::lights::Lights;
use crate::registrar::Registrar;
use crate::uas;
use bytes::Bytes;
use call::media::MediaEvent;
use call::{Caller, EndedBy, Facts, Leg, What};
use dialplan::{Device, Dialplan};
use jiff::Timestamp;
use sip::{Flow, Message, Method, Name, ParseError, Writer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use transaction::{Output as Told, ServerKey};

/// One shard of the exchange.
///
/// Give it inputs as they come; after each, take outputs until there are none; then wait until `poll_timeout` and
/// give it `Input::Timeout`. The same inputs at the same times from the same seed give the same outputs.
pub struct Engine {
    core: Core,
    calls: Calls,
    lights: Lights,
    auth: Authenticator,
    registrar: Registrar,
    draining: bool,
    faults: u64,
    refused: u64,
}

impl Engine {
    /// An exchange that begins at `now`, when the clock on the wall shows `wall`.
    pub fn new(config: Config, plan: Arc<Dialplan>, now: Instant, wall: Timestamp) -> Self {
        let mut core = Core::new(config, plan, now, wall);
        let auth = Authenticator::new(core.dice.wide(), &core.plan.settings.sip);
        Self {
            registrar: Registrar::default(),
            calls: Calls::default(),
            lights: Lights::default(),
            draining: false,
            faults: 0,
            refused: 0,
            auth,
            core,
        }
    }

    /// Takes one input. A fault of ours costs the call that it happened in, not the exchange.
    pub fn handle_input(&mut self, now: Instant, input: Input, facts: &dyn Facts) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take(now, input, facts))) {
            self.contain(now, facts, panic.as_ref());
        }
        self.core.arm_lights(now);
    }

    /// What is to be done, in order; drain after each input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.out.pop_front()
    }

    /// When `Input::Timeout` is wanted.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timers = [
            self.core.wheel.poll_timeout(),
            self.core.transactions.poll_timeout(),
            self.core.locator.poll_timeout(),
            self.registrar.poll_timeout(),
        ];
        timers.into_iter().flatten().min()
    }

    /// How full it is.
    pub fn status(&self) -> Status {
        Status {
            calls: self.calls.len(),
            legs: self.calls.iter().map(calls::Call::open_legs).sum(),
            transactions: self.core.transactions.len(),
            ports: self.core.ports.held(),
            timers: self.core.wheel.len(),
            subscriptions: self.lights.len(),
            faults: self.faults,
            refused: self.refused,
            draining: self.draining,
        }
    }

    fn take(&mut self, now: Instant, input: Input, facts: &dyn Facts) {
        match input {
            Input::Datagram { flow, bytes } => self.on_datagram(now, flow, bytes),
            Input::FlowFailed { flow } => self.core.transactions.on_flow_failed(now, &flow),
            Input::Media(event) => self.on_media(now, facts, event),
            Input::Kept { journey, ok } => {
                if let Some(&key) = self.core.keeping.get(&journey) {
                    self.with_call(now, facts, key, |call, cx| call.on_kept(cx, ok));
                }
            }
            Input::Answer { question, answer } => self.core.locator.on_answer(now, question, answer),
            Input::Command(command) => self.on_command(now, facts, command),
            Input::Dialplan(plan) => {
                self.auth.configure(&plan.settings.sip);
                self.core.plan = plan;
            }
            Input::Wall(wall) => self.core.set_wall(now, wall),
            Input::Timeout => self.on_timeout(now, facts),
        }
        self.pump(now, facts);
    }

    /// Works on a call, sees to its timer, and forgets it once it is over.
    fn with_call(
        &mut self,
        now: Instant,
        facts: &dyn Facts,
        key: CallKey,
        work: impl FnOnce(&mut calls::Call, &mut Cx<'_>),
    ) {
        let wall = self.core.wall(now);
        let Some(call) = self.calls.get_mut(key) else { return };
        self.core.current = Some(key);
        let mut cx = Cx { now, wall, facts, core: &mut self.core };
        work(call, &mut cx);
        call.settle(&mut cx);
        if call.is_over() {
            call.note_end(&mut cx);
            let (end, journey) = (call.next_end, call.journey.id);
            self.calls.remove(key);
            self.core.forget(end, journey);
        }
        self.core.current = None;
    }

    fn on_datagram(&mut self, now: Instant, flow: Flow, bytes: Bytes) {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(fault) => return self.on_unreadable(&flow, &fault),
        };
        if let Err(reject) = message.validate() {
            if message.is_request() && message.method() != Method::Ack {
                self.refuse_stateless(&flow, &message, reject.code, reject.reason);
            }
            return;
        }
        let message = if message.is_request() { sip::fix_via(message, flow.remote) } else { message };
        self.core.transactions.on_message(now, flow, message);
    }

    /// A message that cannot be read: 400 where enough of it is clear to send one, else silence.
    fn on_unreadable(&mut self, flow: &Flow, fault: &ParseError) {
        if let Some((message, reject)) = fault.answer() {
            let message = message.clone();
            self.refuse_stateless(flow, &message, reject.code, reject.reason);
        }
    }

    /// §8.2.7: answers without keeping anything.
    fn refuse_stateless(&mut self, flow: &Flow, request: &Message, code: u16, reason: &str) {
        let request = sip::fix_via(request.clone(), flow.remote);
        let target = sip::response_target(&request, flow);
        self.core.transmit(target, sip::respond(&request, code, Some(reason)).to_tag("0").finish());
    }

    /// Hears what the transactions have to say, until they have said everything.
    fn pump(&mut self, now: Instant, facts: &dyn Facts) {
        while let Some(told) = self.next_told(now, facts) {
            match told {
                Told::Transmit { flow, bytes } => self.core.transmit(flow, bytes),
                Told::Request { server, flow, request } => {
                    self.core.serving = Some((server, request.clone()));
                    self.on_request(now, facts, server, flow, request);
                    self.core.serving = None;
                }
                Told::Ack { request, .. } => self.on_ack(now, facts, &request),
                Told::Cancelled { user, .. } => match user {
                    Some(User::Invite { call, .. }) => {
                        self.with_call(now, facts, call, |call, cx| call.on_cancelled(cx))
                    }
                    Some(User::Pass { call, pass }) => {
                        self.with_call(now, facts, call, |call, cx| call.on_pass_cancelled(cx, pass));
                    }
                    _ => (),
                },
                Told::Response { user, response, .. } => self.on_response(now, facts, user, &response),
                Told::TimedOut { user, .. } => self.on_unheard(now, facts, user, 408),
                Told::Failed { user, .. } => self.on_unheard(now, facts, user, 503),
                Told::NoAck { .. } => (), // the caller has its refusal or is gone; nothing waits for it
            }
        }
    }

    /// The next thing that transactions have to say; look-ups are heard before and after.
    fn next_told(&mut self, now: Instant, facts: &dyn Facts) -> Option<Told<User>> {
        while let Some(found) = self.core.locator.poll_output() {
            match found {
                locate::Output::Ask(question) => self.core.out.push_back(Output::Ask(question)),
                locate::Output::Located { id, found } => {
                    if let Some((key, leg)) = self.core.searches.remove(&id) {
                        self.with_call(now, facts, key, |call, cx| call.on_located(cx, leg, found));
                    }
                }
            }
        }
        self.core.transactions.poll_output()
    }

    fn on_request(&mut self, now: Instant, facts: &dyn Facts, server: ServerKey, flow: Flow, request: Message) {
        if let Err(objection) = uas::inspect(&request) {
            return self.answer(now, server, &request, objection.code, |writer| objection.write(writer));
        }
        match (request.to_tag(), request.method()) {
            (Some(_), Method::Subscribe) => {
                let wall = self.core.wall(now);
                let mut cx = Cx { now, wall, facts, core: &mut self.core };
                self.lights.on_refresh(&mut cx, server, flow, &request);
            }
            (Some(tag), _) => match self.find(tag, &request) {
                Some((key, leg, at)) => self.with_call(now, facts, key, |call, cx| {
                    call.on_request(cx, leg, at, server, flow, request);
                }),
                None => self.answer(now, server, &request, 481, |writer| writer),
            },
            (None, Method::Options) => self.answer(now, server, &request, 200, uas::capabilities),
            (None, Method::Register) => self.on_register(now, facts, server, flow, &request),
            (None, Method::Invite) => self.on_invite(now, facts, server, flow, request),
            (None, Method::Subscribe) => self.on_subscribe(now, facts, server, flow, &request),
            (None, Method::Message) => {
                self.answer(now, server, &request, 405, |writer| writer.header(Name::Allow, uas::ALLOW))
            }
            (None, _) => self.answer(now, server, &request, 481, |writer| writer),
        }
    }

    /// The dialog that a request is for: our tag leads to the call, and the whole must be the same.
    fn find(&mut self, tag: &str, request: &Message) -> Option<(CallKey, Leg, usize)> {
        let Tag { call, leg, .. } = Tag::read(tag)?;
        let party = self.calls.get_mut(call)?.party(leg)?;
        let at = party.threads.iter().position(|thread| {
            &*thread.dialog.local_tag == tag
                && Some(&*thread.dialog.remote_tag) == request.from_tag()
                && &*thread.dialog.call_id == request.call_id()
        })?;
        (!party.is_over()).then_some((call, leg, at))
    }

    fn on_ack(&mut self, now: Instant, facts: &dyn Facts, request: &Message) {
        if let Some((key, leg, at)) = request.to_tag().and_then(|tag| self.find(tag, request)) {
            self.with_call(now, facts, key, |call, cx| call.on_ack(cx, leg, at, request));
        }
    }

    fn on_response(&mut self, now: Instant, facts: &dyn Facts, user: User, response: &Message) {
        match user {
            User::Invite { call, leg } => self.with_call(now, facts, call, |call, cx| match response.code() {
                0..=199 => call.on_provisional(cx, leg, response),
                200..=299 => call.on_answered(cx, leg, response),
                _ => call.on_refused(cx, leg, response),
            }),
            User::Pass { call, pass } => {
                self.with_call(now, facts, call, |call, cx| call.on_passed(cx, pass, response))
            }
            User::Own { call, leg } => self.with_call(now, facts, call, |call, cx| call.on_own(cx, leg, response)),
            User::Light { subscription } => self.on_light_refused(now, facts, subscription, response.code()),
            User::Nobody => (),
        }
    }

    fn on_unheard(&mut self, now: Instant, facts: &dyn Facts, user: User, code: u16) {
        match user {
            User::Invite { call, leg } => self.with_call(now, facts, call, |call, cx| call.on_unheard(cx, leg, code)),
            User::Pass { call, pass } => {
                self.with_call(now, facts, call, |call, cx| call.on_pass_unheard(cx, pass, code))
            }
            User::Own { call, leg } => self.with_call(now, facts, call, |call, cx| call.on_own_unheard(cx, leg)),
            User::Light { subscription } => self.on_light_refused(now, facts, subscription, 408),
            User::Nobody => (),
        }
    }

    fn on_light_refused(&mut self, now: Instant, facts: &dyn Facts, subscription: u64, code: u16) {
        let wall = self.core.wall(now);
        let mut cx = Cx { now, wall, facts, core: &mut self.core };
        self.lights.on_refused(&mut cx, subscription, code);
    }

    /// A new call: from a trunk by its address, else from a device that proves itself.
    fn on_invite(&mut self, now: Instant, facts: &dyn Facts, server: ServerKey, flow: Flow, request: Message) {
        if self.draining {
            self.refused += 1;
            return self.answer(now, server, &request, 503, |writer| writer.header(Name::RetryAfter, "60"));
        }
        if request.from_tag().and_then(Tag::read).is_some_and(|tag| self.is_own_leg(tag, &request)) {
            return self.answer(now, server, &request, 482, |writer| writer);
        }
        let trunk = self.core.plan.trunk_at(flow.remote).map(|trunk| trunk.name.clone());
        let caller = match trunk {
            Some(trunk) => calls::caller_from_trunk(&request, &trunk),
            None => match self.prove(now, server, &request) {
                Some(device) => caller_of(&self.core.plan, &device, &request),
                None => return,
            },
        };
        let wall = self.core.wall(now);
        let mut cx = Cx { now, wall, facts, core: &mut self.core };
        match calls::receive(&mut cx, &mut self.calls, server, flow, request, caller) {
            Some(key) => self.with_call(now, facts, key, |_, _| ()),
            None => self.refused += 1,
        }
    }

    /// An INVITE of ours has come back to us, RFC 3261 §16.3 step 4.
    fn is_own_leg(&mut self, tag: Tag, request: &Message) -> bool {
        let party = self.calls.get_mut(tag.call).and_then(|call| call.party(tag.leg));
        party.and_then(|party| party.invite.as_ref()).is_some_and(|invite| invite.call_id() == request.call_id())
    }

    fn on_subscribe(&mut self, now: Instant, facts: &dyn Facts, server: ServerKey, flow: Flow, request: &Message) {
        if let Some(device) = self.prove(now, server, request) {
            let wall = self.core.wall(now);
            let mut cx = Cx { now, wall, facts, core: &mut self.core };
            self.lights.on_subscribe(&mut cx, server, flow, request, &device.name);
        }
    }

    fn on_register(&mut self, now: Instant, facts: &dyn Facts, server: ServerKey, flow: Flow, request: &Message) {
        let Some(device) = self.prove(now, server, request) else { return };
        let wall = self.core.wall(now);
        let current = facts.bindings(&device.name);
        let settings = &self.core.plan.settings;
        let done = self.registrar.on_register(now, wall, request, &flow, &device, &current, settings);
        let code = done.code;
        self.core.transactions.respond(now, server, done.response, code);
        for what in done.notes {
            if let What::Registered { device, binding } = &what
                && !current.iter().any(|before| before.id == binding.id)
            {
                let mut cx = Cx { now, wall, facts, core: &mut self.core };
                self.lights.on_registered(&mut cx, device, binding);
            }
            self.core.note(wall, None, what);
        }
    }

    /// The device that sent a request, once it has proved that it is that device; otherwise it is challenged.
    fn prove(&mut self, now: Instant, server: ServerKey, request: &Message) -> Option<Device> {
        let plan = self.core.plan.clone();
        let wall = self.core.wall(now);
        let find = |user: &str| plan.device_by_user(user).map(|device| device.secret);
        match self.auth.check(wall, request, &plan.office.domain, find) {
            Verdict::Proved { user } => plan.device_by_user(&user).cloned(),
            Verdict::Challenge { stale } => {
                let tag = self.own_tag();
                let mut writer = sip::respond(request, 401, None);
                if request.to_tag().is_none() {
                    writer = writer.to_tag(&tag);
                }
                writer = self.auth.challenge(wall, &plan.office.domain, stale, writer);
                self.core.transactions.respond_once(server, writer.finish());
                None
            }
            Verdict::Refused { code } => {
                self.answer(now, server, request, code, |writer| writer);
                None
            }
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        server: ServerKey,
        request: &Message,
        code: u16,
        write: impl FnOnce(Writer) -> Writer,
    ) {
        let tag = self.own_tag();
        let writer = sip::respond(request, code, None);
        let writer = if request.to_tag().is_none() && code > 100 { writer.to_tag(&tag) } else { writer };
        self.core.transactions.respond(now, server, write(writer).finish(), code);
    }

    /// A To tag for an answer that begins no dialog.
    fn own_tag(&mut self) -> String {
        format!("{:x}.{:016x}", self.core.config.shard, self.core.dice.next())
    }

    fn on_media(&mut self, now: Instant, facts: &dyn Facts, event: MediaEvent) {
        if let MediaEvent::Closed { end, .. } | MediaEvent::OpenFailed { end } = event {
            self.core.ports.close(end);
        }
        let (MediaEvent::OpenFailed { end }
        | MediaEvent::Digit { end, .. }
        | MediaEvent::Played { end, .. }
        | MediaEvent::Recorded { end, .. }
        | MediaEvent::Silent { end }
        | MediaEvent::Closed { end, .. }) = event;
        if let Some(key) = self.core.call_of_end(end) {
            self.with_call(now, facts, key, |call, cx| call.on_media(cx, event));
        }
    }

    fn on_command(&mut self, now: Instant, facts: &dyn Facts, command: Command) {
        match command {
            Command::Drain => self.draining = true,
            Command::EndAll => {
                for key in self.calls.keys() {
                    self.with_call(now, facts, key, |call, cx| call.end_all(cx, EndedBy::Exchange));
                }
            }
            Command::End(journey) => {
                let key = self.calls.iter().find(|call| call.journey.id == journey).map(|call| call.key);
                if let Some(key) = key {
                    self.with_call(now, facts, key, |call, cx| call.end_all(cx, EndedBy::Exchange));
                }
            }
            Command::DoNotDisturb { person, on } => {
                let wall = self.core.wall(now);
                self.core.note(wall, None, What::DoNotDisturb { person, on });
            }
            Command::Restored(bindings) => {
                let wall = self.core.wall(now);
                self.registrar.restore(now, wall, bindings);
            }
        }
    }

    fn on_timeout(&mut self, now: Instant, facts: &dyn Facts) {
        self.core.transactions.on_timeout(now);
        self.core.locator.on_timeout(now);
        self.pump(now, facts);
        let wall = self.core.wall(now);
        while let Some(what) = self.registrar.expire(now, wall, facts) {
            self.core.note(wall, None, what);
        }
        while let Some(timer) = self.core.wheel.expire(now) {
            match timer {
                Timer::Call(key) => self.with_call(now, facts, key, |call, cx| {
                    call.alarm = None;
                    call.on_timeout(cx);
                }),
                Timer::Lights => {
                    self.core.lights_armed = false;
                    let mut cx = Cx { now, wall, facts, core: &mut self.core };
                    for mailbox in std::mem::take(&mut cx.core.lights) {
                        self.lights.on_change(&mut cx, &mailbox);
                    }
                }
                Timer::Subscription(id) => {
                    let mut cx = Cx { now, wall, facts, core: &mut self.core };
                    self.lights.on_timeout(&mut cx, id);
                }
            }
            self.pump(now, facts);
        }
    }

    /// A fault of ours: the call that was worked on ends, its peers are told, the diary has the words.
    fn contain(&mut self, now: Instant, facts: &dyn Facts, panic: &(dyn std::any::Any + Send)) {
        self.faults += 1;
        let words =
            panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let message = words.unwrap_or("a fault without words").into();
        let wall = self.core.wall(now);
        let key = self.core.current.take();
        let journey = key.and_then(|key| self.calls.get_mut(key)).map(|call| call.journey.id);
        self.core.note(wall, journey, What::Fault { message });
        let serving = self.core.serving.take();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let Some(key) = key else { return };
            self.with_call(now, facts, key, |call, cx| {
                call.program = None;
                call.driving = false;
                call.events.clear();
                call.end_all(cx, EndedBy::Exchange);
            });
        }));
        if let (Err(_), Some(key)) = (ended, key) {
            // Not even its end is possible: it is dropped, and its peers will find out by their own timers.
            self.core.current = None;
            if let Some(call) = self.calls.remove(key) {
                self.core.forget(call.next_end, call.journey.id);
            }
        }
        if let Some((server, request)) = serving {
            self.answer(now, server, &request, 500, |writer| writer); // nothing, if the end of the call has answered it
        }
        if catch_unwind(AssertUnwindSafe(|| self.pump(now, facts))).is_err() {
            self.core.current = None; // the rest is heard with the next input
        }
    }
}

/// The caller that a device is: the person's number and name, whatever From says.
fn caller_of(plan: &Dialplan, device: &Device, request: &Message) -> Caller {
    let person = plan.person_of(&device.name);
    let number = person.and_then(|person| person.number().cloned()).unwrap_or_else(|| device.user.clone());
    let name = person.map_or_else(|| call::Name::from(""), |person| person.name.clone());
    let private = ["id", "user", "header"].iter().any(|kind| request.has_token(Name::Privacy, kind));
    Caller { number, name, device: Some(device.name.clone()), person: device.person.clone(), trunk: None, private }
}
