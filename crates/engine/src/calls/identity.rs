//! Who is shown as the caller, and whose call it was: From, P-Asserted-Identity, Privacy, Diversion, History-Info.

use call::{Caller, Diversion, DivertedWhy, Journey, Name};
use sip::{Message, NameAddr, Uri, Writer, escape_user, quote};

/// Entries of History-Info beyond this many are not looked at.
const HISTORY_MAX: usize = 16;

/// Whose number and name the legs that we ring are shown, RFC 3323 and 3325.
pub struct Shown<'a> {
    number: &'a str,
    name: &'a str,
    domain: &'a str,
    private: bool,
    /// The number is the office's, not the caller's: a trunk may know it of a caller who is not to be shown, too.
    is_ours: bool,
}

impl<'a> Shown<'a> {
    /// The caller as `domain` shows them; `as_number` where the plan shows another number on a trunk.
    pub fn new(caller: &'a Caller, domain: &'a str, as_number: Option<&'a str>) -> Self {
        let number = as_number.unwrap_or(&caller.number);
        Self { number, name: &caller.name, domain, private: caller.private, is_ours: as_number.is_some() }
    }

    /// The From header's value without its tag.
    pub fn from(&self) -> String {
        let Shown { number, name, domain, private, .. } = self;
        match (private, number.is_empty()) {
            (true, _) | (_, true) => "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned(),
            _ if name.is_empty() => format!("<sip:{}@{domain}>", escape_user(number)),
            _ => format!("{} <sip:{}@{domain}>", quote(name), escape_user(number)),
        }
    }

    /// Adds P-Asserted-Identity, or Privacy for a caller who asked for it.
    pub fn write(&self, writer: Writer) -> Writer {
        let Shown { number, name, domain, private, is_ours } = self;
        let asserted = || format!("<sip:{}@{domain}>", escape_user(number));
        match (private, number.is_empty()) {
            (true, false) if *is_ours => {
                writer.header(sip::Name::PAssertedIdentity, asserted()).header(sip::Name::Privacy, "id")
            }
            (true, _) => writer.header(sip::Name::Privacy, "id"),
            (_, true) => writer,
            _ if name.is_empty() => writer.header(sip::Name::PAssertedIdentity, asserted()),
            _ => writer.header(sip::Name::PAssertedIdentity, format!("{} {}", quote(name), asserted())),
        }
    }
}

/// Writes whom the journey has left behind: Diversion, latest first (RFC 5806), History-Info, first to last (RFC 7044).
pub fn write_history(mut writer: Writer, journey: &Journey, domain: &str, target: &str) -> Writer {
    for Diversion { number, name, why } in journey.diversions.iter().rev() {
        let display = name.as_deref().map(|name| quote(name) + " ").unwrap_or_default();
        let value = format!("{display}<sip:{}@{domain}>;reason={}", escape_user(number), why.as_str());
        writer = writer.header(sip::Name::Diversion, value);
    }
    if journey.diversions.is_empty() {
        return writer;
    }
    let mut index = String::from("1");
    for Diversion { number, why, .. } in &journey.diversions {
        let cause = history_cause(*why);
        let entry = format!("<sip:{}@{domain}?Reason=SIP%3Bcause%3D{cause}>;index={index}", escape_user(number));
        writer = writer.header(sip::Name::HistoryInfo, entry);
        index.push_str(".1");
    }
    writer.header(sip::Name::HistoryInfo, format!("<{target}>;index={index}"))
}

/// The status code that stands for the reason in a History-Info entry.
fn history_cause(why: DivertedWhy) -> u16 {
    match why {
        DivertedWhy::UserBusy | DivertedWhy::DoNotDisturb => 486,
        DivertedWhy::NoAnswer => 408,
        DivertedWhy::Unavailable | DivertedWhy::Away | DivertedWhy::TimeOfDay => 480,
        DivertedWhy::Unconditional => 302,
    }
}

