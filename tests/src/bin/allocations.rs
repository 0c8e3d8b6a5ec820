//! `cargo xtask bench`, its last part: how often a call asks the allocator, and for how many bytes, at the provider and at the consumer.
//!
//! Both run in this process. The provider's share is counted with requests that were made beforehand and answers that are read into one
//! buffer; the consumer's is what the same call needs more when a stub makes it.

#![allow(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::alloc::System;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wubbo::contract::Stub;
use wubbo::core::ServiceKey;
use wubbo::hessian2::{Date, Value};
use wubbo::{Client, JavaType, Server};
use wubbo_tests::wire::{Request, place, values};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SERVICE: &str = "org.wubbo.demo.EchoService";
const CALLS: u32 = 5000;

#[derive(Clone, Debug, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.User")]
struct User {
    id: String,
    name: String,
    age: i32,
    time: Date,
    tags: Vec<String>,
    scores: HashMap<String, f64>,
}

struct Demo;

#[wubbo::service(interface = "org.wubbo.demo.EchoService", version = "1.0.0")]
impl Demo {
    async fn touch(&self) -> wubbo::Result<()> {
        Ok(())
    }

    async fn echo(&self, text: String) -> wubbo::Result<String> {
        Ok(text)
    }

    async fn list_users(&self, n: i32) -> wubbo::Result<Vec<User>> {
        let user = |id: i32| User {
            id: id.to_string(),
            name: format!("name-{id}"),
            age: 18,
            time: Date(1_590_926_400_000),
            tags: vec!["a".to_owned(), "b".to_owned()],
            scores: HashMap::from([("math".to_owned(), 99.5)]),
        };
        Ok((0..n).map(user).collect())
    }
}

/// Requests to the allocator, and their bytes.
#[derive(Clone, Copy)]
struct Asked {
    times: f64,
    bytes: f64,
}

impl Asked {
    /// Per call of those since the region began.
    fn since(region: &Region<'_, System>) -> Self {
        let change = region.change();
        let per_call = |number: usize| number as f64 / f64::from(CALLS);
        Self {
            times: per_call(change.allocations + change.reallocations),
            bytes: per_call(change.bytes_allocated),
        }
    }
}

/// What the provider needs for a call, asked for over and over on one connection.
fn provider(url: &str, request: &Request<'_>) -> io::Result<Asked> {
    let mut stream = TcpStream::connect(place(url))?;
    stream.set_nodelay(true)?;
    let frame = request.frame(1);
    let mut body = vec![0; 64 * 1024];
    let mut call = || {
        stream.write_all(&frame)?;
        let mut head = [0; 16];
        stream.read_exact(&mut head)?;
        let [.., a, b, c, d] = head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let body = body.get_mut(..length);
        stream.read_exact(body.ok_or_else(|| io::Error::other("a large answer"))?)
    };
    for _ in 0..CALLS / 10 {
        call()?;
    }
    let region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        call()?;
    }
    Ok(Asked::since(&region))
}

/// What provider and consumer need for a call together.
async fn both(
    stub: &Stub,
    method: &str,
    types: &[&str],
    arguments: &[Value],
) -> wubbo::Result<Asked> {
    for _ in 0..CALLS / 10 {
        stub.invoke(method, types, arguments.to_vec()).await?;
    }
    let region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        stub.invoke(method, types, arguments.to_vec()).await?;
    }
    Ok(Asked::since(&region))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let server = Server::new("allocations").listen("dubbo://127.0.0.1:0");
    let server = runtime.block_on(server.service(Demo).start())?;
    let url = server.listening().next().map(ToString::to_string);
    let url = url.ok_or("the provider listens nowhere")?;
    let client = runtime.block_on(Client::builder("allocations").build())?;
    let key = ServiceKey::new(SERVICE, "", "1.0.0");
    let stub = {
        let _runtime = runtime.enter();
        client.direct_stub(&key, &url)?
    };

    println!(
        "{:18} {:>12} {:>10} {:>12} {:>10}",
        "per call", "provider's", "bytes", "consumer's", "bytes"
    );
    let text = Value::from("x".repeat(128));
    let cases = [
        ("empty call", "touch", "", "", vec![]),
        (
            "128-byte echo",
            "echo",
            "java.lang.String",
            "Ljava/lang/String;",
            vec![text],
        ),
        (
            "list of 15 Users",
            "listUsers",
            "int",
            "I",
            vec![Value::Int(15)],
        ),
    ];
    for (name, method, java, descriptor, arguments) in cases {
        let types: Vec<&str> = Some(java)
            .into_iter()
            .filter(|java| !java.is_empty())
            .collect();
        let request = Request {
            method,
            descriptor,
            arguments: values(&arguments),
            ..Request::default()
        };
        let provider = provider(&url, &request)?;
        let both = runtime.block_on(both(&stub, method, &types, &arguments))?;
        println!(
            "{name:18} {:>12.1} {:>10.0} {:>12.1} {:>10.0}",
            provider.times,
            provider.bytes,
            both.times - provider.times,
            both.bytes - provider.bytes,
        );
    }
    runtime.block_on(server.stop(Duration::from_secs(1)));
    Ok(())
}
