//! The registrar, RFC 3261 §10.3, with Path (RFC 3327): a REGISTER in, a response and notes out.
//!
//! Bindings are facts: they come as an argument and go as notes, so nothing is kept here but when they run out. A
//! request changes all that it asks for or nothing. Authentication, Require and the request-URI (steps 1 to 4) are
//! the caller's; the place for outbound (RFC 5626, `reg-id`) is [`Change::apply`].

mod change;
mod expirations;

use bytes::Bytes;
use call::{Binding, Facts, Name, What};
use change::{Change, Refusal};
use dialplan::{Device, Settings};
use expirations::Expirations;
use jiff::Timestamp;
use sip::{Flow, Message, Writer};
use std::time::Instant;

/// Registers devices, and knows when their bindings run out.
#[derive(Debug, Default)]
pub struct Registrar {
    expirations: Expirations,
}

/// What becomes of a REGISTER.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The response's status.
    pub code: u16,
    /// The response.
    pub response: Bytes,
    /// What changed.
    pub notes: Vec<What>,
}

impl Registrar {
    /// Takes a REGISTER that this device has proved to have sent. `current` are its bindings now.
    #[allow(clippy::too_many_arguments)] // everything that the answer depends on
    pub fn on_register(
        &mut self,
        now: Instant,
        wall: Timestamp,
        request: &Message,
        flow: &Flow,
        device: &Device,
        current: &[Binding],
        settings: &Settings,
    ) -> Registration {
        let respond = |code| sip::respond(request, code, None).to_tag(&format!("{:x}", wall.as_microsecond()));
        let mut change = Change::new(wall, current);
        if let Err(refusal) = change.apply(request, flow, device, &settings.sip) {
            let response = refusal.write(respond(refusal.code()), request);
            return Registration { code: refusal.code(), response: response.finish(), notes: Vec::new() };
        }
        let response = accept(respond(200), wall, request, change.bindings()).finish();
        Registration { code: 200, response, notes: self.note(now, wall, &device.name, change) }
    }

    /// Bindings that were made before the exchange started.
    pub fn restore(&mut self, now: Instant, wall: Timestamp, bindings: Vec<(Name, Binding)>) {
        for (device, binding) in bindings {
            self.expirations.set(now, wall, &device, binding.id, binding.expires_at);
        }
    }

    /// When [`expire`](Self::expire) is next worth a call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.expirations.poll_timeout()
    }

    /// A binding that has run out. Call until `None`. One that was refreshed elsewhere meanwhile, as the facts know,
    /// goes on until then.
    pub fn expire(&mut self, now: Instant, wall: Timestamp, facts: &dyn Facts) -> Option<What> {
        self.expirations.expire(now, wall, facts)
    }

    fn note(&mut self, now: Instant, wall: Timestamp, device: &Name, change: Change) -> Vec<What> {
        let mut notes = Vec::new();
        for id in change.removed {
            self.expirations.cancel(device, id);
            notes.push(What::Unregistered { device: device.clone(), binding: id, expired: false });
        }
        for binding in change.entries.into_iter().filter(|entry| entry.is_new).map(|entry| entry.binding) {
            self.expirations.set(now, wall, device, binding.id, binding.expires_at);
            notes.push(What::Registered { device: device.clone(), binding });
        }
        notes
    }
}

/// The 200: every binding with the time that is left to it, the Path that was kept, and the date for phones without
/// a clock (§10.3 step 8, RFC 3327 §5.3).
fn accept<'a>(
    mut writer: Writer,
    wall: Timestamp,
    request: &Message,
    bindings: impl Iterator<Item = &'a Binding>,
) -> Writer {
    for binding in bindings {
        let left = binding.expires_at.duration_since(wall).as_millis().max(0) as u64;
        let q = if binding.q == 1000 { String::new() } else { format!(";q=0.{:03}", binding.q) };
        let instance = binding.instance.as_ref().map(|instance| format!(";+sip.instance=\"{instance}\""));
        let (contact, secs) = (&binding.contact, left.div_ceil(1000));
        let instance = instance.unwrap_or_default();
        writer = writer.header_fmt(sip::Name::Contact, format_args!("<{contact}>;expires={secs}{q}{instance}"));
    }
    writer.copy(request, sip::Name::Path).header_fmt(sip::Name::Date, format_args!("{}", date(wall)))
}

/// RFC 3261 §20.17: always GMT.
fn date(wall: Timestamp) -> impl std::fmt::Display {
    wall.strftime("%a, %d %b %Y %H:%M:%S GMT")
}

impl Refusal {
    fn code(&self) -> u16 {
        match self {
            Refusal::BadRequest => 400,
            Refusal::NotYours | Refusal::TooMany => 403,
            Refusal::PathUnsupported => 420,
            Refusal::TooBrief { .. } => 423,
            Refusal::OutOfOrder => 500,
        }
    }

    fn write(&self, writer: Writer, request: &Message) -> Writer {
        match self {
            Refusal::TooBrief { secs_min } => writer.header_fmt(sip::Name::MinExpires, format_args!("{secs_min}")),
            Refusal::PathUnsupported => writer.header(sip::Name::Unsupported, "path").copy(request, sip::Name::Path),
            Refusal::TooMany => writer.header(sip::Name::Warning, "399 vaihde \"No more contacts for this device\""),
            Refusal::BadRequest | Refusal::NotYours | Refusal::OutOfOrder => writer,
        }
    }
}

#[cfg(test)]
mod tests;
