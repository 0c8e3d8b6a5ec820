//! The service that the cookbook's plugins are shown on, and how a consumer sees it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wubbo::{JavaType, RunningServer, Server};

pub(super) type Result<T> = std::result::Result<T, wubbo::Error>;

/// `com.shop.Order`.
#[derive(Clone, Debug, Serialize, Deserialize, JavaType)]
#[serde(rename = "com.shop.Order")]
pub(super) struct Order {
    pub(super) user: User,
    pub(super) items: Vec<String>,
}

/// `com.shop.User`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "com.shop.User")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) card: String,
}

/// One provider of `com.shop.Shop`.
#[derive(Debug)]
pub(super) struct Shop {
    name: String,
    delay: Duration,
}

#[wubbo::service(interface = "com.shop.Shop", version = "1.0.0")]
impl Shop {
    /// Who answers.
    async fn whoami(&self) -> Result<String> {
        tokio::time::sleep(self.delay).await;
        Ok(self.name.clone())
    }

    /// Who takes the order.
    async fn place(&self, order: Order) -> Result<String> {
        Ok(format!("{} takes {}", self.name, order.items.len()))
    }

    async fn save_user(&self, user: User) -> Result<bool> {
        Ok(!user.id.is_empty())
    }

    async fn get_user(&self, id: String) -> Result<User> {
        let card = "4111222233334444".to_owned();
        Ok(User { id, card })
    }

    async fn search(&self, millis: i64) -> Result<String> {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
        Ok(format!("found after {millis} ms"))
    }
}

/// The same, as a consumer writes it down.
#[wubbo::interface(interface = "com.shop.Shop", version = "1.0.0")]
pub(super) trait ShopApi {
    async fn whoami(&self) -> Result<String>;
    async fn place(&self, order: &Order) -> Result<String>;
    async fn save_user(&self, user: &User) -> Result<bool>;
    async fn get_user(&self, id: &str) -> Result<User>;
    async fn search(&self, millis: i64) -> Result<String>;
}

/// A provider in this process: its name, its URL's parameters, and how long it takes to say its name.
pub(super) struct Provider<'a>(pub(super) &'a str, pub(super) &'a str, pub(super) u64);

impl Provider<'_> {
    pub(super) async fn start(&self, registry: &str) -> RunningServer {
        let Self(name, parameters, delay) = *self;
        let shop = Shop {
            name: name.to_owned(),
            delay: Duration::from_millis(delay),
        };
        let listen = format!("dubbo://127.0.0.1:0?{parameters}");
        let server = Server::new("shop").listen(&listen).registry(registry);
        server.service(shop).start().await.unwrap()
    }
}
