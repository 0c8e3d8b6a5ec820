//! What a call costs over 1000 providers: goal 1.5 us.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has nothing to measure"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use wubbo_plugin_sdk::Scope;
use wubbo_plugin_sdk::testing::{Call, RouterBench};

const RULE: &str =
    "tags: [{name: blue, addresses: [10.2.0.0/24]}, {name: red, addresses: [10.2.1.*]}]\n";

fn route(criterion: &mut Criterion) {
    let provider = |row: usize| {
        let tag = if row.is_multiple_of(4) { "gray" } else { "" };
        format!(
            "dubbo://10.2.{}.{}:20880/a.B?application=stock&dubbo.tag={tag}",
            row / 250,
            row % 250 + 1
        )
    };
    let providers: Vec<String> = (0..1000).map(provider).collect();
    let plain = Call::new("a.B", "foo").on_consumer();
    let tagged = |tag: &str| plain.clone().attachment("dubbo.tag", tag);
    let cases = [
        ("no tag", plain.clone(), false),
        ("tag of a quarter", tagged("gray"), false),
        ("tag that nobody has", tagged("green"), false),
        ("rule, no tag", plain.clone(), true),
        ("rule, tag of the rule", tagged("blue"), true),
        ("rule, tag that nobody has", tagged("a|b|c"), true),
    ];
    for (name, call, ruled) in cases {
        let mut bench = RouterBench::new(router_tag::factory(), "{}").unwrap();
        bench.providers(&providers).unwrap();
        if ruled {
            bench
                .rule(Scope::Application, "stock.tag-router", "dubbo", RULE)
                .unwrap();
        }
        criterion.bench_function(name, |timer| {
            timer.iter_custom(|rounds| bench.time(&call, rounds).unwrap())
        });
    }
}

criterion_group!(benches, route);
criterion_main!(benches);
