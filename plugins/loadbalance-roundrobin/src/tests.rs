//! The rows of the specification from `tests/vectors`, and what a row cannot say.

use super::*;
use wubbo_plugin_sdk::testing::{BalancerBench, Call, Linked, vectors};

#[test]
fn rows_of_the_specification() {
    let file = include_str!("../tests/vectors/roundrobin.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 21);
}

fn bench(providers: usize) -> BalancerBench {
    let url = |row| format!("dubbo://10.0.{}.{}:20880/com.x.S", row / 250, row % 250);
    let urls: Vec<String> = (0..providers).map(url).collect();
    let mut bench = BalancerBench::new(factory(), "{}").unwrap();
    bench.providers(&urls).unwrap();
    bench
}

/// Over as many choices as all weigh together each provider has exactly its weight; two instances, so twice that.
#[test]
fn shares_are_exact_over_one_round() {
    let weights: Vec<i64> = (0..300).map(|row| row * row % 17).collect();
    let mut bench = bench(weights.len());
    bench.weights(&weights).unwrap();
    let call = Call::new("com.x.S", "m");
    let sets: [Vec<usize>; 2] = [(0..300).collect(), (0..300).step_by(3).collect()];
    for rows in sets {
        let total: i64 = rows.iter().map(|row| weights[*row]).sum();
        let mut counts = vec![0; weights.len()];
        for _ in 0..2 * total {
            counts[bench.select_among(&call, &rows).unwrap().unwrap()] += 1;
        }
        for row in rows {
            assert_eq!(counts[row], 2 * weights[row], "row {row}");
        }
        // A new list whose weights differ from the old ones: every provider starts anew.
        bench.weights(&vec![0; weights.len()]).unwrap();
        bench.select(&call).unwrap();
        bench.select(&call).unwrap();
        bench.weights(&weights).unwrap();
    }
}

#[test]
fn methods_are_bounded_and_the_one_used_longest_ago_starts_anew() {
    let mut bench = bench(2);
    let mut both = |method: &str| {
        let call = Call::new("com.x.S", method);
        let chosen = [bench.select(&call).unwrap(), bench.select(&call).unwrap()];
        assert_eq!(chosen[0], chosen[1]);
        chosen[0]
    };
    assert_eq!(both("first"), Some(0));
    for number in 0..METHODS_MAX - 1 {
        assert_eq!(both(&format!("method{number}")), Some(0));
    }
    assert_eq!(both("first"), Some(1), "it is one of 64 and goes on");
    for number in 0..METHODS_MAX {
        both(&format!("other{number}"));
    }
    assert_eq!(both("first"), Some(0), "64 others came after it");
}

#[test]
fn providers_that_left_are_bounded() {
    let mut bench = bench(3000);
    let call = Call::new("com.x.S", "m");
    for _ in 0..2 {
        bench.select(&call).unwrap();
    }
    let kept = |bench: &mut BalancerBench, host: &str| {
        let urls = [
            format!("dubbo://{host}:20880/com.x.S"),
            "dubbo://z:1/com.x.S".to_owned(),
        ];
        bench.providers(&urls).unwrap();
        [bench.select(&call).unwrap(), bench.select(&call).unwrap()]
    };
    bench
        .providers(&["dubbo://z:1/com.x.S", "dubbo://y:1/com.x.S"])
        .unwrap();
    // Row 0 paid for all and waits; row 1 gained and goes first; row 2999 is beyond the bound and starts anew, first in its list.
    assert_eq!(kept(&mut bench, "10.0.0.0"), [Some(1), Some(1)]);
    assert_eq!(kept(&mut bench, "10.0.11.249"), [Some(0), Some(0)]);
}
