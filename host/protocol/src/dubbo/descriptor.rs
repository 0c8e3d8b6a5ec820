//! Parameter types as the wire has them: JVM descriptors without separators (spec/40 section 3.9).

/// The parts of a descriptor; `None` when some of it is no type, which would miscount the arguments.
pub fn split(descriptor: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = descriptor;
    while !rest.is_empty() {
        let length = type_length(rest)?;
        let (part, behind) = rest.split_at_checked(length)?;
        parts.push(part);
        rest = behind;
    }
    Some(parts)
}

/// How many parameters a descriptor has, without taking memory.
pub(crate) fn count(descriptor: &str) -> Option<u32> {
    let mut count = 0_u32;
    let mut rest = descriptor;
    while !rest.is_empty() {
        rest = rest.get(type_length(rest)?..)?;
        count = count.checked_add(1)?;
    }
    Some(count)
}

/// Length of the type that `text` starts with.
fn type_length(text: &str) -> Option<usize> {
    let element = text.trim_start_matches('[');
    let dimensions = text.len().checked_sub(element.len())?;
    let length = match element.as_bytes().first()? {
        b'V' | b'Z' | b'B' | b'C' | b'S' | b'I' | b'J' | b'F' | b'D' => 1,
        b'L' => {
            let end = element.find(';')?;
            let name = element.get(1..end)?;
            if !name.split('/').all(is_identifier) {
                return None;
            }
            end.checked_add(1)?
        }
        _ => return None,
    };
    dimensions.checked_add(length)
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    let start =
        |byte: u8| byte == b'_' || byte == b'$' || byte.is_ascii_alphabetic() || !byte.is_ascii();
    bytes.next().is_some_and(start) && bytes.all(|byte| start(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_type_is_refused() {
        for descriptor in ["X", "[[", "L;", "La//b;", "L1a;", "La/b", "ILa", "I I"] {
            assert_eq!(split(descriptor), None, "{descriptor}");
            assert_eq!(count(descriptor), None, "{descriptor}");
        }
        // Java allows letters beyond ASCII, and inner classes have a dollar sign.
        assert_eq!(split("Lä/B$C;[[Z"), Some(vec!["Lä/B$C;", "[[Z"]));
    }
}
