//! Linked routers, balancers and configurators: the same slots, tables, rules and checks as modules have.

use std::collections::BTreeMap;

use wubbo_core::{Choice, ConfigureSide, Rule, RuleScope, RuleSet, Url};
use wubbo_plugin_sdk::Error;
use wubbo_plugin_sdk::abi::commands::{REMOVE_PARAMETER, SET_PARAMETER, remove, set};
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::abi::names;
use wubbo_plugin_sdk::native::{
    Create, Factory, HostFunctions, HostRouting, HostTable, HostUrl, NativeConfigurator,
    NativeLoadBalance, NativeRouter, RuleText,
};

use crate::providers::table;
use crate::rig::{Rig, try_start};

type Done = Result<(), Error>;

/// Keeps the rows with the tag that a rule names; misbehaves as a rule tells it to.
#[derive(Default)]
struct Tags {
    tables: BTreeMap<(u64, u64), Vec<bool>>,
    tag: String,
}

impl NativeRouter for Tags {
    fn on_providers(&mut self, table: &dyn HostTable) -> Done {
        let tagged = |row| {
            let tag = table.get(row, Space::Url, "dubbo.tag").ok().flatten();
            tag.as_deref() == Some("gray")
        };
        assert!(
            table.get(table.rows(), Space::Url, "a").is_err(),
            "no such row"
        );
        let key = (table.service_token(), table.version());
        self.tables
            .insert(key, (0..table.rows()).map(tagged).collect());
        Ok(())
    }

    fn drop_providers(&mut self, service_token: u64, _host: &dyn HostFunctions) -> Done {
        self.tables.retain(|(token, _), _| *token != service_token);
        Ok(())
    }

    fn on_rule(&mut self, rule: RuleText<'_>, _host: &dyn HostFunctions) -> Done {
        match rule.text.unwrap_or_default() {
            "bad" => Err(Error::new("what is this").at(1, 1)),
            "panic" => panic!("boom"),
            tag => {
                tag.clone_into(&mut self.tag);
                Ok(())
            }
        }
    }

    fn route(&mut self, call: &dyn HostRouting, candidates: &mut [u64]) -> Result<bool, Error> {
        let key = (call.scalars().service_token, call.table_version());
        let tagged = self
            .tables
            .get(&key)
            .ok_or_else(|| Error::new("unknown table"))?;
        assert_eq!(
            call.get(Space::MethodUrl, "zone").ok().flatten().as_deref(),
            Some("there")
        );
        assert_eq!(call.get(Space::MethodOnly, "side").ok().flatten(), None);
        match self.tag.as_str() {
            "trap" => panic!("in route"),
            "add" => {
                candidates[1] = u64::MAX;
                return Ok(true);
            }
            "fail" => {
                candidates[0] = 0;
                return Err(Error::new("not today"));
            }
            _ => {}
        }
        for (row, tagged) in tagged.iter().enumerate() {
            if *tagged != (self.tag == "gray") {
                candidates[row / 64] &= !(1 << (row % 64));
            }
        }
        let noted = call.note(Some(0), "tagged\nor not");
        noted.map_err(|kind| Error::host(kind, "note"))?;
        Ok(true)
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }
}

/// Chooses the heaviest row; row 99 when the first is not running any call, which is never true.
struct Heaviest;

impl NativeLoadBalance for Heaviest {
    fn on_providers(&mut self, _table: &dyn HostTable) -> Done {
        Ok(())
    }

    fn drop_providers(&mut self, _service_token: u64, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn select(&mut self, call: &dyn HostRouting, candidates: &[u64]) -> Result<Option<u32>, Error> {
        let failed = |kind| Error::host(kind, "column");
        let mut weights = Vec::new();
        call.column(names::CELL_WEIGHT, &mut weights)
            .map_err(failed)?;
        assert_eq!(call.cell(0, names::CELL_ACTIVE), Ok(0));
        assert!(call.cell(call.rows(), names::CELL_ACTIVE).is_err() && call.cell(0, 99).is_err());
        if candidates[0].count_ones() == 3 {
            return Ok(None);
        }
        let heaviest = (0..weights.len()).max_by_key(|row| weights[*row]);
        Ok(heaviest.and_then(|row| u32::try_from(row).ok()))
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }
}

/// Sets the time-out that its rule says.
#[derive(Default)]
struct Timeouts(Option<String>);

impl NativeConfigurator for Timeouts {
    fn on_rule(&mut self, rule: RuleText<'_>, _host: &dyn HostFunctions) -> Done {
        self.0 = rule.text.map(str::to_owned);
        Ok(())
    }

