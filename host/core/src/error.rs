//! Why a call failed, when it was not the service that said so.
//!
//! A business exception is a result ([`crate::RpcResult`]); an [`Error`] is everything else. It answers four questions: what
//! failed, whose fault it is, whether another provider may be tried, and what caused it.

use std::error::Error as StdError;
use std::fmt;

/// A failed call or operation. One pointer wide, so that [`crate::Outcome`] stays small.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The provider could not read the request's serialization or the frame was above its limit (status 25).
    Serialization,
    /// The deadline passed before the request left (status 30).
    ClientTimeout,
    /// No answer within the deadline (status 31).
    ServerTimeout,
    /// The connection closed with the request in flight (status 35).
    ChannelInactive,
    /// The request could not be understood: unknown method, wrong descriptor or version, malformed body (status 40).
    BadRequest,
    /// The answer could not be written (status 50).
    BadResponse,
    /// Declared by Dubbo, sent by neither reference for a missing service (status 60).
    ServiceNotFound,
    /// A framework-level failure at the provider, such as no exported service (status 70).
    ServiceError,
    /// The provider's dispatch failed (status 80).
    ServerError,
    /// The answer could not be read (status 90).
    ClientError,
    /// The provider is at its in-flight limit (status 100).
    ThreadPoolExhausted,
    /// No connection could be made, or it closed before the request was written: the provider never saw the call.
    Connect,
    /// The directory has no provider for the call.
    NoProvider,
    /// A policy refused the call: token, limit, loop guard, allow-list.
    Forbidden,
    /// A plugin failed and its failure policy is to fail the call.
    Plugin,
    /// The caller went away before the answer.
    Cancelled,
    /// The client, server or reference was already shut down.
    Destroyed,
    /// Configuration, a URL or a name is wrong.
    Config,
    /// A registry or config center failed.
    Registry,
}

/// The status byte of a Dubbo response (spec/40 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

impl Status {
    /// The body is a result: value, null or exception.
    pub const OK: Self = Self(20);
}

impl ErrorKind {
    /// Every kind, for tests over all values.
    pub const ALL: [Self; 19] = [
        Self::Serialization,
        Self::ClientTimeout,
        Self::ServerTimeout,
        Self::ChannelInactive,
        Self::BadRequest,
        Self::BadResponse,
        Self::ServiceNotFound,
        Self::ServiceError,
        Self::ServerError,
        Self::ClientError,
        Self::ThreadPoolExhausted,
        Self::Connect,
        Self::NoProvider,
        Self::Forbidden,
        Self::Plugin,
        Self::Cancelled,
        Self::Destroyed,
        Self::Config,
        Self::Registry,
    ];

    /// The status byte that tells a consumer about this failure.
    #[must_use]
    pub fn status(self) -> Status {
        Status(match self {
            Self::Serialization => 25,
            Self::ClientTimeout => 30,
            Self::ServerTimeout => 31,
            Self::ChannelInactive => 35,
            Self::BadRequest => 40,
            Self::BadResponse => 50,
            Self::ServiceNotFound => 60,
            Self::ServiceError
            | Self::Connect
            | Self::NoProvider
            | Self::Forbidden
            | Self::Plugin
            | Self::Cancelled
            | Self::Destroyed
            | Self::Config
            | Self::Registry => 70,
            Self::ServerError => 80,
            Self::ClientError => 90,
            Self::ThreadPoolExhausted => 100,
        })
    }

    /// What a status byte of a provider means; `None` for 20 and for bytes that Dubbo does not define.
    #[must_use]
    pub fn from_status(status: Status) -> Option<Self> {
        Some(match status.0 {
            25 => Self::Serialization,
            30 => Self::ClientTimeout,
            31 => Self::ServerTimeout,
            35 => Self::ChannelInactive,
            40 => Self::BadRequest,
            50 => Self::BadResponse,
            60 => Self::ServiceNotFound,
            70 => Self::ServiceError,
            80 => Self::ServerError,
            90 => Self::ClientError,
            100 => Self::ThreadPoolExhausted,
            _ => return None,
        })
    }

    /// Whether failover may try another provider. A refusal by policy, a bad request or bad configuration would only repeat.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        !matches!(
            self,
            Self::Forbidden
                | Self::Cancelled
                | Self::Destroyed
                | Self::Config
                | Self::BadRequest
                | Self::Plugin
        )
    }

    /// Whether the provider certainly never saw the call; the only failures that a gateway retries (spec GW-4).
    #[must_use]
    pub fn never_reached_provider(self) -> bool {
        matches!(self, Self::Connect | Self::ClientTimeout)
    }

    /// The kind's stable name, as metrics label and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serialization => "serialization",
            Self::ClientTimeout => "client_timeout",
            Self::ServerTimeout => "server_timeout",
            Self::ChannelInactive => "channel_inactive",
            Self::BadRequest => "bad_request",
            Self::BadResponse => "bad_response",
            Self::ServiceNotFound => "service_not_found",
            Self::ServiceError => "service_error",
            Self::ServerError => "server_error",
            Self::ClientError => "client_error",
            Self::ThreadPoolExhausted => "thread_pool_exhausted",
            Self::Connect => "connect",
            Self::NoProvider => "no_provider",
            Self::Forbidden => "forbidden",
            Self::Plugin => "plugin",
            Self::Cancelled => "cancelled",
            Self::Destroyed => "destroyed",
            Self::Config => "config",
            Self::Registry => "registry",
        }
    }
}

impl Error {
    /// An error of `kind`; `message` is lower case, names the thing and has no full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    /// The same with the error that caused it.
    pub fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: Some(source.into()),
        }))
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text without its cause; what a consumer of another language reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The whole chain on one line, for logs and for bodies of status other than 20.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = self.0.message.clone();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_byte_survives_a_round_trip() {
        for byte in 0..=u8::MAX {
            if let Some(kind) = ErrorKind::from_status(Status(byte)) {
                assert_eq!(kind.status(), Status(byte), "{kind:?}");
            }
        }
        let defined: Vec<u8> = (0..=u8::MAX)
            .filter(|byte| ErrorKind::from_status(Status(*byte)).is_some())
            .collect();
        assert_eq!(defined, [25, 30, 31, 35, 40, 50, 60, 70, 80, 90, 100]);
    }

    #[test]
    fn every_kind_has_a_status_of_its_own_or_says_service_error() {
        for kind in ErrorKind::ALL {
            let back = ErrorKind::from_status(kind.status()).expect("a status that Dubbo defines");
            assert!(
                back == kind || back == ErrorKind::ServiceError,
                "{kind:?} became {back:?}"
            );
        }
    }

    #[test]
    fn report_names_every_cause() {
        let io = std::io::Error::other("refused");
        let error = Error::with_source(ErrorKind::Connect, "connect 127.0.0.1:1", io);
        assert_eq!(error.report(), "connect 127.0.0.1:1: refused");
        assert_eq!(error.to_string(), "connect 127.0.0.1:1");
    }
}
