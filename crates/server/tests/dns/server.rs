//! A name server on loopback that writes its answers byte by byte, so that nobody's encoder proves its own decoder.

use std::{collections::BTreeMap, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};

/// A server that runs until the test ends.
pub struct Server {
    pub addr: SocketAddr,
    asked: UnboundedReceiver<String>,
}

#[derive(Clone)]
struct Zone {
    /// Lines by `KIND name`, in lower case.
    lines: BTreeMap<String, Vec<Line>>,
    asked: UnboundedSender<String>,
}

#[derive(Clone)]
struct Line {
    kind: u16,
    ttl_secs: u32,
    data: Vec<u8>,
    mood: Mood,
}

/// How a name is answered.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answers,
    /// SERVFAIL.
    Fails,
    /// Nothing at all.
    Silent,
    /// Truncated over UDP.
    TcpOnly,
}

const CNAME: u16 = 5;
const SOA: u16 = 6;

impl Server {
    /// Serves lines `name ttl KIND fields`; `-` is an empty field. Kinds `FAILS`, `SILENT` and `TCP-ONLY` are moods of
    /// the record kind that follows.
    pub async fn start(zone: &str) -> Server {
        let (tell, asked) = mpsc::unbounded_channel();
        let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        for line in zone.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, line) = read(line);
            lines.entry(key).or_default().push(line);
        }
        let zone = Zone { lines, asked: tell };
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = tcp.local_addr().expect("it is bound");
        let udp = UdpSocket::bind(addr).await.expect("the same port for datagrams");
        tokio::spawn(serve_datagrams(udp, zone.clone()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = tcp.accept().await {
                tokio::spawn(serve_stream(stream, zone.clone()));
            }
        });
        Server { addr, asked }
    }

    /// The questions that arrived since the last call, as `tcp SRV name`.
    pub fn asked(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }
}

