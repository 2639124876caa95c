//! The call's media: which ends there are, what each side is told of them, and what they are connected to.

use super::party::{End, Exchange};
use super::{Call, Refusal};
use crate::core::Cx;
use bytes::Bytes;
use call::media::{Codec, EndId, MediaCommand, MediaEvent, Voice};
use call::{EndedBy, Event, Leg, Reason};
use dialog::sdp::{self, Answered, AudioCodec, Chosen, Direction, Origin, Rewrite, Sdp};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Media lines of one call beyond this many are refused.
const LINES_MAX: usize = 8;

impl Call {
    /// The offer for a leg that is to be rung: what the caller offers, on our ends. None when the caller offers nothing
    /// yet, so that the phone offers in its answer.
    pub fn offer_to(&mut self, cx: &mut Cx<'_>, leg: Leg) -> Result<Option<Bytes>, Refusal> {
        if self.parties[0].media.remote.is_none() {
            return Ok(None);
        }
        self.sdp_for(cx, leg, Leg::CALLER, None).map(Some).ok_or((503, "no media port is free"))
    }

    /// What `to` is told of `from`'s session description. None if nothing is known of it, or no port is left.
    pub fn sdp_for(&mut self, cx: &mut Cx<'_>, to: Leg, from: Leg, direction: Option<Direction>) -> Option<Bytes> {
        let source = self.party(from)?.media.remote.clone()?;
        // Lines that the source's side has refused or was refused stay so.
        let accepted: Vec<bool> = match &self.party(from)?.media.local {
            Some(local) => Sdp::parse(local).ok()?.media().iter().map(|line| line.port != 0).collect(),
            None => Vec::new(),
        };
        let usable = |(nth, line): (usize, &sdp::MediaLine)| {
            line.is_relayable() && nth < LINES_MAX && accepted.get(nth).copied().unwrap_or(true)
        };
        let lines: Vec<bool> = source.media().iter().enumerate().map(usable).collect();
        let ends = self.ends_for(cx, to, &lines)?;
        let answered_before = from == Leg::CALLER && self.parties[0].is_up() && self.bridge.is_none();
        let spoken = self.parties[0].media.voice.filter(|_| answered_before).map(|voice| name_of(voice.codec));
        let spoken = spoken.map(|name| [name, "telephone-event"]);
        let party = self.party(to)?;
        let offer = party.media.remote.clone().filter(|_| party.media.offered);
        let dice = cx.core.dice.next();
        let origin = party.media.origin.get_or_insert_with(|| Origin::new(dice));
        let body = origin.write(|session_id, version| {
            let how = Rewrite {
                session_id,
                version,
                ends: &ends,
                direction,
                only: spoken.as_ref().map(|names| names.as_slice()),
                answers: offer.as_ref(),
            };
            sdp::rewrite(&source, &how)
        });
        party.media.local = Some(body.clone());
        Some(body)
    }

    /// Our ends for the lines that are used, opened where they are missing; as the peer sees them.
    fn ends_for(&mut self, cx: &mut Cx<'_>, leg: Leg, lines: &[bool]) -> Option<Vec<Option<SocketAddr>>> {
        let flow = self.party(leg)?.flow;
        let (shown, local) = (cx.core.our_media_address(&flow), cx.core.media_local(&flow));
        let mut ends = Vec::with_capacity(lines.len());
        for (nth, &used) in lines.iter().enumerate() {
            let open = self.party(leg)?.media.ends.get(nth).copied().flatten();
            let end = match open {
                _ if !used => None,
                Some(end) => Some(end),
                None => Some(self.open_end(cx, leg, nth, local)?),
            };
            ends.push(end.map(|end| SocketAddr::new(shown, end.port)));
        }
        Some(ends)
    }

    fn open_end(&mut self, cx: &mut Cx<'_>, leg: Leg, nth: usize, local: IpAddr) -> Option<End> {
        let id = EndId(self.next_end);
        let port = cx.core.ports.open(id)?;
        self.next_end += 1;
        let end = End { id, port };
        let held = &mut self.party(leg)?.media.ends;
        if held.len() <= nth {
            held.resize(nth + 1, None);
        }
        held[nth] = Some(end);
        cx.core.media(MediaCommand::Open { end: id, local, port });
        Some(end)
    }