    fn configure_url(&mut self, url: &dyn HostUrl, out: &mut Vec<u8>) -> Done {
        let Some(timeout) = &self.0 else {
            return Ok(());
        };
        assert!(!url.is_provider_side() && url.get(Space::Attachment, "a").is_err());
        set(out, SET_PARAMETER, 0, "timeout", timeout);
        let mut keys = Vec::new();
        url.list(&mut |key, _| keys.push(key.to_owned()))
            .map_err(|kind| Error::host(kind, "list"))?;
        keys.iter()
            .filter(|key| key.starts_with("old."))
            .for_each(|key| remove(out, REMOVE_PARAMETER, 0, key));
        Ok(())
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }
}

const LINKED: [Factory; 3] = [
    Factory {
        manifest: b"wubp\x01\0\0\0{\"kind\":\"router\",\"name\":\"tags\",\"version\":\"1.0.0\",\"hooks\":[\"route\",\"on_providers\",\"drop_providers\",\"on_rule\"]}",
        create: Create::Router(|_, _| Ok(Box::new(Tags::default()))),
    },
    Factory {
        manifest: b"wubp\x01\0\0\0{\"kind\":\"loadbalance\",\"name\":\"heaviest\",\"version\":\"1.0.0\",\"hooks\":[\"select\",\"on_providers\",\"drop_providers\"]}",
        create: Create::LoadBalance(|_, _| Ok(Box::new(Heaviest))),
    },
    Factory {
        manifest: b"wubp\x01\0\0\0{\"kind\":\"configurator\",\"name\":\"timeouts\",\"version\":\"1.0.0\",\"hooks\":[\"configure_url\",\"on_rule\"]}",
        create: Create::Configurator(|_, _| Ok(Box::new(Timeouts::default()))),
    },
];

async fn linked() -> Rig {
    try_start(&[], LINKED.to_vec(), |_| {}).await.unwrap()
}

async fn follow(rig: &Rig, version: u64, text: &str) {
    let rule = Rule {
        scope: RuleScope::Application,
        key: "shop".into(),
        group: "dubbo".into(),
        text: text.into(),
    };
    rig.host
        .set_rules(RuleSet::new(version, [rule]).into())
        .await;
}

#[tokio::test]
async fn a_linked_router_has_tables_and_rules_like_any_other() {
    let rig = linked().await;
    let table = table(7, 70);
    assert_eq!(rig.route(&table).len(), 70);
    assert_eq!(rig.plugin("router/tags").counters.unknown_table, 1);
    rig.deliver(&table).await;
    follow(&rig, 1, "gray").await;
    let gray: Vec<usize> = (0..70).step_by(3).collect();
    assert_eq!(rig.route(&table), gray);
    let remarks = rig.explain(&table);
    assert_eq!(
        (
            remarks[0].policy.as_str(),
            remarks[0].row,
            remarks[0].text.as_str()
        ),
        ("router/tags", Some(0), "tagged or not")
    );
    // A bad rule, and one that panics, leave the last good one.
    for (version, text) in [(2, "bad"), (3, "panic")] {
        follow(&rig, version, text).await;
        assert_eq!(rig.route(&table), gray, "{text}");
        let refused = &rig.plugin("router/tags").rules.unwrap().refused;
        assert_eq!(
            (refused[0].version, refused[0].last_good_in_use),
            (version, true)
        );
    }
    assert_eq!(rig.plugin("router/tags").counters.trips["panic"], 1);
    // Whatever it does in a call, the input passes.
    for (version, text) in [(4, "trap"), (5, "add"), (6, "fail")] {
        follow(&rig, version, text).await;
        // A change of the rules is no way out of the pause after a trip.
        rig.whole("router/tags").await;
        assert_eq!(rig.route(&table).len(), 70, "{text}");
    }
    let counters = rig.plugin("router/tags").counters;
    assert_eq!(
        (
            counters.trips["panic"],
            counters.trips["bad_answer"],
            counters.failed
        ),
        (2, 1, 1)
    );
    follow(&rig, 7, "plain").await;
    rig.whole("router/tags").await;
    assert_eq!(rig.route(&table).len(), 70 - gray.len());
}

#[tokio::test]
async fn a_linked_balancer_reads_live_numbers() {
    let rig = linked().await;
    let table = table(7, 10);
    rig.deliver(&table).await;
    assert_eq!(rig.select("heaviest", &table, &[]), Choice::Row(1));
    assert_eq!(
        rig.select("heaviest", &table, &[1]),
        Choice::Unable,
        "no candidate"
    );
    table.rows()[4].set_weight(5000);
    assert_eq!(rig.select("heaviest", &table, &[1]), Choice::Row(4));
    let few: Vec<usize> = (3..10).collect();
    assert_eq!(rig.select("heaviest", &table, &few), Choice::Nobody);
    let counters = rig.plugin("loadbalance/heaviest").counters;
    assert_eq!(
        (
            counters.trips["bad_answer"],
            counters.nobody,
            counters.hooks
        ),
        (1, 1, 4)
    );
}

#[tokio::test]
async fn a_linked_configurator_follows_its_rule() {
    let rig = linked().await;
    let url = Url::parse("dubbo://10.0.0.1:20880/a.B?timeout=1&old.a=1&old.b=2").unwrap();
    let configure = || {
        let policies = rig.policies.load();
        let entry = &policies.configurators()[0];
        let configured = entry.configurator.configure(&url, ConfigureSide::Consumer);
        (configured, policies.configuration())
    };
    let (nothing, first) = configure();
    assert_eq!(nothing, None);
    follow(&rig, 1, "1500").await;
    let (configured, second) = configure();
    let configured = configured.unwrap();
    let keys: Vec<_> = configured
        .params()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(keys, [("timeout".to_owned(), "1500".to_owned())]);
    assert_eq!(second, first + 1, "URLs are made anew");
    // The same rules again change nothing.
    follow(&rig, 2, "1500").await;
    assert_eq!(configure().1, second);
}
