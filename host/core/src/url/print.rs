//! From parts to text: dubbo-go's form ([`Display`](fmt::Display)), Dubbo Java's form, and the encoded form that a registry
//! uses as node name.

use std::fmt;

use super::{Parts, Url, escape};

/// Whether the password is printed.
#[derive(Clone, Copy, PartialEq)]
enum Password {
    Shown,
    Hidden,
}

/// `<protocol>://[<username>:<password>@]<host>:<port><path>?<params sorted by key, form-encoded>`; the colon and the question
/// mark are always there. Holds the password: for the wire, not for logs.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_url(f, self.parts(), Password::Shown)
    }
}

/// The text with the password hidden.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_url(f, self.parts(), Password::Hidden)
    }
}

impl Url {
    /// The text as Dubbo Java prints it (`URL.toFullString`): nothing encoded, no colon without a port, no question mark
    /// without parameters. Ambiguous when a value holds `&`; [`Url::to_encoded_string`] is the form to store.
    #[must_use]
    pub fn to_full_string(&self) -> String {
        let Parts {
            protocol,
            username,
            password,
            location,
            path,
            ..
        } = self.parts();
        let mut text = format!("{protocol}://");
        if !username.is_empty() || !password.is_empty() {
            text.push_str(username);
            if !password.is_empty() {
                text.push(':');
                text.push_str(password);
            }
            text.push('@');
        }
        text.push_str(&location.java().to_string());
        text.push_str(path);
        for (index, (key, value)) in self.params().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(key);
            text.push('=');
            text.push_str(value);
        }
        text
    }

    /// The whole URL form-encoded, as registries store it. This is Dubbo Java's form (values encoded once) whenever that
    /// reads back unchanged, else that of dubbo-go 1.5 (values encoded twice), which can say everything.
    #[must_use]
    pub fn to_encoded_string(&self) -> String {
        let printed = self.to_string();
        let java = form_encoded(&self.to_full_string());
        let same = |back: Self| back.to_string() == printed;
        if Self::parse_addresses(&java).is_ok_and(same) {
            java
        } else {
            form_encoded(&printed)
        }
    }
}

fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    // Writing to a String cannot fail.
    let _ = escape::write_form(&mut encoded, text);
    encoded
}

fn write_url(f: &mut fmt::Formatter<'_>, parts: &Parts, shown: Password) -> fmt::Result {
    let Parts {
        protocol,
        username,
        password,
        location,
        path,
        params,
        ..
    } = parts;
    write!(f, "{protocol}://")?;
    if !username.is_empty() || !password.is_empty() {
        write!(f, "{}:", escape::authority(username))?;
        match shown {
            Password::Hidden if !password.is_empty() => f.write_str("***@")?,
            _ => write!(f, "{}@", escape::authority(password))?,
        }
    }
    write!(f, "{}{}?", location.all(), escape::path(path))?;
    for (index, (key, value)) in params.iter().enumerate() {
        if index > 0 {
            f.write_str("&")?;
        }
        escape::write_form(f, key)?;
        f.write_str("=")?;
        escape::write_form(f, value)?;
    }
    Ok(())
}
