//! What a file's place says: `<group>/<key>`, the key with or without an ending for editors.
//!
//! Any character may be percent-encoded, and those that a file system does not take must be: `%3A` for `:` on some, `%2F` for `/` on
//! all.

use std::path::{Component, Path, PathBuf};

use super::super::texts::Place;

/// Levels of directories below the config center's own: the group.
pub(super) const LEVELS: usize = 1;
/// Endings that are no part of the key.
const ENDINGS: [&str; 2] = [".yaml", ".yml"];

/// Reads a path relative to the config center's directory.
///
/// # Errors
/// Why no text can lie there.
pub(super) fn place(name: &Path) -> Result<Place, String> {
    let mut parts = name.components().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let (Some(group), file) = (parts.next(), parts.next()) else {
        return Err("has no name".to_owned());
    };
    let Some(file) = file else {
        return Err("lies beside the groups; a rule's place is dubbo/<key>".to_owned());
    };
    let (Some(group), Some(file)) = (group, file) else {
        return Err("has a name that is no text".to_owned());
    };
    let stem = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending));
    let key = decode(stem.unwrap_or(file))?;
    if key.is_empty() {
        return Err("names no key".to_owned());
    }
    Ok(Place {
        group: decode(group)?,
        key,
    })
}

/// The path of the file for `place`, relative to the config center's directory: the inverse of [`place`].
pub(super) fn path(place: &Place) -> PathBuf {
    Path::new(&encode(&place.group)).join(encode(&place.key))
}

/// What a file system takes as a name, and what neither counts as hidden or temporary nor loses an ending when it is read.
fn encode(text: &str) -> String {
    let unread = |ending: &&str| text.ends_with(*ending);
    let ending = ENDINGS
        .iter()
        .chain(&[".tmp"])
        .find(|ending| unread(ending));
    let last_dot = ending.map(|ending| text.len() - ending.len());
    let mut name = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let dot = character == '.' && (at == 0 || Some(at) == last_dot);
        if dot || matches!(character, '%' | '/') {
            name.push_str(&format!("%{:02X}", u32::from(character)));
        } else {
            name.push(character);
        }
    }
    name
}

fn decode(name: &str) -> Result<String, String> {
    let bad = |at: usize| {
        format!(
            "has a bad percent escape at {:?}",
            name.get(at..).unwrap_or("")
        )
    };
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes().enumerate();
    while let Some((at, byte)) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let (_, byte) = rest.next()?;
            char::from(byte).to_digit(16)
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(bad(at));
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    let text = String::from_utf8(bytes).map_err(|_| "has a name that is no text".to_owned())?;
    if text.chars().any(char::is_control) {
        return Err("has a control character in its name".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_groups_and_keys() {
        for (path, group, key) in [
            ("dubbo/shop.tag-router", "dubbo", "shop.tag-router"),
            ("dubbo/shop.tag-router.yaml", "dubbo", "shop.tag-router"),
            ("dubbo/shop.tag-router.yml", "dubbo", "shop.tag-router"),
            (
                "dubbo/com.foo.Bar:1.0.0:.condition-router",
                "dubbo",
                "com.foo.Bar:1.0.0:.condition-router",
            ),
            (
                "dubbo/com.foo.Bar%3A%3a.configurators.yaml",
                "dubbo",
                "com.foo.Bar::.configurators",
            ),
            (
                "dubbo/group*a.B:1.0.0.configurators",
                "dubbo",
                "group*a.B:1.0.0.configurators",
            ),
            ("Custom Group/myKey", "Custom Group", "myKey"),
            ("a%2Fb/myKey", "a/b", "myKey"),
            ("dubbo/%E4%B8%AD.yaml", "dubbo", "\u{4e2d}"),
        ] {
            let place = place(Path::new(path)).unwrap();
            assert_eq!((&*place.group, &*place.key), (group, key), "{path}");
        }
    }

    #[test]
    fn every_place_has_a_path_that_names_it() {
        for (group, key, expected) in [
            ("dubbo", "shop.tag-router", "dubbo/shop.tag-router"),
            ("dubbo", "a.B:1:.x", "dubbo/a.B:1:.x"),
            ("a/b", "c/d%", "a%2Fb/c%2Fd%25"),
            ("..", ".hidden", "%2E./%2Ehidden"),
            ("g", "a.yaml", "g/a%2Eyaml"),
            ("g", "a.b.tmp", "g/a.b%2Etmp"),
            ("\u{4e2d}", "k.yml.yml", "\u{4e2d}/k.yml%2Eyml"),
        ] {
            let given = Place::new(key, group).unwrap();
            let path = path(&given);
            assert_eq!(path, Path::new(expected));
            assert_eq!(place(&path).unwrap(), given, "{expected}");
        }
    }

    #[test]
    fn refuses_what_is_no_place_and_says_why() {
        for (path, cause) in [
            ("README.md", "beside the groups"),
            ("", "no name"),
            ("dubbo/.yaml", "no key"),
            ("dubbo/a%", "bad percent escape at \"%\""),
            ("dubbo/a%zz", "bad percent escape at \"%zz\""),
            ("dubbo/%ff", "no text"),
            ("dubbo/a%0Ab", "control character"),
            ("../a", "no text"),
        ] {
            let error = place(Path::new(path)).unwrap_err();
            assert!(error.contains(cause), "{path}: {error}");
        }
    }
}
