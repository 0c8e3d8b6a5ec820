//! The rows of the specification from `tests/vectors`, and what a row cannot say.

use super::*;
use wubbo_plugin_sdk::testing::{BalancerBench, Call, Linked, vectors};

#[test]
fn rows_of_the_specification() {
    let file = include_str!("../tests/vectors/consistenthash.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 26);
}

fn urls(providers: usize) -> Vec<String> {
    (0..providers)
        .map(|row| format!("dubbo://10.0.{}.{}:20880/com.x.S", row / 250, row % 250))
        .collect()
}

#[test]
fn a_provider_that_leaves_moves_only_its_own_keys() {
    let urls = urls(50);
    let mut bench = BalancerBench::new(factory(), "{}").unwrap();
    let mut chosen = |urls: &[String]| -> Vec<String> {
        bench.providers(urls).unwrap();
        (0..2000)
            .map(|key| {
                let call = Call::new("com.x.S", "m").argument(key);
                urls[bench.select(&call).unwrap().unwrap()].clone()
            })
            .collect()
    };
    let before = chosen(&urls);
    let after = chosen(&urls[1..]);
    let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
    assert!(moved.iter().all(|(before, _)| **before == urls[0]));
    assert!(!moved.is_empty() && moved.len() < 200, "{}", moved.len());
}

#[test]
fn a_ring_without_room_is_cut_and_said() {
    let config = r#"{"points_max":1000,"nodes":[320]}"#;
    let mut bench = BalancerBench::new(factory(), config).unwrap();
    bench.providers(&urls(5)).unwrap();
    let lines = |bench: &BalancerBench| -> Vec<String> {
        bench
            .host()
            .logs()
            .into_iter()
            .map(|(_, line)| line)
            .collect()
    };
    let text = "com.x.S: hash.nodes is 320, but 5 providers have room for 200 points each: raise points_max and the memory limit";
    assert_eq!(lines(&bench), [text, text], "once in each instance");
    bench.providers(&urls(3)).unwrap();
    assert_eq!(lines(&bench).len(), 2, "320 points for each of three fit");
    // More providers than points: one digest each is the least.
    bench.providers(&urls(2000)).unwrap();
    assert!(
        bench
            .select(&Call::new("com.x.S", "m").argument("a"))
            .unwrap()
            .is_some()
    );
}
