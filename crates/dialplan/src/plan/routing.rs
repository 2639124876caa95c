//! Which route a call takes.

use call::{Caller, Name, Program, World};
use jiff::Timestamp;

/// A call that comes in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// What was dialled: the user part of the Request-URI, in whatever form.
    pub dialled: &'a str,
    /// Now, on the wall.
    pub wall: Timestamp,
}

/// The first route that fits a call.
pub struct Routed {
    /// What the route is called, or `route 2` for the second in the files.
    pub name: Name,
    /// `dialplan.toml:12`
    pub at: Name,
    /// What happens on it.
    pub program: Box<dyn Program>,
}

/// Every route, and the tree in which they are found.
#[derive(Default)]
pub(crate) struct Routes {}

impl super::Dialplan {
    /// The first route that fits; `None` means that nobody has that number: 404. Nothing is allocated but the
    /// program's box.
    pub fn route(&self, call: &Incoming<'_>, world: &dyn World) -> Option<Routed> {
        let _ = (call, world);
        None
    }
}
