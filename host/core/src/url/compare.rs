//! Dubbo's comparisons of URLs: does an announced entry concern a subscriber, and are two entries the same.

use super::{Role, Url};
use crate::keys;

/// Whether an entry may be used; absent is `true` (dubbo-go `ENABLED_KEY`).
const ENABLED: &str = "enabled";
/// Stands for any group, any category, and as `enabled` for yes.
const ANY: &str = "*";

impl Url {
    /// Whether the announced `candidate` concerns this subscriber (dubbo-go `URLEqual`). It is asymmetric, and says "same
    /// service", not "same endpoint": protocol, credentials, service, group and version must agree, host and port need
    /// not. A group `*` on one side agrees with any. The candidate must be enabled, and its category among ours.
    #[must_use]
    pub fn url_equal(&self, candidate: &Self) -> bool {
        let group_agrees = {
            let (ours, theirs) = (
                self.get_or(keys::GROUP, ""),
                candidate.get_or(keys::GROUP, ""),
            );
            ours == theirs || ours == ANY || theirs == ANY
        };
        let same_service = self.protocol() == candidate.protocol()
            && self.username() == candidate.username()
            && self.password() == candidate.password()
            && self.service() == candidate.service()
            && self.get(keys::VERSION) == candidate.get(keys::VERSION);
        let enabled = matches!(candidate.get(ENABLED), None | Some("true" | ANY));
        let default = Role::Provider.folder();
        group_agrees
            && same_service
            && enabled
            && is_match_category(
                candidate.get_or(keys::CATEGORY, default),
                self.get_or(keys::CATEGORY, default),
            )
    }

    /// Whether host, port and [`Url::to_map`] agree, leaving out the keys in `excludes` (dubbo-go 1.5.2 `IsEquals`).
    #[must_use]
    pub fn is_equals(&self, other: &Self, excludes: &[&str]) -> bool {
        let compared = |url: &Self| {
            let mut map = url.to_map().into_iter().map(own).collect::<Vec<_>>();
            map.retain(|(key, _)| !excludes.contains(&key.as_str()));
            map
        };
        self.host() == other.host()
            && self.port() == other.port()
            && compared(self) == compared(other)
    }
}

fn own((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// Whether `category` is in the comma list `categories` of a subscriber: `*` takes all, tokens with a minus take all but those
/// named, an empty list takes `providers`. Whole tokens are compared; dubbo-go searches for a substring, where `config` matches
/// `configurators`.
#[must_use]
pub fn is_match_category(category: &str, categories: &str) -> bool {
    if categories.is_empty() {
        return category == Role::Provider.folder();
    }
    let mut tokens = categories.split(',').map(str::trim);
    if tokens.clone().any(|token| token == ANY) {
        return true;
    }
    if tokens.clone().any(|token| token.starts_with('-')) {
        return !tokens.any(|token| token.strip_prefix('-') == Some(category));
    }
    tokens.any(|token| token == category)
}

/// Sorts URLs by their text, as dubbo-go's sortable list does.
pub fn sort_urls(urls: &mut [Url]) {
    urls.sort_by_cached_key(Url::to_string);
}
