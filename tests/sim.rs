//! A random office by seed: phones that answer, refuse, redirect, hold, vanish; lines that lose, double and overtake.
//!
//! Whatever happens, every caller gets a final answer, every call ends, nothing is left over, and the same seed gives
//! the same output to the byte. A failure prints `SEED=…`; `SEED=… cargo test -p vaihde-tests --test sim` repeats it,
//! `SEEDS=1000` tries that many, `LADDER=1` keeps the whole ladder.

use call::What;
use fastrand::Rng;
use sim::{Link, Manners, Office, Phase, Phone, Replies, Ring};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::rc::Rc;
use std::time::Duration;

/// How large and how wild an office is.
#[derive(Clone, Copy)]
struct Size {
    people: usize,
    calls: usize,
    minutes: u64,
}

const SMALL: Size = Size { people: 8, calls: 60, minutes: 20 };
const LARGE: Size = Size { people: 200, calls: 900, minutes: 30 };

/// Says which seed it was when a test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("\nSEED={}\n", self.0);
        }
    }
}

fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match (number("SEED"), number("SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(seeds)) => 0..seeds,
        (None, None) => 0..usual,
    }
}

#[test]
fn every_call_in_a_random_office_ends_and_nothing_is_left_over() {
    for seed in seeds(40) {
        let told = Told(seed);
        let office = a_day(SMALL, seed);
        check(&office);
        drop(told);
    }
}

#[test]
fn an_office_of_hundreds_leaves_nothing_over() {
    for seed in seeds(1) {
        let told = Told(seed);
        let office = a_day(LARGE, seed);
        check(&office);
        drop(told);
    }
}

#[test]
fn one_seed_gives_one_output() {
    for seed in seeds(3) {
        let told = Told(seed);
        let (one, other) = (a_day(SMALL, seed), a_day(SMALL, seed));
        assert_eq!(one.digest(), other.digest(), "two runs of one seed differ");
        assert_eq!(one.notes, other.notes);
        drop(told);
    }
    assert_ne!(a_day(SMALL, 1).digest(), a_day(SMALL, 2).digest());
}

/// Lets an office work and come to rest.
fn a_day(size: Size, seed: u64) -> Office {
    let mut dice = Rng::with_seed(seed);
    let mut office = Office::new(&plan(size, &mut dice), seed);
    let whole = std::env::var_os("LADDER").is_some();
    office.keep_ladder(if whole { usize::MAX } else { 400 });
    for phone in office.phones_mut() {
        phone.keeps_seen = false;
    }
    let names: Vec<String> = office.phones().iter().map(|phone| phone.identity.name.clone()).collect();
    for (nth, name) in names.iter().enumerate() {
        furnish(&mut office, name, nth, &mut dice);
        let at = Duration::from_millis(dice.u64(..20_000));
        let own = name.clone();
        office.later(at, move |office| office.act(&own, Phone::register));
    }
    office.media.replies =
        if dice.bool() { Replies::AtOnce } else { Replies::After(Duration::from_millis(dice.u64(1..900))) };
    office.media.speech = Duration::from_secs(dice.u64(2..20));
    office.run_for(Duration::from_secs(90));
    for _ in 0..size.calls {
        plan_call(&mut office, &names, size, &mut dice);
    }
    for _ in 0..size.calls / 15 {
        plan_accident(&mut office, &names, size, &mut dice);
    }
    for minute in 0..6 * size.minutes {
        let moods = dice.u64(..);
        office.later(Duration::from_secs(10 * minute), move |office| some_of_the_called_do_something(office, moods));
    }
    let deaf = Rc::new(RefCell::new(Deaf::default()));
    for minute in 0..6 * size.minutes {
        let deaf = deaf.clone();
        office.later(Duration::from_secs(10 * minute), move |office| deaf.borrow_mut().look(office));
    }
    office.run_for(Duration::from_secs(60 * size.minutes));
    let began = office.notes.iter().filter(|note| matches!(note.what, What::Began { .. })).count();
    assert!(began > size.calls / 3, "only {began} calls of {} began", size.calls);
    office.close();
    office.run_until_idle();
    office.run_for(Duration::from_secs(1200));
    let deaf = deaf.borrow();
    assert!(deaf.told.is_empty(), "{}\n\n{}", deaf.told.join("\n"), office.ladder());
    office
}