async fn serve_datagrams(socket: UdpSocket, zone: Zone) {
    let mut buffer = [0; 4096];
    while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = zone.answer(&buffer[..len], false) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_stream(mut stream: TcpStream, zone: Zone) {
    while let Ok(len) = stream.read_u16().await {
        let mut query = vec![0; usize::from(len)];
        if stream.read_exact(&mut query).await.is_err() {
            return;
        }
        if let Some(answer) = zone.answer(&query, true) {
            let _ = stream.write_all(&[&(answer.len() as u16).to_be_bytes(), &answer[..]].concat()).await;
        }
    }
}

impl Zone {
    /// RFC 1035 §4: header, question, answers, and an SOA where there are none.
    fn answer(&self, query: &[u8], is_tcp: bool) -> Option<Vec<u8>> {
        let name_end = 12 + query[12..].iter().position(|byte| *byte == 0)? + 1;
        let question = query.get(12..name_end + 4)?;
        let mut name = spelled(&query[12..name_end]);
        let kind = u16::from_be_bytes([query[name_end], query[name_end + 1]]);
        let transport = if is_tcp { "tcp" } else { "udp" };
        let _ = self.asked.send(format!("{transport} {} {name}", kind_name(kind)));

        let mut answers = Vec::new();
        while let Some(line) = self.lines.get(&format!("CNAME {name}")).and_then(|lines| lines.first()) {
            answers.push(record(&name, line));
            name = spelled(&line.data);
        }
        let lines = self.lines.get(&format!("{} {name}", kind_name(kind))).map_or(&[][..], Vec::as_slice);
        let mood = lines.first().map_or(Mood::Answers, |line| line.mood);
        if mood == Mood::Silent {
            return None;
        }
        let is_truncated = mood == Mood::TcpOnly && !is_tcp;
        let known = self.lines.keys().any(|key| key.ends_with(&format!(" {name}")));
        let code = if mood == Mood::Fails {
            2
        } else if known {
            0
        } else {
            3
        };
        if !is_truncated && mood != Mood::Fails {
            answers.extend(lines.iter().map(|line| record(&name, line)));
        }
        let negative = lines.is_empty() && mood == Mood::Answers;
        let soa = self.lines.iter().filter(|(key, _)| key.starts_with("SOA ")).map(|(key, lines)| (key, &lines[0]));
        let authority: Vec<_> = soa.filter(|_| negative).map(|(key, line)| record(&key[4..], line)).collect();

        let flags = 0x8580 | code | if is_truncated { 0x0200 } else { 0 };
        let mut out = query[..2].to_vec();
        for number in [flags, 1, answers.len() as u16, authority.len() as u16, 0] {
            out.extend(number.to_be_bytes());
        }
        out.extend(question);
        out.extend([answers, authority].concat().concat());
        Some(out)
    }
}

fn record(name: &str, line: &Line) -> Vec<u8> {
    let mut out = labels(name);
    out.extend(line.kind.to_be_bytes());
    out.extend(1u16.to_be_bytes());
    out.extend(line.ttl_secs.to_be_bytes());
    out.extend((line.data.len() as u16).to_be_bytes());
    out.extend(&line.data);
    out
}

fn read(line: &str) -> (String, Line) {
    let words: Vec<&str> = line.split_whitespace().map(|word| if word == "-" { "" } else { word }).collect();
    let mood = match words[2] {
        "FAILS" => Mood::Fails,
        "SILENT" => Mood::Silent,
        "TCP-ONLY" => Mood::TcpOnly,
        _ => Mood::Answers,
    };
    let fields = &words[if mood == Mood::Answers { 2 } else { 3 }..];
    let number = |at: usize| fields[at].parse::<u16>().expect("a number").to_be_bytes().to_vec();
    let string = |at: usize| [&[fields[at].len() as u8][..], fields[at].as_bytes()].concat();
    let (kind, data) = match (fields[0], fields.len()) {
        (kind, 1) => (kind_number(kind), Vec::new()),
        ("A", _) => (1, fields[1].parse::<std::net::Ipv4Addr>().expect("an address").octets().to_vec()),
        ("AAAA", _) => (28, fields[1].parse::<std::net::Ipv6Addr>().expect("an address").octets().to_vec()),
        ("CNAME", _) => (CNAME, labels(fields[1])),
        ("SRV", _) => (33, [number(1), number(2), number(3), labels(fields[4])].concat()),
        ("NAPTR", _) => (35, [number(1), number(2), string(3), string(4), string(5), labels(fields[6])].concat()),
        ("SOA", _) => {
            let times = [1u32, 60, 60, 60, fields[1].parse().expect("seconds")];
            (SOA, [labels("ns.example"), labels("x.example"), times.map(u32::to_be_bytes).concat()].concat())
        }
        (other, _) => panic!("no kind {other}"),
    };
    let ttl_secs = words[1].parse().expect("seconds");
    (format!("{} {}", kind_name(kind), words[0].to_ascii_lowercase()), Line { kind, ttl_secs, data, mood })
}

const KINDS: [(u16, &str); 6] = [(1, "A"), (28, "AAAA"), (CNAME, "CNAME"), (SOA, "SOA"), (33, "SRV"), (35, "NAPTR")];

fn kind_name(kind: u16) -> String {
    KINDS.iter().find(|(number, _)| *number == kind).map_or(kind.to_string(), |(_, name)| (*name).to_owned())
}

fn kind_number(name: &str) -> u16 {
    KINDS.iter().find(|(_, known)| *known == name).expect("a kind").0
}

fn labels(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut out: Vec<u8> = labels.flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
    out.push(0);
    out
}

fn spelled(mut labels: &[u8]) -> String {
    let mut name = Vec::new();
    while let Some((len, rest)) = labels.split_first().filter(|(len, _)| **len != 0) {
        let (label, after) = rest.split_at(usize::from(*len));
        name.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        labels = after;
    }
    name.join(".")
}
