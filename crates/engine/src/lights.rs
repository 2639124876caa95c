//! Message lights: SUBSCRIBE to `message-summary`, and NOTIFY to subscribers and to registered phones that never
//! asked, RFC 3842 and RFC 6665.

use crate::calls::contact;
use crate::core::{Core, Cx, Timer, User};
use bytes::Bytes;
use call::Name as OfficeName;
use dialog::{Dialog, ViaParts};
use dialplan::Mailbox;
use sip::{Flow, Message, Name, Writer};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use transaction::{ServerKey, TimerId};

const PACKAGE: &str = "message-summary";
const BODY: &str = "application/simple-message-summary";
/// A device's subscription beyond this many takes the place of its oldest.
const PER_DEVICE_MAX: usize = 4;
const EXPIRES_DEFAULT: u32 = 3600;
const EXPIRES_MIN: u32 = 60;
const EXPIRES_MAX: u32 = 86_400;

/// One phone that watches its light.
struct Subscription {
    dialog: Dialog,
    flow: Flow,
    device: OfficeName,
    ends_at: Instant,
    alarm: TimerId,
}

/// All subscriptions of a shard, by a number that is never used twice.
#[derive(Default)]
pub struct Lights {
    subscriptions: BTreeMap<u64, Subscription>,
    last: u64,
}

impl Lights {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// A SUBSCRIBE of a device that has proved itself, outside any dialog.
    pub fn on_subscribe(&mut self, cx: &mut Cx<'_>, server: ServerKey, flow: Flow, request: &Message, device: &str) {
        let plan = cx.core.plan.clone();
        if !is_for_lights(request) {
            return answer(cx, server, request, 489, |writer| writer.header(Name::AllowEvents, PACKAGE));
        }
        if plan.lights_of(device).next().is_none() {
            return answer(cx, server, request, 404, |writer| writer);
        }
        let expires = match expires_of(request) {
            Ok(expires) => expires,
            Err(()) => {
                return answer(cx, server, request, 423, |w| w.header(Name::MinExpires, EXPIRES_MIN.to_string()));
            }
        };
        let theirs = self.subscriptions.iter().filter(|(_, s)| &*s.device == device).map(|(id, _)| *id);
        let oldest: Vec<u64> = theirs.collect();
        if let Some(oldest) = oldest.first().filter(|_| oldest.len() >= PER_DEVICE_MAX) {
            self.end(cx, *oldest); // a phone that was restarted knows nothing of it
        }
        if self.subscriptions.len() >= plan.settings.limits.subscriptions as usize {
            return answer(cx, server, request, 503, |writer| writer.header(Name::RetryAfter, "60"));
        }
        self.last += 1;
        let id = self.last;
        let tag = format!("{:x}.s.{id:x}.{:016x}", cx.core.config.shard, cx.core.dice.next());
        let address = cx.core.our_address(&flow);
        let Ok(dialog) = Dialog::as_uas(request, &tag, &contact(address, flow.transport)) else {
            return answer(cx, server, request, 400, |writer| writer);
        };
        let ends_at = cx.now + Duration::from_secs(expires.into());
        let alarm = cx.core.wheel.set(cx.now, ends_at, Timer::Subscription(id));
        let our_contact = dialog.contact.clone();
        self.subscriptions.insert(id, Subscription { dialog, flow, device: device.into(), ends_at, alarm });
        answer(cx, server, request, 200, |writer| {
            let writer = writer.to_tag(&tag).copy(request, Name::RecordRoute);
            writer.header(Name::Expires, expires.to_string()).header(Name::Contact, &our_contact)
        });
        self.notify(cx, id);
        if expires == 0 {
            self.end(cx, id);
        }
    }

