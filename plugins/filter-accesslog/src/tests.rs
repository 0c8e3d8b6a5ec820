//! The rows of the specification from `tests/vectors`, and what a row cannot say.

use super::*;
use wubbo_plugin_sdk::testing::{Bench, Call, Linked, vectors};

#[test]
fn rows_of_the_specification() {
    let file = include_str!("../tests/vectors/accesslog.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 9);
}

#[test]
fn flt_12_a_full_queue_does_not_touch_the_call() {
    let mut bench = Bench::new(factory(), "{}").unwrap();
    bench.host().fill_log();
    let call = Call::new("com.x.S", "m").parameter("accesslog", "true");
    let entered = bench.request(&call).unwrap();
    assert_eq!((entered.call, entered.reply), (call, None));
    assert_eq!(bench.host().access_lines(), Vec::<String>::new());
}
