//! An exchange's media and the phones around it, on 127.0.0.0/8.
#![allow(dead_code, reason = "each test file takes what it needs")]
#![allow(clippy::disallowed_methods, reason = "sockets live in real time")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use call::media::{Codec, EndId, EndStats, MediaCommand, MediaEvent, Voice};
use call::{PlayEnd, RecordEnd};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, process};
use vaihde_media::{Config, Media};

pub const PATIENCE: Duration = Duration::from_secs(10);
pub const PCMA: Voice = Voice { codec: Codec::Pcma, payload: 8, digits: Some(101) };
pub const A: EndId = EndId(0x100);
pub const B: EndId = EndId(0x101);

pub struct Exchange {
    media: Option<Media>,
    events: Receiver<MediaEvent>,
    told: Sender<MediaEvent>,
    pub folder: PathBuf,
    pub local: IpAddr,
}

impl Exchange {
    pub fn new() -> Exchange {
        Exchange::on(Ipv4Addr::LOCALHOST.into())
    }

    pub fn on(local: IpAddr) -> Exchange {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // What the threads warn of is shown by a test that fails.
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let folder = env::temp_dir().join(format!("vaihde-media-test-{}-{count}-{now}", process::id()));
        for name in ["prompts", "config"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let (sender, events) = channel();
        let [prompts, files, messages] = ["prompts", "config", "messages"].map(|name| folder.join(name));
        let config = Config { threads: 2, prompts, files, messages };
        let told = sender.clone();
        let media = Media::start(config, move |event| sender.send(event).unwrap_or(())).unwrap();
        Exchange { media: Some(media), events, told, folder, local }
    }

    pub fn send(&self, command: MediaCommand) {
        let mut told = Vec::new();
        self.media.as_ref().unwrap().send(command, &mut told);
        told.into_iter().for_each(|event| self.told.send(event).unwrap());
    }

    /// Opens an end on free ports and tells where its RTP is.
    pub fn open(&self, end: EndId) -> SocketAddr {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        loop {
            // Below the ports that the kernel gives out itself.
            let first = 10_000 + (process::id() % 300) as u16 * 64;
            let port = first + NEXT.fetch_add(2, Ordering::Relaxed) % 3000;
            let free = |port| UdpSocket::bind((self.local, port)).is_ok();
            if free(port) && free(port + 1) {
                self.send(MediaCommand::Open { end, local: self.local, port });
                return SocketAddr::new(self.local, port);
            }
        }
    }

    pub fn connect(&self, end: EndId, phone: &Phone, voice: Voice) {
        self.connect_with(end, phone, Some(voice), true);
    }

    pub fn connect_with(&self, end: EndId, phone: &Phone, voice: Option<Voice>, send: bool) {
        let (remote, rtcp) = (phone.address(), phone.rtcp.local_addr().unwrap());
        self.send(MediaCommand::Connect { end, remote, rtcp, signalling: remote.ip(), voice, send });
    }

    /// The next report.
    pub fn event(&self) -> MediaEvent {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    pub fn played(&self, end: EndId, ended: PlayEnd) {
        assert_eq!(self.event(), MediaEvent::Played { end, ended });
    }

    pub fn recorded(&self, end: EndId) -> RecordEnd {
        match self.event() {
            MediaEvent::Recorded { end: this, ended } if this == end => ended,
            other => panic!("{other:?}"),
        }
    }

    pub fn close(&self, end: EndId) -> EndStats {
        self.send(MediaCommand::Close { end });
        match self.event() {
            MediaEvent::Closed { end: this, stats } if this == end => stats,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until all that was sent to the thread of `end` has been done.
    pub fn settle(&self, end: EndId) {
        let nobody = EndId(end.0 | 0xff);
        self.send(MediaCommand::Close { end: nobody });
        assert_eq!(self.event(), MediaEvent::Closed { end: nobody, stats: EndStats::default() });
    }

    pub fn message(&self, id: &str) -> PathBuf {
        self.folder.join("messages").join(format!("{id}.wav"))
    }

    pub fn stop(&mut self) {
        self.media.take().unwrap().stop();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(media) = self.media.take() {
            media.stop();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Two phones patched through ends A and B.
pub struct Call {
    pub exchange: Exchange,
    pub anna: Phone,
    pub bo: Phone,
}

impl Call {
    pub fn new() -> Call {
        Call::with(PCMA, PCMA)
    }

    pub fn with(annas: Voice, bos: Voice) -> Call {
        let exchange = Exchange::new();
        let (to_a, to_b) = (exchange.open(A), exchange.open(B));
        let (anna, bo) = (Phone::new("127.0.0.2", to_a), Phone::new("127.0.0.3", to_b));
        exchange.connect(A, &anna, annas);
        exchange.connect(B, &bo, bos);
        exchange.send(MediaCommand::Patch { a: A, b: B });
        exchange.settle(A);
        Call { exchange, anna, bo }
    }
}

/// A phone's sockets and its outgoing stream.
pub struct Phone {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    /// Where the exchange receives its RTP.
    pub exchange: SocketAddr,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

impl Phone {
    pub fn new(ip: &str, exchange: SocketAddr) -> Phone {
        let bind = || {
            let socket = UdpSocket::bind((ip, 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        };
        let (rtp, rtcp) = (bind(), bind());
        let ssrc = u32::from(rtp.local_addr().unwrap().port()) << 8;
        Phone { rtp, rtcp, exchange, ssrc, sequence: 65_530, timestamp: 1_000_000 }
    }

    pub fn address(&self) -> SocketAddr {
        self.rtp.local_addr().unwrap()
    }

    /// Sends 20 ms and returns the packet.
    pub fn say(&mut self, payload: u8, body: &[u8]) -> Vec<u8> {
        self.timestamp = self.timestamp.wrapping_add(160);
        self.put(payload, false, body)
    }

    /// Sends without time going on.
    pub fn put(&mut self, payload: u8, marker: bool, body: &[u8]) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0x80, payload | u8::from(marker) << 7];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(body);
        self.rtp.send_to(&packet, self.exchange).unwrap();
        packet
    }

    /// Presses a key for 80 ms.
    pub fn press(&mut self, payload: u8, event: u8) {
        self.timestamp = self.timestamp.wrapping_add(160);
        for (step, end) in [(1u16, 0), (2, 0), (3, 0), (4, 0x80), (4, 0x80), (4, 0x80)] {
            let [high, low] = (160 * step).to_be_bytes();
            self.put(payload, step == 1, &[event, end | 10, high, low]);
        }
        self.timestamp = self.timestamp.wrapping_add(4 * 160);
    }

    pub fn hear(&self) -> Packet {
        Packet(hear(&self.rtp))
    }

    pub fn rtcp_address_of_exchange(&self) -> SocketAddr {
        SocketAddr::new(self.exchange.ip(), self.exchange.port() + 1)
    }
}

pub fn hear(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).expect("a packet");
    buffer[..length].to_vec()
}

/// A received RTP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet(pub Vec<u8>);

impl Packet {
    pub fn payload(&self) -> u8 {
        self.0[1] & 0x7f
    }

    pub fn marker(&self) -> bool {
        self.0[1] & 0x80 != 0
    }

    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes(self.0[2..4].try_into().unwrap())
    }

    pub fn timestamp(&self) -> u32 {
        u32::from_be_bytes(self.0[4..8].try_into().unwrap())
    }

    pub fn ssrc(&self) -> u32 {
        u32::from_be_bytes(self.0[8..12].try_into().unwrap())
    }

    pub fn body(&self) -> &[u8] {
        &self.0[12..]
    }
}

pub fn sine(hertz: u32, rate: u32, millis: u32) -> Vec<i16> {
    let turn = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    (0..rate * millis / 1000).map(|at| (10_000.0 * (turn * f64::from(at)).sin()) as i16).collect()
}

/// How much of a sound's energy a frequency has (Goertzel).
pub fn share(samples: &[i16], hertz: u32, rate: u32) -> f64 {
    let turn = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    let (mut one, mut two, mut energy) = (0.0, 0.0, f64::MIN_POSITIVE);
    for sample in samples.iter().map(|sample| f64::from(*sample)) {
        (one, two) = (sample + 2.0 * turn.cos() * one - two, one);
        energy += sample * sample;
    }
    2.0 * (one * one + two * two - 2.0 * turn.cos() * one * two) / (energy * samples.len() as f64)
}

pub fn write_wav(path: &Path, rate: u32, samples: &[i16]) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
}

pub fn read_wav(path: &Path) -> (u32, Vec<i16>) {
    let mut reader = hound::WavReader::open(path).unwrap();
    (reader.spec().sample_rate, reader.samples().map(Result::unwrap).collect())
}
