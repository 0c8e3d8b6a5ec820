//! Java type names from the descriptor of the wire: `Ljava/lang/String;[I` is `java.lang.String,int[]`.

/// Appends the names, joined by commas. A descriptor that breaks the grammar is appended from there on as it is.
pub(crate) fn push_names(line: &mut String, descriptor: &str) {
    let mut rest = descriptor;
    while !rest.is_empty() {
        if rest.len() != descriptor.len() {
            line.push(',');
        }
        match one(rest) {
            Some((name, dimensions, after)) => {
                line.extend(
                    name.chars()
                        .map(|letter| if letter == '/' { '.' } else { letter }),
                );
                (0..dimensions).for_each(|_| line.push_str("[]"));
                rest = after;
            }
            None => {
                line.push_str(rest);
                return;
            }
        }
    }
}

/// Name, dimensions and the rest.
fn one(descriptor: &str) -> Option<(&str, usize, &str)> {
    let element = descriptor.trim_start_matches('[');
    let dimensions = descriptor.len() - element.len();
    let (name, rest) = match element.strip_prefix('L') {
        Some(class) => class.split_once(';')?,
        None => {
            let mut letters = element.chars();
            (primitive(letters.next()?)?, letters.as_str())
        }
    };
    Some((name, dimensions, rest))
}

const fn primitive(letter: char) -> Option<&'static str> {
    Some(match letter {
        'Z' => "boolean",
        'B' => "byte",
        'C' => "char",
        'D' => "double",
        'F' => "float",
        'I' => "int",
        'J' => "long",
        'S' => "short",
        'V' => "void",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_javas() {
        let cases = [
            ("", ""),
            ("Ljava/lang/String;", "java.lang.String"),
            ("Ljava/lang/String;I", "java.lang.String,int"),
            ("[[I[Ljava/util/List;Z", "int[][],java.util.List[],boolean"),
            (
                "ZBCDFIJSV",
                "boolean,byte,char,double,float,int,long,short,void",
            ),
            ("IQ", "int,Q"),
            ("Ljava/lang/String", "Ljava/lang/String"),
            ("[", "["),
            ("Iü", "int,ü"),
        ];
        for (descriptor, expected) in cases {
            let mut line = String::new();
            push_names(&mut line, descriptor);
            assert_eq!(line, expected, "{descriptor}");
        }
    }
}
