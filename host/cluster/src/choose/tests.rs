//! The way from a list to one provider, vector by vector.

use std::collections::HashSet;
use std::time::Duration;

use wubbo_core::{Applies, ErrorKind, Outcome, Pattern, PolicySet, RouterEntry};

use super::*;
use crate::explain::Round;
use crate::testing::{
    Fake, FakeBalancer, FakeRouter, call_under, providers, reference, router, with,
};
use crate::{DirectoryContext, Failover, Retry, StaticDirectory, explain};
use wubbo_core::Cluster;

/// Providers, the cluster in front of them, and how they behave.
struct Scene {
    fake: Arc<Fake>,
    directory: Arc<StaticDirectory>,
    cluster: Arc<dyn Invoker>,
}

impl Scene {
    async fn new(count: usize, parameters: &str) -> Self {
        Self::over(&providers(count), parameters, Fake::healthy()).await
    }

    async fn over(urls: &[Url], parameters: &str, fake: Arc<Fake>) -> Self {
        let context = DirectoryContext::default();
        let reference = reference(parameters);
        let directory = StaticDirectory::new(reference, urls, &fake.protocols(), context);
        assert!(directory.wait_ready(Duration::from_secs(5)).await);
        let directory = Arc::new(directory);
        Self {
            cluster: Failover::new(Retry::Retryable).join(directory.clone()),
            fake,
            directory,
        }
    }

    async fn call(&self, policies: PolicySet) -> Outcome {
        self.cluster.invoke(call_under(policies)).await
    }

    /// The rows that were called, in order.
    fn called(&self) -> Vec<usize> {
        let list = self.directory.list();
        let row = |address: &String| {
            let mut rows = list.table.rows().iter();
            rows.position(|row| row.url.location() == address).unwrap()
        };
        self.fake.calls.lock().unwrap().iter().map(row).collect()
    }

    fn make_unavailable(&self, rows: &[usize]) {
        let list = self.directory.list();
        let mut unavailable = self.fake.unavailable.lock().unwrap();
        unavailable.clear();
        unavailable.extend(
            rows.iter()
                .map(|row| list.table.rows()[*row].url.location().to_owned()),
        );
    }
}

fn balanced_by(balancer: &Arc<FakeBalancer>) -> PolicySet {
    PolicySet::default().with_balancers(vec![balancer.clone()])
}

#[tokio::test]
async fn routers_narrow_in_order_and_stop_when_nobody_is_left() {
    let asked: Arc<std::sync::Mutex<Vec<&'static str>>> = Arc::default();
    let entry = |name, order, keep, services: &str| RouterEntry {
        router: Arc::new(FakeRouter {
            name,
            keep,
            asked: asked.clone(),
        }),
        order,
        applies: Applies {
            services: vec![Pattern::new(services)],
            methods: vec![],
        },
    };
    let set = || {
        PolicySet::default().with_routers(vec![
            entry("five", 5, |row| row != 0, "*"),
            entry("minus", -1, |row| row < 3, "com.ikurento.*"),
            entry("elsewhere", 0, |_| false, "com.other.*"),
            entry("zero-b", 0, |row| row != 1, "*"),
            entry("zero-a", 0, |_| true, "*"),
        ])
    };
    let scene = Scene::new(5, "").await;
    scene.call(set()).await.unwrap();
    assert_eq!(scene.called(), [2]);
    assert_eq!(
        *asked.lock().unwrap(),
        ["minus", "zero-a", "zero-b", "five"],
        "RC-08, and the name where orders are equal (B19)"
    );

    asked.lock().unwrap().clear();
    let emptying = set().with_routers(vec![
        entry("some", 0, |row| row < 2, "*"),
        entry("none", 1, |_| false, "*"),
        entry("late", 2, |_| true, "*"),
    ]);
    let error = scene.call(emptying).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProvider);
    let words = "5 known, 0 skipped, 5 routed away, the last by router none";
    assert!(error.message().contains(words), "GW-11: {error}");
    assert_eq!(*asked.lock().unwrap(), ["some", "none"]);
}

#[tokio::test]
async fn the_balancer_is_the_one_that_the_first_candidate_names() {
    // parameters of the first provider, of the second, whether the first is routed away, balancer
    let cases = [
        ("", "", false, "random"),
        ("loadbalance=a", "loadbalance=b", false, "a"),
        ("loadbalance=a", "loadbalance=b", true, "b"),
        ("loadbalance=a&methods.test.loadbalance=b", "", false, "b"),
        ("loadbalance=a&methods.other.loadbalance=b", "", false, "a"),
    ];
    for (first, second, away, expected) in cases {
        let mut urls = providers(3);
        for (url, parameters) in urls.iter_mut().zip([first, second]) {
            *url = with(url, parameters);
        }
        let scene = Scene::over(&urls, "", Fake::healthy()).await;
        let balancers = ["random", "a", "b"].map(|name| FakeBalancer::new(name, []));
        let keep = if away { |row| row != 0 } else { |_| true };
        let set = PolicySet::default()
            .with_routers(vec![router("some", 0, keep)])
            .with_balancers(balancers.iter().map(|b| Arc::clone(b) as _).collect());
        scene.call(set).await.unwrap();
        for balancer in &balancers {
            let asked = balancer.asked.lock().unwrap().len();
            let wanted = usize::from(balancer.name == expected);
            assert_eq!(asked, wanted, "{first} {second}: {}", balancer.name);
        }
    }
}

