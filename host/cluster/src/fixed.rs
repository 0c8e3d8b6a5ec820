//! A list of providers that somebody wrote down.

use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{Directory, Protocol, ProviderList, Snapshot, Url};

use crate::build::ListBuilder;
use crate::context::DirectoryContext;
use crate::live::{LiveList, Source};

/// Providers by direct URL. Send + Sync.
#[derive(Debug)]
pub struct StaticDirectory {
    url: Url,
    live: LiveList,
}

impl StaticDirectory {
    /// The providers at `providers` for the reference `url`. What cannot be called is skipped and counted, as in a registry's list.
    /// The list is there when the policies have seen it, see [`StaticDirectory::wait_ready`]. Must be called on a tokio runtime.
    #[must_use]
    pub fn new(
        url: Url,
        providers: &[Url],
        protocols: &[Arc<dyn Protocol>],
        context: DirectoryContext,
    ) -> Self {
        let builder = ListBuilder::new(url.clone(), protocols, false);
        let announced = Snapshot {
            urls: providers.to_vec(),
            unreadable: 0,
        };
        Self {
            url,
            live: LiveList::start(builder, context, Source::Fixed(announced)),
        }
    }

    /// Waits for the list, for `limit` at most; whether it is there. Once it is, this costs next to nothing.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_ready(&self, limit: Duration) -> bool {
        self.live.wait_ready(limit).await
    }
}

impl Directory for StaticDirectory {
    fn url(&self) -> &Url {
        &self.url
    }

    fn registry(&self) -> &str {
        ""
    }

    fn list(&self) -> Arc<ProviderList> {
        self.live.list()
    }
}
