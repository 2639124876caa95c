//! One shard's thread: what arrives goes into the engine, what comes out goes where it belongs, then it sleeps.

use super::alarm::Alarm;
use super::dns::Dns;
use super::facts::SharedFacts;
use super::log;
use super::streams::{StreamLimits, Streams};
use super::sys::Inbox;
use super::udp::UdpListener;
use bytes::Bytes;
use call::media::{MediaCommand, MediaEvent};
use call::{JourneyId, Note};
use dialplan::Dialplan;
use engine::{Command, Engine, Input, Output, Status};
use jiff::Timestamp;
use media::Media;
use presence::Journeys;
use sip::{Flow, Transport};
use std::future::poll_fn;
use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use store::{Entry, Writer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

/// How many orders or stream messages are taken before what came out is sent.
const TURN: usize = 64;
/// How many times in one turn what came of sending is seen to, such as another way for what had none; the rest waits
/// for the next turn.
const DETOURS: usize = 4;

/// What reaches a shard from other threads. As many wait as there are ends of media, promises to the store and hands
/// at the controls: all of them limited, so that nobody needs to wait to say so.
pub enum Order {
    /// For the engine.
    Input(Input),
    /// The media threads report.
    Media(MediaEvent),
    /// The store has answered.
    Kept(JourneyId, bool),
    /// How is it going?
    Status(oneshot::Sender<ShardStatus>),
    /// The thread is to end.
    Stop,
}

/// How full a shard and its sockets are.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShardStatus {
    /// The engine.
    pub engine: Status,
    /// TCP connections.
    pub connections: usize,
}

/// The way to a shard.
#[derive(Clone)]
pub struct ToShard(UnboundedSender<Order>);

impl ToShard {
    /// A way and its end.
    pub fn new() -> (ToShard, UnboundedReceiver<Order>) {
        let (orders, waiting) = tokio::sync::mpsc::unbounded_channel();
        (ToShard(orders), waiting)
    }

    /// Says something; a shard that is at its end does not hear it.
    pub fn send(&self, order: Order) {
        self.0.send(order).ok();
    }

    /// Asks the engine for something.
    pub fn command(&self, command: Command) {
        self.send(Order::Input(Input::Command(command)));
    }

    /// How full the shard is; `None` when it is no more.
    pub async fn status(&self) -> Option<ShardStatus> {
        let (answer, answered) = oneshot::channel();
        self.send(Order::Status(answer));
        answered.await.ok()
    }
}

/// What a shard begins with.
pub struct Start {
    /// For the engine.
    pub config: engine::Config,
    /// The plan in force.
    pub plan: Arc<Dialplan>,
    /// Bound UDP sockets.
    pub udp: Vec<UdpSocket>,
    /// Bound TCP listeners.
    pub tcp: Vec<std::net::TcpListener>,
    /// What may come over streams.
    pub limits: StreamLimits,
    /// What is known.
    pub facts: Arc<SharedFacts>,
    /// Which journeys occupy which devices.
    pub journeys: Journeys,
    /// Bindings from before the restart.
    pub restored: Vec<(call::Name, call::Binding)>,
    /// The store's thread.
    pub writer: Arc<Writer>,
    /// The media threads.
    pub media: Arc<Media>,
    /// Who answers questions about names.
    pub dns: Dns,
    /// From other threads.
    pub orders: UnboundedReceiver<Order>,
    /// The way back to this shard, for what its tasks find out.
    pub to_self: ToShard,
}

/// Runs a shard on this thread until it is told to stop.
pub fn run(start: Start) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut shard = Shard::new(start)?;
        shard.run().await;
        Ok(())
    })
}

