//! Ring groups and delayed forward: who rings, when, for how long.
//!
//! The dialplan writes branches and groups ([`plan`]); a [`Hunt`] is the program that rings them.

mod hunt;
mod ledger;
mod order;
mod phones;
mod plan;
mod tally;
mod team;
#[cfg(test)]
mod tests;

pub use hunt::Hunt;
pub use plan::{
    Branch, DEPTH_MAX, GIVE_UP_DEFAULT, GIVE_UP_MAX, Group, LEGS_MAX, Number, RING_EACH_DEFAULT, Rules, Strategy,
    Target,
};
