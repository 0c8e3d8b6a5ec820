//! Java type names as people write them (`int`, `java.lang.String[]`) and as the JVM does (`I`, `[Ljava/lang/String;`).

/// Java's primitive types with their letters.
const PRIMITIVES: [(&str, char); 9] = [
    ("void", 'V'),
    ("boolean", 'Z'),
    ("byte", 'B'),
    ("char", 'C'),
    ("short", 'S'),
    ("int", 'I'),
    ("long", 'J'),
    ("float", 'F'),
    ("double", 'D'),
];

/// The JVM descriptor of a type name in any of the forms that Dubbo peers send: `int`, `int[]`, `[I`, `java.lang.String`,
/// `[Ljava.lang.String;`. `None` for text that names no type.
pub(crate) fn descriptor(name: &str) -> Option<String> {
    let (name, trailing) = strip_arrays(name.trim());
    let component = name.trim_start_matches('[');
    let leading = name.len() - component.len();
    let mut out = "[".repeat(leading + trailing);
    let jvm_class = component
        .strip_prefix('L')
        .and_then(|class| class.strip_suffix(';'));
    match (leading, jvm_class) {
        (_, Some(class)) => push_class(&mut out, class)?,
        // In a name that starts with a bracket the rest is a JVM letter; elsewhere it is a word.
        (1.., None) => out.push(
            component
                .parse()
                .ok()
                .filter(|letter| is_primitive(*letter))?,
        ),
        (0, None) => match PRIMITIVES.iter().find(|(word, _)| *word == component) {
            Some((_, letter)) => out.push(*letter),
            None => push_class(&mut out, component)?,
        },
    }
    Some(out)
}

/// The parameter list of a descriptor for people: `int, java.lang.String`. Text that is no descriptor is shown as it is.
pub(crate) fn readable(descriptor: &str) -> String {
    let mut names = Vec::new();
    let mut rest = descriptor;
    while !rest.is_empty() {
        match split_first(rest) {
            Some((name, after)) => {
                names.push(name);
                rest = after;
            }
            None => {
                names.push(rest.to_owned());
                break;
            }
        }
    }
    names.join(", ")
}

fn split_first(descriptor: &str) -> Option<(String, &str)> {
    let component = descriptor.trim_start_matches('[');
    let arrays = "[]".repeat(descriptor.len() - component.len());
    if let Some(class) = component.strip_prefix('L') {
        let (class, rest) = class.split_once(';')?;
        return Some((class.replace('/', ".") + &arrays, rest));
    }
    let letter = component.chars().next()?;
    let (word, _) = PRIMITIVES.iter().find(|(_, known)| *known == letter)?;
    Some((format!("{word}{arrays}"), component.get(1..)?))
}

fn strip_arrays(mut name: &str) -> (&str, usize) {
    let mut count = 0;
    while let Some(component) = name.strip_suffix("[]") {
        name = component;
        count += 1;
    }
    (name, count)
}

fn is_primitive(letter: char) -> bool {
    PRIMITIVES.iter().any(|(_, known)| *known == letter)
}

fn push_class(out: &mut String, class: &str) -> Option<()> {
    let valid = |letter: char| letter.is_alphanumeric() || ['_', '$', '.', '/'].contains(&letter);
    if class.is_empty() || !class.chars().all(valid) || class.split(['.', '/']).any(str::is_empty) {
        return None;
    }
    out.push('L');
    out.push_str(&class.replace('.', "/"));
    out.push(';');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_type_gives_its_descriptor() {
        let cases = [
            ("int", "I"),
            ("void", "V"),
            ("java.lang.String", "Ljava/lang/String;"),
            ("byte[]", "[B"),
            ("[B", "[B"),
            ("[[I", "[[I"),
            ("int[][]", "[[I"),
            ("[Ljava.lang.String;", "[Ljava/lang/String;"),
            ("Ljava/lang/String;", "Ljava/lang/String;"),
            ("java.lang.String[]", "[Ljava/lang/String;"),
            ("a.Outer$Inner", "La/Outer$Inner;"),
            (" int ", "I"),
            ("I", "LI;"),
        ];
        for (name, expected) in cases {
            assert_eq!(descriptor(name).as_deref(), Some(expected), "{name}");
        }
        for wrong in ["", "[", "[int", "a..B", "a b", ".a", "[]", "L;", "a-b"] {
            assert_eq!(descriptor(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn descriptors_are_shown_as_java_writes_types() {
        let cases = [
            ("", ""),
            ("Ljava/lang/String;I", "java.lang.String, int"),
            ("[[I[Ljava/lang/String;", "int[][], java.lang.String[]"),
            ("Ljava/util/Date", "Ljava/util/Date"),
            ("I?", "int, ?"),
        ];
        for (descriptor, expected) in cases {
            assert_eq!(readable(descriptor), expected);
        }
    }
}
