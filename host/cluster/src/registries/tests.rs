//! Which registry a call goes to, and when it goes to another one.

use std::time::Duration;

use tokio::sync::watch;
use wubbo_core::{Cluster, Directory, Invoker, PolicySet, RpcResult, Snapshot, Subscription};

use super::*;
use crate::testing::{Behaviour, Fake, announce, call, call_under, providers, reference, router};
use crate::{
    Announcements, DirectoryContext, Failover, RegistryDirectory, Retry, ScopeStep, explain,
};

struct Scene {
    fake: Arc<Fake>,
    directory: Arc<RegistryDirectory>,
    cluster: Arc<dyn Invoker>,
    senders: Vec<watch::Sender<Option<Arc<Snapshot>>>>,
}

/// What the address of a registry says, and which providers it announces, 1 for the first.
type Registry = (&'static str, &'static [usize]);

impl Scene {
    async fn new(parameters: &str, registries: &[Registry], behaviour: Behaviour) -> Self {
        let fake = Fake::new(behaviour);
        let mut announcements = Announcements::default();
        let mut senders = Vec::new();
        for (number, (said, announced)) in registries.iter().enumerate() {
            let url = Url::parse(&format!("memory://r{number}?{said}")).unwrap();
            let (sender, receiver) = watch::channel(None);
            let all = providers(9);
            let of_it = announced.iter().map(|one| all[one - 1].clone());
            announce(&sender, of_it.collect());
            announcements = announcements.and(&url, Subscription::new(receiver, ()));
            senders.push(sender);
        }
        let context = DirectoryContext::default();
        let directory = RegistryDirectory::new(
            reference(parameters),
            &fake.protocols(),
            false,
            context,
            announcements,
        );
        assert!(directory.wait_ready(Duration::from_secs(20)).await);
        let directory = Arc::new(directory);
        Self {
            cluster: Failover::new(Retry::Retryable).join(directory.clone()),
            fake,
            directory,
            senders,
        }
    }

    async fn healthy(parameters: &str, registries: &[Registry]) -> Self {
        Self::new(parameters, registries, Box::new(|_| Ok(RpcResult::null()))).await
    }

    async fn callees(&self) -> Vec<usize> {
        self.fake.callees(&self.cluster).await
    }
}

/// A call from a zone, which may insist on it.
fn from_zone(zone: &str, forced: &'static str) -> Invocation {
    let mut call = call();
    call.set_attachment(keys::REGISTRY_ZONE, zone.to_owned());
    call.set_attachment(keys::REGISTRY_ZONE_FORCE, forced);
    call
}

#[tokio::test]
async fn the_best_registry_that_has_somebody_is_called() {
    // what the reference says; the registries; who is unavailable; who is called
    type Case = (
        &'static str,
        &'static [Registry],
        &'static [usize],
        &'static [usize],
    );
    const ZONES: &[Registry] = &[("zone=a", &[1]), ("zone=b", &[2, 3]), ("", &[4])];
    const PREFERRED: &[Registry] = &[("", &[1]), ("preferred=true", &[2]), ("zone=a", &[3])];
    let cases: [Case; 12] = [
        ("", &[("", &[1, 2]), ("", &[3])], &[], &[1, 2, 3]),
        ("", &[("preferred=true", &[1, 2])], &[], &[1, 2]),
        ("", PREFERRED, &[], &[2]),
        ("registry_zone=a", PREFERRED, &[], &[2]),
        ("registry_zone=a", PREFERRED, &[2], &[3]),
        ("", PREFERRED, &[2], &[1, 3]),
        ("registry_zone=b", ZONES, &[], &[2, 3]),
        ("registry_zone=b", ZONES, &[2], &[3]),
        ("registry_zone=b", ZONES, &[2, 3], &[1, 4]),
        ("registry_zone=c", ZONES, &[], &[1, 2, 3, 4]),
        ("", &[("weight=0", &[1]), ("", &[2])], &[], &[2]),
        ("", &[("weight=0", &[1]), ("", &[2])], &[2], &[1]),
    ];
    for (parameters, registries, unavailable, wanted) in cases {
        let scene = Scene::healthy(parameters, registries).await;
        scene.fake.make_unavailable(unavailable);
        let what = format!("{parameters} {registries:?} without {unavailable:?}");
        assert_eq!(scene.callees().await, wanted, "{what}");
        let chosen = explain(&call(), &*scene.directory).chosen.unwrap();
        let rows = scene.directory.list();
        let host = rows.table.rows()[chosen].url.host();
        let number = host.rsplit('.').next().unwrap().parse().unwrap();
        assert!(wanted.contains(&number), "{what}: {host} is explained");
    }
}