#[tokio::test]
async fn the_consumer_chooses_the_balancer_before_the_provider() {
    let mut urls = providers(2);
    urls[0] = with(&urls[0], "loadbalance=a");
    let scene = Scene::over(&urls, "loadbalance=b", Fake::healthy()).await;
    let b = FakeBalancer::new("b", [Choice::Row(1)]);
    scene.call(balanced_by(&b)).await.unwrap();
    assert_eq!(scene.called(), [1]);
}

#[tokio::test]
async fn without_a_sensible_answer_the_pick_is_uniform() {
    for (what, answer) in [
        ("failed", Some(Choice::Unable)),
        ("a row outside the table", Some(Choice::Row(99))),
        ("a row that was routed away", Some(Choice::Row(0))),
        ("no balancer of that name", None),
    ] {
        let scene = Scene::new(4, "").await;
        for _ in 0..300 {
            let balancer = FakeBalancer::new("random", answer);
            let set = match answer {
                Some(_) => balanced_by(&balancer),
                None => PolicySet::default(),
            };
            let set = set.with_routers(vec![router("not-0", 0, |row| row != 0)]);
            scene.call(set).await.unwrap();
        }
        let called = scene.called();
        for row in 0..4 {
            let share = called.iter().filter(|called| **called == row).count();
            let range = if row == 0 { 0..1 } else { 60..140 };
            assert!(range.contains(&share), "{what}: row {row} {share} of 300");
        }
    }
}

#[tokio::test]
async fn a_balancer_may_say_that_nobody_should_get_the_call() {
    let scene = Scene::new(3, "").await;
    let balancer = FakeBalancer::new("random", [Choice::Nobody]);
    let error = scene.call(balanced_by(&balancer)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProvider);
    assert!(error.message().contains("no available provider"), "{error}");
    assert!(scene.called().is_empty());
}

