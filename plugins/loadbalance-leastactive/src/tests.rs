//! The rows of the specification from `tests/vectors`.

use super::*;
use wubbo_plugin_sdk::abi::call::flags;
use wubbo_plugin_sdk::testing::{BalancerBench, Call, Linked, vectors};

#[test]
fn rows_of_the_specification() {
    let file = include_str!("../tests/vectors/leastactive.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 13);
}

/// Against a choice by hand: among 1000, whole and in part, the chosen one is always of the least.
#[test]
fn the_chosen_one_is_of_the_least() {
    let urls: Vec<String> = (0..1000)
        .map(|row| format!("dubbo://10.0.{}.{}:20880/com.x.S", row / 250, row % 250))
        .collect();
    let mut bench = BalancerBench::new(factory(), "{}").unwrap();
    bench.providers(&urls).unwrap();
    let call = Call::new("com.x.S", "m");
    let mut seed: u32 = 1;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 16
    };
    for round in 0..200 {
        let active: Vec<i64> = (0..1000).map(|_| i64::from(next() % 40) + 1).collect();
        bench.cells(Cell::Active, &active).unwrap();
        let step = next() as usize % 7 + 1;
        let rows: Vec<usize> = (0..1000).step_by(step).collect();
        let least = rows.iter().map(|row| active[*row]).min();
        let chosen = bench.select_among(&call, &rows).unwrap().unwrap();
        assert_eq!(Some(active[chosen]), least, "round {round}, every {step}");
    }
}

#[test]
fn weights_are_kept_per_method_when_methods_weigh_differently() {
    let mut bench = BalancerBench::new(factory(), "{}").unwrap();
    let urls = [
        "dubbo://a:1/com.x.S?weight=1",
        "dubbo://b:1/com.x.S?weight=0",
    ];
    bench.providers(&urls).unwrap();
    let call = |method: &str| Call::new("com.x.S", method).flags(flags::METHOD_WEIGHTS);
    for number in 0..100 {
        let call = call(&format!("method{number}"));
        assert_eq!(bench.select(&call).unwrap(), Some(0), "{number}");
    }
    bench.weights(&[0, 1]).unwrap();
    for number in (0..100).rev() {
        let call = call(&format!("method{number}"));
        assert_eq!(bench.select(&call).unwrap(), Some(1), "{number}");
    }
}
