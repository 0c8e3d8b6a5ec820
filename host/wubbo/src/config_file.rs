//! Settings that lie in the config center as Java properties (Dubbo's `config-file`, mostly `dubbo.properties`): read once at the
//! start, before anything is opened, and laid over the configuration file.

use wubbo_core::{ConfigCenter, Error, ErrorKind};

use crate::config::{Chosen, Config, Overlaid, Properties, parse_properties};

/// The group of what is said to every application.
const GLOBAL: &str = "dubbo";
/// Keys that a log names at most.
const NAMED_MAX: usize = 50;

/// Reads what `config` says is in the config center and lays it over `config`: first what every application is told, and over that
/// what this one is told. Nothing under the key is no error.
///
/// # Errors
/// The config center cannot be asked within its time-out, what is there are no properties, or nobody names a registry that is needed.
pub(crate) async fn lay_over(config: &mut Config) -> Result<(), Error> {
    let Some(source) = &config.config_center else {
        return Ok(());
    };
    let Some(key) = source.config_file.clone() else {
        return Ok(());
    };
    let center = wubbo_registry::open_config(&source.address).await?;
    let mut properties = Properties::new();
    for group in [GLOBAL, &config.application] {
        properties.extend(read(&*center, &key, group).await?);
    }
    let overlaid = config.overlay(&properties);
    log(&key, &overlaid);
    let mut chosen = config
        .gateway
        .iter()
        .flat_map(|gateway| [&gateway.registry, &gateway.publish.registry]);
    if config.registries.is_empty() && chosen.any(|chosen| *chosen == Chosen::All) {
        let message = format!(
            "no registry is known: name one in the section registries, or by dubbo.registries.<name>.address in {key} of the config center"
        );
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(())
}

/// What is said to `group`. An empty value says nothing, and so hides none of another group.
async fn read(center: &dyn ConfigCenter, key: &str, group: &str) -> Result<Properties, Error> {
    let place = format!("config_center.config_file: {key} of group {group}");
    let text = center.read(key, group).await.map_err(|error| {
        let remedy = "bring the config center up, or start without config_file";
        let message = format!("{place} cannot be read; {remedy}");
        Error::with_source(ErrorKind::Registry, message, error)
    })?;
    let text = text.as_deref().unwrap_or_default();
    let mut properties = parse_properties(text).map_err(|error| {
        let message = format!("{place} is not in the form of properties");
        Error::with_source(ErrorKind::Config, message, error)
    })?;
    properties.retain(|_, value| !value.trim().is_empty());
    Ok(properties)
}

/// Tells which keys counted, by their names alone: values may be secrets.
fn log(file: &str, overlaid: &Overlaid) {
    fn first(keys: &[String]) -> &[String] {
        keys.get(..NAMED_MAX).unwrap_or(keys)
    }
    let (taken, passed_over) = (&overlaid.taken, &overlaid.passed_over);
    tracing::info!(
        file,
        taken = taken.len(),
        keys = ?first(taken),
        passed_over = passed_over.len(),
        others = ?first(passed_over),
        "settings of the config center were read"
    );
    for (key, expected) in overlaid.refused.iter().take(NAMED_MAX) {
        tracing::warn!(
            file,
            key,
            "setting of the config center left as it was: expected {expected}"
        );
    }
    if let Some(more @ 1..) = overlaid.refused.len().checked_sub(NAMED_MAX) {
        tracing::warn!(
            file,
            more,
            "further settings of the config center left as they were"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::path::Path;

    use wubbo_registry::MemoryConfigCenter;

    use super::*;

    const CENTER: &str =
        "config_center: { address: \"memory://told\", config_file: dubbo.properties }";
    const GATEWAY: &str = "listen: [\"dubbo://127.0.0.1:0\"], services: [\"*\"]";

    /// What starts from these lines of a file.
    async fn started(lines: &[&str]) -> Result<Config, Error> {
        let yaml = format!("application: shop\n{}\n", lines.join("\n"));
        let mut config = Config::parse(Path::new("wubbo.yaml"), &yaml).expect(&yaml);
        lay_over(&mut config).await.map(|()| config)
    }

    /// F-35, PRP-02: by intent what this application is told counts before what all are told.
    #[tokio::test]
    async fn the_application_is_heard_before_the_rest() {
        let center = MemoryConfigCenter::open("both");
        let texts = [
            (
                "dubbo",
                "dubbo.registries.main.address=memory://all\ndubbo.consumer.retries=5\ndubbo.consumer.timeout=3000",
            ),
            (
                "shop",
                "dubbo.registries.main.address=memory://own\ndubbo.consumer.retries=",
            ),
            ("other", "dubbo.registries.main.address=memory://other"),
        ];
        for (group, text) in texts {
            center.publish("dubbo.properties", group, text).unwrap();
        }
        let asked = CENTER.replace("told", "both");
        let gateway = format!("gateway: {{ registry: main, {GATEWAY} }}");
        let config = started(&[&asked, &gateway]).await.unwrap();
        assert_eq!(config.registries["main"], "memory://own");
        let every = config.references[0].parameters.iter();
        let every: Vec<_> = every.map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(every, ["retries=5", "timeout=3000"]);

        // It is read where the file asks for it, and nowhere else.
        let silent = asked.replace(", config_file: dubbo.properties", "");
        let registries = "registries: { main: { address: \"memory://file\" } }";
        let config = started(&[&silent, registries, &gateway]).await.unwrap();
        assert_eq!(config.registries["main"], "memory://file");
        assert!(config.references.is_empty());
    }

    /// A text that is not there says nothing; what is needed and what cannot be read is told with its key and what to do.
    #[tokio::test]
    async fn what_cannot_start_says_why() {
        let gateway = format!("gateway: {{ {GATEWAY} }}");
        let sidecar = format!("gateway: {{ upstream: \"dubbo://h:1\", {GATEWAY} }}");
        let published = format!(
            "gateway: {{ upstream: \"dubbo://h:1\", publish: {{ services: [a.B] }}, {GATEWAY} }}"
        );
        let registries = "registries: { main: { address: \"memory://file\" } }";
        for lines in [&[CENTER, registries, &gateway], &[CENTER, "", &sidecar]] {
            started(lines).await.unwrap();
        }
        for gateway in [&gateway, &published] {
            let error = started(&[CENTER, gateway]).await.unwrap_err();
            let message = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(
                message.contains("dubbo.registries.<name>.address in dubbo.properties"),
                "{message}"
            );
        }
        let center = MemoryConfigCenter::open("told");
        center
            .publish("dubbo.properties", "shop", "a=1\nb=\\u12")
            .unwrap();
        let nowhere = CENTER.replace("memory://told", "file:/nowhere/at/all");
        for (asked, kind, words) in [
            (
                CENTER,
                ErrorKind::Config,
                [
                    "dubbo.properties of group shop",
                    "line 2: expected four hexadecimal digits",
                ],
            ),
            (
                &nowhere,
                ErrorKind::Registry,
                [
                    "dubbo.properties of group dubbo",
                    "bring the config center up, or start without config_file",
                ],
            ),
        ] {
            let error = started(&[asked, registries, &gateway]).await.unwrap_err();
            assert_eq!(error.kind(), kind);
            let said = format!("{error}: {}", error.source().unwrap());
            for word in words {
                assert!(said.contains(word), "{said}");
            }
        }
    }
}
