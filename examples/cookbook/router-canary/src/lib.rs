//! Router `canary`: a percentage of the users, always the same ones, go to the providers of a new release.
//!
//! The idea: the choice is a hash of something in the arguments, so a user does not jump between releases from call to call, and
//! nothing has to be remembered anywhere.

use serde::Deserialize;
use wubbo_plugin_sdk::{
    Candidates, Error, Hook, Providers, Result, Router, Routing, Setup, Space, wubbo_plugin,
};

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Canary {
    /// Of a hundred users so many, 0 to 100.
    percent: u64,
    /// Which argument tells the user, from 0.
    argument: u32,
    /// Where in it, such as `user.id`; empty: the argument itself.
    path: String,
    /// The parameter of a provider's URL that tells the release.
    key: String,
    /// What it is for the new release.
    value: String,
}

impl Default for Canary {
    fn default() -> Self {
        Self {
            percent: 5,
            argument: 0,
            path: String::new(),
            key: "stage".to_owned(),
            value: "canary".to_owned(),
        }
    }
}

/// The rows of both releases, as sets.
#[derive(Debug)]
pub struct Releases {
    canary: Vec<u64>,
    stable: Vec<u64>,
}

#[wubbo_plugin(
    kind = router,
    name = "canary",
    arguments = read,
    description = "sends a percentage of the users to the providers of a new release"
)]
impl Router for Canary {
    type Config = Self;
    type Table = Releases;

    fn new(config: Self) -> Result<Self> {
        if config.percent > 100 {
            return Err(Error::new("percent: expected 0 to 100"));
        }
        Ok(config)
    }

    // The key comes from the configuration, so it cannot stand in `reads_on_providers`.
    fn setup(&mut self, setup: &mut Setup<'_>) -> Result<()> {
        setup.read(Space::Url, self.key.as_str(), Hook::OnProviders);
        Ok(())
    }

    // Once per list of providers, off the call path: a call then compares no texts.
    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        _before: Option<&Releases>,
    ) -> Result<Releases> {
        let release = providers.column(Space::Url, self.key.as_str())?;
        let is_canary = |text: Option<&str>| text == Some(self.value.as_str());
        Ok(Releases {
            canary: release.rows_where(is_canary),
            stable: release.rows_where(|text| !is_canary(text)),
        })
    }

    fn route(
        &mut self,
        releases: &mut Releases,
        call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()> {
        // The host skips to the place; the user is never built as an object.
        let chosen = match self.argument < call.argument_count() {
            true => call.argument_text(self.argument, &self.path)?,
            false => None,
        };
        let is_canary = chosen.is_some_and(|user| bucket(&user) < self.percent);
        // When the wanted release has nobody, a call to the other one is better than none.
        let found = candidates.prefer(
            match is_canary {
                true => &releases.canary,
                false => &releases.stable,
            },
            1,
        );
        call.note(
            None,
            match (is_canary, found) {
                (true, true) => "a canary user: the new release",
                (false, true) => "no canary user: the old release",
                (_, false) => "nobody has the wanted release: all",
            },
        );
        Ok(())
    }
}

/// 0 to 99, the same for the same user in every process: FNV-1a, which needs no table and no key.
fn bucket(user: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = user.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    // The low bits of FNV are weak for short texts.
    (hash ^ (hash >> 32)) % 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wubbo_plugin_sdk::testing::{Call, RouterBench};

    fn bench(config: &str, releases: &[&str]) -> RouterBench {
        let mut bench = RouterBench::new(factory(), config).unwrap();
        let url = |release: &&str| format!("dubbo://10.0.0.1:20880/com.shop.Cart?stage={release}");
        let urls: Vec<String> = releases.iter().map(url).collect();
        bench.providers(&urls).unwrap();
        bench
    }

    fn of_user(id: u32) -> Call {
        let order = json!({ "user": { "id": format!("user-{id}") } });
        Call::new("com.shop.Cart", "place").argument(order)
    }

    #[test]
    fn about_so_many_users_are_canaries_and_stay_so() {
        let config = r#"{ "percent": 20, "path": "user.id" }"#;
        let mut bench = bench(config, &["stable", "canary", ""]);
        let mut canaries = 0;
        for id in 0..1000 {
            let first = bench.route(&of_user(id)).unwrap();
            assert!(first == [1] || first == [0, 2], "{first:?}");
            assert_eq!(bench.route(&of_user(id)).unwrap(), first, "user {id}");
            canaries += usize::from(first == [1]);
        }
        assert!((150..250).contains(&canaries), "{canaries}");
    }

    #[test]
    fn a_call_without_a_user_is_no_canary() {
        let config = r#"{ "percent": 100, "path": "user.id" }"#;
        let mut bench = bench(config, &["stable", "canary"]);
        let place = || Call::new("com.shop.Cart", "place");
        assert_eq!(bench.route(&place()).unwrap(), [0]);
        assert_eq!(bench.route(&place().argument("no object")).unwrap(), [0]);
        assert_eq!(bench.route(&of_user(1)).unwrap(), [1]);
    }

    #[test]
    fn without_the_wanted_release_all_pass() {
        let config = r#"{ "percent": 100, "path": "user.id" }"#;
        assert_eq!(
            bench(config, &["a", "b"]).route(&of_user(1)).unwrap(),
            [0, 1]
        );
        let nobody = r#"{ "percent": 0, "path": "user.id" }"#;
        assert_eq!(bench(nobody, &["canary"]).route(&of_user(1)).unwrap(), [0]);
    }

    #[test]
    fn more_than_all_is_refused() {
        let refused = RouterBench::new(factory(), r#"{ "percent": 101 }"#).unwrap_err();
        assert!(
            refused.to_string().contains("percent: expected"),
            "{refused}"
        );
    }
}
