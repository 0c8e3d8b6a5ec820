//! The numbers of the dubbo protocol, each with its default.

use std::time::Duration;

use wubbo_core::{Url, keys};

use super::tls::SslConfig;

/// Settings of both roles. The defaults are Dubbo's unless a line says otherwise.
#[derive(Clone, Debug)]
pub struct DubboConfig {
    /// Largest frame body in bytes, read and written; 0 is no limit. Default 8 MiB (`payload`).
    pub payload: usize,
    /// After this long without reading anything a consumer asks whether the provider is there. Default 30 s, since Java's idle limit is
    /// three times its own 60 s (spec/40 section 6.5).
    pub heartbeat: Duration,
    /// A connection on which nothing was read for this long is closed. Default 180 s.
    pub idle: Duration,
    /// How long a connection may take to be made. Default 3 s.
    pub connect_timeout: Duration,
    /// Calls that one connection may have in flight at a provider; more are answered with status 100. Default 1024 (ours: Dubbo Java
    /// bounds its thread pool instead, at 200).
    pub in_flight_connection: usize,
    /// Bytes of requests that one connection may have in flight at a provider before nothing more is read from it. Default 16 MiB
    /// (ours). A call that is answered at once is not counted.
    pub in_flight_bytes: usize,
    /// Calls that a listener may have in flight over all connections. Default 16,384 (ours).
    pub in_flight_total: usize,
    /// Connections that a listener accepts; more are closed at once. Default 10,000 (ours; dubbo-go: 700).
    pub connections_max: usize,
    /// Calls that may wait for an answer on one connection; a call that finds more is refused. Default 65,536 (ours).
    pub pending_max: usize,
    /// Bytes that may wait to be written to a provider; a call that finds more is refused. Default 16 MiB (ours).
    pub write_queue_bytes: usize,
    /// The certificates for URLs with `ssl-enabled=true`. Default: none.
    pub ssl: SslConfig,
}

impl DubboConfig {
    /// As the reference `url` says; what it does not say stays.
    pub(crate) fn of_reference(&self, url: &Url) -> Self {
        let heartbeat = url.get_parsed::<u32>(keys::HEARTBEAT).ok().flatten();
        Self {
            payload: self.payload_of(url),
            heartbeat: heartbeat.map_or(self.heartbeat, silence),
            ..self.clone()
        }
    }

    /// As the URL of a listener says. Its idle limit is three of its heartbeats, as in Dubbo Java.
    pub(crate) fn of_listener(&self, url: &Url) -> Self {
        let heartbeat = url.get_parsed::<u32>(keys::HEARTBEAT).ok().flatten();
        let accepts = url.get_parsed::<usize>(keys::ACCEPTS).ok().flatten();
        let accepts = accepts.map(|accepts| if accepts == 0 { usize::MAX } else { accepts });
        Self {
            payload: self.payload_of(url),
            idle: heartbeat.map_or(self.idle, |heartbeat| silence(heartbeat) * 3),
            connections_max: accepts.unwrap_or(self.connections_max),
            ..self.clone()
        }
    }

    /// The payload limit that `url` asks for, else this one. 0 is no limit, and so is less than 0, as in Dubbo Java.
    fn payload_of(&self, url: &Url) -> usize {
        match url.get_parsed::<i64>(keys::PAYLOAD) {
            Ok(Some(payload)) => usize::try_from(payload).unwrap_or(0),
            _ => self.payload,
        }
    }
}

/// A heartbeat of 0 ms is none: a silence that nobody lives to see.
fn silence(heartbeat_ms: u32) -> Duration {
    match heartbeat_ms {
        0 => Duration::from_secs(365 * 24 * 3600),
        ms => Duration::from_millis(ms.into()),
    }
}

impl Default for DubboConfig {
    fn default() -> Self {
        Self {
            payload: keys::DEFAULT_PAYLOAD_BYTES,
            heartbeat: Duration::from_secs(30),
            idle: Duration::from_secs(180),
            connect_timeout: Duration::from_secs(3),
            in_flight_connection: 1024,
            in_flight_bytes: 16 * 1024 * 1024,
            in_flight_total: 16_384,
            connections_max: 10_000,
            pending_max: 65_536,
            write_queue_bytes: 16 * 1024 * 1024,
            ssl: SslConfig::default(),
        }
    }
}
