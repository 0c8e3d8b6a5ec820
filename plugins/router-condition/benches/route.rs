//! What a call costs over 1000 providers: goal 0.3 us where neither rule nor list changed.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use wubbo_plugin_sdk::Scope;
use wubbo_plugin_sdk::testing::{Call, RouterBench};

const CASES: &[(&str, &[&str])] = &[
    ("no rule", &[]),
    (
        "method and host",
        &["method = foo & host != 10.1.* => region = hz"],
    ),
    (
        "left side does not hold",
        &["method = bar & host != 10.1.* => region = hz"],
    ),
    ("reference", &["=> region = $region"]),
    ("attachment", &["attachments[user] = a* => region = hz"]),
    (
        "ten, of which one holds",
        &[
            "method = m1 => region = hz",
            "method = m2 => region = hz",
            "method = m3 => region = hz",
            "method = m4 => region = hz",
            "method = m5 => region = hz",
            "method = m6 => region = hz",
            "method = m7 => region = hz",
            "method = m8 => region = hz",
            "method = m9 => region = hz",
            "method = foo => region = hz",
        ],
    ),
];

fn route(criterion: &mut Criterion) {
    let provider = |row: usize| {
        let region = if row.is_multiple_of(4) { "hz" } else { "sh" };
        format!(
            "dubbo://10.2.{}.{}:20880/a.B?region={region}",
            row / 250,
            row % 250 + 1
        )
    };
    let providers: Vec<String> = (0..1000).map(provider).collect();
    let call = Call::new("a.B", "foo")
        .on_consumer()
        .field("host", "10.9.9.9");
    let call = call.parameter("region", "hz").attachment("user", "alice");
    for (name, conditions) in CASES {
        let mut bench = RouterBench::new(router_condition::factory(), "{}").unwrap();
        bench.providers(&providers).unwrap();
        if !conditions.is_empty() {
            let text = format!("conditions: {conditions:?}\n");
            bench
                .rule(Scope::Service, "a.B::.condition-router", "dubbo", &text)
                .unwrap();
        }
        criterion.bench_function(name, |timer| {
            timer.iter_custom(|rounds| bench.time(&call, rounds).unwrap())
        });
    }
}

criterion_group!(benches, route);
criterion_main!(benches);