#[tokio::test]
async fn one_candidate_needs_no_balancer_and_may_be_unavailable() {
    let scene = Scene::new(3, "").await;
    scene.make_unavailable(&[2]);
    let balancer = FakeBalancer::new("random", []);
    let set = balanced_by(&balancer).with_routers(vec![router("only-2", 0, |row| row == 2)]);
    scene.call(set).await.unwrap();
    assert_eq!(scene.called(), [2], "CL-05 over what the routers left");
    assert!(balancer.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_unavailable_choice_is_made_again_over_the_rest() {
    let scene = Scene::new(4, "").await;
    scene.make_unavailable(&[1, 3]);
    let balancer = FakeBalancer::new("random", [Choice::Row(1), Choice::Row(2)]);
    scene.call(balanced_by(&balancer)).await.unwrap();
    assert_eq!(scene.called(), [2]);
    assert_eq!(
        *balancer.asked.lock().unwrap(),
        [vec![0, 1, 2, 3], vec![0, 2]]
    );

    // With one left there is nothing to ask.
    scene.make_unavailable(&[0, 1, 3]);
    let balancer = FakeBalancer::new("random", [Choice::Row(1)]);
    scene.call(balanced_by(&balancer)).await.unwrap();
    assert_eq!(scene.called(), [2, 2]);
    assert_eq!(balancer.asked.lock().unwrap().len(), 1);

    scene.make_unavailable(&[0, 1, 2, 3]);
    let balancer = FakeBalancer::new("random", [Choice::Row(1)]);
    let error = scene.call(balanced_by(&balancer)).await.unwrap_err();
    let message = error.message();
    assert!(message.contains("no available provider"), "CL-30: {error}");
}

#[tokio::test]
async fn a_provider_that_was_tried_is_chosen_again_only_when_no_other_is_available() {
    let failing = || {
        Fake::new(Box::new(|_| {
            Err(wubbo_core::Error::new(ErrorKind::ServerError, "boom"))
        }))
    };
    let scene = Scene::over(&providers(3), "", failing()).await;
    // Every time the balancer first insists on row 0.
    let answers = [0, 0, 1, 0].map(Choice::Row);
    let balancer = FakeBalancer::new("random", answers);
    scene.call(balanced_by(&balancer)).await.unwrap_err();
    assert_eq!(scene.called(), [0, 1, 2]);
    assert_eq!(
        *balancer.asked.lock().unwrap(),
        [vec![0, 1, 2], vec![0, 1, 2], vec![1, 2], vec![0, 1, 2]]
    );

    let scene = Scene::over(&providers(3), "", failing()).await;
    scene.make_unavailable(&[2]);
    let answers = [0, 0, 0, 1].map(Choice::Row);
    let balancer = FakeBalancer::new("random", answers);
    scene.call(balanced_by(&balancer)).await.unwrap_err();
    assert_eq!(scene.called(), [0, 1, 1], "re-admitted, as in Dubbo Java");
    assert_eq!(
        balancer.asked.lock().unwrap().last(),
        Some(&vec![0, 1]),
        "over those that were tried and are available"
    );
}

#[tokio::test]
async fn sticky_calls_stay_with_their_provider() {
    for parameters in ["sticky=true", "methods.test.sticky=true", "sticky=1"] {
        let scene = Scene::new(10, parameters).await;
        for _ in 0..20 {
            scene.call(PolicySet::default()).await.unwrap();
        }
        let rows: HashSet<usize> = scene.called().into_iter().collect();
        assert_eq!(rows.len(), 1, "CL-01 {parameters}");

        let first = scene.called()[0];
        scene.make_unavailable(&[first]);
        scene.call(PolicySet::default()).await.unwrap();
        let second = *scene.called().last().unwrap();
        assert_ne!(second, first, "CL-03 {parameters}");
        scene.make_unavailable(&[]);
        scene.call(PolicySet::default()).await.unwrap();
        assert_eq!(scene.called().last(), Some(&second), "the slot is replaced");
    }
    for parameters in ["", "sticky=true&methods.test.sticky=false"] {
        let scene = Scene::new(10, parameters).await;
        for _ in 0..40 {
            scene.call(PolicySet::default()).await.unwrap();
        }
        let rows: HashSet<usize> = scene.called().into_iter().collect();
        assert!(rows.len() > 1, "{parameters}");
    }
}

#[tokio::test]
async fn a_sticky_provider_that_was_tried_or_routed_away_is_not_chosen() {
    let scene = Scene::new(10, "sticky=true").await;
    let (invocation, list) = (call_under(PolicySet::default()), scene.directory.list());
    let sticky = Sticky::default();
    let select = |tried: &[usize], candidates: &Candidates| {
        let attempt = Attempt {
            scope: Scope::default(),
            invocation: &invocation,
            directory: &*scene.directory,
            list: &list,
            number: 0,
            tried,
            sticky: Some(&sticky),
            recorder: None,
        };
        attempt.select(candidates).unwrap()
    };
    let all = Candidates::all(10);
    let first = select(&[], &all);
    assert_eq!(select(&[], &all), first, "CL-01");
    let second = select(&[first], &all);
    assert_ne!(second, first, "CL-02");
    let mut without = all.clone();
    without.remove(second);
    let third = select(&[], &without);
    assert_ne!(third, second, "CL-04: it left what there is to choose from");
    assert_eq!(select(&[], &all), third);
}

#[tokio::test]
async fn an_explanation_goes_the_way_of_a_call_and_says_why() {
    let scene = Scene::new(4, "loadbalance=fake").await;
    scene.make_unavailable(&[3]);
    let balancer = FakeBalancer::new("fake", [Choice::Row(3), Choice::Row(1)].repeat(2));
    let set = || {
        PolicySet::new(7, vec![])
            .with_rules(3)
            .with_routers(vec![
                router("b", 1, |_| true),
                router("a", 0, |row| row != 2),
            ])
            .with_balancers(vec![balancer.clone()])
    };
    let explained = explain(&call_under(set()), &*scene.directory);
    scene.call(set()).await.unwrap();
    assert_eq!(scene.called(), [1]);
    assert_eq!(explained.chosen, Some(1));
    assert_eq!((explained.policies, explained.rules), (7, 3));
    assert_eq!(explained.table, scene.directory.list().table.version());
    assert_eq!(explained.method, "test");
    let available: Vec<bool> = explained
        .providers
        .iter()
        .map(|row| row.available)
        .collect();
    assert_eq!(available, [true, true, true, false]);
    assert_eq!(explained.providers[1].weight, 100);

    let steps: Vec<_> = explained
        .routers
        .iter()
        .map(|step| (&*step.router, &*step.kept, &*step.dropped))
        .collect();
    assert_eq!(
        steps,
        [
            ("a", &[0, 1, 3][..], &[2][..]),
            ("b", &[0, 1, 3][..], &[][..])
        ]
    );
    let remark = &explained.routers[0].remarks[0];
    assert_eq!(
        (&*remark.policy, remark.row, &*remark.text),
        ("router/a", Some(2), "not kept")
    );
    let step = explained.balancer.unwrap();
    assert_eq!((&*step.balancer, step.found), ("fake", true));
    let round = |among: &[usize], row| Round {
        among: among.to_vec(),
        answer: Answer::Row,
        row: Some(row),
    };
    assert_eq!(step.rounds, [round(&[0, 1, 3], 3), round(&[0, 1], 1)]);
}

#[tokio::test]
async fn an_explanation_of_nobody_names_the_router() {
    let scene = Scene::new(2, "").await;
    let set = PolicySet::default().with_routers(vec![router("none", 0, |_| false)]);
    let explained = explain(&call_under(set), &*scene.directory);
    assert_eq!((explained.chosen, explained.balancer), (None, None));
    assert_eq!(explained.routers[0].dropped, [0, 1]);
}
