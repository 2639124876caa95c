//! From the store to the facts: what the exchange knew before it was restarted.

use super::facts::SharedFacts;
use call::{Binding, MessageInfo, Name, Note, What};
use jiff::Timestamp;
use presence::Journeys;
use std::sync::Arc;
use store::{Store, StoreError};

/// What a shard begins with.
pub struct Restored {
    /// The facts.
    pub facts: Arc<SharedFacts>,
    /// Nobody is in a call yet.
    pub journeys: Journeys,
    /// The bindings, for the registrar to watch.
    pub bindings: Vec<(Name, Binding)>,
}

/// Reads the store and folds what it says into fresh facts, as if it had just been noted.
pub fn restore(store: &mut dyn Store, now: Timestamp) -> Result<Restored, StoreError> {
    let stored = store.restore(now)?;
    let (facts, mut journeys) = (Arc::new(SharedFacts::default()), Journeys::default());
    let mut apply = |at, what| presence::fold(&mut &*facts, &mut journeys, &Note { at, journey: None, what });
    for (device, binding) in &stored.bindings {
        apply(now, What::Registered { device: device.clone(), binding: binding.clone() });
    }
    for MessageInfo { message, left_at, heard } in stored.messages {
        let (mailbox, id) = (message.mailbox.clone(), message.id.clone());
        apply(left_at, What::MessageLeft(message));
        if heard {
            apply(now, What::MessageHeard { mailbox, message: id, heard });
        }
    }
    for person in stored.do_not_disturb {
        apply(now, What::DoNotDisturb { person, on: true });
    }
    Ok(Restored { facts, journeys, bindings: stored.bindings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use call::{Facts, Message};
    use std::time::Duration;
    use store::{Durability, Memory};

    #[test]
    fn the_facts_are_as_they_were_before_the_restart() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let note = |what| Note { at: now, journey: None, what };
        let message = |id: &str| {
            let (from_number, from_name) = ("1001".into(), "Anna".into());
            Message { id: id.into(), mailbox: "office".into(), from_number, from_name, length: Duration::from_secs(3) }
        };
        let mut store = Memory::new();
        let notes = [
            note(What::MessageLeft(message("a-1"))),
            note(What::MessageLeft(message("b-1"))),
            note(What::MessageHeard { mailbox: "office".into(), message: "a-1".into(), heard: true }),
            note(What::DoNotDisturb { person: "maija".into(), on: true }),
        ];
        store.append(&notes, Durability::Process).unwrap();
        let facts = restore(&mut store, now).unwrap().facts;
        let heard: Vec<_> = facts.messages("office").iter().map(|m| (m.message.id.to_string(), m.heard)).collect();
        assert_eq!(heard, [("a-1".into(), true), ("b-1".into(), false)]);
        assert!(facts.do_not_disturb("maija") && !facts.do_not_disturb("anna"));
    }
}