    /// A SUBSCRIBE within its dialog: refresh or end.
    pub fn on_refresh(&mut self, cx: &mut Cx<'_>, server: ServerKey, flow: Flow, request: &Message) {
        let id = request.to_tag().and_then(id_in).filter(|id| self.subscriptions.contains_key(id));
        let Some((id, subscription)) = id.and_then(|id| Some((id, self.subscriptions.get_mut(&id)?))) else {
            return answer(cx, server, request, 481, |writer| writer);
        };
        if let Err(reject) = subscription.dialog.accepts(request) {
            return answer(cx, server, request, reject.code, |writer| writer);
        }
        let Ok(expires) = expires_of(request) else {
            return answer(cx, server, request, 423, |writer| writer.header(Name::MinExpires, EXPIRES_MIN.to_string()));
        };
        subscription.flow = flow;
        subscription.dialog.update_target(request);
        subscription.ends_at = cx.now + Duration::from_secs(expires.into());
        cx.core.wheel.cancel(subscription.alarm);
        subscription.alarm = cx.core.wheel.set(cx.now, subscription.ends_at, Timer::Subscription(id));
        let our_contact = subscription.dialog.contact.clone();
        answer(cx, server, request, 200, |writer| {
            writer.header(Name::Expires, expires.to_string()).header(Name::Contact, &our_contact)
        });
        self.notify(cx, id);
        if expires == 0 {
            self.end(cx, id);
        }
    }

    /// A subscription has run out.
    pub fn on_timeout(&mut self, cx: &mut Cx<'_>, id: u64) {
        self.notify(cx, id);
        self.end(cx, id);
    }

