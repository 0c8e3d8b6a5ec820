//! The text that is hashed: Dubbo's texts of the chosen arguments, one after the other.

use wubbo_plugin_sdk::{ErrorKind, Result, Routing};

/// Writes the key of a call: the arguments of a comma list of numbers; those that the call does not have are left out.
///
/// # Errors
/// The arguments cannot be read.
pub(crate) fn write(call: &Routing<'_>, arguments: &str, key: &mut String) -> Result<()> {
    key.clear();
    let generic =
        matches!(&*call.method()?, "$invoke" | "$invokeAsync") && call.argument_count() == 3;
    let mut indexes = arguments.split(',').filter_map(index).peekable();
    if indexes.peek().is_none() {
        // Nothing in it is an index: without Dubbo's default all calls would have one key, and go to one provider.
        return append(call, 0, "", key);
    }
    for index in indexes {
        if generic {
            // A generic call carries the arguments of the real method as its third one.
            append(call, 2, &format!("[{index}]"), key)?;
        } else if index < call.argument_count() {
            append(call, index, "", key)?;
        }
    }
    Ok(())
}

fn index(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

fn append(call: &Routing<'_>, index: u32, path: &str, key: &mut String) -> Result<()> {
    match call.argument_text(index, path) {
        Ok(Some(text)) => key.push_str(&text),
        // Null is `null`, as in Java; what is not there is left out. A list, map or object is written as JSON.
        Ok(None) => key.push_str(&call.argument_json(index, path)?.unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::WrongType => {
            key.push_str(&call.argument_json(index, path)?.unwrap_or_default());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