/// The caller that a trunk announces: P-Asserted-Identity where it is given, else From.
pub fn caller_from_trunk(request: &Message, trunk: &Name) -> Caller {
    let asserted = request.values(sip::Name::PAssertedIdentity).find_map(|value| NameAddr::parse(value).ok());
    let private = request.has_token(sip::Name::Privacy, "id") || request.has_token(sip::Name::Privacy, "user");
    let Some(shown) = asserted.or_else(|| request.from().ok()) else {
        return Caller { trunk: Some(trunk.clone()), ..Caller::default() };
    };
    let number = Uri::parse(shown.uri).ok().and_then(|uri| number_in(&uri)).unwrap_or_default();
    let anonymous = number.eq_ignore_ascii_case("anonymous") || number.is_empty();
    Caller {
        number: if anonymous { Name::from("") } else { number.into() },
        name: if anonymous { Name::from("") } else { shown.display.as_deref().unwrap_or("").into() },
        device: None,
        person: None,
        trunk: Some(trunk.clone()),
        private: private || anonymous,
    }
}

/// Whom a call had wanted before it came to us, by Diversion (RFC 5806) or else by History-Info; first to last.
pub fn diversions_of(request: &Message) -> Vec<Diversion> {
    let read = |value: &str| {
        let address = NameAddr::parse(value).ok()?;
        let number = number_in(&Uri::parse(address.uri).ok()?)?;
        let why = address.param("reason").map_or(DivertedWhy::Unconditional, why_from);
        Some(Diversion { number: number.into(), name: address.display.as_deref().map(Name::from), why })
    };
    let mut diversions: Vec<_> = request.values(sip::Name::Diversion).take(8).filter_map(read).collect();
    diversions.reverse();
    if diversions.is_empty() { history_of(request) } else { diversions }
}

/// The entries that another one took the place of, with the reason in themselves (RFC 7044 §9.2) or as the cause in
/// the next (RFC 4458).
fn history_of(request: &Message) -> Vec<Diversion> {
    let entries: Vec<NameAddr<'_>> = request
        .values(sip::Name::HistoryInfo)
        .take(HISTORY_MAX)
        .filter_map(|value| NameAddr::parse(value).ok())
        .collect();
    let read = |pair: &[NameAddr<'_>]| {
        let (left, next) = (Uri::parse(pair[0].uri).ok()?, Uri::parse(pair[1].uri).ok()?);
        let reason = left.header("Reason");
        let own = reason.as_deref().and_then(|reason| {
            reason.split(';').find_map(|part| part.trim().strip_prefix("cause=").map(str::to_owned))
        });
        let cause = own.or_else(|| next.param("cause").map(|cause| cause.to_string()))?.parse().ok()?;
        let name = pair[0].display.as_deref().map(Name::from);
        Some(Diversion { number: number_in(&left)?.into(), name, why: why_by_cause(cause) })
    };
    entries.windows(2).filter_map(read).collect()
}

fn why_by_cause(cause: u16) -> DivertedWhy {
    match cause {
        486 => DivertedWhy::UserBusy,
        408 => DivertedWhy::NoAnswer,
        404 | 480 | 503 => DivertedWhy::Unavailable,
        _ => DivertedWhy::Unconditional,
    }
}

fn why_from(word: &str) -> DivertedWhy {
    use DivertedWhy::*;
    let known = [UserBusy, NoAnswer, Unavailable, Away, DoNotDisturb, TimeOfDay];
    known.into_iter().find(|why| why.as_str().eq_ignore_ascii_case(word)).unwrap_or(Unconditional)
}

/// The number that a URI names, without the marks that people put between digits.
pub fn number_in(uri: &Uri<'_>) -> Option<String> {
    let number = uri.number()?;
    let written = number.strip_prefix('+').unwrap_or(&number);
    let is_number = written.starts_with(|c: char| c.is_ascii_digit());
    let plain = |c: &char| !is_number || !matches!(c, '-' | '.' | '(' | ')' | ' ');
    Some(number.chars().filter(plain).take(64).collect())
}
