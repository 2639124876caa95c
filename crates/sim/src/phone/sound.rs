//! A phone's own session descriptions, written and read without the exchange's code for them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The key events' payload type in a phone's own offers.
const KEYS: u8 = 101;

/// What the other side said about its audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Where it wants RTP; port 0: the line was refused.
    pub remote: SocketAddr,
    /// Payload types in its order.
    pub payloads: Vec<u8>,
    /// Names of those with `a=rtpmap`, or of static ones.
    pub names: Vec<String>,
    /// It sends.
    pub sends: bool,
    /// It wants to receive.
    pub receives: bool,
    /// The whole text.
    pub text: String,
}

impl Heard {
    /// Reads the first audio line of a description.
    pub fn read(body: &[u8]) -> Option<Heard> {
        let text = String::from_utf8_lossy(body).into_owned();
        let mut address: Option<IpAddr> = None;
        let mut direction = "sendrecv";
        let mut audio: Option<(u16, Vec<u8>)> = None;
        let mut is_audio = false;
        let mut names: Vec<(u8, String)> = Vec::new();
        for line in text.lines() {
            let Some((letter, value)) = line.split_once('=') else { continue };
            match letter {
                "m" => {
                    is_audio = audio.is_none() && value.starts_with("audio ");
                    if is_audio {
                        let mut words = value.split(' ').skip(1);
                        let port = words.next()?.parse().ok()?;
                        audio = Some((port, words.skip(1).filter_map(|word| word.parse().ok()).collect()));
                    }
                }
                "c" if is_audio || audio.is_none() => address = value.split(' ').nth(2).and_then(|a| a.parse().ok()),
                "a" if is_audio || audio.is_none() => match value {
                    "sendrecv" | "sendonly" | "recvonly" | "inactive" => direction = value,
                    _ => {
                        let mapping = value.strip_prefix("rtpmap:").and_then(|mapping| mapping.split_once(' '));
                        if let Some((payload, name)) = mapping {
                            names.extend(payload.parse().ok().map(|payload| (payload, name.to_owned())));
                        }
                    }
                },
                _ => {}
            }
        }
        let (port, payloads) = audio?;
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let name_of = |payload: &u8| match names.iter().find(|(number, _)| number == payload) {
            Some((_, name)) => name.split('/').next().unwrap_or_default().to_uppercase(),
            None => static_name(*payload).to_owned(),
        };
        Some(Heard {
            remote: SocketAddr::new(address, port),
            names: payloads.iter().map(name_of).collect(),
            payloads,
            sends: matches!(direction, "sendrecv" | "sendonly"),
            receives: matches!(direction, "sendrecv" | "recvonly") && !address.is_unspecified(),
            text,
        })
    }

    /// The payload types and names of this offer that a phone with these codecs accepts, by the offer's numbers.
    pub fn common(&self, codecs: &[(u8, &'static str)]) -> Vec<(u8, String)> {
        let all = self.payloads.iter().copied().zip(self.names.iter().cloned());
        let accepts =
            |name: &str| name == "TELEPHONE-EVENT" || codecs.iter().any(|(_, own)| own.eq_ignore_ascii_case(name));
        let common: Vec<_> = all.filter(|(_, name)| accepts(name)).collect();
        if common.iter().any(|(_, name)| name != "TELEPHONE-EVENT") { common } else { Vec::new() }
    }
}

fn static_name(payload: u8) -> &'static str {
    match payload {
        0 => "PCMU",
        8 => "PCMA",
        9 => "G722",
        18 => "G729",
        _ => "",
    }
}

/// What a phone says about its own audio.
pub(super) struct Say<'a> {
    pub user: &'a str,
    pub rtp: SocketAddr,
    pub version: u32,
    pub formats: Vec<(u8, String)>,
    pub direction: &'static str,
    pub old_hold: bool,
}

impl Say<'_> {
    /// The formats of an offer.
    pub fn formats_of(codecs: &[(u8, &'static str)]) -> Vec<(u8, String)> {
        let own = codecs.iter().map(|(payload, name)| (*payload, (*name).to_owned()));
        own.chain([(KEYS, "telephone-event".to_owned())]).collect()
    }

    pub fn write(&self) -> String {
        let Say { user, rtp, version, .. } = self;
        let hide = self.old_hold && self.direction != "sendrecv" && self.direction != "recvonly";
        let shown = if hide { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { rtp.ip() };
        let family = if shown.is_ipv4() { "IP4" } else { "IP6" };
        let payloads: Vec<String> = self.formats.iter().map(|(payload, _)| payload.to_string()).collect();
        let port = if self.formats.is_empty() { 0 } else { rtp.port() };
        let payloads = if payloads.is_empty() { "0".to_owned() } else { payloads.join(" ") };
        let mut text = format!(
            "v=0\r\no={user} 4711 {version} IN {family} {shown}\r\ns=call\r\nc=IN {family} {shown}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {payloads}\r\n"
        );
        for (payload, name) in &self.formats {
            let clock = if name.eq_ignore_ascii_case("opus") { "48000/2" } else { "8000" };
            text += &format!("a=rtpmap:{payload} {name}/{clock}\r\n");
        }
        if !hide {
            text += &format!("a={}\r\n", self.direction);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_understands_what_another_phone_says() {
        let rtp = "10.0.0.1:4000".parse().expect("an address");
        let formats = Say::formats_of(&[(8, "PCMA"), (96, "opus")]);
        let say = Say { user: "anna", rtp, version: 1, formats, direction: "sendonly", old_hold: false };
        let heard = Heard::read(say.write().as_bytes()).expect("audio");
        assert_eq!((heard.remote, heard.sends, heard.receives), (rtp, true, false));
        assert_eq!(heard.common(&[(0, "PCMU"), (8, "PCMA")]), [(8, "PCMA".into()), (101, "TELEPHONE-EVENT".into())]);
        assert_eq!(heard.common(&[(18, "G729")]), []);
        let hidden = Heard::read(Say { old_hold: true, ..say }.write().as_bytes()).expect("audio");
        assert!(!hidden.receives && hidden.remote.ip().is_unspecified());
    }
}
