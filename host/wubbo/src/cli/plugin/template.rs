//! What a new crate holds: per kind one policy that is small, real and tested, and the pages beside it.

use clap::ValueEnum;

use super::{sdk, workspace};

/// The kinds of policy that a crate can be made for, by Dubbo's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Sees each call on both ways: checks, changes, answers or counts it.
    Filter,
    /// Narrows the providers of a call.
    Router,
    /// Picks one provider.
    #[value(name = "loadbalance")]
    LoadBalance,
    /// Changes the URLs of services.
    Configurator,
}

/// What stands for the plugin's name in a template.
const NAME: &str = "plugin-name";
/// What stands for the crate's name.
const PACKAGE: &str = "package-name";

/// What a template says of itself in the page beside the crate.
struct Template {
    source: &'static str,
    /// The README's first sentence and its table of keys.
    page: &'static str,
    /// A configuration for the YAML beside the file.
    example: &'static str,
}

impl Kind {
    /// Dubbo's word for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Router => "router",
            Self::LoadBalance => "loadbalance",
            Self::Configurator => "configurator",
        }
    }

    fn template(self) -> Template {
        match self {
            Self::Filter => Template {
                source: include_str!("template/filter.rs"),
                page: include_str!("template/filter.md"),
                example: "config: { key: tenant, value: blue }",
            },
            Self::Router => Template {
                source: include_str!("template/router.rs"),
                page: include_str!("template/router.md"),
                example: "config: { key: zone, value: north }",
            },
            Self::LoadBalance => Template {
                source: include_str!("template/loadbalance.rs"),
                page: include_str!("template/loadbalance.md"),
                example: "limits: { hook: 2ms }",
            },
            Self::Configurator => Template {
                source: include_str!("template/configurator.rs"),
                page: include_str!("template/configurator.md"),
                example: "config: { parameters: { timeout: \"3000\", retries: \"0\" } }",
            },
        }
    }
}

/// The crate's name, and the stem of its wasm file: kind and name, so that it is never a keyword or one of its own dependencies.
pub(super) fn package(kind: Kind, name: &str) -> String {
    format!("{}-{}", kind.name(), name.replace('.', "-"))
}

/// Path and text of every file of a new crate.
pub(super) fn files(kind: Kind, name: &str) -> Vec<(String, String)> {
    let package = package(kind, name);
    let template = kind.template();
    let named = |text: &str| text.replace(NAME, name).replace(PACKAGE, &package);
    let page = include_str!("template/README.md")
        .replace("ABOUT", template.page.trim_end())
        .replace("EXAMPLE", template.example);
    let mut files = vec![
        ("Cargo.toml".to_owned(), workspace::manifest(&package)),
        ("Cargo.lock".to_owned(), workspace::lock(&package)),
        (
            "rust-toolchain.toml".to_owned(),
            workspace::TOOLCHAIN.to_owned(),
        ),
        (".gitignore".to_owned(), "/target\n/*.wasm\n".to_owned()),
        ("README.md".to_owned(), named(&page)),
        ("src/lib.rs".to_owned(), named(template.source)),
    ];
    let sdk = sdk::FILES.iter();
    files.extend(sdk.map(|(path, text)| (format!("sdk/{path}"), (*text).to_owned())));
    files
}
