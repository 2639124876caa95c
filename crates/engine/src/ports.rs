//! The RTP ports that the configuration grants, and which end holds which.

use call::media::EndId;
use std::collections::{HashMap, VecDeque};

/// Even ports, given out in turn so that a port rests as long as possible before it is used again.
#[derive(Debug)]
pub struct Ports {
    free: VecDeque<u16>,
    held: HashMap<EndId, u16>,
}

impl Ports {
    /// All even ports of a range, both ends included.
    pub fn new(first: u16, last: u16) -> Self {
        let free = (first..=last).filter(|port| port % 2 == 0 && *port < last).collect();
        Self { free, held: HashMap::new() }
    }

    /// Gives an end its port, or nothing when the range is exhausted.
    pub fn open(&mut self, end: EndId) -> Option<u16> {
        let port = self.free.pop_front()?;
        self.held.insert(end, port);
        Some(port)
    }

    /// The end is closed: its port goes to the back of the row.
    pub fn close(&mut self, end: EndId) {
        self.free.extend(self.held.remove(&end));
    }

    /// How many are in use.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_rests_until_all_others_were_used() {
        let mut ports = Ports::new(20_000, 20_005);
        let taken: Vec<_> = (0..4).map(|end| ports.open(EndId(end))).collect();
        assert_eq!(taken, [Some(20_000), Some(20_002), Some(20_004), None]);
        ports.close(EndId(1));
        ports.close(EndId(0));
        ports.close(EndId(0));
        assert_eq!((ports.open(EndId(9)), ports.held()), (Some(20_002), 2));
    }

    #[test]
    fn a_range_that_ends_even_has_no_port_without_its_rtcp_neighbour() {
        assert_eq!(Ports::new(20_000, 20_002).left(), 1);
    }
}