/// Who talks to nobody and for how long.
#[derive(Default)]
struct Deaf {
    /// Phone and call, and how often in a row it was seen so.
    seen: BTreeMap<(usize, usize), u32>,
    told: Vec<String>,
}

impl Deaf {
    /// A phone may hear nothing for a moment: a BYE to it is lost, or the office waits for a key. Not for a minute.
    fn look(&mut self, office: &Office) {
        let mut still = BTreeMap::new();
        for (at, phone) in office.phones().iter().enumerate().filter(|(_, phone)| phone.alive) {
            for nth in (0..phone.calls.len()).filter(|nth| office.is_deaf(phone, *nth)) {
                let times = self.seen.get(&(at, nth)).copied().unwrap_or(0) + 1;
                if times == 6 {
                    let (name, with) = (&phone.identity.name, &phone.calls[nth].with);
                    self.told.push(format!(
                        "{name} has heard nothing for a minute in its call with {with}, at {}",
                        office.wall()
                    ));
                }
                still.insert((at, nth), times);
            }
        }
        self.seen = still;
    }
}

/// Those who were called hold, take back and change their minds, too.
fn some_of_the_called_do_something(office: &mut Office, moods: u64) {
    let mut dice = Rng::with_seed(moods);
    let names: Vec<String> = office.talking().into_iter().map(str::to_owned).collect();
    for name in names {
        let call = office.phone(&name).calls.iter().rposition(|call| call.phase == Phase::Talking && call.incoming);
        let what = dice.u8(..20);
        if let Some(nth) = call.filter(|_| what < 6) {
            in_call(office, &name, nth, what);
        }
    }
}

/// People with one or two phones, groups of all kinds, three ways to be reached.
fn plan(size: Size, dice: &mut Rng) -> String {
    let mut toml = String::from(
        "domain = \"pbx.example.fi\"\ntimezone = \"Europe/Helsinki\"\nlanguage = \"sv\"\n\
         [media]\naddress = [\"0.0.0.0\", \"::\"]\nmusic = \"music.wav\"\n[hours.office]\nopen = [\"Mon-Fri 08:00-16:00\"]\n\
         [reach.default]\nring_for = \"20s\"\nabsent = [\"substitute\", \"voicemail\"]\nbusy = [\"voicemail\"]\n\
         offline = [\"ring:g0\", \"voicemail\"]\nno_answer = [\"voicemail\"]\n\
         [reach.quick]\nring_for = \"6s\"\nno_answer = [\"ring:g1\", \"voicemail\"]\nbusy = [\"ring:g0\"]\n\
         [voicemail.office]\nlength = \"30s\"\nsilence = \"3s\"\n",
    );
    // Writing to a String cannot fail.
    for nth in 0..size.people {
        let devices = if dice.u8(..4) == 0 { format!("\"d{nth}a\", \"d{nth}b\"") } else { format!("\"d{nth}a\"") };
        let reach = if dice.bool() { "default" } else { "quick" };
        let calls = dice.u8(1..3);
        let _ = write!(
            toml,
            "[person.p{nth}]\nnumber = \"{}\"\ndevices = [{devices}]\nreach = \"{reach}\"\ncalls = {calls}\n",
            1000 + nth
        );
        if nth + 1 < size.people {
            let _ = writeln!(toml, "substitute = \"p{}\"", nth + 1);
        }
        if dice.u8(..10) == 0 {
            let _ = writeln!(toml, "absences = [{{ from = \"2026-11-20\", to = \"2026-11-30\" }}]");
        }
    }
    for group in 0..groups(size) {
        let mut members: BTreeSet<usize> = (0..dice.usize(2..6)).map(|_| dice.usize(..size.people)).collect();
        members.insert(group % size.people);
        let members: Vec<String> = members.into_iter().map(|nth| format!("\"p{nth}\"")).collect();
        let strategy = ["all", "in-order", "longest-idle", "round-robin", "random"][dice.usize(..5)];
        let _ = write!(
            toml,
            "[ring.g{group}]\nmembers = [{}]\nstrategy = \"{strategy}\"\nring_each = \"4s\"\ngive_up = \"18s\"\n\
             then = \"voicemail:office\"\n[[route]]\nfrom = \"phones\"\nnumber = \"{}\"\nsteps = [\"ring:g{group}\"]\n",
            members.join(", "),
            2000 + group
        );
    }
    toml + "[[route]]\nfrom = \"phones\"\nnumber = \"1xxx\"\nsteps = [\"reach\"]\n\
            [[route]]\nfrom = \"phones\"\nnumber = \"*97\"\nsteps = [\"voicemail_menu\"]\n"
}

