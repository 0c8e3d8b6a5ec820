use std::path::Path;

use super::super::{Chosen, parse_properties};
use super::*;

/// A gateway with these registries and references, under these properties.
fn laid(registries: &str, references: &str, properties: &str) -> (Config, Overlaid) {
    let yaml = format!(
        "application: shop\nconfig_center: {{ address: \"memory://x\", config_file: dubbo.properties }}\nregistries: {{ {registries} }}\n\
         references: {{ {references} }}\ngateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"*\"] }}\n"
    );
    let mut config = Config::parse(Path::new("wubbo.yaml"), &yaml).expect(&yaml);
    let properties = parse_properties(properties).expect(properties);
    let overlaid = config.overlay(&properties);
    let all = overlaid.taken.iter().chain(&overlaid.passed_over);
    let mut all: Vec<_> = all
        .chain(overlaid.refused.iter().map(|(key, _)| key))
        .collect();
    all.sort();
    assert!(all.into_iter().eq(properties.keys()), "{overlaid:?}");
    (config, overlaid)
}

fn keys(refused: &[(String, String)]) -> Vec<&str> {
    refused.iter().map(|(key, _)| key.as_str()).collect()
}

/// Id or what it is about, registries of the file, properties; registries then, keys that are passed over and that are refused.
type OfRegistries = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const REGISTRIES: [OfRegistries; 17] = [
    (
        "PRP-01, by intent: a scheme without an address makes no registry",
        "",
        "dubbo.registries.shanghai_reg1.protocol=zookeeper",
        &[],
        &["dubbo.registries.shanghai_reg1.protocol"],
        &[],
    ),
    (
        "PRP-04: the only registry",
        "main: { address: \"memory://a\" }",
        "dubbo.registry.address=zookeeper://127.0.0.1:2181",
        &["main=zookeeper://127.0.0.1:2181"],
        &[],
        &[],
    ),
    (
        "PRP-07: the scheme apart",
        "",
        "dubbo.registries.hangzhouzk.protocol=zookeeper\ndubbo.registries.hangzhouzk.address=127.0.0.1:2181\n\
         dubbo.registries.shanghaizk.protocol=zookeeper\ndubbo.registries.shanghaizk.address=etcd://127.0.0.1:2379",
        &[
            "hangzhouzk=zookeeper://127.0.0.1:2181",
            "shanghaizk=etcd://127.0.0.1:2379",
        ],
        &["dubbo.registries.shanghaizk.protocol"],
        &[],
    ),
    (
        "PRP-08: none is there",
        "",
        "dubbo.registry.address=memory://b",
        &["default=memory://b"],
        &[],
        &[],
    ),
    (
        "the one of that name among several",
        "default: { address: \"memory://a\" }, other: { address: \"memory://b\" }",
        "dubbo.registries.address=memory://c",
        &["default=memory://c", "other=memory://b"],
        &[],
        &[],
    ),
    (
        "none of that name among several",
        "main: { address: \"memory://a\" }, other: { address: \"memory://b\" }",
        "dubbo.registry.address=memory://c",
        &["default=memory://c", "main=memory://a", "other=memory://b"],
        &[],
        &[],
    ),
    (
        "the more special key",
        "main: { address: \"memory://a\" }",
        "dubbo.registry.address=memory://4\ndubbo.registry.main.address=memory://3\ndubbo.registries.address=memory://2\n\
         dubbo.registries.main.address=memory://1",
        &["main=memory://1"],
        &[
            "dubbo.registries.address",
            "dubbo.registry.main.address",
            "dubbo.registry.address",
        ],
        &[],
    ),
    (
        "a named one beside the only one",
        "main: { address: \"memory://a\" }",
        "dubbo.registry.b.address=file:./b",
        &["b=file:./b", "main=memory://a"],
        &[],
        &[],
    ),
    (
        "PRP-13: what else the file says stays",
        "r1: { address: \"zookeeper://a:2181?group=shop\" }",
        "dubbo.registries.r1.timeout=3s",
        &["r1=zookeeper://a:2181?group=shop&timeout=3s"],
        &[],
        &[],
    ),
    (
        "settings of an address without a port and with several servers",
        "a: { address: \"zookeeper://h\" }, b: { address: \"etcd://h1:1,h2:2\" }",
        "dubbo.registry.a.session=4000\ndubbo.registry.b.simplified=true\ndubbo.registry.b.weight=7",
        &[
            "a=zookeeper://h:?session=4000",
            "b=etcd://h1:1,h2:2?simplified=true&weight=7",
        ],
        &[],
        &[],
    ),
    (
        "an address is replaced with its parameters",
        "a: { address: \"zookeeper://me:old@h:1?timeout=3s\" }",
        "dubbo.registry.address=zookeeper://h:2\ndubbo.registry.username=you\ndubbo.registry.password=p@s:s/w",
        &["a=zookeeper://you:p%40s%3As%2Fw@h:2?"],
        &[],
        &[],
    ),
    (
        "PRP-14: a bad value changes nothing and takes nothing else with it",
        "a: { address: \"zookeeper://h:1\" }",
        "dubbo.registry.timeout=soon\ndubbo.registry.check=maybe\ndubbo.registry.weight=much\ndubbo.registry.zone=east",
        &["a=zookeeper://h:1?zone=east"],
        &[],
        &[
            "dubbo.registry.check",
            "dubbo.registry.timeout",
            "dubbo.registry.weight",
        ],
    ),
    (
        "PRP-14: a bad address",
        "a: { address: \"zookeeper://h:1\" }",
        "dubbo.registry.address=172.0.0.1\ndubbo.registry.timeout=3000",
        &["a=zookeeper://h:1?timeout=3000"],
        &[],
        &["dubbo.registry.address"],
    ),
    (
        "a scheme that there is no registry of",
        "a: { address: \"zookeeper://h:1\" }",
        "dubbo.registry.protocol=mock100\ndubbo.registry.address=127.0.0.1:2181",
        &["a=zookeeper://h:1"],
        &[],
        &["dubbo.registry.address", "dubbo.registry.protocol"],
    ),
    (
        "settings of a registry that nobody gives an address",
        "",
        "dubbo.registry.b.timeout=3s",
        &[],
        &[],
        &["dubbo.registry.b.timeout"],
    ),
    (
        "settings that this kind has none of",
        "a: { address: \"file:./a\" }, b: { address: \"memory://b\" }",
        "dubbo.registry.a.timeout=3s\ndubbo.registry.b.username=me",
        &["a=file:./a", "b=memory://b"],
        &[],
        &["dubbo.registry.a.timeout", "dubbo.registry.b.username"],
    ),
    (
        "an empty value and settings that nobody knows",
        "a: { address: \"memory://a\" }",
        "dubbo.registry.address= \ndubbo.registry.name=test\ndubbo.registries..address=memory://x\ndubbo.protocol.port=20880\n=1\n\
         xdubbo.registry.address=memory://y\ndubbo.application.name=x",
        &["a=memory://a"],
        &[
            "",
            "dubbo.application.name",
            "dubbo.protocol.port",
            "dubbo.registry.address",
            "xdubbo.registry.address",
            "dubbo.registries..address",
            "dubbo.registry.name",
        ],
        &[],
    ),
];

