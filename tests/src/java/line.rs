//! The lines of Dubbo Java that are peers.

/// A line of versions, and the version of it that the peers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Dubbo 3.3.6 with hessian-lite 4.0.4.
    Dubbo3,
    /// Dubbo 3.2.19 with the fastjson2 jar that it prefers, and with hessian-lite 3.2.13.
    Dubbo32,
    /// Dubbo 2.7.23 with hessian-lite 3.2.13.
    Dubbo2,
}

impl Line {
    /// As its messages name it.
    pub fn version(self) -> &'static str {
        match self {
            Self::Dubbo3 => "3.3.6",
            Self::Dubbo32 => "3.2.19",
            Self::Dubbo2 => "2.7.23",
        }
    }

    /// Maven's profile; `None` for the one without a name.
    pub(super) fn profile(self) -> Option<&'static str> {
        match self {
            Self::Dubbo3 => None,
            Self::Dubbo32 => Some("dubbo32"),
            Self::Dubbo2 => Some("dubbo2"),
        }
    }

    /// Where Maven puts the jar, below the project's folder.
    pub(super) fn jar(self) -> &'static str {
        match self {
            Self::Dubbo3 => "target/wubbo-java-peer.jar",
            Self::Dubbo32 => "target/dubbo32/wubbo-java-peer.jar",
            Self::Dubbo2 => "target/dubbo2/wubbo-java-peer.jar",
        }
    }

    /// The file of golden bytes in `vectors/`.
    pub(crate) fn vectors(self) -> &'static str {
        match self {
            Self::Dubbo3 => "hessian-lite-4.tsv",
            Self::Dubbo32 | Self::Dubbo2 => "hessian-lite-3.tsv",
        }
    }

    /// How a consumer counts the tried addresses. Consumers of Dubbo 2.7 know the one address twice (`src/dubbo2` there).
    pub(crate) fn tried(self) -> &'static str {
        match self {
            Self::Dubbo3 | Self::Dubbo32 => "1/1",
            Self::Dubbo2 => "1/2",
        }
    }
}
