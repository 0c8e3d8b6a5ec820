//! Patterns: `*` stands for any number of characters, none included; everything else for itself.

/// Does the pattern cover the whole text. Case counts. Takes at most pattern times text steps.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        // No star: the first part was all.
        return rest.is_empty();
    };
    // Each middle part is taken where it first occurs, which leaves the most for the ones behind it.
    let after = parts.try_fold(rest, |rest, part| {
        rest.find(part).and_then(|at| rest.get(at + part.len()..))
    });
    after.is_some_and(|rest| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        let cases = [
            ("*", "", true),
            ("*", "anything", true),
            ("com.shop.*", "com.shop.Order", true),
            ("com.shop.*", "com.shop.", true),
            ("com.shop.*", "com.shopping.Order", false),
            ("get*", "getUser", true),
            ("get*", "forget", false),
            ("*User", "getUser", true),
            ("*User", "getUsers", false),
            ("get*User*", "getTheUserById", true),
            ("get*User*", "getTheCart", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*a", "aba", true),
            ("a*b*a", "ab", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aba", false),
            ("getUser", "getUser", true),
            ("getUser", "getUsers", false),
            ("GetUser", "getUser", false),
            ("**", "x", true),
            ("g?t", "get", false),
            ("*ü*", "schlüssel", true),
            ("", "", true),
            ("", "x", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
