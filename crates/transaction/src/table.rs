//! The table of all transactions of a shard: what its user and its clock do to it ([`receive`](crate::receive) has
//! what the network does).

use crate::branch::{Keyed, Tokens};
use crate::client::{Client, Due};
use crate::invite_client::InviteClient;
use crate::invite_server::InviteServer;
use crate::server::Server;
use crate::{Cancelled, ClientKey, Full, Output, ServerKey, TimerId, Timings, Wheel};
use bytes::Bytes;
use sip::{Flow, Message, Method};
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// How much the table takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Transactions of both kinds together. The last eighth is kept for requests within dialogs and for our own, so
    /// that calls in progress can end; other requests get 503 then.
    pub transactions_max: usize,
    /// The Retry-After of that 503.
    pub retry_after_secs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { transactions_max: 100_000, retry_after_secs: 5 }
    }
}

/// All transactions of a shard. `U` is what the user attaches to each.
#[derive(Debug)]
pub struct Transactions<U: Copy> {
    pub(crate) prefix: Box<str>,
    pub(crate) tokens: Tokens,
    pub(crate) keyed: Keyed,
    pub(crate) timings: Timings,
    pub(crate) limits: Limits,
    pub(crate) clients: Slab<ClientEntry<U>>,
    pub(crate) servers: Slab<ServerEntry<U>>,
    server_count: u32,
    /// By [`identity::write`](crate::identity::write). These maps are looked up in, never walked.
    pub(crate) by_identity: HashMap<Arc<str>, u32, Keyed>,
    /// By [`identity::of_copies`](crate::identity::of_copies).
    pub(crate) by_copies: HashMap<u64, u32, Keyed>,
    /// The CANCEL of an INVITE: they share a branch.
    pub(crate) cancels: HashMap<ClientKey, u32, Keyed>,
    wheel: Wheel<Place>,
    pub(crate) outputs: VecDeque<Output<U>>,
    pub(crate) scratch: String,
}

#[derive(Debug)]
pub(crate) struct ClientEntry<U> {
    pub token: u64,
    pub method: Method,
    pub machine: ClientMachine,
    pub flow: Flow,
    /// `None` once nobody wants to hear of it.
    pub user: Option<U>,
    timer: Option<(Instant, TimerId)>,
}

#[derive(Debug)]
pub(crate) enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
    /// For an INVITE's CANCEL: nobody is told anything. Holds the INVITE's key, whose branch it shares.
    Cancel(Client, ClientKey),
}

#[derive(Debug)]
pub(crate) struct ServerEntry<U> {
    pub count: u32,
    pub machine: ServerMachine,
    /// Where responses go, §18.2.2.
    pub reply: Flow,
    /// The port for responses when the connection is gone.
    pub sent_by_port: u16,
    pub user: Option<U>,
    pub identity: Arc<str>,
    pub copies: Option<u64>,
    timer: Option<(Instant, TimerId)>,
}

#[derive(Debug)]
pub(crate) enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

/// Whose timer it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Client(u32),
    Server(u32),
}

impl<U: Copy> Transactions<U> {
    /// An empty table. `prefix` (node and shard, token characters) follows the magic cookie in each branch, and
    /// `seed` makes the rest of them.
    pub fn new(prefix: &str, seed: u64, timings: Timings, limits: Limits) -> Self {
        let keyed = Keyed::new(seed);
        Self {
            prefix: prefix.into(),
            tokens: Tokens::new(keyed.clone()),
            timings,
            limits,
            clients: Slab::new(),
            servers: Slab::new(),
            server_count: 0,
            by_identity: HashMap::with_hasher(keyed.clone()),
            by_copies: HashMap::with_hasher(keyed.clone()),
            cancels: HashMap::with_hasher(keyed.clone()),
            keyed,
            wheel: Wheel::default(),
            outputs: VecDeque::new(),
            scratch: String::new(),
        }
    }