    /// Answers (or offers) with the codecs that we speak, for prompts.
    pub fn own_answer(&mut self, cx: &mut Cx<'_>, leg: Leg) -> Result<Bytes, Refusal> {
        let codecs = own_codecs(&self.plan.settings.media.codecs);
        let party = self.party(leg).ok_or((481, "no such leg"))?;
        let offer = party.media.remote.clone();
        let chosen = match &offer {
            Some(offer) => Some(Chosen::from(offer, &codecs).map_err(|_| (488, "no codec in common"))?),
            None => None,
        };
        let line_count = offer.as_ref().map_or(1, |offer| offer.media().len());
        let audio = chosen.map_or(0, |chosen| chosen.media_index);
        let lines: Vec<bool> = (0..line_count).map(|nth| nth == audio).collect();
        let ends = self.ends_for(cx, leg, &lines).ok_or((503, "no media port is free"))?;
        let local = ends.get(audio).copied().flatten().ok_or((503, "no media port is free"))?;
        let dice = cx.core.dice.next();
        let party = self.party(leg).ok_or((481, "no such leg"))?;
        let origin = party.media.origin.get_or_insert_with(|| Origin::new(dice));
        let body = origin.write(|session_id, version| {
            let ours = Answered { local, session_id, version, direction: Direction::SendRecv };
            match (&offer, &chosen) {
                (Some(offer), Some(chosen)) => sdp::answer_for(offer, chosen, &ours),
                _ => sdp::offer_of(&ours, &codecs),
            }
        });
        party.media.local = Some(body.clone());
        party.exchange = if offer.is_some() { Exchange::Idle } else { Exchange::AnswerInAck };
        Ok(body)
    }

    /// Tells the media threads where a leg's peer is, as negotiated last.
    pub fn connect(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.party(leg) else { return };
        let (Some(remote), Some(local)) = (&party.media.remote, &party.media.local) else { return };
        let Ok(local) = Sdp::parse(local) else { return };
        let audio = remote.audio().map(|(nth, _)| nth);
        let signalling = party.flow.remote.ip();
        let mut voice_of_leg = None;
        let mut commands = Vec::with_capacity(2);
        for (nth, end) in party.media.ends.iter().enumerate() {
            let (Some(end), Some(theirs)) = (end, remote.media().get(nth)) else { continue };
            let ours = local.media().get(nth);
            let used = theirs.port != 0 && ours.is_some_and(|line| line.port != 0);
            let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
            let voice = ours.filter(|_| used).and_then(|ours| voice_between(theirs, ours, party.media.offered));
            if Some(nth) == audio {
                voice_of_leg = voice;
            }
            commands.push(MediaCommand::Connect {
                end: end.id,
                remote: if used { theirs.rtp() } else { nowhere },
                rtcp: if used { theirs.rtcp() } else { nowhere },
                signalling,
                voice,
                send: used && (theirs.direction.receives() || party.media.hears_music),
            });
        }
        party.media.voice = voice_of_leg;
        commands.into_iter().for_each(|command| cx.core.media(command));
    }

    /// Lets two legs hear each other, line by line.
    pub fn patch(&mut self, cx: &mut Cx<'_>, a: Leg, b: Leg) {
        let ends =
            |call: &mut Self, leg: Leg| call.party(leg).map(|party| party.media.ends.clone()).unwrap_or_default();
        let (of_a, of_b) = (ends(self, a), ends(self, b));
        for (a, b) in of_a.iter().zip(&of_b) {
            if let (Some(a), Some(b)) = (a, b) {
                cx.core.media(MediaCommand::Patch { a: a.id, b: b.id });
            }
        }
        self.watch(cx);
    }