    /// A NOTIFY was refused for good, or got no answer: the subscriber is gone, RFC 6665 §4.2.2.
    pub fn on_refused(&mut self, cx: &mut Cx<'_>, id: u64, code: u16) {
        if matches!(code, 404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604) {
            self.end(cx, id);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>, id: u64) {
        if let Some(subscription) = self.subscriptions.remove(&id) {
            cx.core.wheel.cancel(subscription.alarm);
        }
    }

    /// Sets the lights of a mailbox that has changed.
    pub fn on_change(&mut self, cx: &mut Cx<'_>, mailbox: &str) {
        let plan = cx.core.plan.clone();
        let Some(mailbox) = plan.mailbox(mailbox) else { return };
        let shows = |watches: &Subscription| mailbox.light.contains(&watches.device);
        let watching: Vec<u64> =
            self.subscriptions.iter().filter(|(_, watches)| shows(watches)).map(|(id, _)| *id).collect();
        watching.into_iter().for_each(|id| self.notify(cx, id));
        for device in &mailbox.light {
            for binding in cx.facts.bindings(device) {
                self.tell_unasked(cx, device, &binding);
            }
        }
    }

    /// A phone has just registered: its light is set, whether it subscribes or not.
    pub fn on_registered(&mut self, cx: &mut Cx<'_>, device: &str, binding: &call::Binding) {
        if cx.core.plan.lights_of(device).next().is_some() {
            self.tell_unasked(cx, device, binding);
        }
    }

    /// NOTIFY outside a subscription, RFC 3842 §5 as phones expect it, unless the phone has subscribed.
    fn tell_unasked(&mut self, cx: &mut Cx<'_>, device: &str, binding: &call::Binding) {
        let subscribed = self.subscriptions.values().any(|watches| &*watches.device == device);
        let Ok(flow) = binding.flow.parse::<Flow>() else { return };
        if subscribed || binding.expires_at <= cx.wall {
            return;
        }
        let body = summary(cx, device);
        let domain = cx.core.plan.office.domain.clone();
        let address = cx.core.our_address(&flow);
        let (tag, call_id) = (cx.core.dice.next(), cx.core.dice.wide());
        let write = |branch: &str| {
            let via = format!("SIP/2.0/{} {address};branch={branch};rport", flow.transport.via());
            let mut writer = Writer::request("NOTIFY", &binding.contact).header(Name::Via, via);
            for path in &binding.path {
                writer = writer.header(Name::Route, path);
            }
            writer
                .header(Name::MaxForwards, "70")
                .header(Name::From, format!("<sip:{domain}>;tag={tag:016x}"))
                .header(Name::To, format!("<sip:{device}@{domain}>"))
                .header(Name::CallId, format!("{call_id:032x}"))
                .header(Name::CSeq, "1 NOTIFY")
                .header(Name::Contact, contact(address, flow.transport))
                .header(Name::Event, PACKAGE)
                .header(Name::SubscriptionState, "active")
                .body(BODY, &body)
        };
        // A table that is full has more urgent things to do than lights.
        let _ = cx.core.transactions.send_request(cx.now, flow, User::Nobody, write);
    }

    fn notify(&mut self, cx: &mut Cx<'_>, id: u64) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let left = subscription.ends_at.saturating_duration_since(cx.now).as_secs();
        let state = match left {
            0 => "terminated;reason=timeout".to_owned(),
            left => format!("active;expires={left}"),
        };
        let body = summary(cx, &subscription.device);
        let flow = subscription.flow;
        let sent_by = cx.core.our_address(&flow).to_string();
        let dialog = &mut subscription.dialog;
        let write = |branch: &str| {
            let via = ViaParts { transport: flow.transport, sent_by: &sent_by, branch };
            let writer = dialog.request("NOTIFY", &via);
            writer.header(Name::Event, PACKAGE).header(Name::SubscriptionState, &state).body(BODY, &body)
        };
        let _ = cx.core.transactions.send_request(cx.now, flow, User::Light { subscription: id }, write);
    }
}

/// What a phone's light is to show, RFC 3842 §5.2. A phone has one light and one count: new and old messages of all
/// the mailboxes that it shows. Where that is one mailbox, it is named.
fn summary(cx: &Cx<'_>, device: &str) -> Bytes {
    let mailboxes: Vec<&Mailbox> = cx.core.plan.lights_of(device).collect();
    let messages = || mailboxes.iter().flat_map(|mailbox| cx.facts.messages(&mailbox.name));
    let old = messages().filter(|message| message.heard).count();
    let new = messages().count() - old;
    let waiting = if new > 0 { "yes" } else { "no" };
    let domain = &cx.core.plan.office.domain;
    let account = match mailboxes[..] {
        [one] => sip::escape_user(&one.name),
        _ => sip::escape_user(device),
    };
    format!(
        "Messages-Waiting: {waiting}\r\nMessage-Account: sip:{account}@{domain}\r\nVoice-Message: {new}/{old} (0/0)\r\n"
    )
    .into()
}

impl Core {
    /// Asks to be woken at once, when the facts are up to date, if a light has to be set.
    pub fn arm_lights(&mut self, now: Instant) {
        if !self.lights.is_empty() && !std::mem::replace(&mut self.lights_armed, true) {
            self.wheel.set(now, now, Timer::Lights);
        }
    }
}

fn is_for_lights(request: &Message) -> bool {
    let event = request.header(Name::Event).unwrap_or_default();
    event.split(';').next().is_some_and(|package| package.trim().eq_ignore_ascii_case(PACKAGE))
}

/// The duration that is granted, in seconds; 0 ends the subscription. Too short is refused, RFC 6665 §4.2.1.1.
fn expires_of(request: &Message) -> Result<u32, ()> {
    match request.number(Name::Expires) {
        None => Ok(EXPIRES_DEFAULT),
        Some(Ok(0)) => Ok(0),
        Some(Ok(asked)) if asked < EXPIRES_MIN => Err(()),
        Some(Ok(asked)) => Ok(asked.min(EXPIRES_MAX)),
        Some(Err(_)) => Ok(EXPIRES_DEFAULT),
    }
}

/// The subscription that a tag of ours names.
fn id_in(tag: &str) -> Option<u64> {
    let mut parts = tag.split('.').skip(1);
    (parts.next() == Some("s")).then(|| u64::from_str_radix(parts.next()?, 16).ok())?
}

fn answer(cx: &mut Cx<'_>, server: ServerKey, request: &Message, code: u16, write: impl FnOnce(Writer) -> Writer) {
    let bytes = write(sip::respond(request, code, None)).finish();
    cx.core.transactions.respond(cx.now, server, bytes, code);
}
