//! A fault of ours ends the call in which it happened, and that call alone.

use crate::exchange::{DESK, Exchange, OPERATOR, SOFT, invite};
use call::What;
use sip::Method;
use std::time::Duration;

#[test]
fn a_fault_in_a_new_call_gives_its_caller_a_final_answer_and_leaves_the_others_alone() {
    let mut exchange = Exchange::new();
    exchange.talking("");
    exchange.receive_in_a_fault(OPERATOR, invite(OPERATOR, "1001", "Subject: again").bytes().clone());
    // The same call twice: the table takes it for a copy. This one is another.
    let other = invite(OPERATOR, "1009", "");
    let other = String::from_utf8_lossy(other.bytes()).replacen("sip:1009@", "sip:1001@", 1);
    exchange.receive_in_a_fault(OPERATOR, other);
    exchange.take_response(OPERATOR, 503, Method::Invite);
    assert_eq!((exchange.status().calls, exchange.status().faults), (1, 1));
    assert!(
        exchange.notes.iter().any(|what| matches!(what, What::Fault { message } if message.contains("out of order")))
    );
    exchange.run(Duration::from_secs(60));
    assert_eq!((exchange.status().calls, exchange.status().legs, exchange.status().transactions), (1, 2, 0));
}

#[test]
fn a_fault_while_phones_ring_ends_that_call_with_an_answer_for_everybody() {
    let mut exchange = Exchange::new();
    let invite = invite(OPERATOR, "1001", "");
    exchange.receive(OPERATOR, invite.bytes().clone());
    let (desk, soft) = (exchange.take_request(DESK, Method::Invite), exchange.take_request(SOFT, Method::Invite));
    exchange.answer(&soft, SOFT, 180, "soft", "", false);
    let busy = sip::respond(&desk, 486, None).to_tag("desk").finish();
    exchange.receive(DESK, busy);
    let busy = sip::respond(&soft, 486, None).to_tag("soft").finish();
    exchange.receive_in_a_fault(SOFT, busy);
    assert_eq!(exchange.status().faults, 1);
    exchange.take_response(OPERATOR, 503, Method::Invite);
    exchange.assert_empty_after(Duration::from_secs(60));
}