    /// A bridged call whose sides both say nothing for long is over, unless one is on hold.
    pub fn watch(&mut self, cx: &mut Cx<'_>) {
        let Some((a, b)) = self.bridge else { return };
        let held = [a, b].iter().any(|leg| self.party(*leg).is_some_and(|party| party.media.holds));
        let limit = Some(self.plan.settings.media.silence).filter(|_| !held);
        for leg in [a, b] {
            if let Some(end) = self.party(leg).and_then(|party| party.audio_end()) {
                cx.core.media(MediaCommand::Watch { end, limit });
            }
        }
    }

    /// Plays what was asked for before the caller's answer was here.
    pub fn play_waiting(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        if let Some(play) = self.party(leg).and_then(|party| party.media.waiting.take()) {
            self.act(cx, call::Action::Play(play));
        }
    }

    /// A leg's ends are no longer needed.
    pub fn close_media(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        let Some(party) = self.party(leg) else { return };
        for end in party.media.ends.iter().flatten() {
            cx.core.media(MediaCommand::Close { end: end.id });
        }
    }

    /// What the media threads report of one of this call's ends.
    pub fn on_media(&mut self, cx: &mut Cx<'_>, event: MediaEvent) {
        let (MediaEvent::OpenFailed { end }
        | MediaEvent::Digit { end, .. }
        | MediaEvent::Played { end, .. }
        | MediaEvent::Recorded { end, .. }
        | MediaEvent::Silent { end }
        | MediaEvent::Closed { end, .. }) = event;
        let Some(leg) = self.leg_of_end(end) else { return };
        match event {
            MediaEvent::OpenFailed { .. } => {
                if let Some(party) = self.party(leg) {
                    party.media.ends.iter_mut().for_each(|held| *held = held.take_if(|held| held.id != end));
                }
                self.because(cx, Reason::Words("a media port is in use by another program".into()));
                if leg == Leg::CALLER { self.end_all(cx, EndedBy::Exchange) } else { self.hang_up(cx, leg) }
            }
            MediaEvent::Digit { digit, .. } => self.drive(cx, Event::Digit(leg, digit)),
            MediaEvent::Played { ended, .. } => {
                if let Some(party) = self.party(leg) {
                    party.media.plays = false;
                }
                self.drive(cx, Event::Played(leg, ended));
            }
            MediaEvent::Recorded { ended, .. } => {
                if let Some(party) = self.party(leg) {
                    party.media.records = false;
                }
                self.drive(cx, Event::Recorded(leg, ended));
            }
            MediaEvent::Silent { .. } if self.other(leg).is_some() => {
                self.because(cx, Reason::Words("no sound came from one side for too long".into()));
                self.end_all(cx, EndedBy::Exchange);
            }
            MediaEvent::Silent { .. } | MediaEvent::Closed { .. } => (),
        }
    }
}

/// With what we can speak to a peer on a line: the first codec of the answer, by the peer's numbers.
fn voice_between(theirs: &sdp::MediaLine, ours: &sdp::MediaLine, peer_offered: bool) -> Option<Voice> {
    let answer = if peer_offered { ours } else { theirs };
    let first = answer.first_codec()?;
    let codec = codec_named(&first.name)?;
    let format = theirs.formats.iter().find(|format| format.name.eq_ignore_ascii_case(&first.name))?;
    let digits = theirs.telephone_event(format.clock).filter(|_| ours.telephone_event(format.clock).is_some());
    Some(Voice { codec, payload: format.payload, digits })
}

fn codec_named(name: &str) -> Option<Codec> {
    [Codec::Pcma, Codec::Pcmu, Codec::G722].into_iter().find(|codec| name_of(*codec).eq_ignore_ascii_case(name))
}

fn name_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
        Codec::G722 => "G722",
    }
}

fn own_codecs(order: &[Codec]) -> Vec<AudioCodec> {
    let of = |codec: &Codec| match codec {
        Codec::Pcma => AudioCodec::PCMA,
        Codec::Pcmu => AudioCodec::PCMU,
        Codec::G722 => AudioCodec::G722,
    };
    order.iter().map(of).collect()
}
