//! One call as a hook may read it: the same view serves wasm imports, the prefetched entries and linked plugins.

pub(crate) mod apply;
pub(crate) mod body;
pub(crate) mod input;
pub(crate) mod json;
mod rewrite;
pub(crate) mod routing;
mod text;
pub(crate) mod url;

use std::time::Instant;

use wubbo_core::{
    Attachments, ErrorKind as Failure, Invocation, Outcome, Payload, RequestBody, ResultKind,
    Stage, Url, keys,
};
use wubbo_hessian2::Value;
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::abi::{call, error_code, field, limits, names};
use wubbo_plugin_sdk::native::{HostResult, Scalars};

pub(crate) use text::Text;

/// What a hook of one call sees. It does not change while the hook runs.
#[derive(Clone, Copy)]
pub(crate) struct CallView<'a> {
    pub(crate) invocation: &'a Invocation,
    /// `on_response` only.
    pub(crate) outcome: Option<&'a Outcome>,
    pub(crate) stage: Stage,
    /// When the call or attempt met this plugin first, if the plugin may ask.
    pub(crate) started: Option<Instant>,
    /// What `on_request` of this call set; empty in `on_request`.
    pub(crate) scratch: (u64, &'a [u8]),
    /// `route` and `select` only: the reference's URL, in which parameters are read.
    pub(crate) consumer: Option<&'a Url>,
}

impl<'a> CallView<'a> {
    /// The header's numbers.
    pub(crate) fn scalars(&self) -> Scalars {
        let request = self.invocation.request();
        let mut scalars = Scalars {
            argument_count: u32::try_from(self.invocation.body().len()).unwrap_or(u32::MAX),
            scratch: self.scratch.0,
            ..Scalars::default()
        };
        scalars.flags = match self.stage {
            Stage::Provider => call::flags::PROVIDER,
            Stage::Call => 0,
            Stage::Attempt => {
                scalars.attempt = self.invocation.attempt();
                call::flags::ATTEMPT_STAGE
            }
        };
        if request.one_way {
            scalars.flags |= call::flags::ONE_WAY;
        }
        match self.outcome {
            None => {}
            Some(Ok(result)) => {
                scalars.status = wubbo_core::Status::OK.0;
                scalars.outcome = match result.kind {
                    ResultKind::Value(_) => call::outcome::VALUE,
                    ResultKind::Null => call::outcome::NULL,
                    ResultKind::Exception(_) => call::outcome::EXCEPTION,
                };
            }
            Some(Err(error)) => {
                scalars.outcome = call::outcome::ERROR;
                scalars.status = error.kind().status().0;
                scalars.error_code = code(error.kind());
                if error.kind() == Failure::Cancelled {
                    scalars.flags |= call::flags::CANCELLED;
                    scalars.status = Failure::ClientTimeout.status().0;
                }
            }
        }
        scalars
    }

