//! One branch that rings: the phones of a person, one device, or a number.

use crate::Target;
use crate::ledger::Moment;
use crate::tally::judge;
use call::{Action, Contact, Gone, Leg, Name, Reachability, Reason};
use std::time::Duration;

/// What rings for one branch.
pub(crate) struct Phones {
    person: Option<Name>,
    group: Option<Name>,
    devices: Vec<Device>,
}

/// One device's legs now, and the contacts that it prefers less: they ring when the better ones have failed, as a
/// proxy tries q values one after another (RFC 3261 §16.6). A number outside is a device without a name.
struct Device {
    name: Option<Name>,
    ringing: Vec<Ringing>,
    /// The least preferred first.
    later: Vec<Contact>,
}

struct Ringing {
    leg: Leg,
    rang: bool,
}

impl Phones {
    /// Rings the target for `during`; nothing rings when its person may not be rung now, or none of its devices is
    /// there.
    pub(crate) fn begin(
        moment: &mut Moment<'_, '_>,
        target: &Target,
        group: Option<&Name>,
        during: Duration,
    ) -> Phones {
        let (person, devices) = match target {
            Target::Person(person) => (Some(person), moment.cx.world.devices(person)),
            Target::Device { device, person } => (person.as_ref(), vec![device.clone()]),
            Target::Number(number) => (number.person.as_ref(), Vec::new()),
            Target::Group(_) => (None, Vec::new()),
        };
        let mut phones = Phones { person: person.cloned(), group: group.cloned(), devices: Vec::new() };
        let outside = matches!(target, Target::Number(_));
        if person.is_some_and(|person| !moment.may_ring(person, outside)) {
            return phones;
        }
        moment.announce = person.map(|person| Reason::Rings { person: person.clone(), during });
        match target {
            Target::Number(number) => {
                let target = call::Target::Trunk {
                    trunk: number.trunk.clone(),
                    number: number.number.clone(),
                    shown_as: number.shown_as.clone(),
                };
                let leg = moment.dial(target, phones.person.as_ref(), phones.group.as_ref());
                let ringing = leg.into_iter().map(|leg| Ringing { leg, rang: false }).collect();
                phones.devices.push(Device { name: None, ringing, later: Vec::new() });
            }
            _ => phones.ring_devices(moment, devices),
        }
        moment.announce = None;
        phones
    }

    fn ring_devices(&mut self, moment: &mut Moment<'_, '_>, devices: Vec<Name>) {
        let mut found = false;
        for name in devices {
            let mut later = moment.cx.world.contacts(&name);
            found |= !later.is_empty();
            later.reverse();
            let mut device = Device { name: Some(name), ringing: Vec::new(), later };
            device.ring_next(moment, self.person.as_ref(), self.group.as_ref());
            self.devices.push(device);
        }
        match &self.person {
            Some(person) if !found => moment.tell_not_rung(person, Reachability::Offline),
            Some(person) if self.is_over() => moment.tell_already_rung(person),
            _ => {}
        }
    }

    /// Nothing rings any more.
    pub(crate) fn is_over(&self) -> bool {
        self.devices.iter().all(|device| device.ringing.is_empty())
    }

    /// Whom this rings.
    pub(crate) fn person(&self) -> Option<&Name> {
        self.person.as_ref()
    }

    /// The legs that ring.
    pub(crate) fn legs(&self) -> impl Iterator<Item = Leg> + '_ {
        self.devices.iter().flat_map(|device| &device.ringing).map(|ringing| ringing.leg)
    }

    /// A leg rings.
    pub(crate) fn on_ringing(&mut self, leg: Leg) {
        let legs = self.devices.iter_mut().flat_map(|device| &mut device.ringing);
        legs.filter(|ringing| ringing.leg == leg).for_each(|ringing| ringing.rang = true);
    }

    /// A leg failed: its device's next contacts ring. Returns whether its person refuses on all phones.
    pub(crate) fn on_failed(&mut self, moment: &mut Moment<'_, '_>, leg: Leg, code: u16) -> bool {
        let place = |device: &Device| device.ringing.iter().position(|ringing| ringing.leg == leg);
        let Some((device, place)) = self.devices.iter_mut().find_map(|device| place(device).map(|at| (device, at)))
        else {
            return false;
        };
        let rang = device.ringing.remove(place).rang;
        moment.ledger.tally.add(judge(code, rang, device.name.is_none()));
        if code == 603 {
            moment.ledger.tally.add_decline();
        }
        if code >= 600 {
            device.later.clear();
            for other in device.ringing.drain(..) {
                moment.out.push(Action::Cancel(other.leg, Gone::AnsweredElsewhere));
            }
            return self.person.is_some();
        }
        device.ring_next(moment, self.person.as_ref(), self.group.as_ref());
        false
    }

    /// Stops everything. Returns whether anything rang.
    pub(crate) fn cancel(&mut self, moment: &mut Moment<'_, '_>, gone: Gone) -> bool {
        let before = moment.out.actions().len();
        self.legs().for_each(|leg| moment.out.push(Action::Cancel(leg, gone)));
        self.devices.clear();
        moment.out.actions().len() > before
    }
}

impl Device {
    /// Rings the best contacts that are left, once nothing rings here.
    fn ring_next(&mut self, moment: &mut Moment<'_, '_>, person: Option<&Name>, group: Option<&Name>) {
        let Some(name) = &self.name else { return };
        while self.ringing.is_empty()
            && let Some(best) = self.later.last().map(|contact| contact.q)
        {
            while let Some(contact) = self.later.pop_if(|contact| contact.q == best) {
                let target = call::Target::Contact { device: name.clone(), contact: contact.id };
                let leg = moment.dial(target, person, group);
                self.ringing.extend(leg.map(|leg| Ringing { leg, rang: false }));
            }
        }
    }
}
