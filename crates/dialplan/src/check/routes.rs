//! Routes that can never be taken.

use crate::diagnostic::Diagnostic;
use crate::keys::{Configuration, Placed, RouteKeys};
use crate::read::Faults;

/// Finds patterns whose every call an earlier route takes.
pub(super) fn check(configuration: &Configuration, faults: &mut Faults) {
    for (at, route) in configuration.routes.iter().enumerate() {
        for (what, is_empty) in [("from", route.keys.from.is_empty()), ("number", route.keys.number.is_empty())] {
            if is_empty {
                let fault = Diagnostic::error(format!("a route with no `{what}` is never taken"));
                faults.push(fault.at(route.span, "this route"));
            }
        }
        if route.keys.steps.0.is_empty() {
            faults.push(Diagnostic::error("a route with no steps answers nobody").at(route.span, "this route"));
        }
        shadows(&configuration.routes[..at], route, faults);
    }
}

fn shadows(earlier: &[Placed<RouteKeys>], route: &Placed<RouteKeys>, faults: &mut Faults) {
    for pattern in &route.keys.number {
        let hides = |other: &&Placed<RouteKeys>| {
            let keys = &other.keys;
            keys.when.is_none()
                && keys.allow.is_none()
                && route.keys.from.iter().all(|from| keys.from.iter().any(|wider| wider.covers(from)))
                && keys.number.iter().any(|wider| wider.covers(pattern))
        };
        let Some(other) = earlier.iter().find(hides) else { continue };
        let wider = other.keys.number.iter().find(|wider| wider.covers(pattern));
        let fault = Diagnostic::error(format!("calls to `{}` never come to this route", pattern.text));
        let fault = fault.at(pattern.span, "can never be reached");
        let fault = match wider {
            Some(wider) => fault.see(wider.span, "this earlier route takes them all"),
            None => fault,
        };
        faults.push(fault.help("the first route that fits takes a call: put the narrower one first"));
    }
}
