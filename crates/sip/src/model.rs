//! Our message as rsip's typed model, for users of our API; built from our own values, never by rsip's parser.

use rsip::{
    Header, StatusCode, Version,
    common::uri::{Auth, HostWithPort, Param, Scheme as RsipScheme, param},
    headers::{self, UntypedHeader},
    typed,
};

use crate::{CSeq, Fault, Message, Method, Name, NameAddr, Params, Scheme, Uri, Via, quote};

impl Message {
    /// The message in rsip's types; `None` where rsip has no form for its method, request-URI, Via, From, To or CSeq
    /// (an unknown method, a `tel:` URI …). Addresses are rewritten so that rsip's own typed views read them rightly:
    /// one value a line, names quoted; other headers keep their text.
    pub fn to_rsip(&self) -> Option<rsip::SipMessage> {
        let mut lines = Vec::new();
        for (name, text, value) in self.all_headers() {
            push(&mut lines, name, text, value)?;
        }
        let (headers, version, body) = (lines.into(), Version::V2, self.body_bytes().to_vec());
        Some(if self.is_request() {
            let (method, uri) = (method(self.method())?, uri(&Uri::parse(self.request_uri()).ok()?)?);
            rsip::Request { method, uri, version, headers, body }.into()
        } else {
            let status_code = match StatusCode::from(self.code()) {
                StatusCode::Other(code, _) => StatusCode::Other(code, self.reason_phrase().to_owned()),
                known => known,
            };
            rsip::Response { status_code, version, headers, body }.into()
        })
    }
}

/// Adds the lines that one line of ours becomes.
fn push(lines: &mut Vec<Header>, name: Name, text: &str, value: &str) -> Option<()> {
    match name {
        Name::Via => {
            for value in crate::values(value) {
                lines.push(via(Via::parse(value))?.into());
            }
        }
        Name::From => {
            let (display_name, uri, params) = address(NameAddr::parse(value))?;
            lines.push(typed::From { display_name, uri, params }.into());
        }
        Name::To => {
            let (display_name, uri, params) = address(NameAddr::parse(value))?;
            lines.push(typed::To { display_name, uri, params }.into());
        }
        Name::Contact => {
            for value in crate::values(value) {
                lines.push(match address(NameAddr::parse(value)) {
                    Some((display_name, uri, params)) => typed::Contact { display_name, uri, params }.into(),
                    None => Header::Contact(headers::Contact::new(value)),
                });
            }
        }
        Name::CSeq => {
            let cseq = CSeq::parse(value).ok()?;
            lines.push(typed::CSeq { seq: cseq.number, method: method(cseq.method)? }.into());
        }
        _ => lines.push(plain(name, text, value)),
    }
    Some(())
}

macro_rules! plain {
    ($($variant:ident)+) => {
        fn plain(name: Name, text: &str, value: &str) -> Header {
            match name {
                $(Name::$variant => Header::$variant(headers::$variant::new(value)),)+
                Name::Other => Header::Other(text.to_owned(), value.to_owned()),
                known => Header::Other(known.as_str().to_owned(), value.to_owned()),
            }
        }
    };
}

plain! {
    Accept AcceptEncoding AcceptLanguage AlertInfo Allow AuthenticationInfo Authorization CallId CallInfo
    ContentDisposition ContentEncoding ContentLanguage ContentLength ContentType Date ErrorInfo Event Expires
    InReplyTo MaxForwards MimeVersion MinExpires Organization Priority ProxyAuthenticate ProxyAuthorization
    ProxyRequire RecordRoute ReplyTo Require RetryAfter Route Server Subject SubscriptionState Supported Timestamp
    Unsupported UserAgent Warning WwwAuthenticate
}