    /// Sends a request with a transaction; `write` gets its branch. INVITE gets an INVITE transaction. Not for ACK,
    /// which has none: see [`send`](Self::send).
    pub fn send_request(
        &mut self,
        now: Instant,
        flow: Flow,
        user: U,
        write: impl FnOnce(&str) -> Bytes,
    ) -> Result<ClientKey, Full> {
        if self.is_full() {
            return Err(Full);
        }
        let key = ClientKey { index: self.clients.vacant_key() as u32, token: self.tokens.next() };
        key.write(&self.prefix, &mut self.scratch);
        let bytes = write(&self.scratch);
        let reliable = flow.transport.is_reliable();
        let name = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
        let method = Method::from_bytes(name);
        let machine = match method {
            Method::Invite => ClientMachine::Invite(InviteClient::new(now, bytes.clone(), reliable, &self.timings)),
            _ => ClientMachine::Other(Client::new(now, bytes.clone(), reliable, &self.timings)),
        };
        self.send(flow, bytes);
        let entry = ClientEntry { token: key.token, method, machine, flow, user: Some(user), timer: None };
        self.insert_client(now, entry);
        Ok(key)
    }

    /// Cancels an INVITE: at once if it has got a provisional response, else as soon as it gets one, RFC 3261 §9.1.
    /// `write` makes the CANCEL from the INVITE's branch and the INVITE, as [`cancel_for`](crate::cancel_for) does.
    /// Nothing is told of the CANCEL itself: the INVITE reports its final response, or `TimedOut` after 64*T1.
    pub fn cancel(
        &mut self,
        now: Instant,
        invite: ClientKey,
        write: impl FnOnce(&str, &Message) -> Bytes,
    ) -> Cancelled {
        invite.write(&self.prefix, &mut self.scratch);
        let Some(entry) = client_in(&mut self.clients, invite) else { return Cancelled::Late };
        let ClientMachine::Invite(machine) = &mut entry.machine else { return Cancelled::Late };
        let (cancelled, bytes) = machine.cancel(now, &self.timings, |message| write(&self.scratch, message));
        let flow = entry.flow;
        self.settle(now, Place::Client(invite.index));
        if let Some(bytes) = bytes {
            self.send_cancel(now, invite, flow, bytes);
        }
        cancelled
    }

    /// Nothing more is told of this transaction; it still does what the network needs of it. Not for an INVITE that
    /// may yet be answered: its 2xx wants an ACK and a BYE.
    pub fn abandon(&mut self, client: ClientKey) {
        if let Some(entry) = client_in(&mut self.clients, client) {
            entry.user = None;
        }
    }

