//! Carries messages between phones and exchange: by which line, how late, how often, or not at all.

use crate::network::Stream;
use crate::office::{Happening, Office};
use bytes::Bytes;
use sip::{Flow, Message, Method, Transport};
use std::net::SocketAddr;
use std::time::Duration;

impl Office {
    /// Remembers a request that wants a final response.
    pub(crate) fn count_request(&mut self, bytes: &Bytes) {
        let Ok(message) = Message::parse(bytes.clone()) else { return };
        if message.is_request() && message.method() != Method::Ack && message.validate().is_ok() {
            let at = self.ladder.time(self.now).as_secs_f64();
            let told = format!("at {at:.2} {}", message.request_uri());
            // A copy may come when the first has been answered.
            self.requests.entry(transaction_of(&message)).or_insert(Some(told));
        }
    }

    /// Forgets a request that has its final response.
    fn count_response(&mut self, bytes: &Bytes) {
        if bytes.starts_with(b"SIP/2.0 1") || !bytes.starts_with(b"SIP/2.0 ") {
            return;
        }
        if let Ok(message) = Message::parse(bytes.clone()) {
            self.requests.insert(transaction_of(&message), None);
        }
    }

    /// The exchange sends.
    pub(crate) fn carry_from_pbx(&mut self, flow: Flow, bytes: Bytes) {
        self.count_response(&bytes);
        if flow.transport != Transport::Udp {
            return self.carry_by_stream(flow, bytes);
        }
        let nth = self.addresses.get(&flow.remote.ip()).copied();
        let nth = nth.filter(|nth| self.phones[*nth].identity.public == flow.remote);
        let arrivals = nth.map(|nth| self.links[nth].arrivals(self.now, &mut self.dice)).unwrap_or_default();
        let to = nth.map_or(flow.remote.to_string(), |nth| self.phones[nth].identity.name.clone());
        let lost = nth.is_some() && arrivals.is_empty();
        self.ladder.message(self.now, "pbx", &to, &bytes, lost);
        if let Some(nth) = nth {
            let theirs = Flow { local: self.phones[nth].identity.address, remote: flow.local, ..flow };
            for at in arrivals {
                self.plan_at(at, Happening::ToPhone(nth, theirs, bytes.clone()));
            }
        }
    }

    fn carry_by_stream(&mut self, flow: Flow, bytes: Bytes) {
        let number = match flow.connection {
            0 => {
                let open = self.streams.iter().position(|stream| stream.open && stream.remote == flow.remote);
                let nth = self.addresses.get(&flow.remote.ip()).copied();
                let nth = nth.filter(|nth| self.phones[*nth].alive && self.phones[*nth].identity.public == flow.remote);
                open.or_else(|| nth.map(|nth| self.connect(nth, flow.remote)))
            }
            number => Some(number as usize - 1),
        };
        let stream = number.and_then(|number| self.streams.get(number)).copied().filter(|stream| stream.open);
        let to = stream.map_or(flow.remote.to_string(), |stream| self.phones[stream.phone].identity.name.clone());
        self.ladder.message(self.now, "pbx", &to, &bytes, stream.is_none());
        match (number, stream) {
            (Some(number), Some(stream)) => {
                let link = self.links[stream.phone];
                let at = self.streams[number].arrival(self.now, &link, false);
                let local = self.phones[stream.phone].identity.address;
                let theirs = Flow { local, remote: flow.local, connection: number as u64 + 1, ..flow };
                self.plan_at(at, Happening::ToPhone(stream.phone, theirs, bytes));
            }
            _ => self.plan_at(self.now + Duration::from_millis(1), Happening::PbxFlowFailed(flow)),
        }
    }

    fn connect(&mut self, phone: usize, remote: SocketAddr) -> usize {
        let now = self.now;
        self.streams.push(Stream { phone, remote, open: true, to_pbx_after: now, to_phone_after: now });
        self.streams.len() - 1
    }

    /// Sends what a phone wants sent, and remembers when it wants to be woken.
    pub(crate) fn settle_phone(&mut self, nth: usize) {
        while let Some((flow, bytes)) = self.phones[nth].out.pop_front() {
            self.carry_from_phone(nth, flow, bytes);
        }
        let wake = self.phones[nth].poll_timeout();
        if self.woken_at[nth] != wake {
            if let Some(at) = self.woken_at[nth] {
                self.wakes.remove(&(at, nth));
            }
            self.wakes.extend(wake.map(|at| (at, nth)));
            self.woken_at[nth] = wake;
        }
    }

    fn carry_from_phone(&mut self, nth: usize, flow: Flow, bytes: Bytes) {
        let name = self.phones[nth].identity.name.clone();
        let public = self.phones[nth].identity.public;
        if flow.transport == Transport::Udp {
            let arrivals = self.links[nth].arrivals(self.now, &mut self.dice);
            self.ladder.message(self.now, &name, "pbx", &bytes, arrivals.is_empty());
            let ours = Flow { local: flow.remote, remote: public, ..flow };
            for at in arrivals {
                self.plan_at(at, Happening::ToPbx(ours, bytes.clone()));
            }
            return;
        }
        let asked = (flow.connection as usize).checked_sub(1).filter(|number| self.streams[*number].open);
        let own = || self.streams.iter().position(|stream| stream.open && stream.phone == nth);
        let number = asked.or_else(own).unwrap_or_else(|| {
            let port = 40_000 + (self.streams.len() % 20_000) as u16;
            self.connect(nth, SocketAddr::new(public.ip(), port))
        });
        let link = self.links[nth];
        let stream = &mut self.streams[number];
        let at = stream.arrival(self.now, &link, true);
        let ours = Flow { local: flow.remote, remote: stream.remote, connection: number as u64 + 1, ..flow };
        self.ladder.message(self.now, &name, "pbx", &bytes, false);
        self.plan_at(at, Happening::ToPbx(ours, bytes));
    }
}

fn transaction_of(message: &Message) -> (String, String) {
    let branch = message.top_via().ok().and_then(|via| via.branch.map(str::to_owned));
    (branch.unwrap_or_default(), message.method_str().to_owned())
}
