//! The benches of routers, balancers and configurators refuse what a host would refuse, through the whole linked seam.

mod changes;
mod narrows;
mod picks;

use super::lists::{Lists, Notes, RoutingView, TableView};
use super::*;
use crate::abi::call::flags;
use crate::error::ErrorKind;
use crate::native::NativeRouter;
use crate::{
    Candidates, Cell, Configurator, ConfiguredUrl, Host, Level, LoadBalance, Metric, NoConfig,
    Providers, Router, Routing, Rule, Scope, Setup, Space,
};

const LIST: [&str; 4] = [
    "dubbo://10.0.0.1:20880/com.foo.Bar?group=g&version=1.0&zone=a",
    "dubbo://10.0.0.2:20880/com.foo.Bar?group=g&version=1.0&zone=b&weight=200",
    "dubbo://10.0.0.3:20880/com.foo.Bar?group=g&version=1.0&zone=",
    "dubbo://10.0.0.4:20880/com.foo.Bar?group=g&version=1.0&zone=a",
];

fn call() -> Call {
    Call::new("com.foo.Bar", "get")
}

fn router() -> RouterBench {
    let mut bench = RouterBench::new(narrows::factory(), "{}").unwrap();
    bench.providers(&LIST).unwrap();
    bench
}

fn balancer() -> BalancerBench {
    let mut bench = BalancerBench::new(picks::factory(), "{}").unwrap();
    bench.providers(&LIST).unwrap();
    bench
}

#[test]
fn a_router_narrows_by_its_columns() {
    let mut bench = router();
    let logs = bench.host().logs();
    let told = (Level::Debug, "g/com.foo.Bar:1.0 2 4".to_owned());
    assert_eq!(logs, [told.clone(), told], "each instance gets the list");
    for _ in 0..2 {
        assert_eq!(bench.route(&call()).unwrap(), [0, 1, 2, 3]);
        let a = call().attachment("zone", "a");
        assert_eq!(bench.route(&a).unwrap(), [0, 3]);
        assert_eq!(bench.route_among(&a, &[1, 3]).unwrap(), [3]);
        assert_eq!(
            bench.route(&call().attachment("zone", "c")).unwrap(),
            [0; 0]
        );
    }
    assert_eq!(bench.host().metric("routed"), Some(8));
    let error = bench.route_among(&call(), &[4]).unwrap_err();
    assert_eq!(error.to_string(), "there is no row 4");
}

#[test]
fn a_failed_route_is_an_error_whatever_was_taken_out() {
    let error = router()
        .route(&call().attachment("zone", "fails"))
        .unwrap_err();
    assert_eq!(error.to_string(), "told to fail");
}

#[test]
fn notes_are_heard_when_the_call_is_explained() {
    let mut bench = router();
    let a = call().attachment("zone", "a");
    bench.route(&a).unwrap();
    assert_eq!(bench.notes(), []);
    bench.weights(&[1, 2, 3, 4]).unwrap();
    bench.providers(&LIST).unwrap();
    bench.weights(&[1, 2, 3, 4]).unwrap();
    bench.route(&a.flags(flags::EXPLAIN)).unwrap();
    let only = (None, "age 1 weighed 1 rules 0".to_owned());
    assert_eq!(
        bench.notes(),
        [only],
        "a row that does not exist is ignored"
    );
}

#[test]
fn a_refused_rule_has_a_place_and_changes_nothing() {
    let mut bench = router();
    let mut set = |text| bench.rule(Scope::Service, "com.foo.Bar.zone-router", "dubbo", text);
    set("b").unwrap();
    let error = set("b c").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.place()),
        ("a zone has no spaces", (1, 2))
    );
    assert_eq!(bench.route(&call()).unwrap(), [1]);
    assert_eq!(
        bench.route(&call()).unwrap(),
        [1],
        "in the other instance too"
    );
    bench
        .remove_rule(Scope::Service, "com.foo.Bar.zone-router", "dubbo")
        .unwrap();
    assert_eq!(bench.route(&call()).unwrap().len(), 4);
    bench
        .rule(Scope::Application, "demo.zone-router", "dubbo", "a")
        .unwrap();
    bench.route(&call().flags(flags::EXPLAIN)).unwrap();
    let told = "age 0 weighed 0 rules 2".to_owned();
    assert_eq!(
        bench.notes(),
        [(None, told)],
        "new instances are told all rules"
    );
    let last = bench
        .host()
        .logs()
        .into_iter()
        .rev()
        .find(|(level, _)| *level == Level::Info);
    assert_eq!(last.unwrap().1, "Application demo.zone-router dubbo 3");
}

