//! Voicemail: greeting, recording, the light, listening.

use crate::office::{PHONES, PLAN, office_with, secs};
use sim::{Office, Phone, Replies};
use std::time::Duration;

/// Nobody answers: greeting, beep, message; Bo's light goes on.
#[test]
fn a_message_is_left_and_the_light_goes_on() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.act("bo-desk", Phone::subscribe);
    office.run_for(secs(40));
    assert_eq!(office.phone("bo-desk").light, Some((0, 0)));
    office.mark();
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.check(
        "
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          401 Unauthorized
         0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
         0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
         0.00  pbx → anna-desk          100 Trying
         0.00  pbx → bo-desk            INVITE sip:bo-desk@10.0.0.2:5060 + sdp
         0.00  pbx → anna-desk          180 Ringing
         0.00  bo-desk → pbx            180 Ringing
        20.00  pbx                      plays to anna-desk: greeting-no-answer, leave-message
        20.00  pbx → bo-desk            CANCEL sip:bo-desk@10.0.0.2:5060
        20.00  pbx → anna-desk          200 OK + sdp
        20.00  bo-desk → pbx            200 OK (CANCEL)
        20.00  bo-desk → pbx            487 Request Terminated
        20.00  anna-desk → pbx          ACK sip:192.0.2.1:5060
        20.00  pbx → bo-desk            ACK sip:bo-desk@10.0.0.2:5060
        24.00  pbx                      plays to anna-desk: beep
        24.30  pbx                      records anna-desk
        37.30  pbx                      plays to anna-desk: message-saved, goodbye
        37.30  pbx → bo-desk            NOTIFY sip:bo-desk@10.0.0.2:5060
        37.31  bo-desk → pbx            200 OK (NOTIFY)
        41.30  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        41.31  anna-desk → pbx          200 OK (BYE)
        ",
    );
    assert_eq!(office.phone("bo-desk").light, Some((1, 0)));
    let kept = call::Facts::messages(&office.facts, "bo");
    assert_eq!((kept.len(), kept[0].heard, &*kept[0].message.from_number), (1, false, "1001"));
}

/// The light of a phone that never subscribed is set unsolicited when it registers, and when a message comes.
#[test]
fn a_phone_that_did_not_subscribe_gets_its_light_all_the_same() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    assert_eq!(office.phone("bo-desk").light, Some((1, 0)), "{}", office.ladder());
    office.assert_sound();
}

/// Bo's phone has one light for two mailboxes, his own and the office's: it counts what is in both, however it is told.
#[test]
fn one_light_shows_the_messages_of_two_mailboxes() {
    for subscribes in [true, false] {
        let mut office = office_with(&["anna-desk", "bo-desk"]);
        if subscribes {
            office.act("bo-desk", Phone::subscribe);
            office.run_for(secs(1));
            assert_eq!(office.phone("bo-desk").light, Some((0, 0)));
        }
        office.call("anna-desk", "1002");
        office.run_until_idle();
        assert_eq!(office.phone("bo-desk").light, Some((1, 0)), "{}", office.ladder());
        office.call("anna-desk", "2000");
        office.run_until_idle();
        assert_eq!(office.phone("bo-desk").light, Some((2, 0)), "{}", office.ladder());
        office.register(&["bo-desk"]);
        office.run_for(secs(1));
        assert_eq!(office.phone("bo-desk").light, Some((2, 0)), "{}", office.ladder());
        office.assert_sound();
    }
}

/// A caller who hangs up while speaking has left a message.
#[test]
fn a_caller_who_hangs_up_while_speaking_has_left_a_message() {
    let mut office = office_with(&["anna-desk"]);
    office.media.speech = secs(60);
    office.call("anna-desk", "1002");
    office.run_for(secs(20));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
    let kept = call::Facts::messages(&office.facts, "bo");
    assert_eq!(kept.len(), 1);
    assert!(kept[0].message.length > secs(5), "{kept:?}");
}

/// A caller who hangs up during the greeting has left none.
#[test]
fn a_caller_who_hears_only_the_greeting_leaves_nothing() {
    let mut office = office_with(&["anna-desk"]);
    office.call("anna-desk", "1002");
    office.run_for(secs(1));
    office.hang_up("anna-desk");
    office.run_until_idle();
    office.assert_sound();
    assert!(call::Facts::messages(&office.facts, "bo").is_empty());
}

/// The disk is full: the caller hears it, and nothing half-written stays.
#[test]
fn a_full_disk_is_told_to_the_caller() {
    let mut office = office_with(&["anna-desk"]);
    office.media.disk_full = true;
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.check(
        "
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx → anna-desk          401 Unauthorized
        0.00  anna-desk → pbx          ACK sip:1002@pbx.example.fi
        0.00  anna-desk → pbx          INVITE sip:1002@pbx.example.fi + sdp
        0.00  pbx                      plays to anna-desk: greeting-unavailable, leave-message
        0.00  pbx → anna-desk          100 Trying
        0.00  pbx → anna-desk          200 OK + sdp
        0.00  anna-desk → pbx          ACK sip:192.0.2.1:5060
        4.00  pbx                      plays to anna-desk: beep
        4.30  pbx                      records anna-desk
        4.30  pbx                      plays to anna-desk: cannot-record, goodbye
        8.30  pbx → anna-desk          BYE sip:anna-desk@10.0.0.1:5060
        8.30  anna-desk → pbx          200 OK (BYE)
        ",
    );
    assert!(call::Facts::messages(&office.facts, "bo").is_empty());
}

