//! Session timers, RFC 4028: a call whose other end has vanished ends by itself.
//!
//! Negotiation is a pure function of what the request asked; what was agreed runs as a [`SessionTimer`].

use sip::{Message, Name};
use std::time::{Duration, Instant};

/// No session may be shorter than this, §4.
pub const MIN_SE_FLOOR_SECS: u32 = 90;
/// BYE goes out so long before the end at most, §10.
const MARGIN_SECS_MAX: u32 = 32;

/// What we would like on every leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Session-Expires; 1800 is the RFC's advice.
    pub expires_secs: u32,
    /// Min-SE: below this we answer 422.
    pub min_secs: u32,
}

impl Default for Wish {
    fn default() -> Self {
        Wish { expires_secs: 1800, min_secs: MIN_SE_FLOOR_SECS }
    }
}

/// Which side of one request sends the next one. Roles change with every refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The sender of the request.
    Uac,
    /// The sender of the response.
    Uas,
}

/// What a request or response says about its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// `Session-Expires`.
    pub expires_secs: Option<u32>,
    /// Its `refresher`.
    pub refresher: Option<Refresher>,
    /// `Min-SE`.
    pub min_secs: Option<u32>,
    /// `Supported` (or `Require`) has `timer`.
    pub supported: bool,
}

/// What was agreed; prints as the value of `Session-Expires`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// How long the session lives without a refresh.
    pub expires_secs: u32,
    /// Who sends it.
    pub refresher: Refresher,
}

/// 422: the session asked for is too short for us; the answer carries this Min-SE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort {
    /// `Min-SE`.
    pub min_secs: u32,
}

impl std::fmt::Display for Agreed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{};refresher={}", self.expires_secs, self.refresher.as_str())
    }
}

impl Refresher {
    /// The parameter's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Refresher::Uac => "uac",
            Refresher::Uas => "uas",
        }
    }
}

