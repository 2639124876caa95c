//! The peers of the office: four phones, the trunk, a stranger; what each of them remembers.

use super::plan::{DEVICES, DOMAIN};
use super::write::Request;
use bytes::Bytes;
use sip::{Flow, Message, Name, Transport};
use std::net::SocketAddr;

/// One peer.
pub struct Peer {
    /// The device that it can prove to be.
    pub user: Option<&'static str>,
    pub address: SocketAddr,
    pub transport: Transport,
    /// Credentials made so far: each nonce counts from 1.
    pub proofs: u32,
    /// What it sent last, by method, to be repeated with credentials.
    pub last: Vec<Request>,
}

/// A dialog as the peer has it.
#[derive(Clone, Debug)]
pub struct Leg {
    pub peer: usize,
    pub call_id: String,
    /// From and To of the peer's requests.
    pub from: String,
    pub to: String,
    pub target: String,
    pub cseq: u32,
}

pub fn all() -> Vec<Peer> {
    let peer = |user, address: [u8; 4], transport| Peer {
        user,
        address: SocketAddr::from((address, 5060)),
        transport,
        proofs: 0,
        last: Vec::new(),
    };
    let mut peers: Vec<Peer> = DEVICES
        .iter()
        .zip(1..)
        .map(|(device, nth)| {
            let transport = if nth == 4 { Transport::Tcp } else { Transport::Udp };
            peer(Some(*device), [10, 0, 0, nth], transport)
        })
        .collect();
    peers.push(peer(None, [203, 0, 113, 10], Transport::Udp));
    peers.push(peer(None, [198, 51, 100, 66], Transport::Udp));
    peers
}

impl Peer {
    /// The way on which it talks to the exchange.
    pub fn flow(&self) -> Flow {
        let connection = if self.transport == Transport::Tcp { 1 } else { 0 };
        let local = SocketAddr::from(([192, 0, 2, 1], 5060));
        Flow { transport: self.transport, local, remote: self.address, connection }
    }

    /// Its name and address in From.
    pub fn identity(&self, number: u8) -> String {
        format!("<sip:{}@{DOMAIN}>;tag=f{number}", self.user.unwrap_or("+358401234567"))
    }

    /// Remembers a request; the newest few are enough.
    pub fn remember(&mut self, request: Request) {
        if self.last.len() == 8 {
            self.last.remove(0);
        }
        self.last.push(request);
    }

    /// The request that a response is for.
    pub fn asked(&self, response: &Message) -> Option<&Request> {
        let cseq = response.cseq().ok()?;
        self.last.iter().rev().find(|request| {
            request.call_id == response.call_id() && request.cseq == cseq.number && request.method == cseq.method_str
        })
    }
}

impl Leg {
    /// The dialog that a response of the exchange opens for the peer who called.
    pub fn of_caller(peer: usize, request: &Request, response: &Message) -> Option<Leg> {
        response.to_tag()?;
        Some(Leg {
            peer,
            call_id: request.call_id.clone(),
            from: request.from.clone(),
            to: response.header(Name::To)?.to_owned(),
            target: target(response)?,
            cseq: request.cseq,
        })
    }

    /// The dialog that a peer opens by its answer to the exchange.
    pub fn of_callee(peer: usize, request: &Message, answer: Bytes) -> Option<Leg> {
        let answer = Message::parse(answer).ok()?;
        answer.to_tag()?;
        Some(Leg {
            peer,
            call_id: request.call_id().to_owned(),
            from: answer.header(Name::To)?.to_owned(),
            to: request.header(Name::From)?.to_owned(),
            target: target(request)?,
            cseq: 100,
        })
    }

    pub fn is(&self, other: &Leg) -> bool {
        self.call_id == other.call_id && self.from == other.from && self.to == other.to
    }
}

fn target(message: &Message) -> Option<String> {
    Some(message.contact()?.ok()?.uri.to_owned())
}
