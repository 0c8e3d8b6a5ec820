//! Texts in the form of Java's properties. A parser of our own: the crate for it (java-properties 2.0) refuses a whole text for a
//! backslash in a comment and for surrogate pairs, and loses a last line that ends with a backslash.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// Values by their keys.
pub type Properties = BTreeMap<String, String>;

/// What separates besides `=` and `:`, and counts for nothing at the beginning of a line.
const BLANK: [char; 3] = [' ', '\t', '\x0c'];
const COMMENT: [char; 2] = ['#', '!'];

/// A `\u` in a key or value that stands for no character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: expected four hexadecimal digits after each \\u, and surrogates in pairs; a backslash itself is \\\\"
)]
pub struct Malformed {
    /// Where its entry begins, from 1.
    pub line: usize,
}

/// Reads `text` as `java.util.Properties` does: `=`, `:` or blanks between key and value, comments after `#` or `!`, a backslash that
/// continues a line, the escapes `\t`, `\n`, `\r`, `\f` and `\uXXXX`; the last entry of a key counts. `${..}` stands for itself.
///
/// # Errors
/// [`Malformed`]: a `\u` that stands for no character, as in Java.
pub fn parse_properties(text: &str) -> Result<Properties, Malformed> {
    let mut properties = Properties::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = lines(text).enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim_start_matches(BLANK);
        if line.is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        let mut entry = line.to_owned();
        let mut continued = is_continued(line);
        while continued {
            entry.pop();
            let next = lines.next().map_or("", |(_, next)| next);
            continued = is_continued(next);
            entry.push_str(next.trim_start_matches(BLANK));
        }
        let (key, value) = split(&entry);
        let malformed = || Malformed { line: number + 1 };
        let key = unescaped(key).ok_or_else(malformed)?;
        properties.insert(key, unescaped(value).ok_or_else(malformed)?);
    }
    Ok(properties)
}

/// The lines, whichever way they end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n');
    lines.flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Whether the last backslash is none that another one escapes.
fn is_continued(line: &str) -> bool {
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// Key and value, with their escapes.
fn split(entry: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = entry.find(|char| {
        let ends = !escaped && (BLANK.contains(&char) || char == '=' || char == ':');
        escaped = !escaped && char == '\\';
        ends
    });
    let (key, rest) = entry.split_at(end.unwrap_or(entry.len()));
    let rest = rest.trim_start_matches(BLANK);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, value.trim_start_matches(BLANK))
}

fn unescaped(text: &str) -> Option<String> {
    // As Java has it: what `\u` gives are units of UTF-16.
    let mut units = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => escape(&mut chars, &mut units)?,
            char => push(char, &mut units),
        }
    }
    String::from_utf16(&units).ok()
}

/// What stands behind a backslash.
fn escape(chars: &mut Peekable<Chars<'_>>, units: &mut Vec<u16>) -> Option<()> {
    match chars.next() {
        Some('u') => {
            let mut unit = 0;
            for _ in 0..4 {
                let digit = chars.next()?.to_digit(16)?;
                unit = unit << 4 | u16::try_from(digit).ok()?;
            }
            units.push(unit);
        }
        Some('t') => push('\t', units),
        Some('n') => push('\n', units),
        Some('r') => push('\r', units),
        Some('f') => push('\x0c', units),
        Some(other) => push(other, units),
        None => {}
    }
    Some(())
}

