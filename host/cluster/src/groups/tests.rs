//! Which group a call goes to, and that it stays there.

use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{Cluster, Directory, Error, Invoker, PolicySet, RpcResult, Url};

use super::*;
use crate::testing::{Behaviour, Fake, call, call_under, providers, reference, router, with};
use crate::{DirectoryContext, Failover, Retry, StaticDirectory, explain};

/// An id, what is asked for, what is announced, how many clusters that makes, and who is called.
type Groups = (
    &'static str,
    &'static str,
    &'static [&'static str],
    usize,
    &'static [usize],
);
/// What a router keeps of the rows from 0, and who may be called then.
type Kept = (fn(usize) -> bool, Option<&'static [usize]>);

struct Scene {
    fake: Arc<Fake>,
    directory: Arc<StaticDirectory>,
    cluster: Arc<dyn Invoker>,
}

impl Scene {
    /// A reference with `parameters`, and a provider of each of these groups in turn; an empty one is none.
    async fn new(parameters: &str, groups: &[&str], behaviour: Behaviour) -> Self {
        let fake = Fake::new(behaviour);
        let urls: Vec<Url> = providers(groups.len())
            .iter()
            .zip(groups)
            .map(|(url, group)| match *group {
                "" => url.clone(),
                group => with(url, &format!("cluster=failover&group={group}")),
            })
            .collect();
        let context = DirectoryContext::default();
        let directory =
            StaticDirectory::new(reference(parameters), &urls, &fake.protocols(), context);
        assert!(directory.wait_ready(Duration::from_secs(20)).await);
        let directory = Arc::new(directory);
        Self {
            cluster: Failover::new(Retry::Retryable).join(directory.clone()),
            fake,
            directory,
        }
    }

    async fn shares(&self) -> Vec<usize> {
        self.fake.callees(&self.cluster).await
    }
}

fn healthy() -> Behaviour {
    Box::new(|_| Ok(RpcResult::null()))
}

#[tokio::test]
async fn providers_of_a_second_group_are_a_cluster_of_their_own() {
    let cases: [Groups; 6] = [
        (
            "V-DIR-03",
            "cluster=mock&group=*",
            &["group1", "group1", "group1", "group2", "group2", "group2"],
            2,
            &[1, 2, 3],
        ),
        (
            "V-DIR-03, in the order that is asked for",
            "cluster=mock&group=group2,group1",
            &["group1", "group1", "group1", "group2", "group2", "group2"],
            2,
            &[4, 5, 6],
        ),
        ("V-DIR-08 unsettled", "group=*", &["", ""], 1, &[1, 2]),
        (
            "V-DIR-08 settled",
            "group=*",
            &["group", "group", "group", "", ""],
            2,
            &[4, 5],
        ),
        ("one of several", "group=a,b", &["b", "b"], 1, &[1, 2]),
        ("one group", "group=a", &["a", "a"], 0, &[1, 2]),
    ];
    for (id, parameters, groups, clusters, called) in cases {
        let scene = Scene::new(parameters, groups, healthy()).await;
        assert_eq!(
            scene.directory.list().table.groups().len(),
            clusters,
            "{id}"
        );
        assert_eq!(scene.shares().await, called, "{id}");
        let explained = explain(&call(), &*scene.directory);
        let chosen = explained.chosen.unwrap() + 1;
        assert!(called.contains(&chosen), "{id}: {chosen} is explained");
        let group = explained.group.map(|step| step.reason);
        let wanted = match clusters {
            0 => None,
            1 => Some("the only group that is announced".to_owned()),
            several => Some(format!("the first of {several} groups")),
        };
        assert_eq!(group, wanted, "{id}");
    }
}

#[tokio::test]
async fn a_group_without_anybody_available_is_passed_over() {
    let scene = Scene::new("group=a,b", &["a", "a", "b", "b"], healthy()).await;
    scene.fake.make_unavailable(&[1]);
    assert_eq!(scene.shares().await, [2]);
    scene.fake.make_unavailable(&[1, 2]);
    assert_eq!(scene.shares().await, [3, 4]);
    // Nobody is: the first group is asked, and says so.
    scene.fake.make_unavailable(&[1, 2, 3, 4]);
    let error = scene.cluster.invoke(call()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProvider);
    assert!(
        error
            .message()
            .contains("among 192.168.1.1:20000, 192.168.1.2:20000"),
        "{error}"
    );
    assert!(scene.fake.called().is_empty());
    let group = explain(&call(), &*scene.directory).group.unwrap();
    assert_eq!(group.chosen.as_deref(), Some("a"));
    let reason = "nobody is available in any of the 2 groups; this is the first";
    assert_eq!(group.reason, reason);
    scene.fake.make_unavailable(&[]);
    assert_eq!(scene.shares().await, [1, 2]);
}

#[tokio::test]
async fn a_group_that_the_routers_empty_is_passed_over() {
    let scene = Scene::new("group=a,b", &["a", "a", "b", "b"], healthy()).await;
    let cases: [Kept; 3] = [
        (|row| row >= 2, Some(&[3, 4])),
        (|row| row != 0, Some(&[2])),
        (|_| false, None),
    ];
    for (keep, wanted) in cases {
        let policies = || PolicySet::default().with_routers(vec![router("fake", 0, keep)]);
        for _ in 0..50 {
            let outcome = scene.cluster.invoke(call_under(policies())).await;
            let called = scene.fake.called();
            match wanted {
                Some(wanted) => {
                    outcome.unwrap();
                    assert!(called.iter().all(|one| wanted.contains(one)), "{called:?}");
                }
                None => {
                    let error = outcome.unwrap_err();
                    assert!(error.message().contains("router fake"), "{error}");
                    assert!(called.is_empty());
                }
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_fails_in_a_group_is_tried_again_in_that_group_alone() {
    let failing = Box::new(|_| Err(Error::new(ErrorKind::ServerError, "boom")));
    let scene = Scene::new("group=a,b&retries=5", &["a", "b", "a"], failing).await;
    let error = scene.cluster.invoke(call()).await.unwrap_err();
    assert!(error.message().contains("boom"), "{error}");
    let mut called = scene.fake.called();
    called.sort_unstable();
    assert_eq!(called, [1, 3]);
}

#[tokio::test]
async fn an_explanation_names_ten_groups_and_no_more() {
    let names: Vec<String> = (10..40).map(|number| format!("g{number}")).collect();
    let groups: Vec<&str> = names.iter().map(String::as_str).collect();
    let scene = Scene::new("group=*", &groups, healthy()).await;
    let set = PolicySet::default().with_routers(vec![router("fake", 0, |row| row == 29)]);
    let explained = explain(&call_under(set), &*scene.directory);
    assert_eq!(explained.chosen, Some(29));
    let group = explained.group.unwrap();
    assert_eq!(group.chosen.as_deref(), Some("g39"));
    assert!(group.reason.contains("number 30 of 30"), "{}", group.reason);
    let passed: Vec<&str> = group.passed.iter().map(|one| &*one.name).collect();
    assert_eq!(passed, groups[..10]);
}

#[tokio::test]
async fn without_any_provider_a_call_says_so() {
    let scene = Scene::new("group=*", &[], healthy()).await;
    let error = scene.cluster.invoke(call()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProvider);
    assert!(error.message().contains("0 known"), "{error}");
}