#[test]
fn a_rule_may_ask_for_columns_but_not_for_metrics() {
    let mut bench = router();
    bench.rule(Scope::Service, "k", "g", "alone").unwrap();
    let expected = "g/com.foo.Bar:1.0 2 `address` as a column, which reads_on_providers must name: bad argument";
    assert_eq!(bench.host().logs().last().unwrap().1, expected);
    let late = bench.rule(Scope::Service, "k", "g", "late-metric");
    assert_eq!(late.unwrap_err().kind(), ErrorKind::NotAllowed);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let cases = [
        (
            "attachment-of-providers",
            "`zone` to read in on_providers: bad argument",
        ),
        ("unknown-field", "`colour` to read in route: bad argument"),
        ("empty-key", "`` to read in route: bad argument"),
        ("long-key", "k..` to read in route: too large"),
        ("too-many", "more than 64 texts to read: too large"),
    ];
    let mut bench = router();
    for (text, expected) in cases {
        let error = bench.rule(Scope::Service, "k", "g", text).unwrap_err();
        let message = error.to_string();
        assert!(
            message.ends_with(expected) && message.len() < 120,
            "{text}: {message}"
        );
    }
    assert_eq!(bench.route(&call()).unwrap().len(), 4);
}

#[test]
fn a_dropped_service_is_told_once() {
    let mut bench = router();
    bench.providers(&LIST).unwrap();
    bench.drop_providers().unwrap();
    bench.drop_providers().unwrap();
    assert_eq!(
        bench.self_test().unwrap_err().to_string(),
        "dropped1",
        "with its newest table"
    );
    let error = bench.route(&call()).unwrap_err();
    assert!(error.to_string().contains("was not given"), "{error}");
}

/// Gives one instance a list, or its weights.
fn give(
    instance: &mut dyn NativeRouter,
    host: &MemoryHost,
    lists: &Lists,
    only_weights: bool,
) -> Result<()> {
    instance.on_providers(&TableView {
        lists,
        host,
        only_weights,
    })
}

/// Routes a call for zone `a` over a list on one instance: the words that are left.
fn route_over(
    instance: &mut dyn NativeRouter,
    host: &MemoryHost,
    lists: &Lists,
) -> Result<Vec<u64>> {
    let call = call().attachment("zone", "a");
    let view = View {
        call: &call,
        ended: None,
        host,
        manifest: &manifest(narrows::factory())?,
    };
    let mut words = lists.words(lists.all().into_iter())?;
    let view = RoutingView {
        view,
        lists,
        notes: &Notes::default(),
    };
    instance.route(&view, &mut words)?;
    Ok(words)
}

#[test]
fn calls_over_the_list_before_are_routed_by_it() {
    let host = MemoryHost::default();
    let Create::Router(create) = narrows::factory().create else {
        panic!("a router's factory");
    };
    let mut instance = create("{}", &host).unwrap();
    let router = instance.as_mut();
    let mut first = Lists::default();
    first.set(&LIST).unwrap();
    let mut second = first.clone();
    second.set(&LIST[1..]).unwrap();
    let mut third = second.clone();
    third.set::<&str>(&[]).unwrap();
    let early = give(router, &host, &first, true);
    assert!(early.is_err(), "weights of a list that was never given");
    give(router, &host, &first, false).unwrap();
    give(router, &host, &second, false).unwrap();
    give(router, &host, &first, true).unwrap();
    assert_eq!(route_over(router, &host, &first), Ok(vec![0b1001]));
    assert_eq!(route_over(router, &host, &second), Ok(vec![0b100]));
    assert!(route_over(router, &host, &third).is_err());
    give(router, &host, &third, false).unwrap();
    assert!(route_over(router, &host, &first).is_err());
    assert_eq!(route_over(router, &host, &third), Ok(Vec::new()));
}