    /// Answers a request. What does not fit its transaction's state is dropped: a second final response, a
    /// provisional one too early for RFC 4320, anything for a transaction that is no more.
    pub fn respond(&mut self, now: Instant, server: ServerKey, response: Bytes, code: u16) {
        let Some(entry) = server_in(&mut self.servers, server) else { return };
        let send = match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.respond(now, &response, code, &self.timings),
            ServerMachine::Other(machine) => machine.respond(now, &response, code, &self.timings),
        };
        // Phones that answer a challenge with the same CSeq are wrong, but common.
        if matches!(code, 401 | 407) {
            forget_copies(&mut self.by_copies, entry);
        }
        if send {
            self.outputs.push_back(Output::Transmit { flow: entry.reply, bytes: response });
        }
        self.settle(now, Place::Server(server.index));
    }

    /// Answers a request once and forgets it, RFC 3261 §26.3.2.4: a challenge to somebody unknown costs no memory and
    /// is not sent again of itself, so that a forged sender gets no more than it is sent. The request that comes again
    /// is a new one.
    pub fn respond_once(&mut self, server: ServerKey, response: Bytes) {
        let Some(entry) = server_in(&mut self.servers, server) else { return };
        self.outputs.push_back(Output::Transmit { flow: entry.reply, bytes: response });
        if let Some((_, timer)) = entry.timer.take() {
            self.wheel.cancel(timer);
        }
        self.remove(Place::Server(server.index));
    }

    /// Sends something that has no transaction: the ACK for a 2xx, a response without state, a keep-alive.
    pub fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.outputs.push_back(Output::Transmit { flow, bytes });
    }

    /// A branch for a request without a transaction: each ACK for a 2xx needs one of its own, §17.1.1.3.
    pub fn branch(&mut self) -> String {
        let mut branch = String::new();
        ClientKey { index: u32::MAX, token: self.tokens.next() }.write(&self.prefix, &mut branch);
        branch
    }

    /// Attaches something to a server transaction.
    pub fn set_user(&mut self, server: ServerKey, user: U) {
        if let Some(entry) = server_in(&mut self.servers, server) {
            entry.user = Some(user);
        }
    }

    /// A connection died, could not be opened, or a send was refused. Requests that wait for an answer on it fail;
    /// responses of a connection go to where its peer listens from now on, §18.2.2. Walks the whole table.
    pub fn on_flow_failed(&mut self, now: Instant, flow: &Flow) {
        for index in 0..self.clients.capacity() {
            let Some(entry) = self.clients.get_mut(index).filter(|entry| is_same_way(&entry.flow, flow)) else {
                continue;
            };
            let failed = match &mut entry.machine {
                ClientMachine::Invite(machine) => machine.on_fault(),
                ClientMachine::Other(machine) | ClientMachine::Cancel(machine, _) => machine.on_fault(),
            };
            if let (true, Some(user)) = (failed, entry.user) {
                let client = ClientKey { index: index as u32, token: entry.token };
                self.outputs.push_back(Output::Failed { client, user });
            }
            self.settle(now, Place::Client(index as u32));
        }
        if flow.connection != 0 {
            for (_, entry) in self.servers.iter_mut().filter(|(_, entry)| entry.reply == *flow) {
                entry.reply.connection = 0;
                entry.reply.remote.set_port(entry.sent_by_port);
            }
        }
    }

    /// Does what is due by now.
    pub fn on_timeout(&mut self, now: Instant) {
        while let Some(place) = self.wheel.expire(now) {
            match place {
                Place::Client(index) => self.on_client_timeout(now, index),
                Place::Server(index) => self.on_server_timeout(now, index),
            }
            self.settle(now, place);
        }
    }

    /// When [`on_timeout`](Self::on_timeout) is next worth a call. It may turn out to have been a little early.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wheel.poll_timeout()
    }

    /// What is to be sent and to be known, in order. Drain after each call that takes `&mut self`.
    pub fn poll_output(&mut self) -> Option<Output<U>> {
        self.outputs.pop_front()
    }

    /// How many transactions there are.
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// There is no transaction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// [`send_request`](Self::send_request) would refuse.
    pub fn is_full(&self) -> bool {
        self.len() >= self.limits.transactions_max
    }

    fn on_client_timeout(&mut self, now: Instant, index: u32) {
        let Some(entry) = self.clients.get_mut(index as usize) else { return };
        entry.timer = None;
        let due = match &mut entry.machine {
            ClientMachine::Invite(machine) => machine.on_timeout(now),
            ClientMachine::Other(machine) | ClientMachine::Cancel(machine, _) => machine.on_timeout(now, &self.timings),
        };
        match (due, entry.user) {
            (Due::Send(bytes), _) => self.outputs.push_back(Output::Transmit { flow: entry.flow, bytes }),
            (Due::TimedOut, Some(user)) => {
                let client = ClientKey { index, token: entry.token };
                self.outputs.push_back(Output::TimedOut { client, user });
            }
            (Due::TimedOut, None) | (Due::Nothing, _) => {}
        }
    }

    fn on_server_timeout(&mut self, now: Instant, index: u32) {
        let Some(entry) = self.servers.get_mut(index as usize) else { return };
        entry.timer = None;
        let due = match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.on_timeout(now, &self.timings),
            ServerMachine::Other(machine) => machine.on_timeout(now),
        };
        match due {
            Due::Send(bytes) => self.outputs.push_back(Output::Transmit { flow: entry.reply, bytes }),
            Due::TimedOut => {
                let server = ServerKey { index, count: entry.count };
                self.outputs.push_back(Output::NoAck { server, user: entry.user });
            }
            Due::Nothing => {}
        }
    }

    /// Puts the transaction on the wheel anew, or takes it out of the table if it has ended.
    pub(crate) fn settle(&mut self, now: Instant, place: Place) {
        let (ended, due, timer) = match place {
            Place::Client(index) => match self.clients.get_mut(index as usize) {
                Some(entry) => (entry.machine.is_terminated(), entry.machine.poll_timeout(), &mut entry.timer),
                None => return,
            },
            Place::Server(index) => match self.servers.get_mut(index as usize) {
                Some(entry) => (entry.machine.is_terminated(), entry.machine.poll_timeout(), &mut entry.timer),
                None => return,
            },
        };
        let due = due.filter(|_| !ended);
        if timer.map(|(at, _)| at) != due {
            if let Some((_, timer)) = timer.take() {
                self.wheel.cancel(timer);
            }
            *timer = due.map(|at| (at, self.wheel.set(now, at, place)));
        }
        if ended {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: Place) {
        match place {
            Place::Client(index) => {
                let entry = self.clients.remove(index as usize);
                if let ClientMachine::Cancel(_, invite) = entry.machine {
                    self.cancels.remove(&invite);
                }
            }
            Place::Server(index) => {
                let mut entry = self.servers.remove(index as usize);
                self.by_identity.remove(&entry.identity);
                forget_copies(&mut self.by_copies, &mut entry);
            }
        }
    }

    /// Sends the CANCEL of an INVITE; without a transaction of its own when there is no room for one.
    pub(crate) fn send_cancel(&mut self, now: Instant, invite: ClientKey, flow: Flow, bytes: Bytes) {
        self.send(flow, bytes.clone());
        if self.is_full() {
            return;
        }
        let client = Client::new(now, bytes, flow.transport.is_reliable(), &self.timings);
        let machine = ClientMachine::Cancel(client, invite);
        let entry = ClientEntry { token: invite.token, method: Method::Cancel, machine, flow, user: None, timer: None };
        let index = self.insert_client(now, entry);
        self.cancels.insert(invite, index);
    }

    fn insert_client(&mut self, now: Instant, entry: ClientEntry<U>) -> u32 {
        let index = self.clients.insert(entry) as u32;
        self.settle(now, Place::Client(index));
        index
    }

    /// Adds a server transaction for what [`scratch`](Self::scratch) holds as its identity.
    pub(crate) fn insert_server(
        &mut self,
        now: Instant,
        machine: ServerMachine,
        (reply, sent_by_port): (Flow, u16),
        copies: Option<u64>,
    ) -> ServerKey {
        self.server_count = self.server_count.wrapping_add(1);
        let (identity, count) = (Arc::<str>::from(self.scratch.as_str()), self.server_count);
        let entry = ServerEntry {
            count,
            machine,
            reply,
            sent_by_port,
            user: None,
            identity: identity.clone(),
            copies,
            timer: None,
        };
        let index = self.servers.insert(entry) as u32;
        self.by_identity.insert(identity, index);
        if let Some(copies) = copies {
            self.by_copies.insert(copies, index);
        }
        self.settle(now, Place::Server(index));
        ServerKey { index, count }
    }
}