impl Proposal {
    /// Reads a message; values that are no numbers count as absent.
    pub fn of(message: &Message) -> Proposal {
        let value = message.header(Name::SessionExpires).unwrap_or_default();
        let mut parts = value.split(';').map(str::trim);
        let expires_secs = parts.next().and_then(|secs| secs.parse().ok());
        let refresher = parts.find_map(|param| {
            let (name, who) = param.split_once('=')?;
            match (name.trim().eq_ignore_ascii_case("refresher"), who.trim()) {
                (true, who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                (true, who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                _ => None,
            }
        });
        Proposal {
            expires_secs,
            refresher,
            min_secs: message.number(Name::MinSe).and_then(Result::ok),
            supported: message.has_token(Name::Supported, "timer") || message.has_token(Name::Require, "timer"),
        }
    }

    /// What we as UAS answer to this request, §9. `None`: no timer, the peer neither knows them nor asked for one.
    ///
    /// A peer without `timer` cannot be sent 422 nor refresh, so we do it ourselves; one that leaves it open refreshes
    /// itself, because it best knows whether it is behind a NAT that needs it.
    pub fn answer(&self, wish: &Wish) -> Result<Option<Agreed>, TooShort> {
        let floor = wish.min_secs.max(MIN_SE_FLOOR_SECS);
        if self.expires_secs.is_none() && !self.supported {
            return Ok(None);
        }
        if self.supported && self.expires_secs.is_some_and(|asked| asked < floor) {
            return Err(TooShort { min_secs: floor });
        }
        let least = floor.max(self.min_secs.unwrap_or(0));
        // §9: the UAS may lower what was asked, never below Min-SE, and not raise it (a peer that cannot speak of
        // timers gets our own wish).
        let expires_secs = match self.expires_secs {
            Some(asked) => asked.min(wish.expires_secs.max(least)).max(floor),
            None => wish.expires_secs.max(least),
        };
        let refresher = match (self.supported, self.refresher) {
            (false, _) => Refresher::Uas,
            (true, Some(refresher)) => refresher,
            (true, None) => Refresher::Uac,
        };
        Ok(Some(Agreed { expires_secs, refresher }))
    }

    /// What holds for us as UAC after a 2xx with this, §7.2: without Session-Expires there is no timer.
    pub fn accepted(&self) -> Option<Agreed> {
        let expires_secs = self.expires_secs?.max(MIN_SE_FLOOR_SECS);
        Some(Agreed { expires_secs, refresher: self.refresher.unwrap_or(Refresher::Uac) })
    }
}

impl Wish {
    /// The wish after a 422 with this Min-SE, §7.3: no shorter than the strictest on the way. `None` if the response
    /// has no Min-SE or asks for nothing new: trying again would go round in circles.
    pub fn after_422(&self, response: &Proposal) -> Option<Wish> {
        let min_secs = response.min_secs.filter(|min| *min > self.min_secs || *min > self.expires_secs)?;
        // A day is longer than any call that anybody means.
        let min_secs = Some(min_secs).filter(|min| *min <= 86_400)?;
        Some(Wish { expires_secs: self.expires_secs.max(min_secs), min_secs: self.min_secs.max(min_secs) })
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Send a re-INVITE or UPDATE.
    Refresh,
    /// Nobody refreshed: send BYE.
    Expired,
}

/// A running session timer. Every refresh, of whichever side, negotiates anew and replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimer {
    refresh_at: Option<Instant>,
    expires_at: Instant,
}

impl SessionTimer {
    /// Starts when the 2xx is sent or received. `we_are` our role in that request.
    pub fn start(now: Instant, agreed: &Agreed, we_are: Refresher) -> SessionTimer {
        let interval = Duration::from_secs(u64::from(agreed.expires_secs));
        let margin = Duration::from_secs(u64::from(MARGIN_SECS_MAX)).min(interval / 3);
        SessionTimer {
            // §10: "It is RECOMMENDED that this refresh be sent once half the session interval has elapsed".
            refresh_at: (agreed.refresher == we_are).then(|| now + interval / 2),
            expires_at: now + (interval - margin),
        }
    }

    /// We are the one who refreshes.
    pub fn refreshes(&self) -> bool {
        self.refresh_at.is_some()
    }

    /// When [`on_timeout`](Self::on_timeout) has something to say.
    pub fn poll_timeout(&self) -> Instant {
        self.refresh_at.map_or(self.expires_at, |at| at.min(self.expires_at))
    }

    /// What time has brought. A refresh is asked for once; until it is agreed upon the end stays where it was.
    pub fn on_timeout(&mut self, now: Instant) -> Due {
        if now >= self.expires_at {
            return Due::Expired;
        }
        match self.refresh_at {
            Some(at) if now >= at => {
                self.refresh_at = None;
                Due::Refresh
            }
            _ => Due::Nothing,
        }
    }

    /// A refresh of ours could not be sent now or got 491: ask again at `at`.
    pub fn refresh_later(&mut self, at: Instant) {
        self.refresh_at = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WISH: Wish = Wish { expires_secs: 1800, min_secs: 90 };

    fn asks(expires_secs: u32) -> Proposal {
        Proposal { expires_secs: Some(expires_secs), supported: true, ..Proposal::default() }
    }

    fn secs(from: Instant, to: Instant) -> u64 {
        to.duration_since(from).as_secs()
    }

    /// RFC 4028 §9: a UAS whose minimum is higher than what was asked answers 422 with its Min-SE, if the UAC
    /// supports timers.
    #[test]
    fn a_session_too_short_for_us_gets_422_only_if_the_peer_knows_timers() {
        assert_eq!(asks(60).answer(&WISH), Err(TooShort { min_secs: 90 }));
        assert_eq!(asks(200).answer(&Wish { min_secs: 300, ..WISH }), Err(TooShort { min_secs: 300 }));
        let deaf = Proposal { supported: false, ..asks(60) };
        let agreed = deaf.answer(&WISH).expect("no 422").expect("a timer");
        assert_eq!((agreed.expires_secs, agreed.refresher), (90, Refresher::Uas));
    }

    /// RFC 4028 §9, table 2: who refreshes.
    #[test]
    fn the_refresher_is_chosen_by_the_table() {
        let who = |supported, refresher| {
            Proposal { supported, refresher, ..asks(1800) }.answer(&WISH).expect("fits").expect("a timer").refresher
        };
        assert_eq!(who(false, None), Refresher::Uas);
        assert_eq!(who(true, Some(Refresher::Uas)), Refresher::Uas);
        assert_eq!(who(true, Some(Refresher::Uac)), Refresher::Uac);
        assert_eq!(who(true, None), Refresher::Uac);
    }

    /// RFC 4028 §9: the UAS may reduce the interval but not below Min-SE, and must not increase it.
    #[test]
    fn an_interval_is_lowered_to_ours_but_not_below_the_peers_minimum() {
        let expires = |proposal: Proposal| proposal.answer(&WISH).expect("fits").expect("a timer").expires_secs;
        assert_eq!(expires(asks(7200)), 1800);
        assert_eq!(expires(Proposal { min_secs: Some(3600), ..asks(7200) }), 3600);
        assert_eq!(expires(asks(100)), 100);
        assert_eq!(expires(Proposal { expires_secs: None, ..asks(1) }), 1800);
        assert_eq!(Proposal::default().answer(&WISH), Ok(None));
    }

    /// RFC 4028 §7.2: a 2xx without Session-Expires means that there is no session timer.
    #[test]
    fn a_response_without_session_expires_switches_the_timer_off() {
        assert_eq!(Proposal::default().accepted(), None);
        let agreed = asks(600).accepted().expect("a timer");
        assert_eq!(agreed.to_string(), "600;refresher=uac");
    }

    /// RFC 4028 §7.3: after 422 the UAC retries with the Min-SE that it was told, once for each higher value.
    #[test]
    fn a_422_raises_our_wish_and_cannot_loop() {
        let told = |min| Proposal { min_secs: Some(min), ..Proposal::default() };
        let raised = WISH.after_422(&told(3600)).expect("higher");
        assert_eq!(raised, Wish { expires_secs: 3600, min_secs: 3600 });
        assert_eq!(raised.after_422(&told(3600)), None);
        assert_eq!(WISH.after_422(&told(u32::MAX)), None);
        assert_eq!(WISH.after_422(&Proposal::default()), None);
    }

    /// RFC 4028 §10: refresh at half the interval; BYE 32 s or a third of the interval before its end.
    #[test]
    fn we_refresh_at_half_time_and_give_up_shortly_before_the_end() {
        let now = Instant::now_for_tests();
        let agreed = Agreed { expires_secs: 1800, refresher: Refresher::Uac };
        let mut ours = SessionTimer::start(now, &agreed, Refresher::Uac);
        assert_eq!(secs(now, ours.poll_timeout()), 900);
        assert_eq!(ours.on_timeout(now + Duration::from_secs(899)), Due::Nothing);
        assert_eq!(ours.on_timeout(now + Duration::from_secs(900)), Due::Refresh);
        assert_eq!(ours.on_timeout(now + Duration::from_secs(901)), Due::Nothing);
        assert_eq!(secs(now, ours.poll_timeout()), 1768);
        assert_eq!(ours.on_timeout(now + Duration::from_secs(1768)), Due::Expired);

        let mut theirs = SessionTimer::start(now, &Agreed { expires_secs: 90, ..agreed }, Refresher::Uas);
        assert!(!theirs.refreshes());
        assert_eq!(secs(now, theirs.poll_timeout()), 60);
        assert_eq!(theirs.on_timeout(now + Duration::from_secs(60)), Due::Expired);
    }

    trait NowForTests {
        fn now_for_tests() -> Instant;
    }

    impl NowForTests for Instant {
        #[allow(clippy::disallowed_methods)] // An Instant can be made in no other way; only differences are looked at.
        fn now_for_tests() -> Instant {
            Instant::now()
        }
    }
}