/// F-35; PRP-01, PRP-04, PRP-07, PRP-08, PRP-13 and PRP-14 of the chapter on config centers: what is said of registries. Instead of its `mock100` these are registries that there are.
#[test]
fn registries_are_merged_and_made() {
    for (id, file, properties, expected, passed_over, refused) in REGISTRIES {
        let (config, overlaid) = laid(file, "", properties);
        let registries = config.registries.iter();
        let registries: Vec<_> = registries
            .map(|(id, address)| format!("{id}={address}"))
            .collect();
        assert_eq!(registries, expected, "{id}");
        assert_eq!(overlaid.passed_over, passed_over, "{id}");
        assert_eq!(keys(&overlaid.refused), refused, "{id}");
        // Who chooses none gets all, those too that only the config center names.
        let chosen = config.registry_names(&Chosen::All);
        assert_eq!(chosen.len(), expected.len(), "{id}");
        let gateway = config.gateway.expect("a gateway");
        assert_eq!(gateway.registry, Chosen::All, "{id}");
    }
}

/// Id or what it is about, references of the file, properties; references then, keys that are refused.
type OfReferences = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const REFERENCES: [OfReferences; 10] = [
    (
        "PRP-03",
        "com.MockService: { retries: 3, timeout: 2s }",
        "dubbo.reference.com.MockService.retries=10",
        &[
            "com.MockService: retries=10 timeout=2000",
            "com.MockService: retries=3 timeout=2000",
        ],
        &[],
    ),
    (
        "an interface that only a pattern of the file matches",
        "com.*: { retries: 3 }, com.shop.Cart: { retries: 4 }",
        "dubbo.reference.com.shop.Cart.timeout=500\ndubbo.reference.org.Other.cluster=failover",
        &[
            "com.shop.Cart: retries=3 timeout=500",
            "org.Other: cluster=failover",
            "com.*: retries=3",
            "com.shop.Cart: retries=4",
        ],
        &[],
    ),
    (
        "what holds for every reference",
        "com.*: { retries: 3 }",
        "dubbo.consumer.retries=0\ndubbo.consumer.loadbalance=roundrobin\ndubbo.reference.com.A.timeout=1m",
        &[
            "com.A: loadbalance=roundrobin retries=3 timeout=60000",
            "com.*: loadbalance=roundrobin retries=3",
            "*: loadbalance=roundrobin retries=0",
        ],
        &[],
    ),
    (
        "what the file says of every reference",
        "com.A: { timeout: 1s }, \"*\": { timeout: 2s, retries: 1, register: off }",
        "dubbo.consumer.timeout=3000",
        &[
            "com.A: timeout=1000",
            "*: register=false retries=1 timeout=3000",
        ],
        &[],
    ),
    (
        "dubbo-go's name",
        "",
        "dubbo.consumer.request_timeout=5s",
        &["*: timeout=5000"],
        &[],
    ),
    (
        "both names",
        "",
        "dubbo.consumer.request_timeout=5s\ndubbo.consumer.timeout=4000",
        &["*: timeout=4000"],
        &[],
    ),
    (
        "PRP-14",
        "com.A: { retries: 3 }",
        "dubbo.consumer.retries=many\ndubbo.consumer.timeout=-1\ndubbo.reference.com.A.retries=101\ndubbo.reference.com.A.cluster=failsafe",
        &["com.A: retries=3"],
        &[
            "dubbo.consumer.retries",
            "dubbo.consumer.timeout",
            "dubbo.reference.com.A.cluster",
            "dubbo.reference.com.A.retries",
        ],
    ),
    (
        "002-T25: blanks around a number",
        "",
        "dubbo.consumer.timeout=  10000  ",
        &["*: timeout=10000"],
        &[],
    ),
    (
        "settings that wubbo has none of, patterns, and no interface",
        "com.A: { retries: 3 }",
        "dubbo.consumer.check=maybe\ndubbo.reference.com.A.url=x\ndubbo.reference.*.retries=1\ndubbo.reference.retries=1\n\
         dubbo.provider.timeout=3",
        &["com.A: retries=3"],
        &[],
    ),
    (
        "times that no call lives to see",
        "",
        "dubbo.consumer.timeout=18446744073709551615\ndubbo.reference.a.B.timeout=18446744073709551616",
        &["*: timeout=18446744073709551615"],
        &["dubbo.reference.a.B.timeout"],
    ),
];