fn groups(size: Size) -> usize {
    size.people / 4 + 2
}

/// Manners and a line for a phone.
fn furnish(office: &mut Office, name: &str, nth: usize, dice: &mut Rng) {
    let secs = |dice: &mut Rng, range| Duration::from_secs(dice.u64(range));
    let ring = match dice.u8(..100) {
        0..60 => Ring::Answer(Duration::from_millis(dice.u64(..15_000))),
        60..65 => Ring::Busy,
        65..82 => Ring::ForEver,
        82..90 => Ring::Reject([480, 500, 603, 403, 404, 606][dice.usize(..6)], secs(dice, 0..6)),
        90..95 => Ring::Redirect(format!("sip:{}@pbx.example.fi", 1000 + dice.u16(..12))),
        _ => Ring::Mute,
    };
    office.phone_mut(name).manners = Manners {
        ring,
        talks: Some(Duration::from_millis(dice.u64(500..90_000))),
        early_media: dice.u8(..8) == 0,
        reliable: dice.u8(..5) == 0,
        update: dice.u8(..4) == 0,
        session_secs: [None, None, None, Some(30), Some(90), Some(600)][dice.usize(..6)],
        late_offer: dice.u8(..12) == 0,
        codecs: [vec![(8, "PCMA"), (0, "PCMU")], vec![(0, "PCMU")], vec![(96, "opus"), (8, "PCMA")]][dice.usize(..3)]
            .clone(),
        calls_max: dice.usize(1..4),
        expires_secs: dice.u32(60..600),
        old_hold: dice.u8(..10) == 0,
        sha256: dice.bool(),
        ..Manners::default()
    };
    match dice.u8(..11) {
        10 => office.move_to(name, &format!("[2001:db8::{:x}]:5060", 100 + nth)),
        0 | 1 => office.use_tcp(name),
        2 => office.put_behind_nat(name, &format!("203.0.{}.{}:{}", nth / 250, nth % 250 + 1, 20_000 + nth)),
        _ => {}
    }
    if dice.bool() {
        *office.link(name) = Link {
            delay: Duration::from_millis(dice.u64(1..80)),
            jitter: Duration::from_millis(dice.u64(0..150)),
            lost_of_1000: dice.u16(0..120),
            doubled_of_1000: dice.u16(0..60),
        };
    }
}

/// One call some time, with what its caller does in it.
fn plan_call(office: &mut Office, names: &[String], size: Size, dice: &mut Rng) {
    let caller = names[dice.usize(..names.len())].clone();
    let number = match dice.u8(..100) {
        0..55 => (1000 + dice.usize(..size.people)).to_string(),
        55..88 => (2000 + dice.usize(..groups(size))).to_string(),
        88..96 => "*97".to_owned(),
        _ => "4711".to_owned(),
    };
    let at = Duration::from_millis(dice.u64(..60_000 * size.minutes));
    let mut then: Vec<(Duration, u8)> =
        (0..dice.usize(..5)).map(|_| (Duration::from_millis(dice.u64(10..30_000)), dice.u8(..8))).collect();
    if dice.u8(..4) == 0 {
        then.push((Duration::from_millis(dice.u64(..8_000)), 99));
    }
    // Nobody listens to a menu for ever.
    then.push((Duration::from_secs(dice.u64(60..240)), 99));
    office.later(at, move |office| {
        if !office.phone(&caller).alive {
            return;
        }
        let nth = office.call(&caller, &number);
        for (after, what) in then {
            let caller = caller.clone();
            office.later(after, move |office| in_call(office, &caller, nth, what));
        }
    });
}

