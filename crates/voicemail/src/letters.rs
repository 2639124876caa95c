//! The messages of a mailbox as its owner goes through them: new ones first, the oldest of each first.

use crate::prompts::prompt;
use crate::say::{say_date, say_digits, say_number, say_time};
use crate::{Mailbox, counts};
use call::{Action, Context, MessageInfo, Name, Script, Sound, What};

/// The messages there were when the mailbox was opened, and where its owner is.
#[derive(Default)]
pub(crate) struct Letters {
    letters: Vec<Letter>,
    place: usize,
}

/// One message.
pub(crate) struct Letter {
    pub(crate) info: MessageInfo,
    /// It goes when the session ends; until then it can be restored.
    pub(crate) deleted: bool,
}

impl Letters {
    pub(crate) fn of(mailbox: &Mailbox, cx: &Context<'_>) -> Self {
        let mut messages = cx.world.messages(&mailbox.name);
        messages.sort_by_key(|message| message.heard);
        Letters { letters: messages.into_iter().map(|info| Letter { info, deleted: false }).collect(), place: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// The message that is listened to.
    pub(crate) fn current(&mut self) -> Option<&mut Letter> {
        self.letters.get_mut(self.place)
    }

    /// Goes on to the next message, if there is one.
    pub(crate) fn next(&mut self) -> bool {
        let more = self.place + 1 < self.letters.len();
        self.place += usize::from(more);
        more
    }

    /// Goes back to the one before, if there is one.
    pub(crate) fn previous(&mut self) -> bool {
        let more = self.place > 0;
        self.place -= usize::from(more);
        more
    }

    /// Marks the current message as listened to, or as new again.
    pub(crate) fn mark(&mut self, heard: bool, out: &mut Script) {
        let Some(letter) = self.current().filter(|letter| letter.info.heard != heard) else { return };
        letter.info.heard = heard;
        let message = &letter.info.message;
        let (mailbox, message) = (message.mailbox.clone(), message.id.clone());
        out.push(Action::Note(What::MessageHeard { mailbox, message, heard }));
    }

    /// What was deleted goes for good, once. So many deletions are on their way to the store.
    pub(crate) fn commit(&mut self, out: &mut Script) -> usize {
        let deleted = self.letters.iter().filter(|letter| letter.deleted).count();
        for letter in self.letters.iter().filter(|letter| letter.deleted) {
            let message = &letter.info.message;
            let (mailbox, message) = (message.mailbox.clone(), message.id.clone());
            out.push(Action::Keep(What::MessageDeleted { mailbox, message }));
        }
        self.letters.clear();
        deleted
    }

    /// "You have one new message and two old messages."
    pub(crate) fn say_counts(&self, language: &Name) -> Vec<Sound> {
        let infos: Vec<_> = self.letters.iter().map(|letter| letter.info.clone()).collect();
        let (new, old) = counts(&infos);
        if self.is_empty() {
            return vec![prompt("no-messages", language)];
        }
        let say_kind = |sounds: &mut Vec<Sound>, count: usize, one: &str, many: &str| {
            if count > 0 {
                sounds.extend(say_number(count as u64, language));
                sounds.push(prompt(if count == 1 { one } else { many }, language));
            }
        };
        let mut sounds = vec![prompt("you-have", language)];
        say_kind(&mut sounds, new, "new-message", "new-messages");
        if new > 0 && old > 0 {
            sounds.push(prompt("and", language));
        }
        say_kind(&mut sounds, old, "old-message", "old-messages");
        sounds
    }
}

impl Letter {
    /// Its kind, when it was left and from which number, then the message itself.
    pub(crate) fn say(&self, cx: &Context<'_>, language: &Name) -> Vec<Sound> {
        let kind = match (self.deleted, self.info.heard) {
            (true, _) => "message-is-deleted",
            (false, false) => "message-new",
            (false, true) => "message-old",
        };
        let left_at = cx.world.civil(self.info.left_at);
        let mut sounds = vec![prompt(kind, language)];
        sounds.extend(say_date(&left_at, &cx.world.civil(cx.wall), language));
        sounds.extend(say_time(&left_at, language));
        let number = say_digits(&self.info.message.from_number, language);
        if number.is_empty() {
            sounds.push(prompt("from-unknown", language));
        } else {
            sounds.push(prompt("from-number", language));
            sounds.extend(number);
        }
        sounds.push(Sound::Message(self.info.message.id.clone()));
        sounds
    }
}