fn push(char: char, units: &mut Vec<u16>) {
    units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse_properties(text).expect(text).into_iter().collect()
    }

    /// Id or what it is about, text, entries.
    type Case = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
    );

    const CASES: [Case; 24] = [
        ("002-T22", "aaa=bbb", &[("aaa", "bbb")]),
        (
            "002-T23",
            "aaa=bbb\nccc=ddd",
            &[("aaa", "bbb"), ("ccc", "ddd")],
        ),
        (
            "002-T24",
            r"dubbo.registry.address=zookeeper://127.0.0.1:2181\\ndubbo.protocol.port=20880",
            &[(
                "dubbo.registry.address",
                r"zookeeper://127.0.0.1:2181\ndubbo.protocol.port=20880",
            )],
        ),
        ("PRP-10", "1=2", &[("1", "2")]),
        (
            "PRP-11",
            "dubbo.registry.address=172.0.0.1\ndubbo.registry.name=test",
            &[
                ("dubbo.registry.address", "172.0.0.1"),
                ("dubbo.registry.name", "test"),
            ],
        ),
        (
            "PRP-12",
            "\t\tdubbo.application.module=dubbogo user-info server\n\t\tdubbo.consumer.check=false\n\t",
            &[
                ("dubbo.application.module", "dubbogo user-info server"),
                ("dubbo.consumer.check", "false"),
            ],
        ),
        (
            "separators",
            "a=1\nb: 2\nc 3\nd\t:\t4\ne\x0c5\nf = = 6",
            &[
                ("a", "1"),
                ("b", "2"),
                ("c", "3"),
                ("d", "4"),
                ("e", "5"),
                ("f", "= 6"),
            ],
        ),
        (
            "no value",
            "a\nb=\nc :  ",
            &[("a", ""), ("b", ""), ("c", "")],
        ),
        ("no key", "=1", &[("", "1")]),
        ("blanks behind stay", "a=1 ", &[("a", "1 ")]),
        ("the last one counts", "a=1\na=2", &[("a", "2")]),
        ("comments", "# a=1\n  ! b=2\n#c\\\nd=4", &[("d", "4")]),
        ("a path in a comment", "# C:\\users\na=1", &[("a", "1")]),
        (
            "a mark that is no comment",
            "a=#1\nb#=!2",
            &[("a", "#1"), ("b#", "!2")],
        ),
        ("continued", "a=1,\\\n  2,\\\n\t3", &[("a", "1,2,3")]),
        (
            "continued by what looks like a comment",
            "a=1\\\n#2",
            &[("a", "1#2")],
        ),
        (
            "continued by nothing",
            "a=1\\\n\nb=2\\",
            &[("a", "1"), ("b", "2")],
        ),
        (
            "an escaped backslash continues nothing",
            "a=1\\\\\nb=2",
            &[("a", "1\\"), ("b", "2")],
        ),
        (
            "continued behind an escaped one",
            "a=1\\\\\\\n2",
            &[("a", "1\\2")],
        ),
        (
            "ends of lines",
            "a=1\r\nb=2\rc=3\\\r\n 4\n\r",
            &[("a", "1"), ("b", "2"), ("c", "34")],
        ),
        ("escaped keys", r"a\=b\:c\ d=1", &[("a=b:c d", "1")]),
        ("escapes", r"a=\t\n\r\f\z\#", &[("a", "\t\n\r\x0cz#")]),
        (
            "characters",
            r"a=\u00e4\u20AC\uD83D\uDE00 ä€",
            &[("a", "ä€\u{1f600} ä€")],
        ),
        (
            "no expansion",
            "\u{feff}a=${b}\nb=1",
            &[("a", "${b}"), ("b", "1")],
        ),
    ];
    /// F-35: 002-T22, 002-T23, 002-T24, and PRP-10, PRP-11 and PRP-12 of the chapter on config centers; what the Java class says
    /// besides.
    #[test]
    fn properties_are_read_as_java_reads_them() {
        for (id, text, expected) in CASES {
            let expected: Vec<_> = expected
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(parsed(text), expected, "{id}");
        }
    }

    /// As Java, whose exception names no line.
    #[test]
    fn what_is_no_character_is_refused_with_its_line() {
        for text in [
            r"\u12",
            r"\u12g4",
            r"\u+123",
            r"\ud83d",
            r"\ude00\ud83d",
            r"\ud83dx",
        ] {
            for entry in [format!("a=1\n\nb={text}"), format!("# c\nx=\\\n{text}")] {
                let line = if entry.starts_with('#') { 2 } else { 3 };
                assert_eq!(parse_properties(&entry), Err(Malformed { line }), "{entry}");
            }
        }
    }

    /// However it is written, the longest text of a config center is read in one pass.
    #[test]
    fn a_long_text_is_no_work() {
        let half = 512 * 1024;
        for text in [
            "\\\n".repeat(half),
            "\\".repeat(half) + &"\\\\\\\n".repeat(half / 4),
            "=".repeat(half),
        ] {
            let since = std::time::Instant::now();
            assert!(parsed(&text).len() <= 1);
            assert!(
                since.elapsed() < std::time::Duration::from_secs(20),
                "{:?}",
                since.elapsed()
            );
        }
    }
}
