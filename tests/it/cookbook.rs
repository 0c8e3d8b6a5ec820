//! The cookbook (`examples/cookbook`): each recipe's wasm file is dropped into a running gateway and taken away again, and a consumer
//! sees the difference.

mod scene;
mod shop;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use scene::Scene;
use shop::{Order, Provider, User};
use wubbo_tests::artifacts;

const TWO: [Provider<'static>; 2] = [Provider("a1", "zone=a", 0), Provider("b1", "zone=b", 0)];

fn user(id: &str) -> User {
    User {
        id: id.to_owned(),
        card: "1".to_owned(),
    }
}

fn order(id: &str) -> Order {
    Order {
        user: user(id),
        items: vec!["tea".to_owned(), "cup".to_owned()],
    }
}

/// The names that answered.
fn names(answers: &BTreeMap<String, usize>) -> Vec<&str> {
    answers.keys().map(String::as_str).collect()
}

#[test]
fn filter_mask_hides_a_card_number_in_a_typed_result() {
    let scene = Scene::start(&TWO, "random");
    let seen = || scene.call(async |shop| shop.get_user("7").await).unwrap();
    let config = "config: { fields: [card, items, id.none], keep: 4 }\n";
    let masked = || {
        let seen = seen();
        assert_eq!(seen.id, "7");
        seen.card == "************4444"
    };
    scene.comes_and_goes("filter-mask", config, masked, || {});
    assert_eq!(seen().card, "4111222233334444");
}

#[test]
fn filter_readonly_refuses_what_writes() {
    let scene = Scene::start(&TWO, "random");
    let save = || scene.call(async |shop| shop.save_user(&user("7")).await);
    let config = "config: { message: closed until ten }\n";
    let refused = || match save() {
        Ok(saved) => {
            assert!(saved);
            false
        }
        Err(error) => {
            assert!(error.to_string().contains("closed until ten"), "{error}");
            true
        }
    };
    scene.comes_and_goes("filter-readonly", config, refused, || {
        assert_eq!(names(&scene.ask(20, &[])), ["a1", "b1"], "reading goes on");
    });
}

#[test]
fn router_canary_keeps_each_user_at_one_release() {
    let releases = [
        Provider("old1", "app.version=1.0", 0),
        Provider("new", "app.version=2.0", 0),
        Provider("old2", "app.version=1.0", 0),
    ];
    let scene = Scene::start(&releases, "random");
    let takes = |id: &str| {
        let order = order(id);
        let taken = scene.call(async |shop| shop.place(&order).await).unwrap();
        taken.split_once(' ').unwrap().0.to_owned()
    };
    // Users who meet the new release in each of six calls; by chance one of 729 does.
    let canaries = || -> Vec<usize> {
        let always_new = |id: &usize| (0..6).all(|_| takes(&format!("user-{id}")) == "new");
        (0..40).filter(always_new).collect()
    };
    let config = "config: { percent: 30, path: user.id, key: app.version, value: \"2.0\" }\n";
    let seen = || (5..25).contains(&canaries().len());
    scene.comes_and_goes("router-canary", config, seen, || {
        let first = canaries();
        println!("router-canary: 30 % of 40 users are {first:?}");
        assert_eq!(canaries(), first, "a user stays");
        let others = (0..40).filter(|id| !first.contains(id));
        for id in others.take(10) {
            let name = takes(&format!("user-{id}"));
            assert!(name.starts_with("old"), "user {id} met {name}");
        }
    });
}

#[test]
fn router_zone_stays_near_until_the_zone_is_too_small() {
    let zones = [
        Provider("a1", "zone=a", 0),
        Provider("b1", "zone=b", 0),
        Provider("a2", "zone=a", 0),
    ];
    let scene = Scene::start(&zones, "random");
    let near = || names(&scene.ask(40, &[])) == ["a1", "a2"];
    scene.comes_and_goes(
        "router-zone",
        "config: { zone: a, at_least: 2 }\n",
        near,
        || {},
    );
    let nobody = || names(&scene.ask(40, &[])) == ["b1"];
    scene.comes_and_goes("router-zone", "config: { zone: b }\n", nobody, || {});
    // Two are asked for, and the zone has one: as if the router were not there.
    let anybody = || names(&scene.ask(40, &[])) == ["a1", "a2", "b1"];
    assert!(anybody());
}

#[test]
fn loadbalance_latency_spares_the_slow_provider() {
    let providers = [
        Provider("fast1", "", 0),
        Provider("slow", "", 40),
        Provider("fast2", "", 0),
    ];
    let scene = Scene::start(&providers, "latency");
    let share = || scene.ask(60, &[]).get("slow").copied().unwrap_or(0);
    // Without the balancer the cluster picks evenly: 20 of 60.
    let spared = || share() <= 5;
    scene.comes_and_goes("loadbalance-latency", "", spared, || {
        let answers = scene.ask(120, &[]);
        println!("loadbalance-latency: {answers:?}");
        assert!(
            answers["fast1"] > 10 && answers["fast2"] > 10,
            "{answers:?}"
        );
    });
}

#[test]
fn loadbalance_pin_reaches_the_instance_that_a_call_names() {
    let scene = Scene::start(&TWO, "pin");
    let address = scene.address(1);
    let pinned = || names(&scene.ask(30, &[("pin", &address)])) == ["b1"];
    let config = "config: { strict: true }\n";
    scene.comes_and_goes("loadbalance-pin", config, pinned, || {
        let answers = scene.ask(5, &[("pin", "127.0.0.1:1")]);
        let refusal = names(&answers).join(" ");
        assert!(refusal.contains("available"), "{refusal}");
        assert_eq!(
            names(&scene.ask(30, &[])),
            ["a1", "b1"],
            "others are spread"
        );
    });
}

#[test]
fn configurator_timeout_ends_a_slow_search() {
    let scene = Scene::start(&TWO, "random");
    let search = |millis| scene.call(async |shop| shop.search(millis).await);
    let config = "config: { methods: { search: 200 } }\n";
    let cut = || match search(2000) {
        Ok(found) => {
            assert_eq!(found, "found after 2000 ms");
            false
        }
        Err(error) => {
            assert!(error.to_string().contains("timeout"), "{error}");
            true
        }
    };
    scene.comes_and_goes("configurator-timeout", config, cut, || {
        let since = Instant::now();
        assert!(search(2000).is_err());
        let took = since.elapsed();
        assert!(took < Duration::from_millis(1900), "{took:?}");
        assert!(search(0).is_ok() && names(&scene.ask(20, &[])).len() == 2);
    });
}

#[test]
fn configurator_drain_takes_a_zone_out_of_the_balance() {
    let scene = Scene::start(&TWO, "random");
    let drained = || names(&scene.ask(40, &[])) == ["a1"];
    let config = "config: { key: zone, value: b }\n";
    scene.comes_and_goes("configurator-drain", config, drained, || {});
}

/// The index and the READMEs name every recipe, so that what is described is what is there.
#[test]
fn the_index_names_every_recipe() {
    let folder = artifacts::root().join("examples/cookbook");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut kinds = BTreeMap::<String, usize>::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            index.contains(&format!("({name})")),
            "{name} is not in the index"
        );
        let (kind, short) = name.split_once('-').unwrap();
        *kinds.entry(kind.to_owned()).or_default() += 1;
        let source = std::fs::read_to_string(path.join("src/lib.rs")).unwrap();
        assert!(source.contains(&format!("kind = {kind}")), "{name}");
        assert!(source.contains(&format!("name = \"{short}\"")), "{name}");
    }
    let two = ["configurator", "filter", "loadbalance", "router"].map(|kind| (kind.to_owned(), 2));
    assert_eq!(kinds, BTreeMap::from(two));
}
