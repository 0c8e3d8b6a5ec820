//! Whom a command calls: a direct URL, or an interface found through a registry.

use anyhow::{Context, bail};
use wubbo_core::{ServiceKey, Url, keys};

use crate::Client;
use crate::contract::Stub;

/// What names the service on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Target {
    /// `dubbo://host:port/interface[?version=..&group=..]`, or with --registry an interface.
    #[arg(value_name = "URL or INTERFACE")]
    service: String,
    /// The registry to find providers in, such as file:./registry.
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// The service's group.
    #[arg(long)]
    group: Option<String>,
    /// The service's version.
    #[arg(long = "version", value_name = "VERSION")]
    service_version: Option<String>,
}

impl Target {
    /// The service's identity; what the options say counts before what the URL says.
    pub(crate) fn service(&self) -> anyhow::Result<ServiceKey> {
        if !self.is_direct() {
            let own = ServiceKey::parse(&self.service);
            let group = self.group.as_deref().unwrap_or(own.group());
            let version = self.service_version.as_deref().unwrap_or(own.version());
            return Ok(ServiceKey::new(own.interface(), group, version));
        }
        let url = Url::parse(&self.service)?;
        let own = url.service_key();
        if own.interface().is_empty() {
            bail!(
                "{} names no interface: write dubbo://host:port/interface",
                self.service
            );
        }
        let group = self.group.as_deref().unwrap_or(own.group());
        let version = self.service_version.as_deref().unwrap_or(own.version());
        Ok(ServiceKey::new(own.interface(), group, version))
    }

    /// A client without a contract. `parameters` are those of the reference.
    pub(crate) async fn stub(&self, parameters: &[(&str, String)]) -> anyhow::Result<Stub> {
        let service = self.service()?;
        // Gone before an operator could look at its entry.
        let mut client = Client::builder("wubbo-cli").parameter("register", "false");
        for (key, value) in parameters {
            client = client.parameter(key, value);
        }
        if let Some(registry) = self.registry.as_ref().filter(|_| !self.is_direct()) {
            client = client.registry(registry);
        }
        let client = client.build().await?;
        if !self.is_direct() {
            if self.registry.is_none() {
                bail!(
                    "{service} is an interface: say where its providers are found with --registry, or give dubbo://host:port/{service}"
                );
            }
            return Ok(client.stub(&service).await?);
        }
        let url = Url::parse(&self.service)?;
        let url = url
            .with_param(keys::GROUP, service.group())
            .with_param(keys::VERSION, service.version());
        client
            .direct_stub(&service, &url.to_string())
            .with_context(|| format!("{} cannot be called", self.service))
    }

    /// The target as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.service
    }

    fn is_direct(&self) -> bool {
        self.service.contains("://")
    }
}
