//! Counters: what is counted where, what is bounded, and that threads lose nothing.

use super::*;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_call_is_counted_for_the_endpoint_and_its_method() {
    let statistics = Arc::new(EndpointStatistics::default());
    let first = statistics.begin("a");
    let second = statistics.begin("b");
    assert_eq!(statistics.whole().active(), 2);
    assert_eq!(statistics.method("a").active(), 1);
    first.finish(ms(8), CallEnd::Succeeded);
    second.finish(ms(1), CallEnd::Failed);
    let (whole, a, b) = (
        statistics.whole(),
        statistics.method("a"),
        statistics.method("b"),
    );
    assert_eq!((whole.active(), whole.total(), whole.failed()), (0, 2, 1));
    assert_eq!((a.active(), a.total(), a.failed()), (0, 1, 0));
    assert_eq!((b.active(), b.total(), b.failed()), (0, 1, 1));
    assert_eq!(b.consecutive_failures(), 1);
    assert!(b.last_failure_ms() > 1_700_000_000_000);
    assert_eq!(a.last_failure_ms(), 0);
    assert_eq!(statistics.method("c").total(), 0, "never called");
}

#[test]
fn a_call_that_is_dropped_says_nothing_about_the_provider() {
    let statistics = Arc::new(EndpointStatistics::default());
    drop(statistics.begin("a"));
    let a = statistics.method("a");
    assert_eq!((a.active(), a.total(), a.failed()), (0, 1, 0));
    assert_eq!((a.latency_us(), a.consecutive_failures()), (0, 0));
}

#[test]
fn failures_in_a_row_end_with_a_success() {
    let statistics = Arc::new(EndpointStatistics::default());
    for _ in 0..6 {
        statistics.begin("a").finish(ms(1), CallEnd::Failed);
    }
    assert_eq!(statistics.whole().consecutive_failures(), 6);
    statistics.begin("a").finish(ms(1), CallEnd::Neither);
    assert_eq!(statistics.whole().consecutive_failures(), 6);
    statistics.begin("a").finish(ms(1), CallEnd::Succeeded);
    assert_eq!(statistics.whole().consecutive_failures(), 0);
    assert_eq!(statistics.whole().failed(), 6);
}

#[test]
fn latency_is_smoothed_and_a_quick_failure_does_not_count() {
    let statistics = Arc::new(EndpointStatistics::default());
    let latency = || statistics.whole().latency_us();
    statistics.begin("a").finish(ms(8), CallEnd::Succeeded);
    assert_eq!(latency(), 8000);
    statistics.begin("a").finish(ms(16), CallEnd::Succeeded);
    assert_eq!(latency(), 9000);
    statistics.begin("a").finish(ms(1), CallEnd::Failed);
    assert_eq!(latency(), 9000, "a quick failure");
    statistics.begin("a").finish(ms(17), CallEnd::Failed);
    assert_eq!(latency(), 10_000, "a time-out");
    for _ in 0..200 {
        statistics.begin("a").finish(ms(4), CallEnd::Succeeded);
    }
    assert!((3990..=4010).contains(&latency()), "{}", latency());
}

#[test]
fn methods_beyond_the_bound_share_one_set() {
    let statistics = Arc::new(EndpointStatistics::default());
    for number in 0..MethodNames::MAX + 5 {
        let counting = statistics.begin(&format!("m{number}"));
        counting.finish(ms(1), CallEnd::Succeeded);
    }
    assert_eq!(statistics.whole().total(), MethodNames::MAX as u64 + 5);
    for number in 0..MethodNames::MAX {
        let own = statistics.method(&format!("m{number}")).total();
        assert_eq!(own, 1, "m{number}");
    }
    assert_eq!(statistics.method("m130").total(), 5);
    assert_eq!(statistics.method("never called").total(), 5);
}

#[test]
fn endpoints_of_one_reference_share_the_numbers() {
    let names = Arc::new(MethodNames::default());
    let one = Arc::new(EndpointStatistics::new(names.clone()));
    let other = Arc::new(EndpointStatistics::new(names.clone()));
    drop(one.begin("a"));
    drop(other.begin("b"));
    drop(other.begin("a"));
    let number = names.number("a");
    assert!(number.is_some() && number != names.number("b"));
    assert_eq!(one.numbered(number).total(), 1);
    assert_eq!(other.numbered(number).total(), 1);
    assert_eq!(one.numbered(names.number("b")).total(), 0);
}

#[test]
fn threads_lose_no_count_and_no_name() {
    let statistics = Arc::new(EndpointStatistics::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let statistics = statistics.clone();
            scope.spawn(move || {
                for call in 0..2000 {
                    let counting = statistics.begin(&format!("m{}", call % 40));
                    counting.finish(ms(1), CallEnd::Succeeded);
                }
            });
        }
    });
    assert_eq!(
        (statistics.whole().active(), statistics.whole().total()),
        (0, 8000)
    );
    for number in 0..40 {
        let method = statistics.method(&format!("m{number}"));
        assert_eq!((method.active(), method.total()), (0, 200), "m{number}");
    }
}
