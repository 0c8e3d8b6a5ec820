//! Encoding, decoding and skipping of the demo contract's `User` and of a list of 15 of them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark is no interface, and stops at the first surprise"
)]

#[path = "subject/user.rs"]
mod user;

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::{Serialize, de::DeserializeOwned};
use wubbo_hessian2::{Decoder, Encoder, Value};

use user::user;

fn measure<T: Serialize + DeserializeOwned>(criterion: &mut Criterion, name: &str, subject: &T) {
    let bytes = wubbo_hessian2::to_bytes(subject).unwrap();
    let value = Decoder::new(&bytes).read_value().unwrap();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let mut out = BytesMut::with_capacity(1 << 16);
    group.bench_function("encode, serde", |bencher| {
        bencher.iter(|| {
            out.clear();
            Encoder::new(&mut out).write(black_box(subject)).unwrap();
        });
    });
    group.bench_function("decode, serde", |bencher| {
        bencher.iter(|| Decoder::new(black_box(&bytes)).read::<T>().unwrap());
    });
    group.bench_function("encode, Value", |bencher| {
        bencher.iter(|| {
            out.clear();
            Encoder::new(&mut out)
                .write_value(black_box(&value))
                .unwrap();
        });
    });
    group.bench_function("decode, Value", |bencher| {
        bencher.iter(|| -> Value { Decoder::new(black_box(&bytes)).read_value().unwrap() });
    });
    group.bench_function("skip", |bencher| {
        bencher.iter(|| Decoder::new(black_box(&bytes)).skip_value().unwrap());
    });
    group.finish();
}

fn codec(criterion: &mut Criterion) {
    measure(criterion, "User", &user(7));
    measure(
        criterion,
        "15 Users",
        &(0..15).map(user).collect::<Vec<_>>(),
    );
}

criterion_group!(benches, codec);
criterion_main!(benches);
