//! The figures that are compared with those of foreign codecs: operation and nanoseconds, separated by a tab, one line
//! each, measured as the programs of the peers measure theirs: of several rounds the best, which was disturbed least.
//! The allocator is that of the `wubbo` binary.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark is no interface, stops at the first surprise, and its output is its figures"
)]

#[path = "subject/user.rs"]
mod user;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use serde::{Serialize, de::DeserializeOwned};
use wubbo_hessian2::{Decoder, Encoder};

use user::user;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(150);

fn main() {
    measure("User", &user(7));
    measure("15 Users", &(0..15).map(user).collect::<Vec<_>>());
}

fn measure<T: Serialize + DeserializeOwned>(name: &str, subject: &T) {
    let bytes = wubbo_hessian2::to_bytes(subject).unwrap();
    let mut out = BytesMut::with_capacity(1 << 16);
    timed(&format!("encode {name}"), || {
        out.clear();
        Encoder::new(&mut out).write(black_box(subject)).unwrap();
    });
    timed(&format!("decode {name}"), || {
        black_box(Decoder::new(black_box(&bytes)).read::<T>().unwrap());
    });
    timed(&format!("skip {name} of {} bytes", bytes.len()), || {
        black_box(Decoder::new(black_box(&bytes)).skip_value().unwrap());
    });
}

fn timed(name: &str, mut operation: impl FnMut()) {
    let rounds = (0..ROUNDS).map(|_| round(&mut operation));
    let best = rounds.fold(f64::INFINITY, f64::min);
    println!("{name}\t{best:.0}");
}

/// Nanoseconds of an operation.
fn round(operation: &mut impl FnMut()) -> f64 {
    let since = Instant::now();
    let mut count = 0.0;
    loop {
        for _ in 0..100 {
            operation();
        }
        count += 100.0;
        let took = since.elapsed();
        if took >= ROUND {
            return took.as_secs_f64() * 1e9 / count;
        }
    }
}
