//! The names by which rules call a service.

/// `[group/]interface[:version]`, as [`crate::Providers::service`] says it, of any of the spellings under which config
/// centers keep a service's rules: `interface:version:group` with empty parts left empty (Dubbo Java) and
/// `[group*]interface[:version]` (dubbo-go). Version `0.0.0` counts as none.
#[must_use]
pub fn service_key(name: &str) -> String {
    let (before, rest) = name.split_once(['*', '/']).unwrap_or(("", name));
    let mut parts = rest.splitn(3, ':');
    let interface = parts.next().unwrap_or_default();
    let version = parts.next().filter(|version| *version != "0.0.0");
    let group = parts.next().filter(|group| !group.is_empty());
    let mut key = String::with_capacity(name.len());
    match group.unwrap_or(before) {
        "" => {}
        group => key.extend([group, "/"]),
    }
    key.push_str(interface);
    match version.unwrap_or_default() {
        "" => {}
        version => key.extend([":", version]),
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec `20-config-filters.md` 4.6 and 4.7 CC-02, CC-03, CC-20, CC-21.
    #[test]
    fn both_spellings_are_one_key() {
        let cases = [
            ("test:0:groupA", "groupA/test:0"),
            ("I::", "I"),
            ("I:version1:", "I:version1"),
            ("I:version1:group1", "group1/I:version1"),
            ("I::group1", "group1/I"),
            ("group*org.x.Mock:1.0.0", "group/org.x.Mock:1.0.0"),
            ("group/org.x.Mock:1.0.0", "group/org.x.Mock:1.0.0"),
            ("group*I", "group/I"),
            ("I:0.0.0", "I"),
            ("I:0.0.0:g", "g/I"),
            ("I", "I"),
            ("*", ""),
            ("", ""),
        ];
        for (name, key) in cases {
            assert_eq!(service_key(name), key, "{name}");
        }
    }
}
