//! The two ends of a contract as the host sees them.

use std::{fmt, sync::Arc};

use wubbo_core::{BoxFuture, Invocation, Outcome};

use super::{Contract, Stub};

/// Something that answers the calls of one interface. Object safe, Send + Sync; normally made by the `service` macro.
pub trait Service: Send + Sync {
    /// The interface.
    fn contract(&self) -> &Arc<Contract>;

    /// Answers a call of the method with this index in the contract. Arguments are read before the future is returned; the
    /// future runs the method.
    ///
    /// # Cancel safety
    /// The future is dropped when nobody waits for the answer any more.
    fn call(self: Arc<Self>, method: usize, invocation: Invocation) -> BoxFuture<'static, Outcome>;
}

/// Prints the service it answers for; an implementation need not be `Debug`.
impl fmt::Debug for dyn Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.contract().service_key())
    }
}

/// A typed client; normally made by the `interface` macro.
pub trait ServiceClient: Sized {
    /// The interface.
    fn contract() -> &'static Arc<Contract>;

    /// The client over `stub`.
    fn from_stub(stub: Stub) -> Self;
}

/// What a method of a service returns: a `Result`, of which the contract wants the value's type.
#[diagnostic::on_unimplemented(
    message = "a method of a service returns a `Result`, not `{Self}`",
    note = "a call can always fail on its way: return wubbo::Result<..>"
)]
pub trait ServiceResult {
    /// The value of a call that succeeded.
    type Value;
}

impl<T, E> ServiceResult for Result<T, E> {
    type Value = T;
}
