//! Dialogs: what peers say while one is made and lasts, and what we then write ourselves.

use super::steps;
use ::dialog::{
    Agreed, Allows, Dialog, DialogId, Due, Heard, MIN_SE_FLOOR_SECS, Proposal, RAck, Refresher, Reliable, SessionTimer,
    ViaParts, Wish,
};
use bytes::Bytes;
use sip::{Message, Name};
use std::time::Duration;

/// Messages, with a NUL between each two. The first opens dialogs; the others come within them.
pub fn run(data: &[u8]) {
    let mut messages = data.split(|byte| *byte == 0).filter_map(|text| {
        let message = Message::parse(Bytes::copy_from_slice(text)).ok()?;
        message.validate().ok().map(|()| message)
    });
    let Some(first) = messages.next() else { return };
    let rest: Vec<Message> = messages.take(16).collect();
    let _ = (DialogId::of_request(&first), DialogId::of_response(&first), Allows::of(&first));
    session(&first);
    if first.is_request() {
        if let Ok(dialog) = Dialog::as_uas(&first, "ours", "<sip:pbx@192.0.2.1>") {
            assert_eq!(DialogId { local_tag: "ours".into(), ..dialog.id() }, dialog.id());
            live(dialog, &rest);
        }
        let response = rest.iter().find(|message| !message.is_request());
        if let Some(Ok(dialog)) = response.map(|response| Dialog::as_uac(&first, response)) {
            live(dialog, &rest);
        }
    }
}

fn live(mut dialog: Dialog, messages: &[Message]) {
    speak(&mut dialog);
    for message in messages {
        session(message);
        if message.is_request() {
            let before = dialog.remote_seq;
            if dialog.accepts(message).is_ok() {
                assert!(dialog.remote_seq >= before, "CSeq went back");
                dialog.update_target(message);
            }
            let _ = RAck::of(message);
        } else {
            let _ = dialog.take_response(message);
            if let Some(Ok(rseq)) = message.number(Name::RSeq) {
                let mut heard = Heard::default();
                assert!(!(heard.is_next(rseq) && heard.is_next(rseq)), "one RSeq twice");
            }
        }
        speak(&mut dialog);
    }
}

/// Whatever the peer said, what we write in the dialog is right.
fn speak(dialog: &mut Dialog) {
    let via = ViaParts { transport: sip::Transport::Udp, sent_by: "192.0.2.1:5060", branch: "z9hG4bKours" };
    for method in ["INVITE", "BYE"] {
        let written = dialog.request(method, &via).finish();
        check(dialog, written, method);
    }
    check(dialog, dialog.ack(&via, 7).finish(), "ACK");
    assert!(!dialog.next_hop().is_empty());
}

fn check(dialog: &Dialog, written: Bytes, method: &str) {
    let message = match Message::parse(written.clone()) {
        Ok(message) => message,
        Err(error) => panic!("{error}:\n{}", String::from_utf8_lossy(&written)),
    };
    assert_eq!(message.validate(), Ok(()), "{}", String::from_utf8_lossy(&written));
    assert_eq!((message.method_str(), message.call_id()), (method, &*dialog.call_id));
    assert_eq!(message.from_tag(), Some(&*dialog.local_tag));
    assert_eq!(message.to_tag().unwrap_or_default(), &*dialog.remote_tag);
    assert_eq!(message.values(Name::Route).count(), dialog.route_set.len(), "{}", String::from_utf8_lossy(&written));
    assert_eq!(message.headers(Name::Contact).count(), usize::from(method == "INVITE"));
}

/// The session timer that a message asks for, negotiated from both sides and run to its end.
fn session(message: &Message) {
    let proposal = Proposal::of(message);
    let wish = Wish::default();
    match proposal.answer(&wish) {
        Ok(Some(agreed)) => run_out(agreed),
        Ok(None) => (),
        Err(too_short) => assert!(too_short.min_secs >= MIN_SE_FLOOR_SECS),
    }
    if let Some(agreed) = proposal.accepted() {
        run_out(agreed);
    }
    if let Some(next) = wish.after_422(&proposal) {
        assert!(next.expires_secs >= next.min_secs && next != wish, "{next:?}");
    }
    let now = steps::start();
    let mut reliable = Reliable::new(u64::from(proposal.expires_secs.unwrap_or(0)), 1);
    let _ = reliable.send(now, Duration::from_millis(500), |rseq| {
        assert!((1..=0x7fff_ffff).contains(&rseq));
        Bytes::new()
    });
}

fn run_out(agreed: Agreed) {
    assert!(agreed.expires_secs >= MIN_SE_FLOOR_SECS, "{agreed}");
    for we_are in [Refresher::Uac, Refresher::Uas] {
        let now = steps::start();
        let mut timer = SessionTimer::start(now, &agreed, we_are);
        let mut refreshes = 0;
        loop {
            match timer.on_timeout(timer.poll_timeout()) {
                Due::Refresh => refreshes += 1,
                Due::Expired => break,
                Due::Nothing => panic!("woken for nothing"),
            }
            assert!(refreshes < 2, "refreshes again and again");
        }
        assert_eq!(refreshes, u32::from(agreed.refresher == we_are));
    }
}
