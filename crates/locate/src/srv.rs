//! The order of SRV records, RFC 2782: by priority, and among equals by chance in proportion to their weights.

use crate::{Domain, Record, Srv, dice::Dice};

/// What the SRV records of one name say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Servers {
    /// There are none.
    Unknown,
    /// The only one names the root: decidedly not offered.
    NotOffered,
    /// Host and port, in the order in which to try them.
    Listed(Vec<(Domain, u16)>),
}

/// Orders what DNS answered; the same dice give the same order.
pub(crate) fn servers(records: &[Record], dice: &mut Dice) -> Servers {
    let mut listed: Vec<&Srv> = records.iter().filter_map(Record::srv).collect();
    if listed.is_empty() {
        return Servers::Unknown;
    }
    listed.retain(|srv| srv.target.is_some() && srv.port != 0);
    if listed.is_empty() {
        return Servers::NotOffered;
    }
    // A stable order to begin with, however DNS turned the list: the dice alone decide.
    listed.sort_by(|a, b| (a.priority, &a.target, a.port).cmp(&(b.priority, &b.target, b.port)));
    let ordered = listed.chunk_by(|a, b| a.priority == b.priority).flat_map(|equals| draw(equals, dice));
    Servers::Listed(ordered.filter_map(|srv| Some((srv.target.clone()?, srv.port))).collect())
}

/// Draws all of one priority: those of weight 0 stand first, a number from 0 to the sum picks the first one whose
/// running sum reaches it.
fn draw<'a>(equals: &[&'a Srv], dice: &mut Dice) -> Vec<&'a Srv> {
    let (weightless, weighty): (Vec<&Srv>, Vec<&Srv>) = equals.iter().partition(|srv| srv.weight == 0);
    let mut left = [dice.shuffled(weightless), weighty].concat();
    let mut drawn = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let sum: u64 = left.iter().map(|srv| u64::from(srv.weight)).sum();
        let pick = dice.up_to(sum);
        let mut running = 0;
        let reached = left.iter().position(|srv| {
            running += u64::from(srv.weight);
            running >= pick
        });
        drawn.push(left.remove(reached.unwrap_or(0)));
    }
    drawn
}
