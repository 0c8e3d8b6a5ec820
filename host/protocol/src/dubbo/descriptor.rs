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
    fn splits_every_descriptor_vector() {
        let cases: [(&str, &str, Option<usize>); 12] = [
            ("D-1", "Ljava/lang/String;", Some(1)),
            ("D-2", "Ljava/lang/String;I", Some(2)),
            ("D-3", "ILjava/lang/String;", Some(2)),
            ("D-4", "ILjava/lang/String;IZ", Some(4)),
            ("D-5", "[Ljava/lang/String;[I", Some(2)),
            ("D-6", "", Some(0)),
            (
                "D-7",
                "VJ[JZ[ZLjava/lang/String;[Ljava/lang/String;Ljava/lang/Object;Ljava/lang/Object;[Ljava/lang/Object;Ljava/util/Map;Lcom/ikurento/test/TestEnumGender;",
                Some(12),
            ),
            ("D-8", "[[I[[Ljava/util/Date;", Some(2)),
            (
                "D-9",
                "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;",
                Some(3),
            ),
            ("D-10", "Ljava/util/Date", None),
            ("no type", "X", None),
            ("only dimensions", "[[", None),
        ];
        for (id, descriptor, parts) in cases {
            assert_eq!(split(descriptor).map(|parts| parts.len()), parts, "{id}");
            assert_eq!(count(descriptor).map(|count| count as usize), parts, "{id}");
        }
    }
}
