//! Forwards that lead back to where they began.

use super::Kind;
use crate::diagnostic::Diagnostic;
use crate::keys::Configuration;
use crate::read::{Faults, Word};
use crate::step::Steps;

/// Something that steps lead into: a group, a flow, a person.
type Place<'a> = (Kind, &'a str);

/// Every way from one place into another, with the word that leads there.
struct Ways<'a>(Vec<(Place<'a>, Kind, &'a Word)>);

/// Finds circles of groups, flows and people, and of substitutes.
pub(super) fn check(configuration: &Configuration, faults: &mut Faults) {
    let mut ways = Ways(Vec::new());
    for group in &configuration.groups {
        let from = (Kind::Group, &*group.word);
        group.keys.then.iter().for_each(|then| ways.add(from, then));
        let members = group.keys.members.iter().filter_map(|member| member.group());
        ways.0.extend(members.map(|member| (from, Kind::Group, member)));
    }
    for flow in &configuration.flows {
        ways.add((Kind::Flow, &flow.word), &flow.keys.steps);
    }
    for person in &configuration.people {
        let lists = configuration.reach_lists(&person.keys.reach);
        lists.into_iter().for_each(|steps| ways.add((Kind::Person, &person.word), steps));
    }
    // Everybody shares a reach that names one of them: for that one the step has nothing to do.
    ways.0.retain(|(from, kind, to)| *from != (Kind::Person, &***to) || *kind != Kind::Person);
    ways.report("this leads round in a circle", faults);

    let substitutes = configuration
        .people
        .iter()
        .filter_map(|person| Some(((Kind::Person, &*person.word), Kind::Person, person.keys.substitute.as_ref()?)));
    Ways(substitutes.collect()).report("the substitutes go round in a circle", faults);
}

impl<'a> Ways<'a> {
    fn add(&mut self, from: Place<'a>, steps: &'a Steps) {
        for step in &steps.0 {
            self.0.extend(step.action.leads_to().map(|(kind, to)| (from, kind, to)));
            step.then.iter().for_each(|then| self.add(from, then));
        }
    }

    fn report(&self, message: &str, faults: &mut Faults) {
        let mut done: Vec<Place<'a>> = Vec::new();
        for (from, ..) in &self.0 {
            let mut path = Vec::new();
            self.walk(*from, &mut path, &mut done, message, faults);
        }
    }

    /// Goes every way from a place, depth first; a way back into the path is a circle.
    fn walk(
        &self,
        at: Place<'a>,
        path: &mut Vec<(Place<'a>, &'a Word)>,
        done: &mut Vec<Place<'a>>,
        message: &str,
        faults: &mut Faults,
    ) {
        if done.contains(&at) {
            return;
        }
        for (_, kind, word) in self.0.iter().filter(|(from, ..)| *from == at) {
            let to = (*kind, &***word);
            path.push((at, word));
            match path.iter().position(|(place, _)| *place == to) {
                Some(begin) => faults.push(circle(&path[begin..], message)),
                None => self.walk(to, path, done, message, faults),
            }
            path.pop();
        }
        done.push(at);
    }
}

fn circle(path: &[(Place<'_>, &Word)], message: &str) -> Diagnostic {
    let names: Vec<&str> = path.iter().map(|((_, name), _)| *name).collect();
    let first = names.first().copied().unwrap_or_default();
    let fault = Diagnostic::error(format!("{message}: {} → {first}", names.join(" → ")));
    let last = path.len() - 1;
    path.iter().enumerate().rev().fold(fault, |fault, (step, (_, word))| match step {
        step if step == last => fault.at(word.span, "and so on without end"),
        _ => fault.see(word.span, ""),
    })
}
