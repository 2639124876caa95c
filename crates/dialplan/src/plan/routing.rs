//! Which route a call takes.

use super::{Dialplan, Inner};
use crate::actions::Action;
use crate::ending::{Ending, Refuse};
use crate::graph::NodeId;
use crate::keys::{Condition, Origin};
use crate::number::{Forms, Tree};
use crate::sequence::{Scope, Sequence, comes_from};
use call::{Caller, Name, Program, World};
use jiff::Timestamp;
use std::sync::Arc;

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
#[derive(Debug, Default)]
pub(crate) struct Routes {
    pub(crate) list: Vec<Route>,
    pub(crate) tree: Tree,
}

/// A route, compiled.
#[derive(Debug)]
pub(crate) struct Route {
    /// Its place among the routes.
    pub(crate) index: u32,
    pub(crate) name: Name,
    pub(crate) at: Name,
    pub(crate) from: Vec<Origin>,
    pub(crate) when: Option<Condition>,
    pub(crate) allow: Option<Vec<Name>>,
    pub(crate) head: Option<NodeId>,
}

/// What the routes say to a call.
enum Choice<'a> {
    Route(&'a Route),
    /// It fits one, but is not for this caller.
    NotAllowed(&'a Route),
    None,
}

impl Route {
    fn fits(&self, caller: &Caller, world: Option<&dyn World>) -> bool {
        let holds = |condition: &Condition| match (condition, world) {
            (Condition::Open(hours), Some(world)) => world.is_open(hours),
            (Condition::Closed(hours), Some(world)) => !world.is_open(hours),
            (Condition::From(origin), _) => comes_from(origin, caller),
            (Condition::Open(_) | Condition::Closed(_), None) => true,
        };
        self.from.iter().any(|origin| comes_from(origin, caller)) && self.when.as_ref().is_none_or(holds)
    }

    fn allows(&self, caller: &Caller) -> bool {
        let allowed = |people: &Vec<Name>| caller.person.as_ref().is_some_and(|person| people.contains(person));
        self.allow.as_ref().is_none_or(allowed)
    }
}

impl Routes {
    /// Without a world every hour counts as open and as closed.
    fn choose(&self, caller: &Caller, forms: &Forms, world: Option<&dyn World>) -> Choice<'_> {
        let mut from = 0;
        let mut forbidden = None;
        while let Some(found) = forms.iter().filter_map(|form| self.tree.find(form, from)).min() {
            from = found + 1;
            let Some(route) = self.list.get(found as usize) else { break };
            match route.fits(caller, world) {
                true if route.allows(caller) => return Choice::Route(route),
                true => forbidden = forbidden.or(Some(route)),
                false => {}
            }
        }
        forbidden.map_or(Choice::None, Choice::NotAllowed)
    }
}

impl Dialplan {
    /// The first route that fits; `None` means that nobody has that number: 404. Nothing is allocated but the
    /// program's box.
    pub fn route(&self, call: &Incoming<'_>, world: &dyn World) -> Option<Routed> {
        let inner = &self.inner;
        match inner.routes.choose(call.caller, &inner.forms(call.caller, call.dialled), Some(world)) {
            Choice::Route(route) => {
                let program = Box::new(inner.program(route, call));
                Some(Routed { name: route.name.clone(), at: route.at.clone(), program })
            }
            Choice::NotAllowed(route) => {
                let program = Box::new(Refuse { code: 403, words: "this caller may not use the route".into() });
                Some(Routed { name: route.name.clone(), at: route.at.clone(), program })
            }
            Choice::None => None,
        }
    }
}

impl Inner {
    fn forms(&self, caller: &Caller, dialled: &str) -> Forms {
        Forms::of(dialled, self.office.country.as_deref(), caller.trunk.is_some())
    }

    fn program(self: &Arc<Self>, route: &Route, call: &Incoming<'_>) -> Ending {
        let person = call.caller.person.as_deref().and_then(|person| self.person(person));
        let language = person.map_or(&self.office.language, |person| &person.language);
        let mut scope = Scope::new(self.clone());
        scope.form = self.other_form(route, &self.forms(call.caller, call.dialled));
        Ending::new(Sequence::new(scope, route.head), language.clone())
    }

    /// The form of the number that fits the route's pattern, unless it is the one that was dialled.
    fn other_form(&self, route: &Route, forms: &Forms) -> Option<Name> {
        let fits = |form: &&str| self.routes.tree.find(form, route.index) == Some(route.index);
        let mut forms = forms.iter();
        if forms.next().as_ref().is_some_and(fits) { None } else { forms.find(fits).map(Name::from) }
    }

    /// Whether some route may take such a call, at whatever hour.
    pub(crate) fn may_dial(&self, caller: &Caller, dialled: &str) -> bool {
        matches!(self.routes.choose(caller, &self.forms(caller, dialled), None), Choice::Route(_))
    }

    /// The steps for a call that a caller makes from within another, without an ending of their own.
    pub(crate) fn steps_for(
        self: &Arc<Self>,
        caller: &Caller,
        dialled: &str,
        world: &dyn World,
    ) -> Option<Box<dyn Program>> {
        let forms = self.forms(caller, dialled);
        match self.routes.choose(caller, &forms, Some(world)) {
            Choice::Route(route) => {
                let mut scope = Scope::new(self.clone());
                scope.form = self.other_form(route, &forms);
                scope.dialled = Some(dialled.into());
                Some(Box::new(Sequence::new(scope, route.head)))
            }
            _ => None,
        }
    }

    /// The way outside for somebody's own number: the first `dial` step of the route that their phone would take.
    pub(crate) fn way_out(&self, person: &Name, number: &str) -> Option<ring::Number> {
        let caller = Caller { device: Some(person.clone()), person: Some(person.clone()), ..Caller::default() };
        let forms = self.forms(&caller, number);
        let Choice::Route(route) = self.routes.choose(&caller, &forms, None) else { return None };
        let mut at = route.head;
        while let Some(node) = at.and_then(|at| self.graph.node(at)) {
            if let Action::Dial(dial) = &node.action {
                let form = self.other_form(route, &forms);
                let number = dial.number_for(number, form.as_deref())?;
                return Some(dial.target(self, number, Some(person.clone())));
            }
            at = node.after;
        }
        None
    }
}
