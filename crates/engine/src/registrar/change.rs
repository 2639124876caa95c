//! What one REGISTER does to the bindings of a device: worked out in full before anything is changed, RFC 3261 §10.3.

use call::Binding;
use dialplan::Device;
use jiff::{SignedDuration, Timestamp};
use sip::{Flow, Message, Name, NameAddr, Uri};

/// More contacts than this in one request, or longer ones, are nobody's phone.
const CONTACTS_MAX: usize = 32;
const CONTACT_LENGTH_MAX: usize = 512;
const PATHS_MAX: usize = 8;
const INSTANCE_LENGTH_MAX: usize = 256;
const USER_AGENT_LENGTH_MAX: usize = 128;
/// Only what asks for less than an hour may be told to ask for more, §10.3 step 7.
const BRIEF_SECS: u32 = 3600;

/// The bindings as they will be.
pub struct Change {
    wall: Timestamp,
    /// How many were in force before.
    count_before: usize,
    pub entries: Vec<Entry>,
    /// Ids that are no more.
    pub removed: Vec<u64>,
}

pub struct Entry {
    pub binding: Binding,
    /// Made or refreshed by this request.
    pub is_new: bool,
}

/// Why nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be understood.
    BadRequest,
    /// To names somebody else.
    NotYours,
    /// The plan allows the device no more contacts.
    TooMany,
    /// There is a Path, and the phone would not know what to do with it.
    PathUnsupported,
    /// The registration would be over too soon.
    TooBrief {
        /// The shortest that we accept.
        secs_min: u32,
    },
    /// A later request of the same phone was here before.
    OutOfOrder,
}

impl Change {
    /// Begins with what is there; what has run out is only good for its id.
    pub fn new(wall: Timestamp, current: &[Binding]) -> Self {
        let entries = current.iter().map(|binding| Entry { binding: binding.clone(), is_new: false }).collect();
        let count_before = current.iter().filter(|binding| binding.expires_at > wall).count();
        Self { wall, count_before, entries, removed: Vec::new() }
    }

    /// The bindings that are in force then.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.entries.iter().map(|entry| &entry.binding).filter(|binding| binding.expires_at > self.wall)
    }

    /// Steps 5 to 7. After a refusal the change is worth nothing.
    pub fn apply(
        &mut self,
        request: &Message,
        flow: &Flow,
        device: &Device,
        settings: &dialplan::Sip,
    ) -> Result<(), Refusal> {
        if !is_own(request, device) {
            return Err(Refusal::NotYours);
        }
        let path = path_of(request)?;
        let contacts: Vec<NameAddr<'_>> =
            request.contacts().take(CONTACTS_MAX + 1).collect::<Result<_, _>>().map_err(|_| Refusal::BadRequest)?;
        if contacts.len() > CONTACTS_MAX {
            return Err(Refusal::BadRequest);
        }
        let cseq = request.cseq().map_err(|_| Refusal::BadRequest)?.number;
        if contacts.iter().any(NameAddr::is_star) {
            let all_of_it = contacts.len() == 1 && request.number(Name::Expires) == Some(Ok(0));
            return if all_of_it { self.remove_all(request.call_id(), cseq) } else { Err(Refusal::BadRequest) };
        }
        for contact in contacts {
            let secs = secs_of(&contact, request, settings)?;
            self.apply_one(request, flow, &contact, &path, cseq, secs)?;
        }
        self.make_room(device.contacts_max)
    }

    /// Step 6: `Contact: *` with `Expires: 0`.
    fn remove_all(&mut self, call_id: &str, cseq: u32) -> Result<(), Refusal> {
        if self.entries.iter().any(|entry| self.is_out_of_order(&entry.binding, call_id, cseq)) {
            return Err(Refusal::OutOfOrder);
        }
        self.removed.extend(self.entries.drain(..).map(|entry| entry.binding.id));
        Ok(())
    }

    /// Step 7 for one contact.
    fn apply_one(
        &mut self,
        request: &Message,
        flow: &Flow,
        contact: &NameAddr<'_>,
        path: &[Box<str>],
        cseq: u32,
        secs: u32,
    ) -> Result<(), Refusal> {
        let uri = contact.parse_uri().map_err(|_| Refusal::BadRequest)?;
        if !uri.is_sip() || contact.uri.len() > CONTACT_LENGTH_MAX {
            return Err(Refusal::BadRequest);
        }
        let at = self.entries.iter().position(|entry| is_same(&entry.binding.contact, contact.uri, &uri));
        if let Some(known) = at.map(|at| &self.entries[at])
            && !known.is_new
            && self.is_out_of_order(&known.binding, request.call_id(), cseq)
        {
            return Err(Refusal::OutOfOrder);
        }
        if secs == 0 {
            self.removed.extend(at.map(|at| self.entries.remove(at).binding.id));
            return Ok(());
        }
        let lasts = SignedDuration::from_secs(i64::from(secs));
        let binding = Binding {
            id: at.map_or_else(|| self.new_id(), |at| self.entries[at].binding.id),
            contact: contact.uri.into(),
            flow: flow.to_string().into(),
            path: path.to_vec(),
            call_id: request.call_id().into(),
            cseq,
            q: contact.q().unwrap_or(1000),
            expires_at: self.wall.checked_add(lasts).map_err(|_| Refusal::BadRequest)?,
            instance: instance_of(contact),
            user_agent: request.header(Name::UserAgent).map(|text| shortened(text, USER_AGENT_LENGTH_MAX).into()),
        };
        let entry = Entry { binding, is_new: true };
        match at {
            Some(at) => self.entries[at] = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }

    /// No more contacts than the plan allows, or than there were before it allowed fewer. A phone that came back from
    /// elsewhere takes its own old place; nobody else's.
    fn make_room(&mut self, contacts_max: usize) -> Result<(), Refusal> {
        let wall = self.wall;
        while self.bindings().count() > contacts_max.max(self.count_before) {
            let returned = |old: &Entry| {
                let is_old = !old.is_new && old.binding.expires_at > wall && old.binding.instance.is_some();
                is_old && self.entries.iter().any(|new| new.is_new && new.binding.instance == old.binding.instance)
            };
            let at = self.entries.iter().position(returned).ok_or(Refusal::TooMany)?;
            let old = self.entries.remove(at);
            self.removed.push(old.binding.id);
        }
        Ok(())
    }

    fn is_out_of_order(&self, known: &Binding, call_id: &str, cseq: u32) -> bool {
        known.expires_at > self.wall && &*known.call_id == call_id && cseq <= known.cseq
    }

    /// An id that this device has not had: ids grow with time.
    fn new_id(&self) -> u64 {
        let time = u64::try_from(self.wall.as_microsecond()).unwrap_or(0);
        let known = self.entries.iter().map(|entry| entry.binding.id).chain(self.removed.iter().copied());
        known.max().map_or(time, |last| time.max(last + 1))
    }
}

