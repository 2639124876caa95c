//! Passwords for the phones of a simulated office, and the hashes that its plan needs.

use dialplan::Secret;

/// A device of the plan with what is typed into its phone.
pub(crate) struct Device {
    pub name: String,
    pub user: String,
    pub password: String,
    pub domain: String,
}

/// Every device that a configuration names, in the order of its words.
pub(crate) fn devices(toml: &str) -> Vec<Device> {
    let table: toml::Table = toml.parse().unwrap_or_else(|fault| panic!("{fault}"));
    let domain = table.get("domain").and_then(|domain| domain.as_str()).expect("a domain").to_owned();
    let sections = |name: &str| table.get(name).and_then(|section| section.as_table()).cloned().unwrap_or_default();
    let people = sections("person");
    let named = people
        .values()
        .filter_map(|person| person.get("devices"))
        .flat_map(|devices| match devices {
            toml::Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        })
        .filter_map(|device| device.as_str().map(str::to_owned));
    let own = sections("device");
    let mut names: Vec<String> = named.chain(own.keys().cloned()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let user = own.get(&name).and_then(|device| device.get("user")).and_then(|user| user.as_str());
            let user = user.unwrap_or(&name).to_owned();
            Device { password: format!("secret of {name}"), domain: domain.clone(), user, name }
        })
        .collect()
}

/// What `secrets.toml` would hold.
pub(crate) fn secrets(toml: &str) -> String {
    let line = |device: &Device| Secret::of(&device.user, &device.domain, &device.password).line(&device.name);
    let lines: Vec<String> = devices(toml).iter().map(line).collect();
    format!("[secret]\n{}\n", lines.join("\n"))
}
