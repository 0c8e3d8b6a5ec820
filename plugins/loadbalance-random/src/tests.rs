//! The rows of the specification from `tests/vectors`, and lists too long for a row.

use super::*;
use wubbo_plugin_sdk::abi::call::flags;
use wubbo_plugin_sdk::testing::{BalancerBench, Call, Linked, vectors};

#[test]
fn rows_of_the_specification() {
    let file = include_str!("../tests/vectors/random.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 14);
}

/// 1000 providers, and a bench that has them.
fn thousand(weights: &[i64]) -> BalancerBench {
    let url = |row| format!("dubbo://10.0.{}.{}:20880/com.x.S", row / 250, row % 250);
    let urls: Vec<String> = (0..weights.len()).map(url).collect();
    let mut bench = BalancerBench::new(factory(), "{}").unwrap();
    bench.providers(&urls).unwrap();
    bench.weights(weights).unwrap();
    bench
}

/// Pearson's chi squared of choices among `rows`, in the sense of weights.
fn chi_squared(bench: &mut BalancerBench, weights: &[i64], rows: &[usize], times: u32) -> f64 {
    let call = Call::new("com.x.S", "m");
    let mut counts = vec![0_u32; weights.len()];
    for _ in 0..times {
        counts[bench.select_among(&call, rows).unwrap().unwrap()] += 1;
    }
    let total: i64 = rows.iter().map(|row| weights[*row]).sum();
    rows.iter()
        .map(|row| {
            let expected = f64::from(times) * weights[*row] as f64 / total as f64;
            if expected == 0.0 {
                assert_eq!(counts[*row], 0, "row {row} weighs nothing");
                return 0.0;
            }
            (f64::from(counts[*row]) - expected).powi(2) / expected
        })
        .sum()
}

/// Sets that have whole words, nearly whole words, nearly empty words and a short last word.
#[test]
fn shares_follow_weights_among_any_set() {
    let weights: Vec<i64> = (0..1000).map(|row| (row * 7 + 3) % 11).collect();
    let mut bench = thousand(&weights);
    let sets: [Vec<usize>; 6] = [
        (0..1000).collect(),
        (0..999).collect(),
        (0..1000).filter(|row| row % 64 != 5).collect(),
        (0..1000).filter(|row| row % 2 == 0).collect(),
        (0..1000).filter(|row| row % 50 == 3).collect(),
        vec![0, 63, 64, 127, 128, 999],
    ];
    for rows in &sets {
        let heavy = rows.iter().filter(|row| weights[**row] > 0).count();
        let freedom = heavy as f64 - 1.0;
        // Five standard deviations above the mean of the distribution.
        let limit = freedom + 5.0 * (2.0 * freedom).sqrt();
        let found = chi_squared(&mut bench, &weights, rows, 100_000);
        assert!(found < limit, "{} rows: {found} above {limit}", rows.len());
    }
}

/// The test above can fail: choices by other weights are seen.
#[test]
fn wrong_shares_are_seen() {
    let weights: Vec<i64> = (0..1000).map(|row| row % 5 + 1).collect();
    let mut bench = thousand(&weights);
    let wrong: Vec<i64> = (0..1000).map(|row| (row + 1) % 5 + 1).collect();
    let rows: Vec<usize> = (0..1000).collect();
    let found = chi_squared(&mut bench, &wrong, &rows, 100_000);
    assert!(found > 2.0 * (999.0 + 5.0 * (2.0 * 999.0_f64).sqrt()));
}

#[test]
fn weights_are_kept_per_method_when_methods_weigh_differently() {
    let mut bench = thousand(&[1, 0]);
    let call = |method: &str| Call::new("com.x.S", method).flags(flags::METHOD_WEIGHTS);
    for method in ["a", "b", "a"] {
        // Each of the two instances reads them for itself.
        for _ in 0..2 {
            assert_eq!(bench.select(&call(method)).unwrap(), Some(0), "{method}");
        }
    }
    bench.weights(&[0, 1]).unwrap();
    for number in 0..100 {
        let call = call(&format!("method{number}"));
        assert_eq!(bench.select(&call).unwrap(), Some(1), "{number}");
    }
    assert_eq!(
        bench.select(&call("a")).unwrap(),
        Some(1),
        "nothing old is left"
    );
}