/// The chosen registry or group and why, and those that were passed over, a line each.
fn said(step: Option<&ScopeStep>) -> Vec<String> {
    let step = step.expect("there are several");
    let chosen = step.chosen.as_deref().unwrap_or("none");
    let passed = step.passed.iter();
    let passed = passed.map(|one| format!("{}: {}", one.name, one.reason));
    let chosen = format!("{chosen}: {}", step.reason);
    std::iter::once(chosen).chain(passed).collect()
}

/// What the reference says, the registries, who is unavailable, what is said.
type Explained = (
    &'static str,
    &'static [Registry],
    &'static [usize],
    &'static [&'static str],
);
const ZONES: &[Registry] = &[("zone=a", &[1]), ("zone=b&weight=0", &[2]), ("", &[3])];
const PREFERRED: &[Registry] = &[("", &[1]), ("preferred=true", &[2])];
const EXPLAINED: [Explained; 8] = [
    ("", PREFERRED, &[], &["memory://r1: preferred"]),
    (
        "",
        PREFERRED,
        &[2],
        &[
            "memory://r0: the only one left",
            "memory://r1: nobody is available",
        ],
    ),
    (
        "",
        PREFERRED,
        &[1, 2],
        &[
            "memory://r1: nobody is available at any registry; preferred",
            "memory://r0: nobody is available",
        ],
    ),
    (
        "registry_zone=b",
        ZONES,
        &[],
        &["memory://r1: of the zone b, which the call asks for"],
    ),
    (
        "",
        ZONES,
        &[3],
        &[
            "memory://r0: drawn by weight among memory://r0 (100), memory://r1 (0)",
            "memory://r2: nobody is available",
        ],
    ),
    (
        "registry_zone=c",
        ZONES,
        &[1],
        &[
            "memory://r2: drawn by weight among memory://r1 (0), memory://r2 (100); nobody takes the call in the zone c",
            "memory://r0: nobody is available",
        ],
    ),
    (
        "registry_zone=b",
        ZONES,
        &[2, 3],
        &[
            "memory://r0: the only one left; nobody takes the call in the zone b",
            "memory://r1: nobody is available",
            "memory://r2: nobody is available",
        ],
    ),
    (
        "registry_zone=c&registry_zone_force=true",
        ZONES,
        &[],
        &[
            "none: no registry of the zone c has an available provider for com.ikurento.user.UserProvider, and the call insists on it \
             (registry_zone_force=true); registries: memory://r0 (a), memory://r1 (b), memory://r2 (no zone)",
        ],
    ),
];

#[tokio::test]
async fn an_explanation_names_the_registry_and_says_why() {
    for (parameters, registries, unavailable, wanted) in EXPLAINED {
        let scene = Scene::healthy(parameters, registries).await;
        scene.fake.make_unavailable(unavailable);
        let explained = explain(&call(), &*scene.directory);
        let what = format!("{parameters} {registries:?} without {unavailable:?}");
        assert_eq!(said(explained.registry.as_ref()), wanted, "{what}");
        assert_eq!(explained.group, None, "{what}");
    }
    let one = Scene::healthy("", &[("", &[1]), ("", &[2])]).await;
    assert_eq!(explain(&call(), &*one.directory).registry, None);
}

