//! One TCP connection: bytes in, messages out, and the other way round. A task each.

use super::streams::StreamEvent;
use bytes::Bytes;
use sip::{Flow, Frame, FrameLimits, Framer};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes that are read at once; they are on the stack, so that a silent connection holds none.
const READ: usize = 16 << 10;
/// The answer to a keep-alive, RFC 5626 §3.5.1.
const PONG: Bytes = Bytes::from_static(b"\r\n");

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The longest message.
    pub frame: FrameLimits,
    /// How long a connection to somebody may take to be made.
    pub connect: Duration,
    /// How long a new connection may take to bring its first message.
    pub first_message: Duration,
    /// How long a message that has begun may take to be complete.
    pub whole_message: Duration,
    /// How long nothing at all need come.
    pub idle: Duration,
    /// How long the peer may refuse to take what we write.
    pub write: Duration,
}

/// What waits to be written to one connection, counted in bytes by both sides.
#[derive(Clone)]
pub struct WriteQueue {
    messages: UnboundedSender<Bytes>,
    bytes: Arc<AtomicUsize>,
}

/// The reading side of a [`WriteQueue`].
pub struct Unwritten {
    messages: UnboundedReceiver<Bytes>,
    bytes: Arc<AtomicUsize>,
}

impl WriteQueue {
    /// An empty queue.
    pub fn new() -> (WriteQueue, Unwritten) {
        let (messages, waiting) = tokio::sync::mpsc::unbounded_channel();
        let bytes = Arc::new(AtomicUsize::new(0));
        (WriteQueue { messages, bytes: bytes.clone() }, Unwritten { messages: waiting, bytes })
    }

    /// Adds a message unless more than `bytes_max` would wait: then the peer reads too slowly to be kept.
    pub fn push(&self, message: Bytes, bytes_max: usize) -> Result<(), Closed> {
        if self.bytes.load(Ordering::Relaxed) + message.len() > bytes_max {
            return Err(Closed::SlowReader);
        }
        self.bytes.fetch_add(message.len(), Ordering::Relaxed);
        self.messages.send(message).map_err(|_| Closed::ByPeer)
    }
}

/// Why a connection is over.
pub enum Closed {
    /// The peer closed it.
    ByPeer,
    /// It could not be made.
    NotConnected(io::Error),
    /// Reading or writing failed.
    Failed(io::Error),
    /// What came is no SIP.
    NotSip(sip::FrameError),
    /// No message came at the start, or one was begun and not completed.
    Incomplete,
    /// Nothing came for too long.
    Idle,
    /// The peer does not read what we write.
    SlowReader,
    /// The exchange is at its end.
    ByUs,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Closed::ByPeer => f.write_str("the peer closed it"),
            Closed::NotConnected(error) => write!(f, "it could not be made: {error}"),
            Closed::Failed(error) => write!(f, "it failed: {error}"),
            Closed::NotSip(error) => write!(f, "what came is no SIP: {error:?}"),
            Closed::Incomplete => f.write_str("no whole message came in time"),
            Closed::Idle => f.write_str("nothing came for too long"),
            Closed::SlowReader => f.write_str("the peer does not read what we write"),
            Closed::ByUs => f.write_str("the exchange is at its end"),
        }
    }
}

/// A stream that is there, or is still to be made.
pub enum Stream {
    /// Accepted from a listener.
    Accepted(TcpStream),
    /// To be made to the flow's remote address.
    Wanted,
}

/// Lives as long as the connection.
pub async fn serve(
    stream: Stream,
    flow: Flow,
    (queue, unwritten): (WriteQueue, Unwritten),
    events: Sender<StreamEvent>,
    limits: ConnectionLimits,
) -> Closed {
    let proven = matches!(stream, Stream::Wanted);
    let stream = match stream {
        Stream::Accepted(stream) => stream,
        Stream::Wanted => match timeout(limits.connect, TcpStream::connect(flow.remote)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Closed::NotConnected(error),
            Err(_) => return Closed::NotConnected(io::ErrorKind::TimedOut.into()),
        },
    };
    if let Err(error) = prepare(&stream) {
        return Closed::Failed(error);
    }
    tokio::select! {
        closed = read(&stream, flow, &queue, &events, limits, proven) => closed,
        closed = write(&stream, unwritten, limits.write) => closed,
    }
}

/// Messages go at once; a peer that has vanished without a word is noticed within some minutes.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4);
    socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

async fn read(
    stream: &TcpStream,
    flow: Flow,
    queue: &WriteQueue,
    events: &Sender<StreamEvent>,
    limits: ConnectionLimits,
    mut proven: bool,
) -> Closed {
    let mut framer = Framer::new(limits.frame);
    let mut begun: Option<Instant> = None;
    let opened = Instant::now();
    loop {
        let deadline = match begun {
            Some(begun) => begun + limits.whole_message,
            None if proven => Instant::now() + limits.idle,
            None => opened + limits.first_message,
        };
        match timeout_at(deadline, stream.readable()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Closed::Failed(error),
            Err(_) if proven && begun.is_none() => return Closed::Idle,
            Err(_) => return Closed::Incomplete,
        }
        let only_line_ends = match read_some(stream, &mut framer) {
            Ok(Chunk { length: 0, .. }) => return Closed::ByPeer,
            Ok(chunk) => chunk.only_line_ends,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Closed::Failed(error),
        };
        while let Some(frame) = framer.next() {
            match frame {
                Ok(Frame::Message(bytes)) => {
                    (proven, begun) = (true, None);
                    // Waits while the shard is behind, and with it the peer: what is not read, TCP holds back.
                    if events.send(StreamEvent::Message { flow, bytes }).await.is_err() {
                        return Closed::ByUs;
                    }
                }
                Ok(Frame::Ping) => {
                    if let Err(closed) = queue.push(PONG, usize::MAX) {
                        return closed;
                    }
                }
                Ok(Frame::Pong) => {}
                Err(error) => return Closed::NotSip(error),
            }
        }
        // A lone line end between messages keeps a connection alive; it begins no message.
        let within_message = !framer.is_empty() && (begun.is_some() || !only_line_ends);
        begun = within_message.then(|| begun.unwrap_or_else(Instant::now));
    }
}

struct Chunk {
    length: usize,
    only_line_ends: bool,
}

fn read_some(stream: &TcpStream, framer: &mut Framer) -> io::Result<Chunk> {
    let mut buffer = [0; READ];
    let length = stream.try_read(&mut buffer)?;
    framer.push(&buffer[..length]);
    Ok(Chunk { length, only_line_ends: buffer[..length].iter().all(|byte| matches!(byte, b'\r' | b'\n')) })
}

async fn write(stream: &TcpStream, mut unwritten: Unwritten, limit: Duration) -> Closed {
    while let Some(message) = unwritten.messages.recv().await {
        let mut rest = &message[..];
        while !rest.is_empty() {
            match stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match timeout(limit, stream.writable()).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => return Closed::Failed(error),
                        Err(_) => return Closed::SlowReader,
                    }
                }
                Err(error) => return Closed::Failed(error),
            }
        }
        unwritten.bytes.fetch_sub(message.len(), Ordering::Relaxed);
    }
    Closed::ByUs
}
