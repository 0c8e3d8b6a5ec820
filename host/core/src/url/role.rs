//! The part that a URL's owner plays at a registry.

/// Who a registry entry belongs to, numbered as in parameter `registry.role` (dubbo-go `common.RoleType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// 0: a reference.
    Consumer,
    /// 1: an override rule.
    Configurator,
    /// 2: a routing rule.
    Router,
    /// 3: an exported service.
    Provider,
}

impl Role {
    /// Every role by number.
    pub const ALL: [Self; 4] = [
        Self::Consumer,
        Self::Configurator,
        Self::Router,
        Self::Provider,
    ];

    /// The number in `registry.role`.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Consumer => 0,
            Self::Configurator => 1,
            Self::Router => 2,
            Self::Provider => 3,
        }
    }

    /// The role of a number; `None` above 3.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The registry's folder for entries of this role, which is also their `category`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Consumer => "consumers",
            Self::Configurator => "configurators",
            Self::Router => "routers",
            Self::Provider => "providers",
        }
    }

    /// The name as dubbo-go prints it; a configurator has none, a router's is in the plural.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Configurator => "",
            Self::Router => "routers",
            Self::Provider => "provider",
        }
    }
}