struct Shard {
    engine: Engine,
    facts: Arc<SharedFacts>,
    journeys: Journeys,
    udp: Vec<UdpListener>,
    inbox: Inbox,
    streams: Streams,
    writer: Arc<Writer>,
    media: Arc<Media>,
    dns: Dns,
    orders: UnboundedReceiver<Order>,
    to_self: ToShard,
    alarm: Alarm,
    /// Which socket is looked at first.
    turn: usize,
    from_streams: Vec<Input>,
    /// For the media threads, collected over one turn: what is on the wire does not wait for them.
    commands: Vec<MediaCommand>,
    /// For the store, collected over one turn.
    entries: Vec<Entry>,
    /// With the store, in the order in which they went.
    promised: Vec<(JourneyId, Note)>,
    stopped: bool,
}

/// Why the shard woke up.
enum Wake {
    Datagrams { listener: usize },
    Streams,
    Order(Order),
    Timer,
}

impl Shard {
    fn new(start: Start) -> io::Result<Shard> {
        let now = Instant::now();
        let message_max = start.limits.connection.frame.message_max;
        let mut shard = Shard {
            engine: Engine::new(start.config, start.plan, now, Timestamp::now()),
            facts: start.facts,
            journeys: start.journeys,
            udp: start.udp.into_iter().map(UdpListener::new).collect::<io::Result<_>>()?,
            inbox: Inbox::new(message_max.min(65_535)),
            streams: Streams::new(start.tcp, start.limits)?,
            writer: start.writer,
            media: start.media,
            dns: start.dns,
            orders: start.orders,
            to_self: start.to_self,
            alarm: Alarm::new()?,
            turn: 0,
            from_streams: Vec::new(),
            commands: Vec::new(),
            entries: Vec::new(),
            promised: Vec::new(),
            stopped: false,
        };
        shard.feed(now, Input::Command(Command::Restored(start.restored)));
        shard.flush(now);
        Ok(shard)
    }

    async fn run(&mut self) {
        while !self.stopped {
            let wake = poll_fn(|cx| self.poll_wake(cx)).await;
            let now = Instant::now();
            match wake {
                Wake::Datagrams { listener } => self.on_datagrams(now, listener),
                Wake::Streams => {
                    for input in std::mem::take(&mut self.from_streams) {
                        self.feed(now, input);
                    }
                }
                Wake::Order(order) => self.on_order(now, order),
                Wake::Timer => self.feed(now, Input::Timeout),
            }
            self.flush(now);
        }
    }

