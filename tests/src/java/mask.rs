//! Takes out of an outcome what two runs of one pairing may differ in; the list is in `interop/java/README.md`.
//!
//! It also sorts what has no order (JSON keys, entries of maps, items of unordered sets), so that a canonical value made
//! elsewhere compares equal whatever order it was written in.

use serde_json::{Map, Value};

use super::Outcomes;

/// Stands for whatever was there.
const MASKED: &str = "<masked>";

/// Lengths of frames, and the consumer's count of asynchronous calls.
const UNSTABLE_ATTACHMENTS: [&str; 3] = ["input", "output", "id"];

/// Sets whose order is part of their value.
const ORDERED_SETS: [&str; 3] = [
    "java.util.LinkedHashSet",
    "java.util.TreeSet",
    "java.util.concurrent.ConcurrentSkipListSet",
];

/// The framework's own exception: its message names addresses, the provider URL and what the provider wrote.
const RPC_EXCEPTION: &str = "org.apache.dubbo.rpc.RpcException";

/// The outcomes without what is unstable. Attachments named in `dropped` are left out as well: a gateway between the
/// two adds some.
pub fn mask(outcomes: Outcomes, dropped: &[&str]) -> Outcomes {
    outcomes
        .into_iter()
        .map(|(case, outcome)| (case.clone(), mask_outcome(&case, outcome, dropped)))
        .collect()
}

fn mask_outcome(case: &str, outcome: Value, dropped: &[&str]) -> Value {
    let Value::Object(mut fields) = sorted(outcome) else {
        return Value::Null;
    };
    for name in ["responseAttachments", "requestAttachmentsSeen"] {
        if let Some(Value::Object(attachments)) = fields.get_mut(name) {
            mask_attachments(attachments, dropped);
        }
    }
    if case.starts_with("attachments/")
        && let Some(entries) = fields
            .get_mut("value")
            .and_then(|value| value.get_mut("entries"))
    {
        mask_entries(entries, dropped);
    }
    let framework = fields
        .get("exceptionClass")
        .is_some_and(|class| class == RPC_EXCEPTION);
    if let Some(Value::String(message)) = fields.get_mut("exceptionMessage") {
        *message = mask_message(message, framework);
    }
    Value::Object(fields)
}

fn mask_attachments(attachments: &mut Map<String, Value>, dropped: &[&str]) {
    attachments.retain(|key, _| !dropped.contains(&key.as_str()));
    for (key, value) in attachments {
        if UNSTABLE_ATTACHMENTS.contains(&key.as_str()) {
            *value = MASKED.into();
        }
    }
}

/// The same for a canonical map, a list of pairs.
fn mask_entries(entries: &mut Value, dropped: &[&str]) {
    let Value::Array(entries) = entries else {
        return;
    };
    let key = |entry: &Value| {
        entry
            .get(0)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    entries.retain(|entry| !dropped.contains(&key(entry).as_str()));
    for entry in entries {
        if UNSTABLE_ATTACHMENTS.contains(&key(entry).as_str())
            && let Some(value) = entry.get_mut(1)
        {
            *value = MASKED.into();
        }
    }
}

fn mask_message(message: &str, framework: bool) -> String {
    let message = message.split("\n\tat ").next().unwrap_or_default();
    if !framework {
        return message.to_owned();
    }
    let (text, cause) = match message.split_once(", cause: ") {
        Some((text, _)) => (text, ", cause: <masked>"),
        None => (message, ""),
    };
    mask_addresses(text) + cause
}

/// Replaces each `dubbo://` URL, and each host with its port when there is one, by a mark.
fn mask_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("dubbo://") {
            rest.find([',', ' ', ']', '\n']).unwrap_or(rest.len())
        } else {
            let after_word =
                out.ends_with(|before: char| before.is_alphanumeric() || before == '.');
            if after_word { 0 } else { address_length(rest) }
        };
        if length > 0 {
            out.push_str("<address>");
            rest = rest.get(length..).unwrap_or_default();
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// How many bytes at the start of `text` are an IPv4 address (dotted, or the peers' number) and its port; 0 for none.
fn address_length(text: &str) -> usize {
    let end = text
        .find(|unit: char| !unit.is_ascii_digit() && unit != '.')
        .unwrap_or(text.len());
    let host = text.get(..end).unwrap_or_default().trim_end_matches('.');
    let dotted =
        host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
    if !dotted && host != super::LOOPBACK {
        return 0;
    }
    let after = text.get(host.len()..).unwrap_or_default();
    let digits = after.strip_prefix(':').map_or(0, |port| {
        port.chars().take_while(char::is_ascii_digit).count()
    });
    host.len() + if digits > 0 { digits + 1 } else { 0 }
}

/// The same value with sorted keys, entries of maps and items of unordered sets.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(fields) => {
            let mut pairs: Vec<_> = fields
                .into_iter()
                .map(|(name, field)| (name, sorted(field)))
                .collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            let mut fields: Map<String, Value> = pairs.into_iter().collect();
            sort_unordered(&mut fields);
            Value::Object(fields)
        }
        scalar => scalar,
    }
}

