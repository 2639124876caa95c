//! A phone made of strings: what it sends and what it is answered, byte for byte.

use md5::{Digest, Md5};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;
use support::exchange::{DOMAIN, PASSWORD};

const PATIENCE: Duration = Duration::from_secs(5);

/// A phone over UDP.
pub struct Wire {
    socket: UdpSocket,
    own: SocketAddr,
    cseq: u32,
    user: String,
    id: String,
    /// What stands after the @ in From and To.
    pub domain: String,
}

impl Wire {
    /// A phone with this user name, beside the exchange.
    pub fn new(exchange: SocketAddr, user: &str) -> Wire {
        let socket = UdpSocket::bind((exchange.ip(), 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect(exchange).unwrap();
        let own = socket.local_addr().unwrap();
        Wire { socket, own, cseq: 0, user: user.into(), id: format!("{user}-{}", own.port()), domain: DOMAIN.into() }
    }

    /// Sends a request and gives its final response; answers a challenge once. An INVITE's failure is acknowledged.
    pub fn ask(&mut self, method: &str, uri: &str, headers: &str) -> String {
        let first = self.ask_once(method, uri, headers);
        match challenge(&first) {
            Some(nonce) => {
                let header = if first.starts_with("SIP/2.0 401") { "Authorization" } else { "Proxy-Authorization" };
                let proof = format!("{header}: {}", credentials(method, uri, &self.user, &nonce));
                self.ask_once(method, uri, &format!("{headers}{proof}"))
            }
            None => first,
        }
    }

    fn ask_once(&mut self, method: &str, uri: &str, headers: &str) -> String {
        self.cseq += 1;
        self.send(method, uri, headers);
        let response = loop {
            let response = self.receive();
            if !response.starts_with("SIP/2.0 1") && response.contains(&format!("CSeq: {} {method}", self.cseq)) {
                break response;
            }
        };
        if method == "INVITE" && !response.starts_with("SIP/2.0 2") {
            self.send("ACK", uri, "");
        }
        response
    }

    fn send(&self, method: &str, uri: &str, headers: &str) {
        let Wire { own, cseq, user, id, domain, .. } = self;
        let to = if method == "REGISTER" { user.as_str() } else { "somebody" };
        let request = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{id}{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{domain}>;tag={id}\r\nTo: <sip:{to}@{domain}>\r\nCall-ID: {id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:{user}@{own}>\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        // A request that only asks for the bindings has no Contact.
        let request = if headers.contains("X-No-Contact") { without(&request, "Contact") } else { request };
        self.socket.send(request.as_bytes()).unwrap();
    }

    /// The next message that comes.
    pub fn receive(&self) -> String {
        let mut buffer = [0; 65_536];
        let length = self.socket.recv(&mut buffer).expect("a message within the time");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// The next message that holds this text.
    pub fn receive_with(&self, text: &str) -> String {
        loop {
            let message = self.receive();
            if message.contains(text) {
                return message;
            }
        }
    }

    /// Sends an INVITE with its proof and waits until it rings.
    pub fn ring(&mut self, uri: &str) {
        self.cseq += 1;
        self.send("INVITE", uri, "");
        let nonce = challenge(&self.receive_with("SIP/2.0 401")).unwrap();
        self.send("ACK", uri, "");
        self.cseq += 1;
        let proof = credentials("INVITE", uri, &self.user, &nonce);
        self.send("INVITE", uri, &format!("Authorization: {proof}"));
        self.receive_with("SIP/2.0 180");
    }

    /// Answers a request.
    pub fn answer(&self, request: &str, status: &str) {
        let copied = ["Via", "From", "Call-ID", "CSeq", "Record-Route"];
        let mut response = format!("SIP/2.0 {status}\r\n");
        for line in request.lines() {
            if copied.iter().any(|name| line.starts_with(&format!("{name}:"))) {
                response.push_str(&format!("{line}\r\n"));
            } else if line.starts_with("To:") {
                response.push_str(&format!("{line};tag=callee\r\n"));
            }
        }
        response.push_str(&format!("Contact: <sip:{}@{}>\r\nContent-Length: 0\r\n\r\n", self.user, self.own));
        self.socket.send(response.as_bytes()).unwrap();
    }
}

fn without(request: &str, header: &str) -> String {
    let lines = request.split("\r\n").filter(|line| !line.starts_with(&format!("{header}:")));
    lines.collect::<Vec<_>>().join("\r\n")
}

fn challenge(response: &str) -> Option<String> {
    let challenges =
        response.lines().filter(|line| line.starts_with("WWW-Authenticate") || line.starts_with("Proxy-Auth"));
    let line = challenges.into_iter().find(|line| line.contains("MD5"))?;
    Some(line.split_once("nonce=\"")?.1.split_once('"')?.0.to_string())
}

fn credentials(method: &str, uri: &str, user: &str, nonce: &str) -> String {
    let hash = |text: String| Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (a1, a2) = (hash(format!("{user}:{DOMAIN}:{PASSWORD}")), hash(format!("{method}:{uri}")));
    let response = hash(format!("{a1}:{nonce}:00000001:abc:auth:{a2}"));
    format!(
        "Digest username=\"{user}\",realm=\"{DOMAIN}\",nonce=\"{nonce}\",uri=\"{uri}\",response=\"{response}\",\
         algorithm=MD5,qop=auth,nc=00000001,cnonce=\"abc\"\r\n"
    )
}

/// An OPTIONS request over TCP.
pub fn options(from: SocketAddr, number: u32) -> String {
    format!(
        "OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bKt{number}{port}\r\nMax-Forwards: 70\r\n\
         From: <sip:t@{DOMAIN}>;tag=1\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: t{number}-{port}\r\nCSeq: {number} OPTIONS\r\n\
         Content-Length: 0\r\n\r\n",
        port = from.port()
    )
}

/// A connection to the exchange that does not wait for ever.
pub fn connect(exchange: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(exchange).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Writes pieces, with the network's time between them.
pub fn write_in_pieces(stream: &mut TcpStream, bytes: &[u8], size: usize) {
    for piece in bytes.chunks(size) {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Reads until so many messages without bodies have come.
pub fn read_messages(stream: &mut TcpStream, count: usize) -> String {
    let mut read = String::new();
    while read.matches("\r\n\r\n").count() < count {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).expect("an answer within the time");
        assert!(length > 0, "the connection was closed after: {read}");
        read.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    read
}
