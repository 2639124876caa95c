//! What the server is set to: addresses, limits, media, timers. Every key has a default; the doc comments are the manual.

use crate::read::{Faults, Later, Node, Value, section, shown_string, text_value};
use call::Name;
use call::media::Codec;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Every setting of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `[listen]`
    pub listen: Listen,
    /// `[limits]`
    pub limits: Limits,
    /// `[media]`
    pub media: Media,
    /// `[store]`
    pub store: Store,
    /// `[sip]`
    pub sip: Sip,
    /// `[log]`
    pub log: Log,
    /// `[prompts]`
    pub prompts: Prompts,
}

section! {
    /// Where phones and trunks reach the exchange.
    pub struct Listen = "[listen]" {
        /// Addresses for SIP over UDP. "0.0.0.0" is every IPv4 address of the machine, "[::]" every IPv6 address.
        pub udp: Vec<SocketAddr> = vec![SocketAddr::from(([0, 0, 0, 0], 5060))];
        /// Addresses for SIP over TCP. Left out: the same as `udp`. `[]`: no TCP, though RFC 3261 wants it.
        pub(crate) tcp: Option<Vec<SocketAddr>> = None;
        /// The addresses that we write into messages, at most one IPv4 and one IPv6: needed where phones reach us
        /// through another address than our own (NAT). Left out: the address at which the packet arrived.
        pub advertise: Vec<IpAddr> = Vec::new();
        /// SIP over TLS.
        pub(crate) tls: Option<Later<TlsListen>> = None;
        /// SIP over WebSocket, RFC 7118.
        pub(crate) ws: Option<Later<Vec<SocketAddr>>> = None;
    }
}

impl Listen {
    /// Addresses for SIP over TCP.
    pub fn tcp(&self) -> &[SocketAddr] {
        self.tcp.as_deref().unwrap_or(&self.udp)
    }
}

section! {
    /// An address for TLS with its certificate.
    pub(crate) struct TlsListen = "`tls`" {
        /// The address.
        pub(crate) bind: Vec<SocketAddr> = vec![SocketAddr::from(([0, 0, 0, 0], 5061))];
        /// The certificate chain, a PEM file.
        pub(crate) certificate: Name;
        /// The private key, a PEM file.
        pub(crate) key: Name;
    }
}

section! {
    /// How much of everything there may be. Beyond a limit the newcomer is refused (503 with Retry-After), and
    /// nobody who talks is disturbed.
    pub struct Limits = "[limits]" {
        /// Calls at once.
        pub calls: u32 = 2000;
        /// SIP transactions at once.
        pub transactions: u32 = 20000;
        /// Contacts that one device may register, where the device says nothing else.
        pub contacts_per_device: u16 = 5;
        /// Subscriptions to message lights at once.
        pub subscriptions: u32 = 20000;
        /// Open TCP connections.
        pub connections: u32 = 10000;
        /// Open TCP connections from one address.
        pub connections_per_address: u32 = 500;
        /// The longest SIP message that is taken over TCP, in bytes; over UDP a datagram is the limit.
        pub message_bytes: u32 = 65535;
        /// The longest header part of one over TCP, in bytes.
        pub header_bytes: u32 = 32768;
        /// The longest a call may last.
        pub call_time: Duration = Duration::from_secs(12 * 3600);
        /// The longest a caller may wait without being answered, all steps together.
        pub wait: Duration = Duration::from_secs(5 * 60);
        /// How long a stop waits for calls to end.
        pub shutdown_wait: Duration = Duration::from_secs(30);
        /// What those who are refused are told to wait before they try again.
        pub retry_after: Duration = Duration::from_secs(10);
        /// Notes on their way to the database. Beyond it the diary loses some, which `vaihde status` counts, and no
        /// message is taken that could not be kept; calls go on.
        pub notes: u32 = 100000;
    }
}

section! {
    /// Sound: addresses, ports, codecs, music.
    pub struct Media = "[media]" {
        /// The UDP ports for RTP and RTCP, first and last.
        pub ports: Ports = Ports { first: 20000, last: 29999 };
        /// The addresses that sockets for sound are bound to, at most one IPv4 and one IPv6.
        pub address: Vec<IpAddr> = vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        /// The addresses that we write into SDP, at most one IPv4 and one IPv6. Left out: `listen.advertise`, or
        /// the address at which the call arrived.
        pub advertise: Vec<IpAddr> = Vec::new();
        /// A call in which nothing is heard from one side for so long is ended. Held calls are not.
        pub silence: Duration = Duration::from_secs(60);
        /// The music on hold, a WAV file; left out: those on hold hear nothing.
        pub music: Option<Name> = None;
        /// The codecs in which prompts are played and messages recorded, best first. Calls between phones are
        /// relayed in whatever the phones agree on.
        pub codecs: Vec<Codec> = vec![Codec::Pcma, Codec::Pcmu, Codec::G722];
        /// Threads that relay.
        pub threads: u16 = 1;
    }
}

section! {
    /// Where the exchange keeps its database and the recorded messages.
    pub struct Store = "[store]" {
        /// A folder, made if it is missing.
        pub folder: Name = "data".into();
        /// So long the records of calls are kept; recorded messages stay until they are deleted.
        pub keep: Duration = Duration::from_secs(90 * 86_400);
        /// The oldest records go when the database is larger than so many megabytes.
        pub megabytes: u32 = 4096;
    }
}