/// Step 5: the address-of-record in To has to be the device's own. Its host is not looked at: phones that were set up
/// with our address instead of our domain write that.
fn is_own(request: &Message, device: &Device) -> bool {
    let to = request.to().ok();
    let uri = to.as_ref().and_then(|to| to.parse_uri().ok());
    uri.is_some_and(|uri| uri.is_sip() && uri.user_decoded() == *device.user)
}

/// RFC 3327 §5.3: the Path between us and the phone, if the phone says that it knows what that is.
fn path_of(request: &Message) -> Result<Vec<Box<str>>, Refusal> {
    let path: Vec<Box<str>> = request.values(Name::Path).take(PATHS_MAX + 1).map(Box::from).collect();
    if !path.is_empty() && !request.has_token(Name::Supported, "path") {
        return Err(Refusal::PathUnsupported);
    }
    let is_sound = |value: &str| {
        value.len() <= CONTACT_LENGTH_MAX && NameAddr::parse(value).is_ok_and(|path| path.parse_uri().is_ok())
    };
    if path.len() <= PATHS_MAX && path.iter().all(|value| is_sound(value)) {
        Ok(path)
    } else {
        Err(Refusal::BadRequest)
    }
}

/// How long a contact asks to be kept, within our limits; 0 removes it. Nonsense means the default, §10.2.1.1.
fn secs_of(contact: &NameAddr<'_>, request: &Message, settings: &dialplan::Sip) -> Result<u32, Refusal> {
    let secs = |duration: std::time::Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let header = || request.number(Name::Expires).and_then(Result::ok);
    let asked = if contact.param("expires").is_some() { contact.expires() } else { header() };
    let asked = asked.unwrap_or(secs(settings.registration));
    let secs_min = secs(settings.registration_min);
    if asked > 0 && asked < BRIEF_SECS && asked < secs_min {
        return Err(Refusal::TooBrief { secs_min });
    }
    Ok(asked.min(secs(settings.registration_max).max(1)))
}

fn is_same(known: &str, text: &str, uri: &Uri<'_>) -> bool {
    known == text || Uri::parse(known).is_ok_and(|known| known.equivalent(uri))
}

fn instance_of(contact: &NameAddr<'_>) -> Option<Box<str>> {
    let instance = contact.param("+sip.instance")?.trim_matches('"');
    let plain = instance.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    (plain && !instance.is_empty() && instance.len() <= INSTANCE_LENGTH_MAX).then(|| instance.into())
}

fn shortened(text: &str, length_max: usize) -> &str {
    let end = (0..=length_max.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}
