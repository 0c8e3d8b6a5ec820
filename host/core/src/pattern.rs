//! Which services and methods a policy applies to.

use std::fmt;

/// A name pattern: `*` stands for any run of characters, dots included; everything else is itself. Matching is case sensitive.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// The pattern written as `text`.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Whether the whole of `name` matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
            return false;
        };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            match rest.split_once(piece) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }

    /// The pattern's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.0)
    }
}

/// Services and methods a policy applies to; an empty list means all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applies {
    /// Interface names.
    pub services: Vec<Pattern>,
    /// Method names.
    pub methods: Vec<Pattern>,
}

impl Applies {
    /// Whether a call of `method` on `interface` is meant.
    #[must_use]
    pub fn to(&self, interface: &str, method: &str) -> bool {
        self.to_service(interface) && matches_any(&self.methods, method)
    }

    /// Whether some call on `interface` is meant.
    #[must_use]
    pub fn to_service(&self, interface: &str) -> bool {
        matches_any(&self.services, interface)
    }
}

fn matches_any(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        let cases = [
            ("com.shop.*", "com.shop.Cart", true),
            ("com.shop.*", "com.shopping", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("get*", "getUser", true),
            ("*User", "getUser", true),
            ("*User", "getUsers", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("**", "anything", true),
            ("exact", "exact", true),
            ("*aab", "aaab", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(
                Pattern::new(pattern).matches(name),
                expected,
                "{pattern:?} on {name:?}"
            );
        }
    }

    #[test]
    fn empty_lists_mean_all() {
        assert!(Applies::default().to("a.B", "c"));
        let only = Applies {
            services: vec![Pattern::new("a.*")],
            methods: vec![Pattern::new("get*")],
        };
        assert!(only.to("a.B", "getC"));
        assert!(!only.to("a.B", "putC"));
        assert!(!only.to("b.B", "getC"));
        assert!(only.to_service("a.B") && !only.to_service("b.B"));
    }
}
