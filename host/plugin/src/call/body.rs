//! Reading arguments and results: a value, whole or at a path such as `user.id` or `items[2]`, in the form that the plugin asks for.

use bytes::BytesMut;
use wubbo_core::{Payload, RequestBody};
use wubbo_hessian2::{Encoder, Resolver, Value, extract};
use wubbo_plugin_sdk::abi::limits;
use wubbo_plugin_sdk::native::{Form, HostResult, Part};
use wubbo_plugin_sdk::{Access, ErrorKind};

use super::CallView;
use super::json::Writer;

/// What a plugin may see of the body: the manifest's wish, bounded by the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BodyGrants {
    pub(crate) arguments: Access,
    pub(crate) result: Access,
}

/// Reads a part of the body.
pub(crate) fn read(
    view: &CallView<'_>,
    grants: BodyGrants,
    part: Part,
    form: Form,
    path: &str,
) -> HostResult<Vec<u8>> {
    if path.len() > limits::PATH_MAX {
        return Err(ErrorKind::BadArgument);
    }
    let (values, place) = values(view, grants, part)?;
    let resolver = Resolver::new(&values);
    if matches!(part, Part::Arguments) {
        if form != Form::Json || !path.is_empty() {
            return Err(ErrorKind::BadArgument);
        }
        let mut writer = Writer::new(&resolver);
        let all: HostResult<Vec<_>> = values.iter().map(|value| writer.value(value)).collect();
        return bounded(serde_json::Value::Array(all?).to_string().into_bytes());
    }
    let value = values.get(place).ok_or(ErrorKind::Absent)?;
    let value = walk(&resolver, value, path)?;
    match form {
        Form::Json => bounded(
            Writer::new(&resolver)
                .value(value)?
                .to_string()
                .into_bytes(),
        ),
        Form::Text => bounded(text(value)?.into_bytes()),
        Form::Hessian => hessian(&values, &resolver, value),
    }
}

/// The stream that the part lies in, and its place there.
fn values(view: &CallView<'_>, grants: BodyGrants, part: Part) -> HostResult<(Vec<Value>, usize)> {
    let unreadable = |_| ErrorKind::NotReadable;
    match part {
        Part::Result if view.outcome.is_none() => Err(ErrorKind::NotAllowed),
        Part::Result if grants.result == Access::None => Err(ErrorKind::NotGranted),
        Part::Result => match view.payload() {
            None => Err(ErrorKind::Absent),
            Some(Payload::Value(value)) => Ok((vec![value.clone()], 0)),
            Some(payload) => Ok((vec![payload.to_value().map_err(unreadable)?], 0)),
        },
        _ if grants.arguments == Access::None => Err(ErrorKind::NotGranted),
        Part::Arguments => Ok((view.invocation.body().to_values().map_err(unreadable)?, 0)),
        Part::Argument(index) => {
            let index = usize::try_from(index).map_err(|_| ErrorKind::Absent)?;
            if index >= view.invocation.body().len() {
                return Err(ErrorKind::Absent);
            }
            Ok((decode(view.invocation.body(), index)?, index))
        }
    }
}

/// The arguments up to and including `index`: what stands behind it cannot be referred to from it.
fn decode(body: &RequestBody, index: usize) -> HostResult<Vec<Value>> {
    let RequestBody::Raw(stream) = body else {
        return body.to_values().map_err(|_| ErrorKind::NotReadable);
    };
    let mut decoder = wubbo_hessian2::Decoder::new(&stream.bytes);
    let values: Result<Vec<Value>, _> = (0..=index).map(|_| decoder.read_value()).collect();
    values.map_err(|_| ErrorKind::NotReadable)
}

/// Follows a path: `.name` a field or key (the first dot may be left out), `[n]` an element.
pub(super) fn walk<'v>(
    resolver: &Resolver<'v>,
    value: &'v Value,
    path: &str,
) -> HostResult<&'v Value> {
    let mut value = resolver.follow(value).ok_or(ErrorKind::NotReadable)?;
    let mut rest = path;
    let mut first = true;
    while !rest.is_empty() {
        let inner;
        (inner, rest) = step(value, rest, first)?;
        value = resolver.follow(inner).ok_or(ErrorKind::NotReadable)?;
        first = false;
    }
    Ok(value)
}

fn step<'v, 'p>(value: &'v Value, path: &'p str, first: bool) -> HostResult<(&'v Value, &'p str)> {
    if let Some(index) = path.strip_prefix('[') {
        let (index, rest) = index.split_once(']').ok_or(ErrorKind::BadArgument)?;
        let index: usize = index.parse().map_err(|_| ErrorKind::BadArgument)?;
        let list = value.as_list().ok_or(ErrorKind::Absent)?;
        return Ok((list.items.get(index).ok_or(ErrorKind::Absent)?, rest));
    }
    let name = match path.strip_prefix('.') {
        Some(name) => name,
        None if first => path,
        None => return Err(ErrorKind::BadArgument),
    };
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (name, rest) = name.split_at_checked(end).ok_or(ErrorKind::BadArgument)?;
    if name.is_empty() {
        return Err(ErrorKind::BadArgument);
    }
    let found = match value {
        Value::Object(object) => object.get(name),
        Value::Map(map) => map.get(name),
        _ => None,
    };
    Ok((found.ok_or(ErrorKind::Absent)?, rest))
}

/// A scalar as text.
fn text(value: &Value) -> HostResult<String> {
    match value {
        Value::Null => Err(ErrorKind::Absent),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Long(number) => Ok(number.to_string()),
        Value::Double(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(ErrorKind::WrongType),
    }
}

/// A value of a stream as a stream of its own.
fn hessian<'v>(
    values: &'v [Value],
    resolver: &Resolver<'v>,
    value: &'v Value,
) -> HostResult<Vec<u8>> {
    let unreadable = |_| ErrorKind::NotReadable;
    let alone = match resolver.slot_of(value).filter(|_| value.takes_slot()) {
        None => value.clone(),
        Some(slot) => {
            // A reference to it behind the stream: cutting that out copies what it refers to, with its own numbering.
            let mut stream = values.to_vec();
            stream.push(Value::Ref(slot));
            extract(&stream, values.len()).map_err(unreadable)?
        }
    };
    let mut bytes = BytesMut::new();
    Encoder::new(&mut bytes)
        .write_value(&alone)
        .map_err(unreadable)?;
    bounded(bytes.to_vec())
}

fn bounded(bytes: Vec<u8>) -> HostResult<Vec<u8>> {
    match bytes.len() {
        0..=limits::BODY_MAX => Ok(bytes),
        _ => Err(ErrorKind::TooLarge),
    }
}