    /// The text under a key; `Ok(None)` if there is none.
    #[inline]
    pub(crate) fn get(&self, space: Space, key: &str) -> HostResult<Option<Text<'a>>> {
        match space {
            Space::Field => self.field(field::id(key)),
            space => Ok(self.stored(space, key)?.map(Text::Borrowed)),
        }
    }

    /// The text under a key of any space but `Field`: it lies somewhere as it is read.
    pub(crate) fn stored(&self, space: Space, key: &str) -> HostResult<Option<&'a str>> {
        if key.len() > limits::KEY_MAX {
            return Err(ErrorKind::TooLarge);
        }
        let (url, method) = (self.url(), self.invocation.method());
        let parameter = |value: Option<&'a str>| value.filter(|value| !value.is_empty());
        Ok(match space {
            Space::Attachment => self.invocation.attachments().get(key),
            Space::Url => parameter(url.get(key)),
            Space::MethodUrl => parameter(url.get_method_or_service(method, key)),
            Space::MethodOnly => parameter(url.get_method(method, key)),
            Space::Response => self.response()?.and_then(|response| response.get(key)),
            Space::Field => return Err(ErrorKind::BadArgument),
        })
    }

    /// A fact of the call by its id.
    pub(crate) fn field(&self, id: u16) -> HostResult<Option<Text<'a>>> {
        let request = self.invocation.request();
        let service = &request.service;
        let some = |text: &'a str| Some(Text::Borrowed(text)).filter(|_| !text.is_empty());
        let provider = self.stage == Stage::Provider;
        let chosen = || {
            let url = self.invocation.url();
            (self.stage == Stage::Attempt).then(|| {
                Text::display(&format_args!(
                    "{}:{}",
                    url.host(),
                    url.port().unwrap_or_default()
                ))
            })
        };
        Ok(match id {
            field::SERVICE => some(service.interface()),
            field::METHOD => some(&request.method),
            field::GROUP => some(service.group()),
            field::VERSION => some(service.version()),
            field::SERVICE_KEY if service.group().is_empty() && service.version().is_empty() => {
                some(service.interface())
            }
            field::SERVICE_KEY => Some(Text::display(service)),
            field::TYPES => Some(Text::Borrowed(&request.descriptor)),
            field::REMOTE_ADDRESS if provider => {
                request.remote.map(|remote| Text::display(&remote))
            }
            field::REMOTE_ADDRESS | field::ADDRESS => chosen(),
            field::LOCAL_ADDRESS => request.local.map(|local| Text::display(&local)),
            field::PATH => some(&request.path),
            field::EXCEPTION_CLASS => self.exception().map(|thrown| Text::Owned(thrown.0)),
            field::ERROR_MESSAGE => match self.outcome {
                Some(Err(error)) => Some(Text::Borrowed(error.message())),
                _ => self
                    .exception()
                    .and_then(|thrown| thrown.1)
                    .map(Text::Owned),
            },
            field::DUBBO_VERSION => some(&request.protocol_version),
            field::PROTOCOL => some(self.url().protocol()),
            field::HOST => {
                if let Some(host) = self.consumer.map(Url::host).filter(|host| !host.is_empty()) {
                    return Ok(some(host));
                }
                let end = if provider {
                    request.remote
                } else {
                    request.local
                };
                end.map(|end| Text::display(&end.ip()))
            }
            field::PORT => None,
            _ => return Err(ErrorKind::BadArgument),
        })
    }

    /// Visits the pairs of a space in the order of the call.
    pub(crate) fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        let attachments = |attachments: &Attachments, each: &mut dyn FnMut(&str, &str)| {
            for entry in attachments.iter() {
                if let Some(text) = entry.text {
                    each(entry.key, text);
                }
            }
        };
        match space {
            Space::Attachment => attachments(self.invocation.attachments(), each),
            Space::Url => self
                .url()
                .first_params()
                .for_each(|(key, value)| each(key, value)),
            Space::Response => {
                if let Some(response) = self.response()? {
                    attachments(response, each);
                }
            }
            Space::Field | Space::MethodUrl | Space::MethodOnly => {
                return Err(ErrorKind::BadArgument);
            }
        }
        Ok(())
    }

    /// One of `abi::names::NUMBER_*`.
    pub(crate) fn number(&self, what: u32) -> HostResult<u64> {
        let absent = ErrorKind::Absent;
        match what {
            names::NUMBER_REMAINING_MS => {
                let deadline = self.invocation.deadline().ok_or(absent)?;
                Ok(u64::try_from(deadline.remaining().as_millis()).unwrap_or(u64::MAX))
            }
            names::NUMBER_TIMEOUT_MS => self.timeout_ms().ok_or(absent),
            names::NUMBER_REQUEST_BYTES => match self.invocation.body() {
                RequestBody::Raw(stream) => Ok(stream.bytes.len() as u64),
                _ => Err(absent),
            },
            names::NUMBER_ELAPSED_NS | names::NUMBER_RESPONSE_BYTES if self.outcome.is_none() => {
                Err(ErrorKind::NotAllowed)
            }
            names::NUMBER_ELAPSED_NS => {
                let started = self.started.ok_or(ErrorKind::Unavailable)?;
                Ok(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX))
            }
            names::NUMBER_RESPONSE_BYTES => match self.payload() {
                Some(Payload::Raw(stream)) => Ok(stream.bytes.len() as u64),
                _ => Err(absent),
            },
            _ => Err(ErrorKind::BadArgument),
        }
    }

    /// The whole budget: the caller's word, else the URL's, else Dubbo's default; none without a deadline.
    fn timeout_ms(&self) -> Option<u64> {
        self.invocation.deadline()?;
        let said = self
            .invocation
            .attachments()
            .get(keys::TIMEOUT)
            .and_then(|text| text.parse().ok());
        let (url, method) = (self.url(), self.invocation.method());
        Some(said.unwrap_or_else(|| {
            url.get_method_duration_ms(method, keys::TIMEOUT, keys::DEFAULT_TIMEOUT_MS)
        }))
    }

    /// Where parameters are read.
    fn url(&self) -> &'a Url {
        self.consumer.unwrap_or(self.invocation.url())
    }

    fn response(&self) -> HostResult<Option<&'a Attachments>> {
        match self.outcome {
            None => Err(ErrorKind::NotAllowed),
            Some(Ok(result)) => Ok(Some(&result.attachments)),
            Some(Err(_)) => Ok(None),
        }
    }

    /// The result's value or exception, if the service gave one.
    pub(crate) fn payload(&self) -> Option<&'a Payload> {
        match &self.outcome?.as_ref().ok()?.kind {
            ResultKind::Value(payload) | ResultKind::Exception(payload) => Some(payload),
            ResultKind::Null => None,
        }
    }

    /// Class and message of a business exception.
    fn exception(&self) -> Option<(String, Option<String>)> {
        let ResultKind::Exception(payload) = &self.outcome?.as_ref().ok()?.kind else {
            return None;
        };
        let value = payload.to_value().ok()?;
        let thrown = value.as_object()?;
        let message = thrown.get("detailMessage").and_then(Value::as_str);
        Some((thrown.class_name().to_owned(), message.map(str::to_owned)))
    }
}

/// The code of Dubbo's `RpcException` that stands for a failure.
fn code(kind: Failure) -> u8 {
    match kind {
        Failure::Connect | Failure::ChannelInactive => error_code::NETWORK,
        Failure::ClientTimeout | Failure::ServerTimeout => error_code::TIMEOUT,
        Failure::Forbidden => error_code::FORBIDDEN,
        Failure::Serialization
        | Failure::BadRequest
        | Failure::BadResponse
        | Failure::ClientError => error_code::SERIALIZATION,
        Failure::NoProvider => error_code::NO_INVOKER,
        Failure::ThreadPoolExhausted => error_code::LIMIT_EXCEEDED,
        _ => error_code::UNKNOWN,
    }
}

#[cfg(test)]
mod tests;