/// F-35; PRP-03 and PRP-14: what is said of references. By intent they have no ids beside their interface.
#[test]
fn references_are_merged_and_made() {
    for (id, file, properties, expected, refused) in REFERENCES {
        let (config, overlaid) = laid("", file, properties);
        let references = config.references.into_iter().map(|mut reference| {
            reference.parameters.sort();
            let parameters = reference.parameters.iter();
            let parameters: Vec<_> = parameters
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            format!("{}: {}", reference.services.as_str(), parameters.join(" "))
        });
        assert_eq!(references.collect::<Vec<_>>(), expected, "{id}");
        assert_eq!(keys(&overlaid.refused), refused, "{id}");
    }
}

/// The longest text of a config center, of nothing but references, under a long file.
#[test]
fn many_keys_are_no_work() {
    let properties: String = (0..20_000)
        .map(|number| format!("dubbo.reference.com.shop.Service{number}.retries=1\n"))
        .collect();
    let references: Vec<_> = (0..20)
        .map(|number| format!("com.shop{number}.*: {{ retries: 2 }}"))
        .collect();
    let since = std::time::Instant::now();
    let (config, overlaid) = laid("", &references.join(", "), &properties);
    assert_eq!(
        (config.references.len(), overlaid.taken.len()),
        (20_020, 20_000)
    );
    assert!(
        since.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        since.elapsed()
    );
}

/// Nothing that is told of a key that was left as it was holds its value.
#[test]
fn values_are_not_told() {
    let (_, overlaid) = laid(
        "a: { address: \"zookeeper://h:1\" }",
        "",
        "dubbo.registry.address=me:s3cret@h\ndubbo.registry.a.password=s3cret\ndubbo.registry.b.password=s3cret\ndubbo.consumer.retries=s3cret\ndubbo.x=s3cret",
    );
    assert_eq!(overlaid.refused.len(), 3, "{overlaid:?}");
    assert!(!format!("{overlaid:?}").contains("s3cret"), "{overlaid:?}");
}
