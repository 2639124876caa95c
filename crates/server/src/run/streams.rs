//! TCP: listeners, the connections of phones and those that we make, and which message goes to which.

use super::connection::{self, Closed, ConnectionLimits, Stream, WriteQueue};
use bytes::Bytes;
use engine::Input;
use sip::{Flow, Transport};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::AbortHandle;
use tokio::time::{Sleep, sleep};

/// Messages from connections that wait for the shard; their senders wait beyond it.
const EVENTS_MAX: usize = 1024;
/// What may wait to be written to one connection.
const UNWRITTEN_BYTES_MAX: usize = 512 << 10;
/// New connections that the kernel holds for us.
const BACKLOG: i32 = 1024;
/// How long nothing is accepted after the system could not (no file descriptors left, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How many connections there may be, and what each may take.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// All together.
    pub connections: usize,
    /// From one address.
    pub per_address: usize,
    /// Each.
    pub connection: ConnectionLimits,
}

/// What a connection's task tells.
pub enum StreamEvent {
    /// A whole message came.
    Message {
        /// Where.
        flow: Flow,
        /// The message.
        bytes: Bytes,
    },
    /// It is over.
    Closed {
        /// Which.
        connection: u64,
        /// Why.
        why: Closed,
    },
}

/// All streams of a shard.
pub struct Streams {
    listeners: Vec<TcpListener>,
    paused: Option<Pin<Box<Sleep>>>,
    connections: HashMap<u64, Connection>,
    by_remote: HashMap<SocketAddr, u64>,
    per_address: HashMap<IpAddr, usize>,
    opened: u64,
    events: Receiver<StreamEvent>,
    tell: Sender<StreamEvent>,
    ready: VecDeque<Input>,
    limits: StreamLimits,
}

struct Connection {
    flow: Flow,
    queue: WriteQueue,
    made_by_us: bool,
    task: AbortHandle,
}

