//! The config center inside one process: for tests, and for programs that make their own rules.
//! All who open one name share it; its texts live as long as somebody holds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use wubbo_core::{BoxFuture, ConfigCenter, ConfigSubscription, Error};

use super::check_length;
use super::texts::{Place, Texts};

/// A config center in this process. Values opened with one name see each other's texts at once.
///
/// Dropping the last value of a name ends its subscriptions.
#[derive(Debug)]
pub struct MemoryConfigCenter {
    texts: Arc<Texts>,
}

impl MemoryConfigCenter {
    /// Opens the config center `name` of this process, made by whoever opens it first.
    #[must_use]
    pub fn open(name: &str) -> Self {
        Self {
            texts: shared(name),
        }
    }

    /// Puts `text` under `key` in `group` (empty: `dubbo`); an empty text removes it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for an empty key and for a text above 1 MiB.
    pub fn publish(&self, key: &str, group: &str, text: &str) -> Result<(), Error> {
        let place = Place::new(key, group)?;
        check_length(key, text)?;
        self.texts.change(|texts| {
            if text.trim().is_empty() {
                texts.remove(&place);
            } else {
                texts.insert(place, text.into());
            }
        });
        Ok(())
    }

    /// Removes what is under `key` in `group`. A text that is not there is no error.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for an empty key.
    pub fn remove(&self, key: &str, group: &str) -> Result<(), Error> {
        let place = Place::new(key, group)?;
        self.texts.change(|texts| {
            texts.remove(&place);
        });
        Ok(())
    }
}

/// The texts of this name; those that nobody holds any more leave with the next opening.
fn shared(name: &str) -> Arc<Texts> {
    static CENTERS: OnceLock<Mutex<HashMap<String, Weak<Texts>>>> = OnceLock::new();
    let mut centers = CENTERS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    centers.retain(|_, texts| texts.strong_count() > 0);
    if let Some(found) = centers.get(name).and_then(Weak::upgrade) {
        return found;
    }
    let made = Arc::new(Texts::default());
    centers.insert(name.to_owned(), Arc::downgrade(&made));
    made
}

impl ConfigCenter for MemoryConfigCenter {
    fn subscribe<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<ConfigSubscription, Error>> {
        Box::pin(async move { Ok(self.texts.subscribe(Place::new(key, group)?)) })
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<str>>, Error>> {
        Box::pin(async move { Ok(self.texts.get(&Place::new(key, group)?)) })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
        from: Option<&'a str>,
        to: Option<&'a str>,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let place = Place::new(key, group)?;
            check_length(key, to.unwrap_or_default())?;
            Ok(self.texts.change(|texts| {
                let expected = texts.get(&place).map(|text| &**text) == from;
                if expected {
                    match to {
                        Some(to) => drop(texts.insert(place, to.into())),
                        None => drop(texts.remove(&place)),
                    }
                }
                expected
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use wubbo_core::ErrorKind;

    use super::*;
    use crate::config::conformance;

    #[tokio::test]
    async fn conforms() {
        let writer = MemoryConfigCenter::open("conformance");
        let write = async |key: &str, group: &str, text: Option<&str>| match text {
            Some(text) => writer.publish(key, group, text).unwrap(),
            None => writer.remove(key, group).unwrap(),
        };
        let open =
            async || Arc::new(MemoryConfigCenter::open("conformance")) as Arc<dyn ConfigCenter>;
        conformance::check("memory", open, write).await;
    }

    #[tokio::test]
    async fn the_last_of_a_name_ends_its_subscriptions() {
        let one = MemoryConfigCenter::open("ends");
        let other = MemoryConfigCenter::open("ends");
        let mut subscription = one.subscribe("k", "dubbo").await.unwrap();
        drop(one);
        other.publish("k", "dubbo", "text").unwrap();
        assert!(subscription.changed().await);
        drop(other);
        assert!(!subscription.changed().await);
        let anew = MemoryConfigCenter::open("ends");
        let subscription = anew.subscribe("k", "dubbo").await.unwrap();
        assert_eq!(subscription.current(), None);
    }

    #[test]
    fn a_text_above_the_bound_is_refused() {
        let center = MemoryConfigCenter::open("bound");
        let long = "x".repeat(1024 * 1024 + 1);
        let error = center.publish("k", "", &long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("1048577 bytes"), "{error}");
        center.publish("k", "", &long[1..]).unwrap();
    }
}