fn in_call(office: &mut Office, caller: &str, nth: usize, what: u8) {
    if !office.phone(caller).alive {
        return;
    }
    let talks = office.phone(caller).calls[nth].phase == Phase::Talking;
    office.act(caller, |phone, now| match what {
        99 => phone.hang_up(now, nth),
        0 | 1 if talks => phone.hold(now, nth),
        2 | 3 if talks => phone.resume(now, nth),
        4 if talks => phone.reinvite(now, nth),
        5 if talks && phone.manners.update => phone.update(now, nth, true),
        6 if talks => phone.info_digit(now, nth, '1'),
        _ => {}
    });
}

/// Something that goes wrong, or that somebody does beside calling.
fn plan_accident(office: &mut Office, names: &[String], size: Size, dice: &mut Rng) {
    let name = names[dice.usize(..names.len())].clone();
    let person = format!("p{}", dice.usize(..size.people));
    let at = Duration::from_millis(dice.u64(..60_000 * size.minutes));
    let what = dice.u8(..10);
    let on = dice.bool();
    let replies = Duration::from_millis(dice.u64(0..3000));
    office.later(at, move |office| match what {
        0 | 1 => office.die(&name),
        2 => office.command(engine::Command::DoNotDisturb { person: person.as_str().into(), on }),
        3 => office.store.fails = on,
        4 => office.media.disk_full = on,
        5 => office.media.ports_taken += 1,
        6 if office.phone(&name).alive => office.act(&name, Phone::unregister),
        7 if office.phone(&name).alive => office.act(&name, Phone::subscribe),
        8 => office.cut_streams(&name),
        9 => office.media.replies = Replies::After(replies),
        _ => {}
    });
}

/// What holds at the end of every day.
fn check(office: &Office) {
    let mut wrongs = office.wrongs();
    for phone in office.phones().iter().filter(|phone| phone.alive) {
        for call in &phone.calls {
            if call.final_code.is_none() {
                let name = &phone.identity.name;
                wrongs.push(format!("{name} never got an answer to its call to {} ({})", call.with, call.call_id));
            }
        }
    }
    for device in office.plan.devices() {
        let bindings = call::Facts::bindings(&office.facts, &device.name);
        wrongs.extend(bindings.iter().map(|binding| format!("{} is still registered: {binding:?}", device.name)));
    }
    wrongs.extend(wrongs_of_the_diary(office));
    assert!(wrongs.is_empty(), "{}\n\n{}", wrongs.join("\n"), office.ladder());
}

/// Every journey begins and ends once, nothing happens in it afterwards, and nobody is rung twice.
fn wrongs_of_the_diary(office: &Office) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut open: BTreeMap<u64, bool> = BTreeMap::new();
    let mut rung: BTreeSet<(u64, String)> = BTreeSet::new();
    for note in &office.notes {
        let Some(journey) = note.journey.map(|journey| journey.0) else { continue };
        let is_open = open.get(&journey).copied();
        match &note.what {
            What::Began { .. } => drop(open.insert(journey, true)),
            What::Ended { .. } if is_open == Some(true) => drop(open.insert(journey, false)),
            What::Ended { .. } => wrongs.push(format!("journey {journey} ended twice, or without having begun")),
            // A message may be known to be safe, and its SIP may end, only after its caller has left.
            What::MessageLeft(_) | What::Sip { .. } => {}
            What::Offered { target, .. } if !rung.insert((journey, format!("{target:?}"))) => {
                wrongs.push(format!("journey {journey} rang {target:?} twice"));
            }
            other if is_open == Some(false) => wrongs.push(format!("journey {journey} had ended before {other:?}")),
            _ => {}
        }
    }
    wrongs.extend(open.iter().filter(|(_, open)| **open).map(|(journey, _)| format!("journey {journey} never ended")));
    wrongs
}
