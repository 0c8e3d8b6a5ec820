//! What the attribute knows of each kind of policy.

use proc_macro2::Span;
use syn::{Error, Ident, Result};

/// A kind: its words, and what it may and must have.
pub(crate) struct Kind {
    /// As in `kind = ..` and in the manifest.
    pub(crate) word: &'static str,
    /// The trait that it implements.
    pub(crate) policy: &'static str,
    /// The function of the SDK that makes its factory.
    pub(crate) factory: &'static str,
    /// The SDK's frame of its wasm form.
    pub(crate) guest: &'static str,
    /// Its hooks, in the order of the manifest.
    pub(crate) hooks: &'static [Hook],
    /// Keys of the attribute that it does not take, with the reason.
    pub(crate) refused: &'static [(&'static str, &'static str)],
    /// Words that its key `arguments` takes.
    pub(crate) arguments: &'static [&'static str],
    /// Where its texts are read: the key of the attribute, the hook, the spaces.
    pub(crate) reads: &'static [Reads],
}

/// A hook of a kind.
pub(crate) struct Hook {
    pub(crate) name: &'static str,
    pub(crate) there: There,
    pub(crate) export: Export,
}

/// When a hook is in the manifest and among the exports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum There {
    /// When the `impl` block overrides it.
    Overridden,
    /// When it is overridden, and one of these must be.
    OneOf,
    /// Always: the trait has no default for it, or the SDK does it.
    Always,
}

/// The type of a hook's export.
#[derive(Clone, Copy)]
pub(crate) enum Export {
    /// `(len: u32) -> i64`
    Commands,
    /// `(len: u32) -> i32`
    Input,
    /// `(service_token: u64) -> i32`
    Token,
    /// `() -> i32`
    Nothing,
}

/// Texts that a key of the attribute declares.
pub(crate) struct Reads {
    pub(crate) key: &'static str,
    pub(crate) hook: &'static str,
    /// Its name in `wubbo_plugin_sdk::Hook`.
    pub(crate) variant: &'static str,
    pub(crate) spaces: &'static [&'static str],
    /// Names that the space `field` has there; empty: all.
    pub(crate) fields: &'static [&'static str],
}

const fn hook(name: &'static str, there: There, export: Export) -> Hook {
    Hook {
        name,
        there,
        export,
    }
}

const TICK: Hook = hook("tick", There::Overridden, Export::Nothing);
const SELF_TEST: Hook = hook("self_test", There::Overridden, Export::Nothing);
const ON_RULE: Hook = hook("on_rule", There::Overridden, Export::Input);
const ON_PROVIDERS: Hook = hook("on_providers", There::Always, Export::Input);
const DROP_PROVIDERS: Hook = hook("drop_providers", There::Always, Export::Token);

const OF_A_CALL: &[&str] = &["field", "attachment", "url", "method_url", "method_only"];
const OF_A_PROVIDER: Reads = Reads {
    key: "reads_on_providers",
    hook: "on_providers",
    variant: "OnProviders",
    spaces: &["field", "url"],
    fields: &["address", "host", "port", "protocol"],
};

const NO_RESPONSE: (&str, &str) = ("reads_on_response", "only a filter sees a response");
const NO_RESULT: (&str, &str) = ("result", "only a filter sees a result");
const NO_STAGE: (&str, &str) = (
    "stage",
    "only filters have stages; routers and balancers run in every attempt",
);
const NO_SIDE: (&str, &str) = ("side", "routers and balancers run on the consumer's side");
const NO_PROVIDERS: (&str, &str) = (
    "reads_on_providers",
    "only routers and balancers see lists of providers",
);

/// All kinds.
pub(crate) static KINDS: [Kind; 4] = [
    Kind {
        word: "filter",
        policy: "Filter",
        factory: "filter_factory",
        guest: "FilterGuest",
        hooks: &[
            hook("on_request", There::OneOf, Export::Commands),
            hook("on_response", There::OneOf, Export::Commands),
            TICK,
            SELF_TEST,
        ],
        refused: &[NO_PROVIDERS],
        arguments: &["read", "write"],
        reads: &[
            Reads {
                key: "reads",
                hook: "on_request",
                variant: "OnRequest",
                spaces: OF_A_CALL,
                fields: &[],
            },
            Reads {
                key: "reads_on_response",
                hook: "on_response",
                variant: "OnResponse",
                spaces: &[
                    "field",
                    "attachment",
                    "url",
                    "method_url",
                    "method_only",
                    "response",
                ],
                fields: &[],
            },
        ],
    },
    Kind {
        word: "router",
        policy: "Router",
        factory: "router_factory",
        guest: "RouterGuest",
        hooks: &[
            hook("route", There::Always, Export::Input),
            ON_PROVIDERS,
            DROP_PROVIDERS,
            ON_RULE,
            TICK,
            SELF_TEST,
        ],
        refused: &[
            (
                "fail",
                "the failure policy of a router is fixed: its input passes",
            ),
            NO_SIDE,
            NO_STAGE,
            NO_RESULT,
            NO_RESPONSE,
        ],
        arguments: &["read"],
        reads: &[
            Reads {
                key: "reads",
                hook: "route",
                variant: "Route",
                spaces: OF_A_CALL,
                fields: &[],
            },
            OF_A_PROVIDER,
        ],
    },
    Kind {
        word: "loadbalance",
        policy: "LoadBalance",
        factory: "loadbalance_factory",
        guest: "BalancerGuest",
        hooks: &[
            hook("select", There::Always, Export::Input),
            ON_PROVIDERS,
            DROP_PROVIDERS,
            TICK,
            SELF_TEST,
        ],
        refused: &[
            (
                "fail",
                "the failure policy of a balancer is fixed: the cluster picks uniformly",
            ),
            NO_SIDE,
            NO_STAGE,
            NO_RESULT,
            NO_RESPONSE,
        ],
        arguments: &["read"],
        reads: &[
            Reads {
                key: "reads",
                hook: "select",
                variant: "Select",
                spaces: OF_A_CALL,
                fields: &[],
            },
            OF_A_PROVIDER,
        ],
    },
    Kind {
        word: "configurator",
        policy: "Configurator",
        factory: "configurator_factory",
        guest: "ConfiguratorGuest",
        hooks: &[
            hook("configure_url", There::Always, Export::Commands),
            ON_RULE,
            TICK,
            SELF_TEST,
        ],
        refused: &[
            (
                "fail",
                "the failure policy of a configurator is fixed: the last good configuration stays",
            ),
            ("arguments", "a configurator sees URLs, no calls"),
            ("stage", "only filters have stages"),
            NO_RESULT,
            NO_RESPONSE,
            NO_PROVIDERS,
        ],
        arguments: &[],
        reads: &[Reads {
            key: "reads",
            hook: "configure_url",
            variant: "ConfigureUrl",
            spaces: &["field", "url"],
            fields: &[],
        }],
    },
];

/// The kind of a word.
pub(crate) fn kind(word: Option<&Ident>) -> Result<&'static Kind> {
    let words = || {
        let words: Vec<&str> = KINDS.iter().map(|kind| kind.word).collect();
        words.join(", ")
    };
    let Some(word) = word else {
        return Err(Error::new(
            Span::call_site(),
            format!("wubbo_plugin needs kind = one of {}", words()),
        ));
    };
    KINDS
        .iter()
        .find(|kind| word == kind.word)
        .ok_or_else(|| Error::new(word.span(), format!("expected one of {}", words())))
}
