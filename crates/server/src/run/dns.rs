//! Asks DNS what a search wants to know: the one place where our questions meet hickory.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType, rdata},
    },
};
use locate::{Answer, Data, Domain, Kind, LookupFault, Naptr, Question, Record, Srv};

/// How long one server may take; a question is asked again once.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// A resolver over UDP and TCP. Cheap to clone.
#[derive(Clone)]
pub struct Dns(TokioResolver);

impl Dns {
    /// Asks the servers of `/etc/resolv.conf`; addresses of `/etc/hosts` go before theirs.
    pub fn of_system() -> Result<Dns, NetError> {
        let mut builder = TokioResolver::builder_tokio()?;
        set(builder.options_mut());
        builder.build().map(Dns)
    }

    /// Asks these servers.
    pub fn at(servers: &[SocketAddr]) -> Result<Dns, NetError> {
        let servers = servers.iter().map(|server| {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            connections.iter_mut().for_each(|connection| connection.port = server.port());
            NameServerConfig::new(server.ip(), true, connections)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        set(builder.options_mut());
        builder.build().map(Dns)
    }

    /// Asks one question; ends within a few seconds.
    pub async fn ask(&self, question: &Question) -> Answer {
        let answer = self.look_up(question, true).await;
        let is_host = matches!(question.kind, Kind::A | Kind::Aaaa) && !question.name.as_str().contains('.');
        match answer {
            // A host of this network: as the machine's own resolver would find it.
            Err(LookupFault::Nothing { .. }) if is_host => self.look_up(question, false).await,
            answer => answer,
        }
    }

    async fn look_up(&self, question: &Question, absolute: bool) -> Answer {
        let mut name = Name::from_ascii(question.name.as_str()).map_err(|_| LookupFault::Nothing { ttl_secs: None })?;
        name.set_fqdn(absolute);
        let kind = match question.kind {
            Kind::Naptr => RecordType::NAPTR,
            Kind::Srv => RecordType::SRV,
            Kind::A => RecordType::A,
            Kind::Aaaa => RecordType::AAAA,
        };
        let found = self.0.lookup(name, kind).await.map_err(|error| fault(&error))?;
        // Aliases on the way are part of the answer: it holds no longer than they do.
        let ttl_secs = found.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
        let of_kind = found.answers().iter().filter(|record| record.record_type() == kind);
        Ok(of_kind.filter_map(|record| Some(Record { ttl_secs, data: data(&record.data)? })).collect())
    }
}

/// Answers are kept by whoever asks, and not here a second time.
fn set(options: &mut ResolverOpts) {
    options.timeout = TIMEOUT;
    options.attempts = 1;
    options.cache_size = 0;
}

fn fault(error: &NetError) -> LookupFault {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            LookupFault::Nothing { ttl_secs: none.negative_ttl }
        }
        _ => LookupFault::Failed,
    }
}

/// A record as a search reads it; `None` for one whose names no host could have.
fn data(data: &RData) -> Option<Data> {
    Some(match data {
        RData::NAPTR(naptr) => Data::Naptr(rule(naptr)?),
        RData::SRV(srv) => {
            let target = target(&srv.target)?;
            Data::Srv(Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target })
        }
        RData::A(address) => Data::A(address.0),
        RData::AAAA(address) => Data::Aaaa(address.0),
        _ => return None,
    })
}

fn rule(naptr: &rdata::NAPTR) -> Option<Naptr> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into_boxed_str();
    Some(Naptr {
        order: naptr.order,
        preference: naptr.preference,
        flags: text(&naptr.flags),
        service: text(&naptr.services),
        regexp: text(&naptr.regexp),
        replacement: target(&naptr.replacement)?,
    })
}

/// `Some(None)` is the root.
fn target(name: &Name) -> Option<Option<Domain>> {
    if name.is_root() { Some(None) } else { Domain::parse(&name.to_ascii()).map(Some) }
}
