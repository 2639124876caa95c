//! `vaihde setup`: a small office to try, with passwords of its own.

use super::passwd::{invent_password, invent_pin, random};
use super::{Fault, load, say};
use crate::run::first_address;
use dialplan::{Dialplan, Pin, Secret};
use std::fmt::Write;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// The invented passwords in the clear, so that `make run` can tell them again. Nothing else reads them: whoever
/// has typed them into the phones may delete the file.
pub const ACCOUNTS: &str = "accounts.txt";

/// The office of `config/`.
const EXAMPLE: [(&str, &str); 2] = [
    ("vaihde.toml", include_str!("../../../../config/vaihde.toml")),
    ("dialplan.toml", include_str!("../../../../config/dialplan.toml")),
];

/// Makes the folder, or tells again what it made.
pub fn setup(folder: &Path) -> Result<(), Fault> {
    let accounts = folder.join(ACCOUNTS);
    if let Ok(told_before) = std::fs::read_to_string(&accounts) {
        return say(&told_before);
    }
    if EXAMPLE.iter().any(|(name, _)| folder.join(name).exists()) {
        return say(&format!("{} is set up already; nothing was changed", folder.display()));
    }
    let cannot = |error: std::io::Error| format!("error: cannot set up {}: {error}", folder.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
    for (name, text) in EXAMPLE {
        write_new(&folder.join(name), text, 0o644).map_err(cannot)?;
    }
    let plan = load(folder)?.plan;
    let invented = Invented::for_everybody(&plan)?;
    let told = invented.told(folder, &plan);
    write_new(&folder.join("secrets.toml"), &invented.secrets(), 0o600).map_err(cannot)?;
    write_new(&accounts, &told, 0o600).map_err(cannot)?;
    load(folder)?;
    say(&told)
}

/// A file that was there before is an error, not overwritten.
fn write_new(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}

/// Words for the configuration and for the phones.
struct Invented {
    accounts: Vec<Account>,
    pins: Vec<(String, String, Pin)>,
}

struct Account {
    device: String,
    user: String,
    password: String,
    secret: Secret,
    whose: String,
    number: String,
}

impl Invented {
    fn for_everybody(plan: &Dialplan) -> Result<Invented, Fault> {
        let mut accounts = Vec::new();
        for device in plan.devices() {
            let (password, person) = (invent_password()?, plan.person_of(&device.name));
            accounts.push(Account {
                device: device.name.to_string(),
                user: device.user.to_string(),
                secret: Secret::of(&device.user, &plan.office.domain, &password),
                password,
                whose: person.map(|person| person.name.to_string()).unwrap_or_default(),
                number: person.and_then(|person| person.number()).map(ToString::to_string).unwrap_or_default(),
            });
        }
        let mut pins = Vec::new();
        for mailbox in plan.mailboxes() {
            let digits = invent_pin()?;
            let pin = Pin::of(&digits, random()?);
            pins.push((mailbox.name.to_string(), digits, pin));
        }
        Ok(Invented { accounts, pins })
    }

    /// `secrets.toml`
    fn secrets(&self) -> String {
        let mut text = String::from(
            "# Hashes of passwords and PINs: `vaihde passwd` makes more of them. The passwords themselves are not here.\n\n\
             [secret]\n",
        );
        for account in &self.accounts {
            writeln!(text, "{}", account.secret.line(&account.device)).ok();
        }
        text.push_str("\n[pin]\n");
        for (mailbox, _, pin) in &self.pins {
            writeln!(text, "{mailbox} = \"{pin}\"").ok();
        }
        text
    }

    /// What a newcomer needs to know.
    fn told(&self, folder: &Path, plan: &Dialplan) -> String {
        let server = first_address(&plan.settings).map_or("this machine's address".into(), |at| at.to_string());
        let mut text = format!(
            "A small office in {}: its accounts for softphones.\n\n  {:<20} {:<8} {:<18} {}\n",
            folder.display(),
            "WHO",
            "NUMBER",
            "USER NAME",
            "PASSWORD"
        );
        for Account { user, password, whose, number, .. } in &self.accounts {
            writeln!(text, "  {whose:<20} {number:<8} {user:<18} {password}").ok();
        }
        writeln!(
            text,
            "\nPut two of them into softphones (Linphone, baresip, MicroSIP, …):\n\
             \x20 user name and password as above; domain, SIP server or registrar: {server}; transport: UDP or TCP\n\n\
             Then dial:"
        )
        .ok();
        for line in what_to_dial() {
            writeln!(text, "  {line}").ok();
        }
        text.push_str("\nThe mailboxes' PINs:");
        for (mailbox, digits, _) in &self.pins {
            write!(text, " {mailbox} {digits},").ok();
        }
        text.pop();
        writeln!(
            text,
            "\n\n{ACCOUNTS} keeps this page. It is the only place where the passwords are in the clear, readable for its \
             owner only:\ndelete it once the phones know them. {} has their hashes.",
            folder.join("secrets.toml").display()
        )
        .ok();
        text
    }
}

/// The table that opens the example's plan.
fn what_to_dial() -> impl Iterator<Item = &'static str> {
    let [_, (_, plan)] = EXAMPLE;
    plan.lines().take_while(|line| line.starts_with('#')).filter_map(|line| line.strip_prefix("#   "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_what_to_dial() {
        assert!(what_to_dial().any(|line| line.contains("1001")) && what_to_dial().any(|line| line.contains("*97")));
    }
}