#[tokio::test]
async fn an_explanation_goes_on_to_the_registry_and_group_that_have_somebody() {
    let fake = |group: &str, number: usize| {
        let url = providers(9)[number - 1].clone();
        url.with_param(keys::GROUP, group.to_owned())
    };
    let scene = Scene::healthy("group=a,b", &[("", &[]), ("preferred=true", &[])]).await;
    announce(&scene.senders[0], vec![fake("a", 1), fake("b", 2)]);
    announce(&scene.senders[1], vec![fake("a", 3), fake("b", 4)]);
    while scene.directory.list().invokers.len() < 4 {
        tokio::task::yield_now().await;
    }
    let row_of = |number: usize| {
        let list = scene.directory.list();
        let host = format!("192.168.1.{number}");
        let mut rows = list.table.rows().iter();
        rows.position(|row| row.url.host() == host).unwrap()
    };
    assert_eq!([1, 2, 3, 4].map(row_of), [0, 1, 2, 3]);
    let routed = |keep| {
        let set = PolicySet::default().with_routers(vec![router("fake", 0, keep)]);
        explain(&call_under(set), &*scene.directory)
    };

    let last_of_all = routed(|row| row == 1);
    assert_eq!(last_of_all.chosen, Some(1));
    let registry = [
        "memory://r0: the only one left",
        "memory://r1: router fake leaves nobody",
    ];
    assert_eq!(said(last_of_all.registry.as_ref()), registry);
    let group = [
        "b: number 2 of 2 groups; nobody takes the call in those before it",
        "a: router fake leaves nobody",
    ];
    assert_eq!(said(last_of_all.group.as_ref()), group);
    let steps = last_of_all.routers.iter();
    let steps: Vec<_> = steps.map(|step| (&*step.kept, &*step.dropped)).collect();
    assert_eq!(steps, [(&[1][..], &[][..])], "of the last place alone");

    let nobody = routed(|_| false);
    assert_eq!(nobody.chosen, None);
    assert_eq!(said(nobody.registry.as_ref())[0], registry[0]);
    assert_eq!(nobody.routers[0].dropped, [1]);

    // Somebody who is not there is passed over before any router is asked.
    scene.fake.make_unavailable(&[3]);
    let second = routed(|_| true);
    assert_eq!(second.chosen, Some(3));
    let group = [
        "b: number 2 of 2 groups; nobody takes the call in those before it",
        "a: nobody is available",
    ];
    assert_eq!(said(second.group.as_ref()), group);
    assert_eq!(said(second.registry.as_ref()), ["memory://r1: preferred"]);
}

#[tokio::test]
async fn a_registry_gets_the_share_that_its_weight_says() {
    let registries: &[Registry] = &[("weight=300", &[1, 2]), ("zone=a", &[3])];
    let scene = Scene::healthy("", registries).await;
    for _ in 0..4000 {
        scene.cluster.invoke(call()).await.unwrap();
    }
    let called = scene.fake.called();
    let share = called.iter().filter(|one| **one == 3).count();
    // A quarter; ten deviations to either side.
    assert!((725..=1275).contains(&share), "{share}");
}

