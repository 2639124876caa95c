//! What is wrong with a configuration whose every value is right: names that nothing has, circles, steps and routes
//! that can never be reached, numbers given twice.

mod circles;
mod declare;
mod endings;
mod names;
mod people;
mod routes;
mod settings;

pub(crate) use names::{Check, Kind, Names, Places, Within};
pub(crate) use people::proxy_network;

use crate::keys::Configuration;
use crate::read::Faults;
use crate::reader::Environment;

/// Finds every fault of a configuration.
pub(crate) fn check(
    configuration: &Configuration,
    names: &Names,
    places: &Places,
    environment: &dyn Environment,
    faults: &mut Faults,
) {
    let is_whole = faults.errors() == 0;
    declare::check(configuration, names, environment, faults);
    settings::check(&configuration.settings, places, environment, faults);
    people::check(configuration, environment, faults);
    // What was left out because of a fault in it would be missed here: that would be a second report of one mistake.
    if is_whole {
        routes::check(configuration, faults);
        endings::check(configuration, faults);
        circles::check(configuration, faults);
    }
}
