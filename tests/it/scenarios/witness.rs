//! What a registry's server itself says, asked beside all clients: who is connected, and whose entries there are.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::{Kind, Server};

/// The sessions at ZooKeeper, or leases at etcd, that were granted so many milliseconds.
pub(super) fn sessions(server: &Server, granted_ms: u64) -> BTreeSet<String> {
    match server.kind {
        Kind::Zookeeper => {
            let answer = server.ask("cons").unwrap_or_default();
            let wanted = format!("to={granted_ms}");
            let lines = answer.lines().filter_map(|line| line.split_once('('));
            lines
                .filter_map(|(_, fields)| {
                    let fields: Vec<&str> = fields.trim_end_matches(')').split(',').collect();
                    let session = fields.iter().find_map(|field| field.strip_prefix("sid="))?;
                    fields.contains(&&*wanted).then(|| session.to_owned())
                })
                .collect()
        }
        Kind::Etcd => {
            let leases = post(server, "/v3/lease/leases", &json!({}));
            let ids = leases["leases"].as_array().cloned().unwrap_or_default();
            let wanted = (granted_ms / 1000).to_string();
            ids.into_iter()
                .filter_map(|lease| {
                    let id = lease["ID"].as_str()?;
                    let life = post(server, "/v3/lease/timetolive", &json!({ "ID": id }));
                    (life["grantedTTL"].as_str() == Some(&*wanted)).then(|| id.to_owned())
                })
                .collect()
        }
    }
}

/// The entries that live with a session or lease, by path, each with its owner.
pub(super) fn entries(server: &Server) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    match server.kind {
        Kind::Zookeeper => {
            let answer = server.ask("dump").unwrap_or_default();
            let mut owner = "";
            for line in answer.lines() {
                match line.strip_prefix('\t') {
                    Some(path) if path.starts_with('/') => {
                        entries.insert(path.to_owned(), owner.to_owned());
                    }
                    _ => owner = line.trim_end_matches(':'),
                }
            }
        }
        Kind::Etcd => {
            let range = json!({
                "key": STANDARD.encode("/dubbo/"),
                "range_end": STANDARD.encode("/dubbo0"),
            });
            let found = post(server, "/v3/kv/range", &range);
            for entry in found["kvs"].as_array().into_iter().flatten() {
                let key = STANDARD.decode(entry["key"].as_str().unwrap()).unwrap();
                if let Some(lease) = entry["lease"].as_str() {
                    entries.insert(String::from_utf8(key).unwrap(), lease.to_owned());
                }
            }
        }
    }
    entries
}

/// How many entries of providers name `location`, such as `127.0.0.1:20880`.
pub(super) fn entries_at(server: &Server, location: &str) -> usize {
    let mark = format!("dubbo%3A%2F%2F{}%2F", location.replace(':', "%3A"));
    let paths = entries(server);
    let named = |path: &&String| path.contains("/providers/") && path.contains(&mark);
    paths.keys().filter(named).count()
}

/// Requests that the server got from sessions of so many milliseconds; only ZooKeeper tells that.
pub(super) fn requests(server: &Server, granted_ms: u64) -> Option<u64> {
    let answer = server
        .ask("cons")
        .filter(|_| server.kind == Kind::Zookeeper)?;
    let wanted = format!("to={granted_ms},");
    let lines = answer.lines().filter(|line| line.contains(&wanted));
    let counts = lines.filter_map(|line| {
        let (_, rest) = line.split_once("recved=")?;
        rest.split(',').next()?.parse::<u64>().ok()
    });
    Some(counts.sum())
}

/// etcd's answer by its JSON door; nothing where it does not answer.
fn post(server: &Server, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let length = body.len();
    let answer = server.ask(&format!(
        "POST {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    let answer = answer.unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).unwrap_or_default()
}
