//! What comes from the network: which transaction it belongs to, and what the table answers by itself.

use crate::identity;
use crate::invite_server::{Acked, InviteServer};
use crate::server::Server;
use crate::table::{ClientMachine, Place, ServerMachine, client_in};
use crate::{ClientKey, Output, ServerKey, Transactions};
use sip::{Flow, Message, Method, Name};
use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::time::Instant;

impl<U: Copy> Transactions<U> {
    /// Takes a message after `sip::fix_via` and `Message::validate`.
    pub fn on_message(&mut self, now: Instant, flow: Flow, message: Message) {
        if !message.is_request() {
            return self.on_response(now, message);
        }
        if !identity::write(&message, &mut self.scratch) {
            return;
        }
        let found = self.by_identity.get(self.scratch.as_str()).copied();
        match (message.method(), found) {
            (Method::Ack, _) => self.on_ack(now, flow, message, found),
            (Method::Cancel, _) => self.on_cancel(flow, message, found),
            (_, Some(index)) => self.on_again(index),
            (_, None) => self.on_request(now, flow, message),
        }
    }

    /// §17.1.3: the branch is ours, and so is the method in CSeq. Anything else is nobody's.
    fn on_response(&mut self, now: Instant, response: Message) {
        let Ok(via) = response.top_via() else { return };
        let Some(mut client) = via.branch.and_then(|branch| ClientKey::read(&self.prefix, branch)) else { return };
        // A response that has further to go did not come from a request of ours, §8.1.3.3.
        if response.values(Name::Via).nth(1).is_some() {
            return;
        }
        let invite = client;
        if response.method() == Method::Cancel {
            let Some(&index) = self.cancels.get(&client) else { return };
            client.index = index;
        }
        let Some(entry) = client_in(&mut self.clients, client) else { return };
        if entry.method != response.method() {
            return;
        }
        let mut cancel = None;
        let flow = entry.flow;
        let tell = match &mut entry.machine {
            ClientMachine::Invite(machine) => {
                let heard = machine.on_response(now, &response, &self.timings);
                cancel = heard.cancel;
                self.outputs.extend(heard.ack.map(|bytes| Output::Transmit { flow, bytes }));
                heard.tell
            }
            ClientMachine::Other(machine) | ClientMachine::Cancel(machine, _) => {
                machine.on_response(now, response.code(), &self.timings)
            }
        };
        if let (true, Some(user)) = (tell, entry.user) {
            self.outputs.push_back(Output::Response { client, user, response });
        }
        self.settle(now, Place::Client(client.index));
        if let Some(bytes) = cancel {
            self.send_cancel(now, invite, flow, bytes);
        }
    }

    fn on_ack(&mut self, now: Instant, flow: Flow, request: Message, found: Option<u32>) {
        if let Some(index) = found
            && let Some(entry) = self.servers.get_mut(index as usize)
            && let ServerMachine::Invite(machine) = &mut entry.machine
        {
            let acked = machine.on_ack(now, &self.timings);
            self.settle(now, Place::Server(index));
            if acked == Acked::Ours {
                return;
            }
        }
        self.outputs.push_back(Output::Ack { flow, request });
    }

    /// §9.2. A CANCEL needs no transaction of its own: the answer to each copy follows from the INVITE's.
    fn on_cancel(&mut self, flow: Flow, request: Message, found: Option<u32>) {
        let Some((index, entry)) = found.and_then(|index| Some((index, self.servers.get_mut(index as usize)?))) else {
            return self.answer(&request, flow, 481, None);
        };
        let ServerMachine::Invite(machine) = &mut entry.machine else { return };
        let tell = machine.on_cancel();
        // The To tag of both responses SHOULD be the same: it is in the INVITE's, if there was one with a tag.
        let last = machine.last_response().and_then(|bytes| Message::parse(bytes.clone()).ok());
        let (server, user) = (ServerKey { index, count: entry.count }, entry.user);
        self.answer(&request, flow, 200, last.as_ref().and_then(Message::to_tag));
        if tell {
            self.outputs.push_back(Output::Cancelled { server, user, request });
        }
    }

    /// A request that was seen before.
    fn on_again(&mut self, index: u32) {
        let Some(entry) = self.servers.get(index as usize) else { return };
        let bytes = match &entry.machine {
            ServerMachine::Invite(machine) => machine.on_invite(),
            ServerMachine::Other(machine) => machine.on_request(),
        };
        self.outputs.extend(bytes.map(|bytes| Output::Transmit { flow: entry.reply, bytes }));
    }

    fn on_request(&mut self, now: Instant, flow: Flow, request: Message) {
        let outside = request.to_tag().is_none();
        let reserve = if outside { self.limits.transactions_max / 8 } else { 0 };
        if self.len() + reserve >= self.limits.transactions_max {
            return self.answer(&request, flow, 503, None);
        }
        let copies = identity::of_copies(&request, &self.keyed);
        let is_merged = copies.is_some_and(|copies| self.by_copies.contains_key(&copies));
        let reply = sip::response_target(&request, &flow);
        let sent_by = request.top_via().ok().and_then(|via| via.port);
        let port = sent_by.unwrap_or(flow.transport.default_port());
        let reliable = flow.transport.is_reliable();
        let machine = match request.method() {
            Method::Invite => ServerMachine::Invite(InviteServer::new(reliable)),
            _ => ServerMachine::Other(Server::new(now, request.clone(), reliable, &self.timings)),
        };
        let server = self.insert_server(now, machine, (reply, port), copies.filter(|_| !is_merged));
        if is_merged {
            // §8.2.2.2: a proxy forked this request and both branches led here.
            let tag = self.tag_for(&request);
            self.respond(now, server, sip::respond(&request, 482, None).to_tag(&tag).finish(), 482);
        } else {
            self.outputs.push_back(Output::Request { server, flow, request });
        }
    }

    /// Answers without a transaction.
    fn answer(&mut self, request: &Message, flow: Flow, code: u16, tag: Option<&str>) {
        let mut response = sip::respond(request, code, None);
        if request.to_tag().is_none() {
            response = match tag {
                Some(tag) => response.to_tag(tag),
                None => response.to_tag(&self.tag_for(request)),
            };
        }
        if code == 503 {
            response = response.header_fmt(Name::RetryAfter, format_args!("{}", self.limits.retry_after_secs));
        }
        self.send(sip::response_target(request, &flow), response.finish());
    }

    /// A To tag that is the same for each copy of a request, as §8.2.7 wants where no state is kept.
    fn tag_for(&self, request: &Message) -> String {
        let mut tag = String::with_capacity(self.prefix.len() + 17);
        let hash =
            self.keyed.hash_one((request.call_id(), request.from_tag(), request.cseq().map_or(0, |cseq| cseq.number)));
        let _ = write!(tag, "{}.{hash:016x}", self.prefix);
        tag
    }
}
