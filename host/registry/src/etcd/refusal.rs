//! What etcd's errors mean: whether the connection failed or the request was refused, and what an operator can do then.

use std::error::Error as _;

use etcd_client::Error;

use crate::tree::backend::Trouble;

/// What an answer that is no success means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Trouble(Trouble),
    /// Our lease is not known (any more).
    NoLease,
}

/// `error` and what is behind it, in one line.
pub(super) fn explain(error: &Error) -> String {
    let (mut text, mut source) = match error {
        Error::GRpcStatus(status) => (status.message().to_owned(), status.source()),
        Error::TransportError(transport) => (transport.to_string(), transport.source()),
        other => (other.to_string(), None),
    };
    while let Some(cause) = source {
        let further = cause.to_string();
        if !text.contains(&further) {
            text = format!("{text}: {further}");
        }
        source = cause.source();
    }
    text
}

pub(super) fn meaning(error: &Error) -> Meaning {
    match error {
        Error::GRpcStatus(status) => status_meaning(status.code() as i32, &explain(error)),
        Error::InvalidArgs(_) | Error::InvalidUri(_) | Error::InvalidMetadataValue(_) => {
            Meaning::Trouble(Trouble::Refused {
                error: explain(error),
                remedy: "mend the registry's address",
            })
        }
        _ => Meaning::Trouble(Trouble::Connection),
    }
}

/// By the code of gRPC and etcd's text.
fn status_meaning(code: i32, text: &str) -> Meaning {
    let remedy = match code {
        // Cancelled, unknown, deadline exceeded, aborted, internal, unavailable: the connection, or a cluster without a leader.
        1 | 2 | 4 | 10 | 13 | 14 => return Meaning::Trouble(Trouble::Connection),
        5 if text.contains("lease") => return Meaning::NoLease,
        3 | 16 if text.contains("user") || text.contains("auth") => {
            "put etcd's user and password into the registry's address (etcd://user:password@host:2379)"
        }
        7 => {
            "let etcd grant the user's role readwrite on the registry's root (etcdctl role grant-permission ROLE readwrite --prefix /dubbo)"
        }
        8 if text.contains("space") => {
            "etcd is full: compact and defragment it, then disarm its alarm (etcdctl alarm disarm)"
        }
        12 => "it must be etcd 3.4 or later",
        _ => "see the log of the etcd server",
    };
    Meaning::Trouble(Trouble::Refused {
        error: text.to_owned(),
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec 50 2.11, F-61: what is tried again over the next connection, and what is for an operator to mend.
    #[test]
    fn every_code_has_its_meaning() {
        for (code, text, expected) in [
            (1, "", "connection"),
            (2, "transport error", "connection"),
            (3, "etcdserver: user name is empty", "user and password"),
            (3, "etcdserver: key is not provided", "see the log"),
            (4, "", "connection"),
            (5, "etcdserver: requested lease not found", "no lease"),
            (5, "etcdserver: other", "see the log"),
            (7, "etcdserver: permission denied", "grant"),
            (8, "etcdserver: mvcc: database space exceeded", "compact"),
            (8, "etcdserver: too many requests", "see the log"),
            (9, "etcdserver: failed precondition", "see the log"),
            (11, "message too large", "see the log"),
            (12, "unknown service", "3.4 or later"),
            (13, "stream error", "connection"),
            (14, "etcdserver: no leader", "connection"),
            (14, "etcdserver: leader changed", "connection"),
            (14, "etcdserver: request timed out", "connection"),
            (16, "etcdserver: invalid auth token", "user and password"),
        ] {
            let found = match status_meaning(code, text) {
                Meaning::NoLease => "no lease".to_owned(),
                Meaning::Trouble(Trouble::Connection) => "connection".to_owned(),
                Meaning::Trouble(Trouble::Refused { error, remedy }) => {
                    format!("{error}: {remedy}")
                }
            };
            assert!(found.contains(expected), "{code} {text}: {found}");
        }
    }
}