impl ClientMachine {
    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            ClientMachine::Invite(machine) => machine.poll_timeout(),
            ClientMachine::Other(machine) | ClientMachine::Cancel(machine, _) => machine.poll_timeout(),
        }
    }

    fn is_terminated(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => machine.is_terminated(),
            ClientMachine::Other(machine) | ClientMachine::Cancel(machine, _) => machine.is_terminated(),
        }
    }
}

impl ServerMachine {
    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            ServerMachine::Invite(machine) => machine.poll_timeout(),
            ServerMachine::Other(machine) => machine.poll_timeout(),
        }
    }

    fn is_terminated(&self) -> bool {
        match self {
            ServerMachine::Invite(machine) => machine.is_terminated(),
            ServerMachine::Other(machine) => machine.is_terminated(),
        }
    }
}

/// A client transaction of ours, if the key's token is right.
pub(crate) fn client_in<U>(clients: &mut Slab<ClientEntry<U>>, key: ClientKey) -> Option<&mut ClientEntry<U>> {
    clients.get_mut(key.index as usize).filter(|entry| entry.token == key.token)
}

fn server_in<U>(servers: &mut Slab<ServerEntry<U>>, key: ServerKey) -> Option<&mut ServerEntry<U>> {
    servers.get_mut(key.index as usize).filter(|entry| entry.count == key.count)
}

fn forget_copies<U>(by_copies: &mut HashMap<u64, u32, Keyed>, entry: &mut ServerEntry<U>) {
    if let Some(copies) = entry.copies.take() {
        by_copies.remove(&copies);
    }
}

/// Whether what went `used` went where `failed` leads. A request for a stream that was still to be opened does not
/// know the connection's number.
fn is_same_way(used: &Flow, failed: &Flow) -> bool {
    used == failed || (used.connection == 0 && used.transport == failed.transport && used.remote == failed.remote)
}
