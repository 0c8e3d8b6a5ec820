//! Names in the other language's case: Java's for methods, serde's `rename_all` for fields.

/// The Java name of a Rust function: `get_user` is `getUser`. A raw identifier loses its `r#`, one trailing underscore (a way round
/// a keyword) is dropped.
pub(crate) fn java_method(rust: &str) -> String {
    let rust = rust.trim_start_matches("r#");
    let rust = rust.strip_suffix('_').unwrap_or(rust);
    camel(rust)
}

/// `get_user` becomes `getUser`; what is camel case already stays.
fn camel(snake: &str) -> String {
    let mut out = String::with_capacity(snake.len());
    let mut upper = false;
    for letter in snake.chars() {
        match letter {
            '_' if !out.is_empty() => upper = true,
            '_' => {}
            letter if upper => {
                out.extend(letter.to_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

/// A field's name under serde's container attribute `rename_all`; `None` for a rule that serde does not have.
pub(crate) fn rename_all(rule: &str, field: &str) -> Option<String> {
    Some(match rule {
        "lowercase" | "snake_case" => field.to_owned(),
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "camelCase" => camel(field),
        "PascalCase" => {
            let camel = camel(field);
            let mut letters = camel.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default()
        }
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

/// Whether `name` may be a Java class or interface name: identifiers between dots.
pub(crate) fn is_java_class(name: &str) -> bool {
    name.split('.').all(|part| {
        let mut letters = part.chars();
        letters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_' || first == '$')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$')
    })
}