#[tokio::test]
async fn the_attachments_of_a_call_stand_above_the_reference() {
    let registries: &[Registry] = &[("zone=a", &[1]), ("zone=b", &[2]), ("", &[3])];
    let scene = Scene::healthy("registry_zone=a", registries).await;
    for _ in 0..50 {
        scene.cluster.invoke(from_zone("b", "false")).await.unwrap();
    }
    assert_eq!(scene.fake.called(), [2; 50]);
    // A zone that is insisted on, with somebody and with nobody.
    scene.cluster.invoke(from_zone("b", "TRUE")).await.unwrap();
    assert_eq!(scene.fake.called(), [2]);
    scene.fake.make_unavailable(&[2]);
    let error = scene
        .cluster
        .invoke(from_zone("b", "true"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProvider);
    for word in ["zone b", "memory://r0 (a)", "memory://r2 (no zone)"] {
        assert!(error.message().contains(word), "{error}");
    }
    assert!(scene.fake.called().is_empty());
    assert_eq!(
        explain(&from_zone("b", "true"), &*scene.directory).chosen,
        None
    );
    // Nobody is asked of a zone where no registry has one, either.
    let plain = Scene::healthy("", &[("", &[1]), ("", &[2])]).await;
    plain.cluster.invoke(from_zone("b", "false")).await.unwrap();
    assert_eq!(plain.fake.called().len(), 1);
    assert!(plain.cluster.invoke(from_zone("b", "true")).await.is_err());
}

#[tokio::test]
async fn a_call_that_no_provider_saw_goes_to_the_next_registry() {
    let registries: &[Registry] = &[("preferred=true", &[1]), ("", &[2])];
    let unreachable: Behaviour = Box::new(|number| match number {
        2 => Ok(RpcResult::null()),
        _ => Err(Error::new(ErrorKind::Connect, "refused")),
    });
    let scene = Scene::new("retries=0", registries, unreachable).await;
    scene.cluster.invoke(call()).await.unwrap();
    assert_eq!(scene.fake.called(), [1, 2]);
    // One that a provider saw fails.
    let failing: Behaviour = Box::new(|_| Err(Error::new(ErrorKind::ServerError, "boom")));
    let scene = Scene::new("retries=0", registries, failing).await;
    let error = scene.cluster.invoke(call()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError);
    assert_eq!(scene.fake.called(), [1]);
}

#[tokio::test]
async fn a_registry_that_the_routers_empty_is_passed_over() {
    let registries: &[Registry] = &[("preferred=true", &[1, 2]), ("", &[3])];
    let scene = Scene::healthy("", registries).await;
    let routed = |keep| PolicySet::default().with_routers(vec![router("fake", 0, keep)]);
    scene
        .cluster
        .invoke(call_under(routed(|row| row == 2)))
        .await
        .unwrap();
    assert_eq!(scene.fake.called(), [3]);
    let nobody = scene.cluster.invoke(call_under(routed(|_| false))).await;
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NoProvider);
}

#[tokio::test]
async fn a_provider_at_two_registries_is_one_and_belongs_to_both() {
    let registries: &[Registry] = &[("zone=a", &[1, 2]), ("zone=b", &[2, 3])];
    let scene = Scene::healthy("registry_zone=b", registries).await;
    let list = scene.directory.list();
    assert_eq!(list.invokers.len(), 3);
    let of_each = list.registries.iter();
    let of_each: Vec<Vec<usize>> = of_each.map(|one| one.rows.iter().collect()).collect();
    assert_eq!(of_each, [vec![0, 1], vec![1, 2]]);
    assert_eq!(scene.callees().await, [2, 3]);
}

#[tokio::test]
async fn sticky_calls_stay_where_they_are() {
    let registries: &[Registry] = &[("weight=1", &[1, 2, 3]), ("weight=1", &[4, 5, 6])];
    let scene = Scene::healthy("sticky=true", registries).await;
    assert_eq!(scene.callees().await.len(), 1);
}

#[tokio::test]
async fn groups_are_those_of_the_registry() {
    let fake = |group: &str, number: usize| {
        let url = providers(9)[number - 1].clone();
        url.with_param(keys::GROUP, group.to_owned())
    };
    let scene = Scene::healthy("group=a,b", &[("", &[]), ("preferred=true", &[])]).await;
    announce(&scene.senders[0], vec![fake("a", 1)]);
    announce(&scene.senders[1], vec![fake("b", 2), fake("b", 3)]);
    while scene.directory.list().invokers.len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.callees().await, [2, 3]);
    scene.fake.make_unavailable(&[2, 3]);
    assert_eq!(scene.callees().await, [1]);
}
