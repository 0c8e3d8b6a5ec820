//! The table at the end.

use std::fmt::Write;

use crate::load::{Summary, number};

/// What the load saw and what was done, as a table of two columns.
pub(super) fn render(summary: &Summary, acts: &[(String, String)]) -> String {
    let mut rows = vec![
        ("calls".to_owned(), summary.calls.to_string()),
        ("failures".to_owned(), failures(summary)),
        (
            "calls that saw two generations".to_owned(),
            summary.mixed.to_string(),
        ),
        (
            "calls during which a swap went live".to_owned(),
            summary.spanning.to_string(),
        ),
        ("calls per generation".to_owned(), generations(summary)),
        (
            "latency of echo".to_owned(),
            format!("p50 {} us, p99 {} us", summary.p50_us, summary.p99_us),
        ),
    ];
    rows.extend(acts.iter().cloned());
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for (name, value) in rows {
        // Writing to a String does not fail.
        let _written = writeln!(table, "{name:width$}  {value}");
    }
    table
}

fn failures(summary: &Summary) -> String {
    match &summary.first_failure {
        None => summary.failures.to_string(),
        Some(first) => format!("{} (the first: {first})", summary.failures),
    }
}

fn generations(summary: &Summary) -> String {
    let mut seen: Vec<(&String, &u64)> = summary.generations.iter().collect();
    seen.sort_by_key(|(name, _)| number(name));
    let seen: Vec<String> = seen
        .into_iter()
        .map(|(name, calls)| format!("{name}: {calls}"))
        .collect();
    seen.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_stand_in_their_order() {
        let generations = [("g10", 1), ("g2", 2), ("none", 3)]
            .map(|(name, calls)| (name.to_owned(), calls))
            .into();
        let table = render(
            &Summary {
                calls: 6,
                generations,
                ..Summary::default()
            },
            &[("act".into(), "done".into())],
        );
        assert!(table.contains("none: 3, g2: 2, g10: 1"), "{table}");
        assert!(
            table.contains("act") && table.lines().count() == 7,
            "{table}"
        );
    }
}