/// Binds a TCP listener, before any thread or runtime is needed.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart finds the old connections' ports in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Streams {
    /// Takes bound listeners into this thread's runtime.
    pub fn new(listeners: Vec<std::net::TcpListener>, limits: StreamLimits) -> io::Result<Streams> {
        let (tell, events) = channel(EVENTS_MAX);
        Ok(Streams {
            listeners: listeners.into_iter().map(TcpListener::from_std).collect::<io::Result<_>>()?,
            paused: None,
            connections: HashMap::new(),
            by_remote: HashMap::new(),
            per_address: HashMap::new(),
            opened: 0,
            events,
            tell,
            ready: VecDeque::new(),
            limits,
        })
    }

    /// The next message, or the end of a connection.
    pub fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        self.poll_accept(cx);
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Poll::Ready(input);
            }
            match self.events.poll_recv(cx) {
                Poll::Ready(Some(StreamEvent::Message { flow, bytes })) => {
                    return Poll::Ready(Input::Datagram { flow, bytes });
                }
                Poll::Ready(Some(StreamEvent::Closed { connection, why })) => self.on_closed(connection, &why),
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Sends a message on its connection; on one that there is to the same peer, or on a new one, if it names none.
    pub fn send(&mut self, flow: Flow, bytes: Bytes) {
        let connection = match flow.connection {
            0 => match self.by_remote.get(&flow.remote) {
                Some(connection) => *connection,
                None => match self.open(Stream::Wanted, flow) {
                    Some(connection) => connection,
                    None => return self.ready.push_back(Input::FlowFailed { flow }),
                },
            },
            connection => connection,
        };
        // A binding from before a restart may carry a number that is somebody else's by now.
        let Some(known) = self.connections.get(&connection).filter(|known| known.flow.remote == flow.remote) else {
            return self.ready.push_back(Input::FlowFailed { flow });
        };
        if let Err(why) = known.queue.push(bytes, UNWRITTEN_BYTES_MAX) {
            known.task.abort();
            self.on_closed(connection, &why);
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) {
        if let Some(pause) = &mut self.paused {
            if pause.as_mut().poll(cx).is_pending() {
                return;
            }
            self.paused = None;
        }
        for at in 0..self.listeners.len() {
            while let Poll::Ready(accepted) = self.listeners[at].poll_accept(cx) {
                match accepted {
                    Ok((stream, remote)) => self.accept(stream, remote),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        let mut pause = Box::pin(sleep(ACCEPT_PAUSE));
                        if pause.as_mut().poll(cx).is_pending() {
                            self.paused = Some(pause);
                            return;
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self, stream: TcpStream, remote: SocketAddr) {
        let from_here = self.per_address.get(&remote.ip()).copied().unwrap_or_default();
        if self.connections.len() >= self.limits.connections || from_here >= self.limits.per_address {
            tracing::debug!(%remote, from_here, all = self.connections.len(), "too many connections");
            return;
        }
        if let Ok(local) = stream.local_addr() {
            self.open(Stream::Accepted(stream), Flow { transport: Transport::Tcp, local, remote, connection: 0 });
        }
    }

    fn open(&mut self, stream: Stream, flow: Flow) -> Option<u64> {
        if self.connections.len() >= self.limits.connections {
            return None;
        }
        self.opened += 1;
        let connection = self.opened;
        let flow = Flow { connection, ..flow };
        let made_by_us = matches!(stream, Stream::Wanted);
        let (queue, unwritten) = WriteQueue::new();
        let (tell, limits, ends) = (self.tell.clone(), self.limits.connection, (queue.clone(), unwritten));
        let task = tokio::spawn(async move {
            let why = connection::serve(stream, flow, ends, tell.clone(), limits).await;
            tell.send(StreamEvent::Closed { connection, why }).await.ok();
        });
        *self.per_address.entry(flow.remote.ip()).or_default() += 1;
        self.by_remote.insert(flow.remote, connection);
        self.connections.insert(connection, Connection { flow, queue, made_by_us, task: task.abort_handle() });
        Some(connection)
    }

    /// The engine learns it under both names: with the connection's number, and without for whoever asked for it.
    fn on_closed(&mut self, connection: u64, why: &Closed) {
        let Some(Connection { flow, made_by_us, .. }) = self.connections.remove(&connection) else { return };
        tracing::debug!(%flow, %why, "connection closed");
        if self.by_remote.get(&flow.remote) == Some(&connection) {
            self.by_remote.remove(&flow.remote);
        }
        if let Some(count) = self.per_address.get_mut(&flow.remote.ip()) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&flow.remote.ip());
            }
        }
        self.ready.push_back(Input::FlowFailed { flow });
        if made_by_us {
            self.ready.push_back(Input::FlowFailed { flow: Flow { connection: 0, ..flow } });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::FrameLimits;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";

    fn streams() -> (Streams, SocketAddr) {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (at, second) = (listener.local_addr().unwrap(), Duration::from_secs(1));
        let connection = ConnectionLimits {
            frame: FrameLimits { message_max: 4096, header_max: 2048 },
            connect: second,
            first_message: second,
            whole_message: second,
            idle: 60 * second,
            write: second,
        };
        (Streams::new(vec![listener], StreamLimits { connections: 3, per_address: 2, connection }).unwrap(), at)
    }

    async fn next(streams: &mut Streams) -> Input {
        let next = poll_fn(|cx| streams.poll_input(cx));
        tokio::time::timeout(Duration::from_secs(90), next).await.expect("something happens")
    }

    async fn message(streams: &mut Streams) -> (Flow, Bytes) {
        match next(streams).await {
            Input::Datagram { flow, bytes } => (flow, bytes),
            other => panic!("{other:?}"),
        }
    }

    async fn failed(streams: &mut Streams) -> Flow {
        match next(streams).await {
            Input::FlowFailed { flow } => flow,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_goes_back_on_the_connection_that_brought_the_question() {
        let (mut streams, at) = streams();
        let mut phone = TcpStream::connect(at).await.unwrap();
        phone.write_all(OPTIONS).await.unwrap();
        let (flow, bytes) = message(&mut streams).await;
        assert_eq!((flow.local, flow.remote, &bytes[..]), (at, phone.local_addr().unwrap(), OPTIONS));
        streams.send(flow, Bytes::from_static(b"with its number"));
        streams.send(Flow { connection: 0, ..flow }, Bytes::from_static(b" or without"));
        let mut answer = [0; 26];
        let reads = phone.read_exact(&mut answer);
        tokio::select! { _ = poll_fn(|cx| streams.poll_input(cx)) => panic!(), read = reads => read.unwrap() };
        assert_eq!(&answer, b"with its number or without");
        assert_eq!(streams.len(), 1, "no second connection was made");
        let elsewhere = Flow { remote: at, ..flow };
        streams.send(elsewhere, Bytes::from_static(b"for somebody else"));
        assert_eq!(failed(&mut streams).await, elsewhere, "a number alone is nobody's");
        drop(phone);
        assert_eq!(failed(&mut streams).await, flow);
        assert!(streams.len() == 0 && streams.per_address.is_empty() && streams.by_remote.is_empty());
    }

    #[tokio::test]
    async fn whom_nobody_hears_is_reported_under_both_names() {
        let (mut streams, at) = streams();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let flow = Flow { transport: Transport::Tcp, local: at, remote: closed, connection: 0 };
        streams.send(flow, Bytes::from_static(OPTIONS));
        assert_eq!(failed(&mut streams).await, Flow { connection: 1, ..flow });
        assert_eq!(failed(&mut streams).await, flow);
        streams.send(Flow { connection: 1, ..flow }, Bytes::from_static(OPTIONS));
        assert_eq!(failed(&mut streams).await, Flow { connection: 1, ..flow }, "a connection that is no more");
    }

    #[tokio::test]
    async fn a_connection_that_we_make_carries_answers() {
        let (mut streams, at) = streams();
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let remote = server.local_addr().unwrap();
        streams.send(Flow { transport: Transport::Tcp, local: at, remote, connection: 0 }, Bytes::from_static(OPTIONS));
        let mut peer = server.accept().await.unwrap().0;
        peer.write_all(OPTIONS).await.unwrap();
        let (flow, _) = message(&mut streams).await;
        assert_eq!((flow.local, flow.remote, flow.connection), (at, remote, 1));
    }

    #[tokio::test]
    async fn one_address_gets_its_share_of_connections_and_no_more() {
        let (mut streams, at) = streams();
        let mut phones = Vec::new();
        for _ in 0..2 {
            let mut phone = TcpStream::connect(at).await.unwrap();
            phone.write_all(OPTIONS).await.unwrap();
            message(&mut streams).await;
            phones.push(phone);
        }
        let mut third = TcpStream::connect(at).await.unwrap();
        let mut rest = Vec::new();
        let closed = third.read_to_end(&mut rest);
        tokio::select! { _ = poll_fn(|cx| streams.poll_input(cx)) => panic!(), _ = closed => {} };
        assert_eq!(streams.len(), 2);
    }

    #[tokio::test]
    async fn who_reads_too_slowly_holds_no_memory() {
        let (mut streams, at) = streams();
        let mut phone = TcpStream::connect(at).await.unwrap();
        phone.write_all(OPTIONS).await.unwrap();
        let (flow, _) = message(&mut streams).await;
        let mut sent = 0;
        while streams.len() == 1 {
            streams.send(flow, Bytes::from_static(&[b'x'; 4096]));
            sent += 4096;
            assert!(sent <= UNWRITTEN_BYTES_MAX + 4096);
        }
        assert_eq!(failed(&mut streams).await, flow);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_is_begun_must_be_ended() {
        let (mut streams, at) = streams();
        let mut phone = TcpStream::connect(at).await.unwrap();
        phone.write_all(OPTIONS).await.unwrap();
        let (flow, _) = message(&mut streams).await;
        phone.write_all(&OPTIONS[..20]).await.unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(failed(&mut streams).await, flow);
        assert!(begun.elapsed() < Duration::from_secs(60), "sooner than an idle connection");
    }

    #[tokio::test(start_paused = true)]
    async fn a_phone_that_is_merely_silent_is_kept_for_long() {
        let (mut streams, at) = streams();
        let mut phone = TcpStream::connect(at).await.unwrap();
        phone.write_all(OPTIONS).await.unwrap();
        let (flow, _) = message(&mut streams).await;
        let silent = tokio::time::Instant::now();
        assert_eq!(failed(&mut streams).await, flow);
        assert!(silent.elapsed() >= Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn who_connects_and_says_nothing_is_gone_soon() {
        let (mut streams, at) = streams();
        let _phone = TcpStream::connect(at).await.unwrap();
        let silent = tokio::time::Instant::now();
        failed(&mut streams).await;
        assert!(silent.elapsed() < Duration::from_secs(60));
    }
}