#[test]
fn a_balancer_picks_a_candidate_or_is_refused() {
    let mut bench = balancer();
    let with = |pick| call().attachment("pick", pick);
    assert_eq!(
        bench.select(&call()).unwrap(),
        Some(1),
        "weights come from the URLs"
    );
    assert_eq!(bench.select_among(&call(), &[0, 2]).unwrap(), Some(0));
    assert_eq!(bench.select(&with("nobody")).unwrap(), None);
    for (pick, rows, row) in [("wrong", &[0, 1][..], 4), ("removed", &[1, 2, 3][..], 0)] {
        let error = bench.select_among(&with(pick), rows).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the chosen row {row} is no candidate")
        );
    }
    bench.tick().unwrap();
    assert_eq!(bench.host().logs(), [(Level::Info, "tick".to_owned())]);
}

#[test]
fn live_numbers_are_those_that_were_set() {
    let mut bench = balancer();
    bench.weights(&[1, 2, 3, 9]).unwrap();
    assert_eq!(bench.select(&call()).unwrap(), Some(3));
    bench.cells(Cell::Active, &[4, 3, 5, 6]).unwrap();
    let least = call().attachment("pick", "least");
    assert_eq!(bench.select(&least).unwrap(), Some(1));
    assert_eq!(bench.select_among(&least, &[0, 2, 3]).unwrap(), Some(0));
    let error = bench.cells(Cell::Active, &[1]).unwrap_err();
    assert_eq!(error.to_string(), "1 numbers for 4 providers");
    for cell in Cell::ALL {
        assert_eq!(Cell::from_number(cell.number()), Some(cell));
        assert_eq!(cell as u32, cell.number());
    }
    assert_eq!((Cell::from_number(0), Cell::from_number(8)), (None, None));
}

#[test]
fn state_in_one_instance_shows_and_arguments_are_read() {
    let mut bench = balancer();
    let count = call().attachment("pick", "count");
    let picked: Vec<_> = (0..4).map(|_| bench.select(&count).unwrap()).collect();
    assert_eq!(picked, [Some(0), Some(0), Some(1), Some(1)]);
    let user: serde_json::Value = serde_json::from_str(r#"{"user":{"row":2}}"#).unwrap();
    let argument = call().attachment("pick", "argument").argument(user);
    assert_eq!(bench.select(&argument).unwrap(), Some(2));
}

#[test]
fn a_configurator_reads_its_own_writes_and_all_or_nothing_is_applied() {
    let mut bench = ConfiguratorBench::new(changes::factory(), "{}").unwrap();
    let url = |act: &str| format!("dubbo://10.0.0.1:20880/com.foo.Bar?act={act}&timeout=5");
    assert_eq!(
        bench.configure(&url("own")).unwrap(),
        "dubbo://10.0.0.1:20880/com.foo.Bar?timeout=9&a="
    );
    assert_eq!(
        bench.configure(&url("fails")).unwrap_err().to_string(),
        "told to fail"
    );
    assert_eq!(
        bench.configure(&url("long")).unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(bench.configure(&url("none")).unwrap(), url("none"));
    let seen = "dubbo 10.0.0.1:20880 10.0.0.1 20880";
    bench.configure(&url("facts")).unwrap();
    bench.configure_export(&url("facts")).unwrap();
    let told = |side| (Level::Info, format!("{seen} {side}"));
    assert_eq!(bench.host().logs(), [told("false"), told("true")]);
}

#[test]
fn a_bench_runs_its_own_kind_and_rules_need_their_hook() {
    let wrong = [
        RouterBench::new(picks::factory(), "{}").map(|_| ()),
        BalancerBench::new(narrows::factory(), "{}").map(|_| ()),
        ConfiguratorBench::new(narrows::factory(), "{}").map(|_| ()),
        Bench::new(narrows::factory(), "{}").map(|_| ()),
    ];
    assert!(wrong.iter().all(|made| {
        let message = made.as_ref().map_err(ToString::to_string);
        message.is_err_and(|message| message.starts_with("this bench runs"))
    }));
    let mut bench = ConfiguratorBench::new(changes::factory(), "{}").unwrap();
    let error = bench.rule(Scope::Service, "k", "g", "text").unwrap_err();
    assert_eq!(
        error.to_string(),
        "configurator/changes has no hook on_rule"
    );
    let message = RouterBench::new(narrows::factory(), "{\"x\":1}")
        .unwrap_err()
        .to_string();
    assert!(message.contains("unknown field `x`"), "{message}");
}
