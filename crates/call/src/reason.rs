//! Why a step was taken: said the same way by a live call's diary and by `vaihde explain`.

use crate::{Name, Outcome, Reachability};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One decision and its cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The first route that fits the call.
    Route {
        /// What the route is called, or its number in the file.
        route: Name,
        /// `dialplan.toml:12`
        at: Name,
    },
    /// A step begins.
    Step {
        /// As the plan writes it: `ring reception`.
        step: Name,
        /// Where the plan writes it.
        at: Name,
    },
    /// A step's condition did not hold.
    Skipped {
        /// The step.
        step: Name,
        /// The condition: `closed:office`.
        when: Name,
    },
    /// A person will not be rung, and why.
    NotRung {
        /// The person.
        person: Name,
        /// What presence says.
        because: Reachability,
    },
    /// A person was rung before on this journey.
    AlreadyRung {
        /// The person.
        person: Name,
    },
    /// A person's devices begin to ring.
    Rings {
        /// The person.
        person: Name,
        /// How long at most.
        during: Duration,
    },
    /// Nobody of a group can be rung.
    NobodyFree {
        /// The group.
        group: Name,
    },
    /// The call goes on to somebody or something else.
    GoesOn {
        /// From whom.
        from: Name,
        /// To what, as the plan writes it.
        to: Name,
        /// After what.
        after: Outcome,
    },
    /// A step came to its end.
    StepEnded {
        /// The step.
        step: Name,
        /// How.
        outcome: Outcome,
    },
    /// No route fits.
    NoRoute {
        /// What was dialled.
        dialled: Name,
    },
    /// The plan's author would say it best.
    Words(Name),
}
