//! The consumer's side of a contract: makes a call of arguments and an answer of its result.

use std::{future::Future, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use wubbo_core::{
    Attachments, Deadline, Error, ErrorKind, Invocation, Invoker, Outcome, PolicySlot, RawStream,
    Request, RequestBody, RpcResult, ServiceKey, Url, keys,
};
use wubbo_hessian2::{List, Value, join};

use super::{ArgumentWriter, CallError, CallOptions, Contract, arguments, java_name};

/// Calls one service. Typed clients go through it; with [`Value`]s it can be used by itself. A clone shares everything.
///
/// It stands before everything else: `invoker` is what runs the call filters and the cluster.
#[derive(Clone, Debug)]
pub struct Stub {
    shared: Arc<Shared>,
    options: Arc<CallOptions>,
}

#[derive(Debug)]
struct Shared {
    service: ServiceKey,
    path: Arc<str>,
    protocol_version: Arc<str>,
    application: Option<Box<str>>,
    invoker: Arc<dyn Invoker>,
    policies: Arc<PolicySlot>,
}

impl Stub {
    /// A client of the service that the URL of `invoker` names. From that URL come the time-out (`timeout`, `methods.<m>.timeout`)
    /// and the `application` that the provider is told.
    #[must_use]
    pub fn new(invoker: Arc<dyn Invoker>, policies: Arc<PolicySlot>) -> Self {
        let url = invoker.url();
        let service = url.service_key().clone();
        let path = match url
            .get(keys::PATH)
            .unwrap_or(url.path())
            .trim_start_matches('/')
        {
            "" => service.interface(),
            path => path,
        };
        let path = path.into();
        let application = url.get(keys::APPLICATION).map(Into::into);
        let protocol_version = keys::DUBBO_PROTOCOL_VERSION.into();
        let shared = Shared {
            service,
            path,
            protocol_version,
            application,
            invoker,
            policies,
        };
        Self {
            shared: Arc::new(shared),
            options: Arc::default(),
        }
    }

    /// This client with other options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            shared: self.shared.clone(),
            options: Arc::new(options),
        }
    }

    /// The service called.
    #[must_use]
    pub fn service(&self) -> &ServiceKey {
        &self.shared.service
    }

    /// The reference's URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.shared.invoker.url()
    }

    /// Whether a call has a chance now.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.shared.invoker.is_available()
    }

    /// Calls the method `index` of `contract` with the arguments that `write` gives, in order.
    ///
    /// # Errors
    /// The exception that the service threw, or the failure of everything around it.
    ///
    /// # Cancel safety
    /// The arguments are encoded before the future is returned. When it is dropped, the call may or may not have run.
    pub fn call<T: DeserializeOwned, F>(
        &self,
        contract: &Contract,
        index: usize,
        write: F,
    ) -> impl Future<Output = Result<T, CallError>> + Send + use<T, F>
    where
        F: FnOnce(&mut ArgumentWriter<'_>) -> Result<(), Error>,
    {
        let prepared = match contract.methods().get(index) {
            Some(method) => arguments::encode_arguments(method.name(), write).map(|stream| {
                self.request(method.name().clone(), method.descriptor().clone(), stream)
            }),
            None => Err(Error::new(
                ErrorKind::Config,
                format!("{} has no method number {index}", contract.interface()),
            )),
        };
        let stub = self.clone();
        async move {
            let request = prepared?;
            let method = request.method.clone();
            let answer = stub.send(request).await?;
            arguments::decode_result(&method, answer.kind)
        }
    }

    /// Calls a method without a contract: `types` are the Java types of its parameters (`int`, `java.lang.String`,
    /// `org.wubbo.demo.User`), and each argument is a document of its own.
    ///
    /// # Errors
    /// As [`Stub::call`], and [`ErrorKind::Config`] when a type is none.
    pub async fn invoke(
        &self,
        method: &str,
        types: &[&str],
        arguments: Vec<Value>,
    ) -> Result<Value, CallError> {
        let descriptor = descriptor(types)?;
        let body = RawStream::encode(&join(arguments))?;
        let answer = self
            .send(self.request(method.into(), descriptor.into(), body))
            .await?;
        arguments::decode_result(method, answer.kind)
    }

    /// Calls a method by `$invoke`, for a provider whose classes are not known here: objects come and go as maps with the
    /// key `class`, enums as strings. Without `types` the provider goes by the number of arguments. An exception of the
    /// service is a `com.alibaba.dubbo.rpc.service.GenericException` with `exceptionClass` and `exceptionMessage`.
    ///
    /// # Errors
    /// As [`Stub::call`].
    pub async fn generic_invoke(
        &self,
        method: &str,
        types: Option<&[&str]>,
        arguments: Vec<Value>,
    ) -> Result<Value, CallError> {
        let types = types.map_or(Value::Null, |types| {
            Value::List(List::typed(
                "[string",
                types.iter().map(|name| Value::from(*name)).collect(),
            ))
        });
        let mut items = join(arguments);
        // Inside the list the arguments' own references count from the list's slot on.
        items
            .iter_mut()
            .for_each(|item| super::generic::shift(item, 1));
        let arguments = Value::List(List::typed("[object", items));
        let body = RawStream::encode(&join(vec![Value::from(method), types, arguments]))?;
        let mut request = self.request(keys::METHOD_INVOKE.into(), GENERIC_DESCRIPTOR.into(), body);
        request.attachments.set(keys::GENERIC, "true");
        let answer = self.send(request).await?;
        arguments::decode_result(method, answer.kind)
    }

    /// Asks whether the provider is there: it answers with the argument, without calling the service.
    ///
    /// # Errors
    /// As [`Stub::call`].
    pub async fn echo<T: Serialize + DeserializeOwned>(&self, value: &T) -> Result<T, CallError> {
        let body =
            arguments::encode_arguments(keys::METHOD_ECHO, |writer| writer.write("value", value))?;
        let answer = self
            .send(self.request(keys::METHOD_ECHO.into(), "Ljava/lang/Object;".into(), body))
            .await?;
        arguments::decode_result(keys::METHOD_ECHO, answer.kind)
    }

    fn request(&self, method: Arc<str>, descriptor: Arc<str>, body: RawStream) -> Request {
        let Shared {
            service,
            path,
            protocol_version,
            policies,
            ..
        } = &*self.shared;
        Request {
            service: service.clone(),
            path: path.clone(),
            deadline: Some(Deadline::after(self.timeout(&method))),
            method,
            descriptor,
            body: RequestBody::Raw(body),
            attachments: self.attachments(),
            one_way: self.options.one_way,
            protocol_version: protocol_version.clone(),
            remote: None,
            local: None,
            // The one moment whose plugins and rules this call sees.
            policies: policies.load(),
        }
    }

    fn attachments(&self) -> Attachments {
        let mut attachments = self.options.attachments.clone();
        if let Some(application) = &self.shared.application {
            attachments.set(keys::REMOTE_APPLICATION, &**application);
        }
        attachments
    }

    fn timeout(&self, method: &str) -> Duration {
        self.options.timeout.unwrap_or_else(|| {
            let default = keys::DEFAULT_TIMEOUT_MS;
            Duration::from_millis(
                self.url()
                    .get_method_duration_ms(method, keys::TIMEOUT, default),
            )
        })
    }

    async fn send(&self, request: Request) -> Result<RpcResult, Error> {
        let invocation = Invocation::new(request, self.url().clone());
        let mut outcome: Outcome = self.shared.invoker.invoke(invocation).await;
        if let Some(capture) = &self.options.capture {
            let attachments = outcome
                .as_mut()
                .map(|answer| std::mem::take(&mut answer.attachments));
            capture.put(attachments.unwrap_or_default());
        }
        outcome
    }
}

/// Parameter types of `$invoke` (spec/40 vector D-9).
const GENERIC_DESCRIPTOR: &str = "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;";

/// The JVM form of Java type names.
pub(crate) fn descriptor(types: &[&str]) -> Result<String, Error> {
    let mut descriptor = String::new();
    for name in types {
        let part = java_name::descriptor(name).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("{name:?} is no Java type, such as int or java.lang.String"),
            )
        })?;
        descriptor.push_str(&part);
    }
    Ok(descriptor)
}
