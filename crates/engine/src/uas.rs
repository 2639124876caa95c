//! What every request must pass before anybody looks at its purpose, RFC 3261 §8.2.

use dialog::Wish;
use dialplan::Sip;
use sip::{Message, Method, Name, Scheme, Uri, Writer};

/// The methods that we know, for Allow.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, MESSAGE, REGISTER, SUBSCRIBE, NOTIFY";
/// The extensions that a request may require.
const EXTENSIONS: [&str; 3] = ["100rel", "timer", "path"];
/// The only body that an INVITE may have.
pub const SDP: &str = "application/sdp";

/// A refusal that needs no call: its status, and the headers that go with it.
pub struct Objection {
    pub code: u16,
    headers: Vec<(Name, String)>,
}

impl Objection {
    fn new(code: u16) -> Self {
        Self { code, headers: Vec::new() }
    }

    fn with(mut self, name: Name, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the headers to a response.
    pub fn write(&self, writer: Writer) -> Writer {
        self.headers.iter().fold(writer, |writer, (name, value)| writer.header(*name, value))
    }
}

/// Method, hops, extensions, scheme: §8.2.1 to §8.2.2.3 and §16.3.
pub fn inspect(request: &Message) -> Result<(), Objection> {
    let method = request.method();
    if matches!(method, Method::Other | Method::Publish | Method::Refer) {
        return Err(Objection::new(405).with(Name::Allow, ALLOW));
    }
    if method != Method::Options && request.number(Name::MaxForwards).is_some_and(|hops| hops == Ok(0)) {
        return Err(Objection::new(483));
    }
    let unknown = |name: Name| {
        let tokens =
            request.values(name).filter(|token| !EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(token)));
        tokens.map(str::to_owned).collect::<Vec<_>>().join(", ")
    };
    let unsupported = unknown(Name::Require);
    if !unsupported.is_empty() {
        return Err(Objection::new(420).with(Name::Unsupported, unsupported));
    }
    match Uri::parse(request.request_uri()) {
        Ok(uri) if matches!(uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) => Ok(()),
        _ => Err(Objection::new(416)),
    }
}

/// What an INVITE (or re-INVITE, UPDATE) may carry, §8.2.3.
pub fn inspect_body(request: &Message) -> Result<(), Objection> {
    if request.body_bytes().is_empty() {
        return Ok(());
    }
    let kind = request.header(Name::ContentType).unwrap_or_default();
    let is_sdp = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(SDP));
    let plain = request.header(Name::ContentEncoding).is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    match (is_sdp, plain) {
        (true, true) => Ok(()),
        (_, false) => Err(Objection::new(415).with(Name::AcceptEncoding, "identity")),
        (false, _) => Err(Objection::new(415).with(Name::Accept, SDP)),
    }
}

/// The answer to OPTIONS, the same for everybody and every name, §11.2.
pub fn capabilities(writer: Writer) -> Writer {
    writer
        .header(Name::Allow, ALLOW)
        .header(Name::Accept, "application/sdp, application/dtmf-relay")
        .header(Name::AcceptEncoding, "identity")
        .header(Name::AcceptLanguage, "fi, sv, en")
        .header(Name::Supported, "100rel, timer, path")
        .header(Name::AllowEvents, "message-summary")
}

/// The session timer that we ask for, RFC 4028.
pub fn wish(settings: &Sip) -> Wish {
    let secs = |duration: std::time::Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    Wish { expires_secs: secs(settings.session_expires), min_secs: secs(settings.session_min) }
}