fn sort_unordered(fields: &mut Map<String, Value>) {
    if fields.contains_key("map")
        && let Some(Value::Array(entries)) = fields.get_mut("entries")
    {
        entries.sort_by_cached_key(|entry| entry.get(0).map(Value::to_string));
    }
    let unordered = fields
        .get("set")
        .and_then(Value::as_str)
        .is_some_and(|class| !ORDERED_SETS.contains(&class));
    if unordered && let Some(Value::Array(items)) = fields.get_mut("items") {
        items.sort_by_cached_key(Value::to_string);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(case: &str, outcome: Value) -> Value {
        mask(Outcomes::from([(case.to_owned(), outcome)]), &["wubbo.via"])
            .remove(case)
            .unwrap()
    }

    #[test]
    fn frame_lengths_are_masked_and_other_attachments_kept() {
        let outcome =
            json!({"responseAttachments": {"dubbo": "2.0.2", "output": "57", "wubbo.via": "x"}});
        let want = json!({"responseAttachments": {"dubbo": "2.0.2", "output": "<masked>"}});
        assert_eq!(one("echo/ascii", outcome), want);
    }

    #[test]
    fn the_providers_view_is_masked_in_attachment_cases_only() {
        let entries = json!({"map": "java.util.HashMap", "entries": [["wubbo.via", "g"], ["input", "206"], ["a", "1"]]});
        let outcome =
            json!({"value": entries, "requestAttachmentsSeen": {"input": "206", "a": "1"}});
        let masked = one("attachments/text", outcome.clone());
        assert_eq!(
            masked["value"]["entries"],
            json!([["a", "1"], ["input", "<masked>"]])
        );
        assert_eq!(
            masked["requestAttachmentsSeen"],
            json!({"input": "<masked>", "a": "1"})
        );
        let elsewhere = one("describe/mixed", json!({"value": entries}));
        assert_eq!(
            elsewhere["value"]["entries"],
            json!([["a", "1"], ["input", "206"], ["wubbo.via", "g"]])
        );
    }

    #[test]
    fn a_framework_message_keeps_its_words_and_loses_its_addresses() {
        let message = "Failed to invoke the method echo. Tried 1 times of the providers [2130706433:22102] (1/1) on the \
            consumer 192.0.2.2 using the dubbo version 3.3.6. Last error is: Failed, provider: \
            dubbo://2130706433:22102/org.X?a=b&c=d, cause: org.apache.dubbo.remoting.RemotingException: /127.0.0.1:1";
        let want = "Failed to invoke the method echo. Tried 1 times of the providers [<address>] (1/1) on the \
            consumer <address> using the dubbo version 3.3.6. Last error is: Failed, provider: \
            <address>, cause: <masked>";
        let outcome = json!({"exceptionClass": RPC_EXCEPTION, "exceptionMessage": message});
        assert_eq!(one("refused/x", outcome)["exceptionMessage"], want);
    }

    #[test]
    fn addresses_are_told_from_versions_and_plain_numbers() {
        for (text, want) in [
            ("10.0.0.1", "<address>"),
            ("at 10.0.0.1:80.", "at <address>."),
            ("10.0.0.1: x", "<address>: x"),
            ("3.3.6", "3.3.6"),
            ("1.2.3.4.5", "1.2.3.4.5"),
            ("1.2.3.400", "1.2.3.400"),
            ("v1.2.3.4", "v1.2.3.4"),
            ("21307064331", "21307064331"),
            ("\u{4e2d}10.0.0.1", "\u{4e2d}10.0.0.1"),
            ("(10.0.0.1)\u{4e2d}", "(<address>)\u{4e2d}"),
            ("", ""),
        ] {
            assert_eq!(mask_addresses(text), want, "{text}");
        }
    }

    #[test]
    fn an_applications_message_loses_a_stack_and_nothing_else() {
        let outcome = json!({"exceptionClass": "org.wubbo.demo.DemoException", "exceptionMessage": "at 10.0.0.1:80, cause: x"});
        assert_eq!(one("fail/x", outcome.clone()), outcome);
        let generic = json!({"exceptionClass": "G", "exceptionMessage": "E: boom\nE: boom\n\tat a.b(C.java:1)\n\tat d"});
        assert_eq!(
            one("generic/fail", generic)["exceptionMessage"],
            "E: boom\nE: boom"
        );
        let nothing = json!({"exceptionClass": "G", "exceptionMessage": null});
        assert_eq!(one("fail/null", nothing.clone()), nothing);
    }

    #[test]
    fn what_has_no_order_is_sorted_and_what_has_one_is_not() {
        let set = |class: &str| json!({"value": {"items": [{"name": "B", "enum": "E"}, "a", {"enum": "E", "name": "A"}], "set": class}});
        let hash = one("echoObject/x", set("java.util.HashSet"));
        assert_eq!(
            hash["value"]["items"],
            json!(["a", {"enum": "E", "name": "A"}, {"enum": "E", "name": "B"}])
        );
        let linked = one("echoObject/x", set("java.util.LinkedHashSet"));
        assert_eq!(linked["value"]["items"][1], "a");
        let list = json!({"value": {"list": "java.util.ArrayList", "items": ["b", "a"]}});
        assert_eq!(one("echoObject/x", list.clone()), list);
    }
}
