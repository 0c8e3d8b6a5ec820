//! Reading and writing the frames of a call: `cargo bench -p wubbo-protocol --bench codec`.
//!
//! Attachments repeat, as those of a consumer do that does not trace; `read request, traced` is for one that does.

use std::hint::black_box;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use wubbo_core::{
    Deadline, Invocation, Outcome, Payload, RawStream, Request, RequestBody, ResultKind, RpcResult,
    ServiceKey, Status, Url,
};
use wubbo_hessian2::Value;
use wubbo_protocol::Codec;

const INTERFACE: &str = "org.wubbo.demo.EchoService";
const HEADER_BYTES: usize = 16;

/// A call as a consumer makes it.
fn call(method: &str, descriptor: &str, arguments: &[Value]) -> Invocation {
    let mut request = Request::new(ServiceKey::new(INTERFACE, "", "1.0.0"), method);
    request.descriptor = descriptor.into();
    request.body = RequestBody::Raw(RawStream::encode(arguments).expect("strings"));
    request.deadline = Some(Deadline::after(Duration::from_secs(3600)));
    request.attachments.set("remote.application", "bench");
    Invocation::new(request, Url::default())
}

fn body(frame: &[u8]) -> Bytes {
    Bytes::copy_from_slice(frame.get(HEADER_BYTES..).expect("a frame"))
}

fn codec(criterion: &mut Criterion) {
    let text = Value::from("x".repeat(128));
    let calls = [
        ("empty", call("touch", "", &[])),
        ("echo 128 B", call("echo", "Ljava/lang/String;", &[text])),
    ];
    let url = format!("dubbo://127.0.0.1:20880/{INTERFACE}?version=1.0.0");
    let url = Url::parse(&url).expect("a url");
    let mut codec = Codec::new();
    let mut out = BytesMut::with_capacity(4096);
    for (name, invocation) in calls {
        criterion.bench_function(&format!("write request, {name}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                codec.write_request(&mut out, black_box(&invocation), &url)
            });
        });
        let request = body(&out);
        criterion.bench_function(&format!("read request, {name}"), |bencher| {
            bencher.iter(|| codec.read_request(black_box(&request)));
        });
        // Two of a kind in turn, so that none is the one before.
        let traced = ["0badcafe", "cafe0bad"].map(|trace| {
            let mut traced = invocation.clone();
            traced.set_attachment("traceparent", trace);
            out.clear();
            codec.write_request(&mut out, &traced, &url).expect("text");
            body(&out)
        });
        let mut turns = traced.iter().cycle();
        criterion.bench_function(&format!("read request, traced {name}"), |bencher| {
            bencher.iter(|| codec.read_request(black_box(turns.next().expect("endless"))));
        });
        let read = codec.read_request(&request).expect("our own");
        let outcome: Outcome = Ok(match read.body {
            RequestBody::Raw(stream) if stream.count > 0 => {
                RpcResult::new(ResultKind::Value(Payload::Raw(stream)))
            }
            _ => RpcResult::null(),
        });
        criterion.bench_function(&format!("write response, {name}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                codec.write_response(&mut out, 1, black_box(&outcome));
            });
        });
        let response = body(&out);
        criterion.bench_function(&format!("read response, {name}"), |bencher| {
            bencher.iter(|| codec.read_response(Status::OK, black_box(&response)));
        });
        criterion.bench_function(&format!("pass on with one change, {name}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                let mut request = codec.read_request(black_box(&request)).expect("our own");
                request.attachments.set("wubbo.via", "0badcafe");
                let invocation = Invocation::new(request, url.clone());
                codec.write_request(&mut out, &invocation, &url)
            });
        });
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
