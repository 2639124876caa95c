//! Steps that can never be reached, and groups with no end.

use crate::actions::Action;
use crate::diagnostic::{Diagnostic, Span};
use crate::keys::{Configuration, List, OwnMailbox};
use crate::read::Faults;
use crate::step::{Step, Steps};

/// Finds steps after the end, and ends that are none.
pub(super) fn check(configuration: &Configuration, faults: &mut Faults) {
    let lists = configuration.lists();
    lists.iter().for_each(|list| unreachable(list.steps, faults));
    groups(configuration, &lists, faults);
    listening(configuration, &lists, faults);
}

/// Messages that nobody can listen to.
fn listening(configuration: &Configuration, lists: &[List<'_>], faults: &mut Faults) {
    let boxes = configuration.mailboxes.iter().map(|mailbox| &mailbox.word);
    let own = configuration.people.iter().filter(|person| person.keys.voicemail == OwnMailbox::Own);
    let Some(first) = boxes.chain(own.map(|person| &person.word)).next() else { return };
    if lists.iter().any(|list| has_menu(list.steps)) {
        return;
    }
    let warning = Diagnostic::warning("nobody can listen to messages: no step is `voicemail_menu`");
    let warning = warning.at(first.span, "has a mailbox");
    faults.push(warning.help("[[route]] from = \"phones\", number = \"*97\", steps = [\"voicemail_menu\"]"));
}

fn has_menu(steps: &Steps) -> bool {
    let within = |step: &Step| step.then.as_ref().is_some_and(has_menu);
    steps.0.iter().any(|step| matches!(step.action, Action::VoicemailMenu(_)) || within(step))
}

fn unreachable(steps: &Steps, faults: &mut Faults) {
    for step in &steps.0 {
        if let (true, Some(Steps(then))) = (step.action.is_end(), &step.then)
            && let Some(first) = then.first()
        {
            faults.push(never(first.span, step, "the call always ends here"));
        }
        step.then.iter().for_each(|then| unreachable(then, faults));
    }
    for pair in steps.0.windows(2) {
        let [step, next] = pair else { continue };
        let leaves = if step.action.is_end() {
            Some("the call always ends here")
        } else {
            step.then.as_ref().map(|_| "the call always goes on with its `then`")
        };
        if let (Some(leaves), None) = (leaves, &step.when) {
            faults.push(never(next.span, step, leaves));
            return;
        }
    }
}

fn never(span: Span, step: &Step, why: &str) -> Diagnostic {
    Diagnostic::error("this step can never be reached").at(span, "").see(step.span, why)
}

/// A group that is rung as the last step needs a `then`; one that nothing rings is a surprise.
fn groups(configuration: &Configuration, lists: &[List<'_>], faults: &mut Faults) {
    for group in &configuration.groups {
        if group.keys.members.is_empty() {
            let fault = Diagnostic::error(format!("the ring group `{}` has no members", group.word));
            faults.push(fault.at(group.word.span, "nobody would ring"));
        }
        let has_end = group.keys.then.as_ref().is_some_and(|then| !then.0.is_empty());
        let last = lists.iter().find_map(|list| last_ring(list.steps, &group.word));
        if let (false, Some(step)) = (has_end, last) {
            let fault = Diagnostic::error(format!("the ring group `{}` has no end", group.word));
            let fault = fault.at(group.word.span, "after it gives up nothing answers the caller");
            let fault = fault.see(step.span, "the last step of its list");
            faults.push(fault.help("add `then = \"voicemail:…\"`, or a step after the one that rings it"));
        }
        let is_rung = lists.iter().any(|list| rings(list.steps, &group.word)) || is_member(configuration, &group.word);
        if !is_rung {
            let warning = Diagnostic::warning(format!("nothing rings the group `{}`", group.word));
            faults.push(warning.at(group.word.span, "no step and no group names it"));
        }
    }
}

fn is_of(step: &Step, group: &str) -> bool {
    matches!(&step.action, Action::Ring(ring) if &*ring.ring == group)
}

fn last_ring<'a>(steps: &'a Steps, group: &str) -> Option<&'a Step> {
    let within = steps.0.iter().filter_map(|step| step.then.as_ref()).find_map(|then| last_ring(then, group));
    within.or_else(|| steps.0.last().filter(|step| step.then.is_none() && is_of(step, group)))
}

fn rings(steps: &Steps, group: &str) -> bool {
    steps.0.iter().any(|step| is_of(step, group) || step.then.as_ref().is_some_and(|then| rings(then, group)))
}

fn is_member(configuration: &Configuration, group: &str) -> bool {
    let members = configuration.groups.iter().flat_map(|other| &other.keys.members);
    members.filter_map(|member| member.group()).any(|name| &**name == group)
}
