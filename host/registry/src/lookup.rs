//! What is announced now, for those who do not follow it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use wubbo_core::{Error, ErrorKind, Registry, Snapshot, Url};

/// The list that a subscription of `consumer` begins with; nothing is watched afterwards. Dubbo Java's `RegistryService.lookup`.
///
/// # Errors
/// [`ErrorKind::Config`] when `consumer` cannot subscribe, such as a URL without an interface; [`ErrorKind::Registry`] when the
/// registry gives no list within `limit`, or is closed.
pub async fn lookup(
    registry: &dyn Registry,
    consumer: &Url,
    limit: Duration,
) -> Result<Arc<Snapshot>, Error> {
    let mut subscription = registry.subscribe(consumer).await?;
    let failed = |reason: String| {
        let url = registry.url();
        let message = format!("registry {url:?}: cannot look up {consumer:?}: {reason}");
        Error::new(ErrorKind::Registry, message)
    };
    match timeout(limit, subscription.next()).await {
        Ok(Some(list)) => Ok(list),
        Ok(None) => Err(failed("it was closed".to_owned())),
        Err(_) => Err(failed(format!(
            "no answer within {limit:?}; is it up and its port open from here?"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    const LIMIT: Duration = Duration::from_secs(20);

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test]
    async fn gives_what_is_there_and_says_why_not() {
        let registry = open("memory://lookup").await.unwrap();
        registry.register(&url("dubbo://h:1/a.B")).await.unwrap();
        let found = lookup(&*registry, &url("consumer://c/a.B"), LIMIT).await;
        assert_eq!(found.unwrap().urls, [url("dubbo://h:1/a.B")]);
        let none = lookup(&*registry, &url("consumer://c/a.C"), LIMIT).await;
        assert!(none.unwrap().urls.is_empty());
        let wrong = lookup(&*registry, &url("consumer://c"), LIMIT).await;
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Config);
    }
}
