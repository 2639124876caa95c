//! What a step can do. Each action is a file here (arguments, manual, program, tests) and a word in the list below:
//! parser, diagnostics, manual and suggestions read that list.

use crate::check::Check;
use crate::check::Kind;
use crate::graph::NodeId;
use crate::plan::Inner;
use crate::read::{Faults, Key, Section, Shown, Table, Word};
use crate::sequence::Scope;
use call::{Context, Outcome, Program, Script};

/// The words of an action.
pub(crate) trait Described: Section {
    /// The key that names it in a step.
    const WORD: &'static str;
    /// What is meant where only the word is written, if that means something.
    const BARE: Option<&'static str> = None;
}

/// What an action does.
pub(crate) trait Act {
    /// For explanations: `ring reception`.
    fn words(&self) -> String;

    /// Begins, or has nothing to do.
    fn begin(&self, scope: &Scope, cx: &Context<'_>, out: &mut Script) -> Begun;

    /// Whether every name is known and the step may stand where it stands.
    fn check(&self, check: &mut Check<'_>);

    /// The call ends here whatever happens: a step after it can never be reached.
    fn is_end(&self) -> bool {
        false
    }

    /// It rings somebody.
    fn rings(&self) -> bool {
        false
    }

    /// Other parts of the plan into which it leads: walked to find circles.
    fn leads_to(&self) -> Option<(Kind, &Word)> {
        None
    }

    /// What follows where the list says nothing.
    fn otherwise(&self, plan: &Inner) -> Option<NodeId> {
        let _ = plan;
        None
    }
}

/// How an action began.
pub(crate) enum Begun {
    /// With a program that is to be started.
    Runs(Box<dyn Program>),
    /// It is over already.
    Over(Outcome),
}

impl Begun {
    pub(crate) fn with(program: impl Program + 'static) -> Self {
        Begun::Runs(Box::new(program))
    }
}

macro_rules! actions {
    ($($module:ident::$action:ident),* $(,)?) => {
        $(pub(crate) mod $module;)*

        /// An action with its arguments.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Action {
            $($action($module::$action)),*
        }

        impl Action {
            /// Every word that names an action.
            pub(crate) const WORDS: &'static [&'static str] = &[$($module::$action::WORD),*];

            /// What the word alone means.
            pub(crate) fn bare(word: &str) -> Option<&'static str> {
                $(if word == $module::$action::WORD {
                    return $module::$action::BARE;
                })*
                None
            }

            /// The keys that may stand beside the word.
            pub(crate) fn keys_of(word: &str) -> &'static [&'static str] {
                $(if word == $module::$action::WORD {
                    return $module::$action::key_names();
                })*
                &[]
            }

            /// Takes the action's keys from a step.
            pub(crate) fn take(word: &str, table: &mut Table<'_>, faults: &mut Faults) -> Option<Self> {
                $(if word == $module::$action::WORD {
                    return $module::$action::take(table, faults).map(Action::$action);
                })*
                None
            }

            /// Writes the action's keys.
            pub(crate) fn show(&self, out: &mut Shown) {
                match self {
                    $(Action::$action(action) => Section::show(action, out)),*
                }
            }

            /// Each word with its manual text and keys.
            pub(crate) fn manual() -> Vec<(&'static str, &'static str, Vec<Key>)> {
                vec![$(($module::$action::WORD, $module::$action::DOC, $module::$action::keys())),*]
            }
        }

        impl std::ops::Deref for Action {
            type Target = dyn Act;

            fn deref(&self) -> &(dyn Act + 'static) {
                match self {
                    $(Action::$action(action) => action),*
                }
            }
        }
    };
}

actions! {
    reach::Reach,
    ring::Ring,
    substitute::Substitute,
    mobile::Mobile,
    voicemail::Voicemail,
    dial::Dial,
    play::Play,
    voicemail_menu::VoicemailMenu,
    flow::Flow,
    reject::Reject,
    hangup::Hangup,
}
