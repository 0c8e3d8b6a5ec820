//! The calls of the tables, and the loads that they are made with.

/// A call of the demo contract.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    argument: Argument,
}

#[derive(Clone, Copy, Debug)]
enum Argument {
    None,
    Json(&'static str),
    /// A text of so many characters.
    Text(usize),
}

/// The same four for everybody; the peers' programs know their arguments by the method.
pub(crate) const CALLS: [Call; 4] = [
    Call {
        name: "empty call",
        method: "touch",
        argument: Argument::None,
    },
    Call {
        name: "128-byte echo",
        method: "echo",
        argument: Argument::Text(128),
    },
    Call {
        name: "User",
        method: "getUser",
        argument: Argument::Json("\"7\""),
    },
    Call {
        name: "list of 15 Users",
        method: "listUsers",
        argument: Argument::Json("15"),
    },
];

/// What a hop is measured with.
pub(crate) const KILOBYTE: Call = Call {
    name: "1 KB echo",
    method: "echo",
    argument: Argument::Text(1024),
};

impl Call {
    /// The argument as JSON.
    pub(crate) fn argument(&self) -> Option<String> {
        match self.argument {
            Argument::None => None,
            Argument::Json(text) => Some(text.to_owned()),
            Argument::Text(length) => Some(format!("\"{}\"", "x".repeat(length))),
        }
    }
}

/// Connections, and calls in flight on each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    connections: &'static str,
    depth: &'static str,
}

/// One connection that is deep, and many.
pub(crate) const LOADS: [Load; 2] = [ONE, MANY];
pub(crate) const ONE: Load = Load {
    connections: "1",
    depth: "64",
};
pub(crate) const MANY: Load = Load {
    connections: "16",
    depth: "16",
};

impl Load {
    pub(crate) fn flags(&self) -> [&'static str; 4] {
        ["--connections", self.connections, "--depth", self.depth]
    }

    pub(crate) fn name(&self) -> String {
        format!("{} x {}", self.connections, self.depth)
    }
}
