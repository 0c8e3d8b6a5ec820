//! The contract from both ends: macros, dispatch, generic calls, exceptions, options; a client and a service glued together.

mod demo;
mod dispatch;
mod errors;
mod generic;
mod round_trip;
mod types;

use std::sync::Arc;

use wubbo_core::{
    BoxFuture, Invocation, Invoker, Outcome, PolicySlot, RawStream, Request, RequestBody,
    ServiceKey, Slot, Url,
};
use wubbo_hessian2::Value;

use super::{Service, ServiceClient, Stub, dispatch as answer};

/// A consumer glued to a provider: what goes in is what a protocol would have carried.
struct Glue {
    service: Arc<dyn Service>,
    url: Url,
}

impl std::fmt::Debug for Glue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Glue")
    }
}

impl Invoker for Glue {
    fn url(&self) -> &Url {
        &self.url
    }

    fn is_available(&self) -> bool {
        true
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        answer(&self.service, invocation)
    }
}

const REFERENCE: &str = "dubbo://127.0.0.1:20880/org.wubbo.demo.EchoService?version=1.0.0&application=tests&timeout=3000";

fn stub(service: impl Service + 'static) -> Stub {
    let url = Url::parse(REFERENCE).unwrap();
    let policies: Arc<PolicySlot> = Arc::new(Slot::new(Default::default()));
    Stub::new(
        Arc::new(Glue {
            service: Arc::new(service),
            url,
        }),
        policies,
    )
}

fn client<C: ServiceClient>(service: impl Service + 'static) -> C {
    C::from_stub(stub(service))
}

/// Calls `method` of the demo service as a peer would, with a descriptor of its own making.
async fn call(method: &str, descriptor: &str, arguments: &[Value]) -> Outcome {
    call_with(method, descriptor, arguments, &[]).await
}

async fn call_with(
    method: &str,
    descriptor: &str,
    arguments: &[Value],
    attachments: &[(&'static str, &str)],
) -> Outcome {
    let service: Arc<dyn Service> = Arc::new(demo::Echo::default());
    let mut request = Request::new(
        ServiceKey::new("org.wubbo.demo.EchoService", "", "1.0.0"),
        method,
    );
    request.descriptor = descriptor.into();
    request.body = RequestBody::Raw(RawStream::encode(arguments).unwrap());
    for (key, value) in attachments {
        request.attachments.set(*key, *value);
    }
    answer(&service, Invocation::new(request, Url::default())).await
}