fn method(method: Method) -> Option<rsip::Method> {
    Some(match method {
        Method::Invite => rsip::Method::Invite,
        Method::Ack => rsip::Method::Ack,
        Method::Bye => rsip::Method::Bye,
        Method::Cancel => rsip::Method::Cancel,
        Method::Register => rsip::Method::Register,
        Method::Options => rsip::Method::Options,
        Method::Info => rsip::Method::Info,
        Method::Prack => rsip::Method::PRack,
        Method::Update => rsip::Method::Update,
        Method::Subscribe => rsip::Method::Subscribe,
        Method::Notify => rsip::Method::Notify,
        Method::Refer => rsip::Method::Refer,
        Method::Message => rsip::Method::Message,
        Method::Publish => rsip::Method::Publish,
        Method::Other => return None,
    })
}

fn transport(text: &str) -> Option<rsip::Transport> {
    rsip::Transport::all().into_iter().find(|known| known.to_string().eq_ignore_ascii_case(text))
}

fn address(address: Result<NameAddr<'_>, Fault>) -> Option<(Option<String>, rsip::Uri, Vec<Param>)> {
    let address = address.ok()?;
    let uri = uri(&address.parse_uri().ok()?)?;
    Some((address.display.as_deref().map(quote), uri, params(address.params)?))
}

fn uri(uri: &Uri<'_>) -> Option<rsip::Uri> {
    let scheme = match uri.scheme {
        Scheme::Sip => RsipScheme::Sip,
        Scheme::Sips => RsipScheme::Sips,
        Scheme::Tel | Scheme::Other => return None,
    };
    if !uri.headers.is_empty() {
        return None;
    }
    Some(rsip::Uri {
        scheme: Some(scheme),
        auth: uri.user.map(|user| Auth { user: user.to_owned(), password: uri.password.map(str::to_owned) }),
        host_with_port: host_with_port(uri.host, uri.port),
        params: params(uri.params)?,
        headers: Vec::new(),
    })
}

/// rsip prints an IPv6 address without its brackets, so it is given as a name.
fn host_with_port(host: &str, port: Option<u16>) -> HostWithPort {
    let host = if host.contains(':') { rsip::Domain::from(format!("[{host}]")).into() } else { host.into() };
    HostWithPort { host, port: port.map(Into::into) }
}

fn via(via: Result<Via<'_>, Fault>) -> Option<typed::Via> {
    let via = via.ok()?;
    Some(typed::Via {
        version: Version::V2,
        transport: transport(via.transport)?,
        uri: rsip::Uri {
            scheme: None,
            auth: None,
            host_with_port: host_with_port(via.host, via.port),
            params: Vec::new(),
            headers: Vec::new(),
        },
        params: params(via.params)?,
    })
}

fn params(params: Params<'_>) -> Option<Vec<Param>> {
    params.written().map(|(name, value)| one_param(name, value)).collect()
}

fn one_param(name: &str, value: &str) -> Option<Param> {
    Some(match (name.to_ascii_lowercase().as_str(), value) {
        ("lr", "") => Param::Lr,
        ("transport", value) => Param::Transport(transport(value)?),
        ("method", value) => Param::Method(method(Method::from_bytes(value.as_bytes()))?),
        ("user", value) if !value.is_empty() => Param::User(param::User::new(value)),
        ("ttl", value) if !value.is_empty() => Param::Ttl(param::Ttl::new(value)),
        ("maddr", value) if !value.is_empty() => Param::Maddr(param::Maddr::new(value)),
        ("branch", value) if !value.is_empty() => Param::Branch(param::Branch::new(value)),
        ("received", value) if !value.is_empty() => Param::Received(param::Received::new(value)),
        ("tag", value) if !value.is_empty() => Param::Tag(param::Tag::new(value)),
        ("expires", value) if !value.is_empty() => Param::Expires(param::Expires::new(value)),
        ("q", value) if !value.is_empty() => Param::Q(param::Q::new(value)),
        (_, "") => Param::Other(name.into(), None),
        (_, value) => Param::Other(name.into(), Some(value.into())),
    })
}
