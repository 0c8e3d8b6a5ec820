//! A URL as hooks read it that are about one: a provider's row of a table, or what a configurator may change.

use wubbo_core::Url;
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::abi::{field, limits};
use wubbo_plugin_sdk::native::HostResult;

use super::Text;

/// The text under a key of space `url` or `field`; `Ok(None)` if there is none. An empty parameter counts as none.
///
/// # Errors
/// `other` for another space, `BadArgument` for an unknown field, `TooLarge` for a key.
pub(crate) fn get<'u>(
    url: &'u Url,
    space: Space,
    key: &str,
    other: ErrorKind,
) -> HostResult<Option<Text<'u>>> {
    match space {
        Space::Field => of_field(url, field::id(key)),
        Space::Url if key.len() > limits::KEY_MAX => Err(ErrorKind::TooLarge),
        Space::Url => Ok(parameter(url, key).map(Text::Borrowed)),
        _ => Err(other),
    }
}

pub(crate) fn parameter<'u>(url: &'u Url, key: &str) -> Option<&'u str> {
    url.get(key).filter(|value| !value.is_empty())
}

/// A fact of the URL by its id; what only a call has is absent.
///
/// # Errors
/// `BadArgument`: there is no such field.
pub(crate) fn of_field(url: &Url, id: u16) -> HostResult<Option<Text<'_>>> {
    let key = url.service_key();
    let text = match id {
        field::SERVICE => Text::Borrowed(key.interface()),
        field::GROUP => Text::Borrowed(key.group()),
        field::VERSION => Text::Borrowed(key.version()),
        field::SERVICE_KEY => Text::display(key),
        field::PATH => Text::Borrowed(url.path()),
        field::PROTOCOL => Text::Borrowed(url.protocol()),
        field::ADDRESS => Text::display(&format_args!(
            "{}:{}",
            url.host(),
            url.port().unwrap_or_default()
        )),
        field::HOST => Text::Borrowed(url.host()),
        field::PORT => match url.port() {
            Some(port) => Text::display(&port),
            None => return Ok(None),
        },
        id if field::name(id).is_some() => return Ok(None),
        _ => return Err(ErrorKind::BadArgument),
    };
    Ok(Some(text).filter(|text| !text.as_str().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_parameters_are_those_of_the_url() {
        let url =
            Url::parse("dubbo://10.0.0.9:20881/a.B?group=g&version=1&weight=7&empty=").unwrap();
        let cases = [
            (Space::Field, "address", Some("10.0.0.9:20881")),
            (Space::Field, "host", Some("10.0.0.9")),
            (Space::Field, "port", Some("20881")),
            (Space::Field, "protocol", Some("dubbo")),
            (Space::Field, "method", None),
            (Space::Url, "weight", Some("7")),
            (Space::Url, "empty", None),
            (Space::Url, "absent", None),
        ];
        for (space, key, expected) in cases {
            let found = get(&url, space, key, ErrorKind::NotAllowed).unwrap();
            assert_eq!(found.as_ref().map(Text::as_str), expected, "{key}");
        }
        let refused = |space, key: &str| get(&url, space, key, ErrorKind::NotAllowed).err();
        assert_eq!(
            refused(Space::Field, "colour"),
            Some(ErrorKind::BadArgument)
        );
        assert_eq!(
            refused(Space::Attachment, "weight"),
            Some(ErrorKind::NotAllowed)
        );
        assert_eq!(
            refused(Space::Url, &"k".repeat(257)),
            Some(ErrorKind::TooLarge)
        );
    }
}
