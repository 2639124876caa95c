//! `vaihde passwd`: the hash of a password or PIN. The password itself is kept nowhere.

use super::{Fault, load, say};
use crate::cli::Passwd;
use dialplan::{Pin, Secret};
use std::io::{BufRead, IsTerminal};

/// Prints what to paste.
pub fn passwd(asked: &Passwd) -> Result<(), Fault> {
    let what = if asked.pin { "PIN" } else { "password" };
    let word = match (asked.new, asked.pin) {
        (true, true) => invent_pin()?,
        (true, false) => invent_password()?,
        (false, _) => ask(what)?,
    };
    if asked.new {
        println!("# the {what} (it is not kept): {word}");
    }
    if asked.pin {
        return say_pin(&asked.name, &word);
    }
    let realm = match &asked.realm {
        Some(realm) => realm.clone(),
        None => load(&asked.folder.config)
            .map_err(|fault| format!("{fault}\n\nor say the realm with --realm: the `domain` of the configuration"))?
            .plan
            .office
            .domain
            .to_string(),
    };
    let user = asked.user.as_deref().unwrap_or(&asked.name);
    let line = Secret::of(user, &realm, &word).line(&asked.name);
    say(&format!(
        "# user {user}, realm {realm}: this line belongs below [secret], in secrets.toml or any other file\n{line}"
    ))
}

fn say_pin(mailbox: &str, digits: &str) -> Result<(), Fault> {
    if digits.len() < 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("error: a PIN is four digits or more".into());
    }
    let pin = Pin::of(digits, random()?);
    say(&format!("# for the mailbox {mailbox}\npin = \"{pin}\""))
}

/// Reads a password: without echo from a terminal, else one line.
fn ask(what: &str) -> Result<String, Fault> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return read_line();
    }
    eprint!("{what}: ");
    let first = without_echo(read_line)?;
    eprint!("\nonce more: ");
    let second = without_echo(read_line)?;
    eprintln!();
    if first == second { Ok(first) } else { Err("error: these two are not the same".into()) }
}

fn read_line() -> Result<String, Fault> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| format!("error: cannot read: {error}"))?;
    let word = line.trim_end_matches(['\r', '\n']).to_string();
    if word.is_empty() { Err("error: nothing was given".into()) } else { Ok(word) }
}

/// Turns the terminal's echo off meanwhile.
fn without_echo<T>(read: impl FnOnce() -> T) -> T {
    let terminal = |mode: &str| std::process::Command::new("stty").arg(mode).status().ok();
    terminal("-echo");
    let read = read();
    terminal("echo");
    read
}

/// Letters and digits that cannot be mistaken for each other when they are typed into a phone.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Sixteen letters: eighty bits.
pub fn invent_password() -> Result<String, Fault> {
    let dice: [u8; 16] = random()?;
    Ok(dice.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

/// Four digits.
pub fn invent_pin() -> Result<String, Fault> {
    let dice: [u8; 4] = random()?;
    Ok(format!("{:04}", u32::from_ne_bytes(dice) % 10_000))
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("error: the system gives no random numbers: {error}"))?;
    Ok(bytes)
}