/// The database cannot keep the message: the caller hears it, and the file goes.
#[test]
fn a_message_that_cannot_be_kept_is_not_promised() {
    let mut office = office_with(&["anna-desk"]);
    office.store.fails = true;
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    assert!(call::Facts::messages(&office.facts, "bo").is_empty());
    assert!(office.media.messages.is_empty(), "{:?}", office.media.messages);
}

/// Dialling `*97`: the new message, then it is old, and the light says so.
#[test]
fn bo_listens_to_his_message_and_deletes_it() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.mark();
    office.call("bo-desk", "*97");
    office.run_for(secs(25));
    office.press("bo-desk", "1");
    office.run_for(secs(20));
    assert_eq!(office.phone("bo-desk").light, Some((0, 1)), "{}", office.ladder());
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.assert_sound();
}

/// A deleted message leaves neither an entry nor a sound behind, though its owner hangs up at once, before the store has
/// committed the deletion; nor does it when the menu ends the call.
#[test]
fn what_bo_deletes_is_gone_from_the_disk_too() {
    for hangs_up in [true, false] {
        let mut office = office_with(&["anna-desk", "bo-desk"]);
        office.call("anna-desk", "1002");
        office.run_until_idle();
        assert_eq!(office.media.messages.len(), 1);
        office.call("bo-desk", "*97");
        office.run_for(secs(45));
        office.press("bo-desk", "3");
        office.run_for(secs(2));
        if hangs_up {
            office.hang_up("bo-desk");
        } else {
            office.press("bo-desk", "#");
        }
        office.run_until_idle();
        office.assert_sound();
        assert!(call::Facts::messages(&office.facts, "bo").is_empty(), "{}", office.ladder());
        assert!(office.media.messages.is_empty(), "{:?}\n{}", office.media.messages, office.ladder());
        assert_eq!(office.phone("bo-desk").light, Some((0, 0)), "{}", office.ladder());
    }
}

/// RFC 6086: the keys of a phone that has no RFC 4733 arrive by INFO and work in the menus.
#[test]
fn a_menu_understands_keys_by_info() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    let nth = office.call("bo-desk", "*97");
    office.run_for(secs(45));
    office.act("bo-desk", |phone, now| phone.info_digit(now, nth, '3'));
    office.run_for(secs(2));
    office.hang_up("bo-desk");
    office.run_until_idle();
    office.assert_sound();
    assert!(call::Facts::messages(&office.facts, "bo").is_empty(), "{}", office.ladder());
}

/// A phone that subscribes anew after each restart takes the place of its former self.
#[test]
fn a_phone_that_is_restarted_often_leaves_no_subscriptions_behind() {
    let mut office = office_with(&["bo-desk"]);
    for _ in 0..20 {
        office.act("bo-desk", Phone::subscribe);
        office.run_for(secs(2));
    }
    assert!(office.status().subscriptions <= 4, "{:?}", office.status());
    office.call("bo-desk", "1003");
    office.run_until_idle();
    office.assert_sound();
}

/// Outside the hours the office's greeting says that it is closed. (The box has no hours here: the default greeting.)
#[test]
fn a_call_at_night_is_taken_by_voicemail() {
    let mut office = Office::at(PLAN, 1, "2026-11-24T20:00:00Z");
    office.register(&PHONES);
    office.call("anna-desk", "2000");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(call::Facts::messages(&office.facts, "office").len(), 1);
}

/// Reports of the media threads come late: nothing is done twice, nothing is left over.
#[test]
fn slow_media_threads_do_no_harm() {
    let mut office = office_with(&["anna-desk", "bo-desk"]);
    office.media.replies = Replies::After(Duration::from_millis(700));
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.assert_sound();
    assert_eq!(call::Facts::messages(&office.facts, "bo").len(), 1);
}

/// A message and its light survive a restart of the exchange, and a call that was lost with it holds nobody up.
#[test]
fn messages_survive_a_restart() {
    let mut office = office_with(&["anna-desk", "bo-desk", "cia-desk"]);
    office.call("anna-desk", "1002");
    office.run_until_idle();
    office.call("anna-desk", "1003");
    office.run_for(secs(2));
    office.restart();
    office.die("anna-desk");
    office.run_for(secs(1));
    assert_eq!(call::Facts::messages(&office.facts, "bo").len(), 1);
    office.act("bo-desk", Phone::subscribe);
    office.run_for(secs(40));
    assert_eq!(office.phone("bo-desk").light, Some((1, 0)), "{}", office.ladder());
    office.call("bo-desk", "1003");
    office.run_for(secs(2));
    assert_eq!(office.phone("cia-desk").calls.len(), 2, "Cia is not taken for busy");
}