section! {
    /// The protocol's own timers and words.
    pub struct Sip = "[sip]" {
        /// The round-trip estimate T1, RFC 3261 §17.1.1.1.
        pub t1: Duration = Duration::from_millis(500);
        /// The longest interval between retransmissions T2.
        pub t2: Duration = Duration::from_secs(4);
        /// How long a message may stay in the network, T4.
        pub t4: Duration = Duration::from_secs(5);
        /// How often a call's two ends prove that they are still there, RFC 4028.
        pub session_expires: Duration = Duration::from_secs(1800);
        /// The shortest such interval that we accept; not below 90 s.
        pub session_min: Duration = Duration::from_secs(90);
        /// The shortest registration; phones that ask for less are told 423.
        pub registration_min: Duration = Duration::from_secs(60);
        /// How long a registration holds that asks for no time.
        pub registration: Duration = Duration::from_secs(3600);
        /// The longest registration; phones that ask for more get this.
        pub registration_max: Duration = Duration::from_secs(7200);
        /// The digest algorithms that phones are offered, in this order: "MD5", "SHA-256". Some phones refuse to
        /// register where SHA-256 is so much as offered, so it is only where all of them know it.
        pub digest: Vec<DigestAlgorithm> = vec![DigestAlgorithm::Md5];
        /// The name servers to ask for the hosts of trunks; none: those of this machine.
        pub name_servers: Vec<SocketAddr> = Vec::new();
        /// How long a digest nonce may be used.
        pub nonce_time: Duration = Duration::from_secs(300);
        /// What we call ourselves in User-Agent and Server.
        pub user_agent: Name = concat!("vaihde/", env!("CARGO_PKG_VERSION")).into();
    }
}

section! {
    /// What is written to the log.
    pub struct Log = "[log]" {
        /// `error`, `warn`, `info`, `debug` or `trace`; also a filter such as "info,engine=debug". At `debug` every call
        /// and every registration has its lines, with the journey's id.
        pub level: Name = "info".into();
        /// Lines for people ("text") or for programs ("json").
        pub format: LogFormat = LogFormat::Text;
        /// Keep every call's SIP messages (first lines, never bodies or credentials) for `vaihde journey`.
        pub ladders: bool = true;
    }
}

section! {
    /// The recorded announcements.
    pub struct Prompts = "[prompts]" {
        /// The folder with announcements of your own, one folder for each language: "prompts/en/goodbye.wav". What is
        /// not there is spoken by the built-in voice.
        pub folder: Name = "prompts".into();
    }
}

/// A digest algorithm, RFC 7616 and RFC 8760.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// `MD5`
    Md5,
    /// `SHA-256`
    Sha256,
}

text_value!(
    DigestAlgorithm,
    "\"MD5\" or \"SHA-256\"",
    |text: &str| match text.to_ascii_uppercase().as_str() {
        "MD5" => Ok(DigestAlgorithm::Md5),
        "SHA-256" => Ok(DigestAlgorithm::Sha256),
        _ => Err(format!("`{text}` is neither")),
    },
    |algorithm: &DigestAlgorithm| match algorithm {
        DigestAlgorithm::Md5 => "MD5".to_owned(),
        DigestAlgorithm::Sha256 => "SHA-256".to_owned(),
    }
);

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

text_value!(
    LogFormat,
    "\"text\" or \"json\"",
    |text: &str| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is neither")),
    },
    |format: &LogFormat| match format {
        LogFormat::Text => "text".to_owned(),
        LogFormat::Json => "json".to_owned(),
    }
);

/// A range of UDP ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first, even.
    pub first: u16,
    /// The last.
    pub last: u16,
}

text_value!(
    Ports,
    "a range of ports such as \"20000-29999\"",
    |text: &str| {
        let (first, last) = text.split_once('-').ok_or_else(|| format!("`{text}` has no `-`"))?;
        let port = |text: &str| text.trim().parse::<u16>().map_err(|_| format!("`{text}` is no port"));
        let (first, last) = (port(first)?, port(last)?);
        match () {
            () if first < 1024 => Err("ports below 1024 belong to others".into()),
            () if first % 2 == 1 => Err("the first port is even: RTP has even ports, RTCP the odd ones above".into()),
            () if last < first || last - first < 3 => Err("a call needs four ports".to_owned()),
            () => Ok(Ports { first, last }),
        }
    },
    |ports: &Ports| format!("{}-{}", ports.first, ports.last)
);

const CODECS: [(&str, Codec); 3] = [("PCMA", Codec::Pcma), ("PCMU", Codec::Pcmu), ("G722", Codec::G722)];

impl Value for Codec {
    fn what() -> String {
        "a codec: \"PCMA\", \"PCMU\" or \"G722\"".into()
    }

    fn read(node: Node<'_>, faults: &mut Faults) -> Option<Self> {
        let text = node.expect_text(&Self::what(), faults)?;
        let known = CODECS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if known.is_none() {
            faults.expected(node.span(), &Self::what(), &format!("`{text}`"));
        }
        known.map(|(_, codec)| *codec)
    }

    fn show(&self) -> Option<String> {
        let (name, _) = CODECS.iter().find(|(_, codec)| codec == self)?;
        Some(shown_string(name))
    }
}

impl Default for Settings {
    /// The settings of a configuration that says nothing of them.
    fn default() -> Self {
        use crate::collect::default_section;
        Self {
            listen: default_section(),
            limits: default_section(),
            media: default_section(),
            store: default_section(),
            sip: default_section(),
            log: default_section(),
            prompts: default_section(),
        }
    }
}
