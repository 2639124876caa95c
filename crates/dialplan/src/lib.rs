//! The dialplan: TOML to checked flows of steps.
//!
//! [`read`] takes every file of a configuration and gives a [`Dialplan`], or every fault at once. A plan routes
//! calls ([`Dialplan::route`]), answers what programs ask ([`View`]), explains itself ([`explain`]) and shows itself
//! with every default filled in ([`show`]).

mod actions;
mod check;
mod collect;
mod compile;
mod diagnostic;
mod duration;
mod ending;
mod explain;
mod fill;
mod graph;
mod group;
mod hours;
mod keys;
mod manual;
mod nearest;
mod number;
mod office;
mod plan;
mod reach;
mod read;
mod reader;
mod sequence;
mod settings;
mod show;
mod step;
mod words;

pub use diagnostic::{Diagnostic, Mark, Position, Severity, Source, Span, render};
pub use explain::{Explanation, Question, explain};
pub use manual::manual;
pub use number::normalise;
pub use office::Office;
pub use plan::{Credentials, Device, Dialplan, Incoming, Mailbox, Network, Person, Pin, Routed, Secret, Trunk, View};
pub use reader::{Environment, Nothing, Read, read};
pub use settings::{DigestAlgorithm, Limits, Listen, Log, LogFormat, Media, Ports, Prompts, Settings, Sip, Store};
pub use show::show;
pub use words::{ended, sentence, unreachable_because};
