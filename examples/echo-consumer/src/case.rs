//! A case: an id, and a function that calls and checks.

use std::fmt;

use wubbo::core::BoxFuture;

use crate::contract::EchoServiceClient;

/// Why a case failed, or nothing.
pub(crate) type Outcome = anyhow::Result<()>;

type Run = Box<dyn Fn(EchoServiceClient) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// One thing that the provider is asked and that has one right answer.
pub(crate) struct Case {
    id: String,
    run: Run,
}

impl Case {
    /// The method, and after a slash what is special, such as `getUser/emoji`.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The method called.
    pub(crate) fn method(&self) -> &str {
        self.id
            .split_once('/')
            .map_or(&*self.id, |(method, _)| method)
    }

    /// Whether `--case` means this one.
    pub(crate) fn is_selected_by(&self, selection: &str) -> bool {
        selection == "all" || selection == self.method() || selection == self.id
    }

    /// Asks and checks once.
    pub(crate) fn run(&self, service: EchoServiceClient) -> BoxFuture<'static, Outcome> {
        (self.run)(service)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.id)
    }
}

/// The cases, in the order in which they run.
#[derive(Debug, Default)]
pub(crate) struct Cases(Vec<Case>);

impl Cases {
    /// Appends a case.
    pub(crate) fn add<F, R>(&mut self, id: impl Into<String>, run: F)
    where
        F: Fn(EchoServiceClient) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        self.0.push(Case {
            id: id.into(),
            run: Box::new(move |service| Box::pin(run(service))),
        });
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<Case> {
        self.0
    }
}
