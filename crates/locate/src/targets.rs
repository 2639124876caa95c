//! The way through a list of addresses when servers fail, RFC 3263 §4.3.

use std::time::Instant;

use crate::{Blacklist, Failure, Target};

/// The addresses of one next hop and how far one request got with them. Each attempt is a new transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    list: Vec<Target>,
    tried: Vec<bool>,
    current: Option<(usize, Instant)>,
}

impl Targets {
    /// A list that nobody has walked yet.
    pub fn new(list: Vec<Target>) -> Targets {
        Targets { tried: vec![false; list.len()], list, current: None }
    }

    /// Where to begin: the first that is not suspended. If all are, the one that failed least is tried all the same.
    pub fn first(&mut self, now: Instant, blacklist: &mut Blacklist) -> Option<&Target> {
        let open = self.untried().find(|at| blacklist.admit(now, &self.list[*at]));
        let best = || self.untried().min_by_key(|at| blacklist.strikes(&self.list[*at]));
        let chosen = open.or_else(best);
        self.go(now, chosen)
    }

    /// Where to go on when the one that was tried last has failed. Others of a server that said 503 are passed over,
    /// and so are suspended ones: `None` then, although they were not tried.
    pub fn next(&mut self, now: Instant, failure: Failure, blacklist: &mut Blacklist) -> Option<&Target> {
        let (at, began) = self.current?;
        blacklist.failed(now, began, &self.list[at], failure);
        if matches!(failure, Failure::Unavailable { .. }) {
            let server = self.list[at].server_index;
            let same = self.list.iter().map(|target| target.server_index == server);
            self.tried.iter_mut().zip(same).for_each(|(tried, same)| *tried |= same);
        }
        let chosen = self.untried().find(|at| blacklist.admit(now, &self.list[*at]));
        self.go(now, chosen)
    }

    /// The one that was tried last has answered.
    pub fn worked(&self, now: Instant, blacklist: &mut Blacklist) {
        if let Some(target) = self.current() {
            blacklist.worked(now, target);
        }
    }

    /// The one that was tried last: ACK and CANCEL go there, too.
    pub fn current(&self) -> Option<&Target> {
        self.current.map(|(at, _)| &self.list[at])
    }

    /// Whether all are left alone now, so that another trunk would be the better choice.
    pub fn are_suspended(&self, now: Instant, blacklist: &Blacklist) -> bool {
        self.list.iter().all(|target| blacklist.is_suspended(now, target))
    }

    /// The whole list, best first.
    pub fn list(&self) -> &[Target] {
        &self.list
    }

    fn untried(&self) -> impl Iterator<Item = usize> + use<'_> {
        self.tried.iter().enumerate().filter(|(_, tried)| !**tried).map(|(at, _)| at)
    }

    fn go(&mut self, now: Instant, chosen: Option<usize>) -> Option<&Target> {
        self.current = chosen.map(|at| (at, now));
        let at = chosen?;
        self.tried[at] = true;
        self.list.get(at)
    }
}