    /// The first thing that there is to do. Timers, the store and the media threads come before the network, so that
    /// no flood holds them up; of the sockets another one is first each time.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if self.poll_timer(cx).is_ready() {
            return Poll::Ready(Wake::Timer);
        }
        match self.orders.poll_recv(cx) {
            Poll::Ready(Some(order)) => return Poll::Ready(Wake::Order(order)),
            Poll::Ready(None) => return Poll::Ready(Wake::Order(Order::Stop)),
            Poll::Pending => {}
        }
        self.turn = self.turn.wrapping_add(1);
        let sockets = self.udp.len() + 1;
        for socket in (self.turn..self.turn.wrapping_add(sockets)).map(|at| at % sockets) {
            match self.udp.get(socket) {
                Some(listener) => {
                    if listener.poll_receive(cx, &mut self.inbox).is_ready() {
                        return Poll::Ready(Wake::Datagrams { listener: socket });
                    }
                }
                None => {
                    if self.poll_streams(cx).is_ready() {
                        return Poll::Ready(Wake::Streams);
                    }
                }
            }
        }
        Poll::Pending
    }

    /// Takes what the streams have, up to a turn's share.
    fn poll_streams(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.from_streams.len() < TURN
            && let Poll::Ready(input) = self.streams.poll_input(cx)
        {
            self.from_streams.push(input);
        }
        if self.from_streams.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.engine.poll_timeout() else { return Poll::Pending };
        self.alarm.poll(cx, at)
    }

    fn on_datagrams(&mut self, now: Instant, listener: usize) {
        // The inbox is lent out while the engine works on what lies in it.
        let inbox = std::mem::replace(&mut self.inbox, Inbox::new(0));
        for datagram in inbox.datagrams().filter(|datagram| !datagram.bytes.is_empty()) {
            let flow = self.udp[listener].flow(&datagram);
            self.feed(now, Input::Datagram { flow, bytes: Bytes::copy_from_slice(datagram.bytes) });
        }
        self.inbox = inbox;
    }

    fn on_order(&mut self, now: Instant, order: Order) {
        self.obey(now, order);
        for _ in 1..TURN {
            match self.orders.try_recv() {
                Ok(order) => self.obey(now, order),
                Err(_) => return,
            }
        }
    }

    fn obey(&mut self, now: Instant, order: Order) {
        match order {
            Order::Input(input) => self.feed(now, input),
            Order::Media(event) => self.feed(now, Input::Media(event)),
            Order::Kept(journey, ok) => self.on_kept(now, journey, ok),
            Order::Status(answer) => {
                let (engine, connections) = (self.engine.status(), self.streams.len());
                answer.send(ShardStatus { engine, connections }).ok();
            }
            Order::Stop => self.stopped = true,
        }
    }

    /// What was promised is true from now on: facts first, then whoever waits for it.
    fn on_kept(&mut self, now: Instant, journey: JourneyId, ok: bool) {
        if let Some(at) = self.promised.iter().position(|(of, _)| *of == journey) {
            let (_, note) = self.promised.remove(at);
            if ok {
                self.apply(&note);
            }
        }
        self.feed(now, Input::Kept { journey, ok });
    }

    fn feed(&mut self, now: Instant, input: Input) {
        self.engine.handle_input(now, input, &*self.facts);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => self.transmit(flow, bytes),
                Output::Media(command) => self.commands.push(command),
                Output::Ask(question) => self.ask(question),
                Output::Note(note) => {
                    self.apply(&note);
                    self.entries.push(Entry { note, keep: None });
                }
                Output::Keep { journey, note } => {
                    self.promised.push((journey, note.clone()));
                    self.entries.push(Entry { note, keep: Some(journey) });
                }
            }
        }
    }

    /// Asks DNS beside everything else; the engine limits how many questions are out.
    fn ask(&self, question: locate::Question) {
        let (dns, to_self) = (self.dns.clone(), self.to_self.clone());
        tokio::spawn(async move {
            let answer = dns.ask(&question).await;
            to_self.send(Order::Input(Input::Answer { question, answer }));
        });
    }

    fn apply(&mut self, note: &Note) {
        log::note(note);
        presence::fold(&mut &*self.facts, &mut self.journeys, note);
    }

    fn transmit(&mut self, flow: Flow, bytes: Bytes) {
        if flow.transport != Transport::Udp {
            return self.streams.send(flow, bytes);
        }
        let at = self.udp.iter().position(|listener| listener.serves(flow.local));
        let at = at.or_else(|| self.udp.iter().position(|listener| listener.can_reach(flow.remote)));
        match at {
            Some(at) => self.udp[at].queue(&flow, bytes),
            None => tracing::debug!(%flow, "no listener of that address family"),
        }
    }

    /// Sends, carries out and writes what this turn brought. What had no way, and what the media threads have to say at
    /// once, may bring more.
    fn flush(&mut self, now: Instant) {
        for _ in 0..DETOURS {
            let (mut failed, mut told) = (Vec::new(), Vec::new());
            for listener in &mut self.udp {
                listener.flush(|flow| failed.push(flow));
            }
            for command in self.commands.drain(..) {
                self.media.send(command, &mut told);
            }
            if failed.is_empty() && told.is_empty() {
                break;
            }
            for flow in failed {
                self.feed(now, Input::FlowFailed { flow });
            }
            for event in told {
                self.feed(now, Input::Media(event));
            }
        }
        self.writer.write(&mut self.entries);
    }
}
