//! Session descriptions: reading, passing on without showing the first leg's network, answering.

use dialog::sdp::{
    Answered, AudioCodec, Chosen, Direction, Rewrite, Sdp, answer_by, answer_for, offer_of, refuse_all, rewrite,
    shares_codec,
};
use std::net::{IpAddr, SocketAddr};

pub fn run(data: &[u8]) {
    let Ok(sdp) = Sdp::parse(data) else { return };
    look_at(&sdp);
    pass_on(&sdp);
    answer(&sdp);
}

const CODECS: [AudioCodec; 3] = [AudioCodec::PCMA, AudioCodec::PCMU, AudioCodec::G722];

fn v4() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 20_000))
}

fn v6() -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 20_002))
}

fn look_at(sdp: &Sdp) {
    assert!(sdp.says_the_same_as(sdp));
    let _ = (sdp.is_hold(), sdp.is_relayable(), shares_codec(sdp, sdp));
    assert!(sdp.audio().is_none_or(|(nth, line)| &sdp.media()[nth] == line && line.is_relayable()));
    for line in sdp.media() {
        let _ = (line.rtp(), line.rtcp(), line.first_codec().is_some(), line.telephone_event(8000));
        let spoken = line.spoken(&CODECS);
        assert!(spoken.is_none_or(|spoken| line.formats.iter().any(|format| format.payload == spoken.payload)));
        assert!(line.formats.iter().all(|format| format.payload < 128));
    }
}

fn pass_on(sdp: &Sdp) {
    let all = vec![Some(v4()); sdp.media().len()];
    let some = [Some(v4()), None, Some(v6()), Some(v4())];
    for ends in [&all[..], &some, &[]] {
        for answers in [None, Some(sdp)] {
            for direction in [None, Some(Direction::SendOnly), Some(Direction::Inactive)] {
                for only in [None, Some(&["PCMA", "telephone-event"][..])] {
                    let how = Rewrite { direction, only, answers, ..Rewrite::to(7, 8, ends) };
                    let again = read(&rewrite(sdp, &how));
                    assert_eq!(again.media().len(), sdp.media().len());
                }
            }
        }
    }
    // Passing on comes to rest: an rtpmap that names an address is dropped the first time, and its codec the second.
    let pass = |sdp: &Sdp| rewrite(sdp, &Rewrite::to(7, 8, &all));
    let twice = pass(&read(&pass(sdp)));
    assert_eq!(text(&pass(&read(&twice))), text(&twice));
}

/// What we wrote can be read, keeps to the grammar of lines, and shows no address but ours.
fn read(written: &[u8]) -> Sdp {
    let text = text(written);
    for line in text.strip_suffix("\r\n").expect("whole lines").split("\r\n") {
        let (letter, value) = line.split_once('=').expect("x=value");
        assert!(letter.len() == 1 && !value.contains(['\r', '\n', '\0']), "{line:?}");
    }
    for word in text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.')) {
        let shown = word.parse::<IpAddr>().ok().or_else(|| dotted(word));
        let is_ours = |ip: IpAddr| ip == v4().ip() || ip == v6().ip() || ip.is_unspecified();
        assert!(shown.is_none_or(is_ours), "shows {shown:?} in\n{text}");
    }
    match Sdp::parse(written) {
        Ok(sdp) => sdp,
        Err(fault) => panic!("{fault}:\n{text}"),
    }
}

/// Four numbers between dots somewhere in a word.
fn dotted(word: &str) -> Option<IpAddr> {
    let parts: Vec<&str> = word.split(['.', ':']).collect();
    parts.windows(4).find_map(|four| four.join(".").parse().ok())
}

fn text(written: &[u8]) -> &str {
    std::str::from_utf8(written).expect("text")
}

fn answer(offer: &Sdp) {
    let ours = Answered { local: v4(), session_id: 1, version: 2, direction: Direction::SendRecv };
    let check = |written: &[u8]| {
        let answer = Sdp::parse(written).unwrap_or_else(|fault| panic!("{fault}:\n{}", text(written)));
        assert_eq!(answer.media().len(), offer.media().len(), "{}", text(written));
        answer
    };
    assert!(check(&refuse_all(offer, &ours)).media().iter().all(|line| line.port == 0));
    let all = vec![Some(v4()); offer.media().len()];
    check(&answer_by(offer, &all, &ours, |_| true));
    if let Ok(chosen) = Chosen::from(offer, &CODECS) {
        let answer = check(&answer_for(offer, &chosen, &ours));
        let live: Vec<usize> = (0..answer.media().len()).filter(|nth| answer.media()[*nth].port != 0).collect();
        assert_eq!(live, [chosen.media_index]);
        let spoken = answer.media()[chosen.media_index].spoken(&CODECS);
        assert_eq!(spoken.map(|spoken| (spoken.codec, spoken.payload)), Some((chosen.codec, chosen.payload)));
    }
    assert!(Sdp::parse(&offer_of(&ours, &CODECS)).is_ok());
}
