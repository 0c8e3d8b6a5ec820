//! Our part in a text that belongs to others: one line in a list of a YAML rule, put in and taken out without touching any other
//! byte. What was changed is parsed and compared with what was meant; when they differ the text is refused instead.

use serde_json::{Value, json};
use wubbo_core::{ServiceKey, keys};

/// First line of a text that is ours alone.
const HEADER: &str = "# made by wubbo attach, goes with wubbo detach";
/// Begins the comment behind our line.
const MARK: &str = "# wubbo attach ";

/// A line in a node of the config center.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) group: &'static str,
    pub(super) key: String,
    /// What the node holds before the list when it is ours alone.
    head: String,
    /// The key of the list.
    list: &'static str,
    /// The item, as YAML in one line.
    item: String,
    mark: String,
}

impl Part {
    /// Consumers of Dubbo Java 3 take their addresses from the interface, where the gateway is, and not from the applications.
    pub(super) fn migration(service: &ServiceKey, consumer: &str) -> Self {
        let name = ServiceKey::new(service.interface(), "", service.version());
        Self {
            group: "DUBBO_SERVICEDISCOVERY_MIGRATION",
            key: format!("{consumer}.migration"),
            head: format!("key: {}\n", json!(consumer)),
            list: "interfaces",
            item: format!(
                "{{serviceKey: {}, step: FORCE_INTERFACE}}",
                json!(name.to_string())
            ),
            mark: format!("{MARK}{service}"),
        }
    }

    /// These consumers take the gateway, as long as there is one.
    pub(super) fn condition(service: &ServiceKey, consumers: &[String]) -> Self {
        let condition = format!(
            "application = {} => {} = *",
            consumers.join(","),
            keys::WUBBO_GATEWAY
        );
        Self {
            group: "dubbo",
            key: format!("{}.condition-router", service.colon_separated()),
            head: format!(
                "configVersion: v3.0\nscope: service\nforce: false\nruntime: true\nenabled: true\npriority: 0\nkey: {}\n",
                json!(service.interface())
            ),
            list: "conditions",
            item: json!(condition).to_string(),
            mark: format!("{MARK}{service}"),
        }
    }

    fn line(&self) -> String {
        format!("- {} {}", self.item, self.mark)
    }

    /// `text` with our line at the head of the list, where it counts before what the team says.
    ///
    /// # Errors
    /// Why that cannot be done, and what to do.
    pub(super) fn put_in(&self, text: Option<&str>) -> Result<String, String> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(format!(
                "{HEADER}\n{}{}:\n  {}\n",
                self.head,
                self.list,
                self.line()
            ));
        };
        let refused = |reason: &str| {
            format!(
                "the text under {} in group {} {reason}; it is left as it is. What it needs under {}:\n+ {}",
                self.key,
                self.group,
                self.list,
                self.line()
            )
        };
        let tree =
            parse(text).map_err(|error| refused(&format!("is no YAML ({error}): mend it")))?;
        self.admits(&tree).map_err(refused)?;
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        match self.place(&lines) {
            Some((at, indent)) => lines.insert(at, format!("{indent}{}\n", self.line())),
            None if tree.get(self.list).is_none() => {
                if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
                    last.push('\n');
                }
                lines.push(format!("{}:\n  {}\n", self.list, self.line()));
            }
            None => return Err(refused("does not have one item a line there: write it so")),
        }
        let merged = lines.concat();
        if parse(&merged).ok() == self.meant(tree) {
            Ok(merged)
        } else {
            Err(refused(
                "cannot be changed line by line: add this by hand, or write it plainly",
            ))
        }
    }

    /// Whether our line, as it is to be, stands in `text`.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        text.lines().any(|line| line.trim() == self.line())
    }

    /// `text` without our line; none when nothing but ours was there.
    pub(super) fn take_out(&self, text: Option<&str>) -> Option<String> {
        let text = text?;
        let is_ours = |line: &&str| line.trim_end().ends_with(&self.mark);
        if !text.lines().any(|line| is_ours(&line)) {
            return Some(text.to_owned());
        }
        let others = text.split_inclusive('\n').filter(|line| !is_ours(line));
        let mut rest: Vec<&str> = others.collect();
        if rest.concat() == format!("{HEADER}\n{}{}:\n", self.head, self.list) {
            return None;
        }
        let empty =
            parse(&rest.concat()).is_ok_and(|tree| tree.get(self.list) == Some(&Value::Null));
        let made_by_us = rest.first().is_some_and(|line| line.trim_end() == HEADER);
        if made_by_us && !rest.iter().any(|line| line.contains(MARK)) {
            rest.remove(0);
        }
        let head = format!("{}:", self.list);
        let lines = rest.into_iter().map(|line| {
            if empty && line.trim_end() == head {
                format!("{head} []\n")
            } else {
                line.to_owned()
            }
        });
        Some(lines.collect())
    }

    /// Whether a rule of others can carry our line.
    fn admits(&self, tree: &Value) -> Result<(), &'static str> {
        if !tree.is_object() {
            return Err("is no mapping: mend it");
        }
        if self.list != "conditions" {
            return Ok(());
        }
        let is = |key: &str, words: &[&str]| {
            let word = tree.get(key).map(|value| match value {
                Value::String(text) => text.to_ascii_lowercase(),
                other => other.to_string(),
            });
            word.is_some_and(|word| words.contains(&&*word))
        };
        if is("configVersion", &["v3.1"]) {
            return Err(
                "is of version v3.1, whose conditions are of another form: it cannot be merged",
            );
        }
        if is("force", &["true", "yes", "on", "y"]) {
            return Err(
                "says force: true, with which nobody would answer once no gateway is left: say force: false first",
            );
        }
        if is("enabled", &["false", "no", "off", "n"]) {
            return Err("says enabled: false: remove or enable it first");
        }
        Ok(())
    }

    /// Where the first item of the list stands, and how far in.
    fn place(&self, lines: &[String]) -> Option<(usize, String)> {
        let head = format!("{}:", self.list);
        let is_head = |line: &String| {
            let line = line.split(" #").next().unwrap_or_default();
            line.trim_end() == head
        };
        let at = lines.iter().position(is_head)? + 1;
        for (line, text) in lines.iter().enumerate().skip(at) {
            let item = text.trim_start();
            if item.trim_end().is_empty() || item.starts_with('#') {
                continue;
            }
            let indent = text.get(..text.len() - item.len())?;
            return item.starts_with("- ").then(|| (line, indent.to_owned()));
        }
        None
    }

    /// What the text shall say with our line in it.
    fn meant(&self, mut tree: Value) -> Option<Value> {
        let item = parse(&self.item).ok()?;
        let list = tree
            .as_object_mut()?
            .entry(self.list)
            .or_insert_with(|| json!([]));
        list.as_array_mut()?.insert(0, item);
        Some(tree)
    }
}

fn parse(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> ServiceKey {
        ServiceKey::new("a.B", "", "1.0")
    }

    fn condition() -> Part {
        Part::condition(&service(), &["web".to_owned(), "app".to_owned()])
    }

    #[test]
    fn a_node_of_our_own_says_what_java_reads() {
        let part = condition();
        assert_eq!(
            (part.group, &*part.key),
            ("dubbo", "a.B:1.0:.condition-router")
        );
        for none in [None, Some(""), Some("\n")] {
            let text = part.put_in(none).unwrap();
            let tree = parse(&text).unwrap();
            assert_eq!(tree.pointer("/force"), Some(&json!(false)));
            assert_eq!(
                tree.pointer("/conditions"),
                Some(&json!(["application = web,app => wubbo.gateway = *"]))
            );
            assert_eq!(part.take_out(Some(&text)), None);
        }
        let part = Part::migration(&service(), "web");
        assert_eq!(
            (part.group, &*part.key),
            ("DUBBO_SERVICEDISCOVERY_MIGRATION", "web.migration")
        );
        let tree = parse(&part.put_in(None).unwrap()).unwrap();
        let meant = json!({"key": "web", "interfaces": [{"serviceKey": "a.B:1.0", "step": "FORCE_INTERFACE"}]});
        assert_eq!(tree, meant);
    }

    #[test]
    fn a_rule_of_the_team_is_the_same_before_and_after() {
        for text in [
            "force: false\nconditions:\n  - \"=> host = 1.1.1.1\"\n  - 'method = x => port = 2'\n",
            "conditions: # ours\n# first\n\n- a => b\n\nkey: a.B\r\n",
            "conditions:\n    - a => b",
            "enabled: true\nkey: x",
            "# nothing but\nkey: \"x\"\n",
        ] {
            let part = condition();
            let merged = part.put_in(Some(text)).unwrap();
            let first = parse(&merged).unwrap();
            let ours = json!("application = web,app => wubbo.gateway = *");
            assert_eq!(first.pointer("/conditions/0"), Some(&ours), "{merged}");
            if text.contains("- ") {
                assert_eq!(part.take_out(Some(&merged)).as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn what_cannot_carry_it_is_refused_with_what_it_needs() {
        for (text, reason) in [
            (
                "force: true\nconditions:\n- a => b\n",
                "say force: false first",
            ),
            ("configVersion: v3.1\nconditions:\n- a => b\n", "v3.1"),
            ("enabled: no\nconditions:\n- a => b\n", "enabled: false"),
            ("conditions: [\"a => b\"]\n", "one item a line"),
            ("conditions: []\n", "one item a line"),
            ("a: [\n", "no YAML"),
            ("just words", "no mapping"),
        ] {
            let error = condition().put_in(Some(text)).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(
                error.contains("+ - \"application = web,app => wubbo.gateway = *\""),
                "{error}"
            );
        }
    }

    #[test]
    fn two_services_of_one_consumer_share_its_migration_rule() {
        let other = ServiceKey::new("a.C", "", "");
        let (first, second) = (
            Part::migration(&service(), "web"),
            Part::migration(&other, "web"),
        );
        let one = first.put_in(None).unwrap();
        let both = second.put_in(Some(&one)).unwrap();
        let left = first.take_out(Some(&both)).unwrap();
        let tree = parse(&left).unwrap();
        assert_eq!(
            tree.pointer("/interfaces/0/serviceKey"),
            Some(&json!("a.C"))
        );
        assert_eq!(tree.pointer("/interfaces/1"), None);
        assert_eq!(second.take_out(Some(&left)), None);
    }

    #[test]
    fn what_others_added_to_our_node_stays() {
        let part = condition();
        let text = part.put_in(None).unwrap() + "  - \"=> host = 1.1.1.1\"\n";
        let left = part.take_out(Some(&text)).unwrap();
        assert!(!left.contains("wubbo"), "{left}");
        assert_eq!(
            parse(&left).unwrap().pointer("/conditions"),
            Some(&json!(["=> host = 1.1.1.1"]))
        );
        let text = part.put_in(None).unwrap() + "theirs: true\n";
        assert!(part.stands_in(&text) && !part.stands_in(&left));
        let left = part.take_out(Some(&text)).unwrap();
        assert!(left.ends_with("conditions: []\ntheirs: true\n"), "{left}");
        let theirs = "conditions:\n- a => b\n";
        let alone = part.put_in(Some(theirs)).unwrap().replace("- a => b\n", "");
        assert_eq!(
            part.take_out(Some(&alone)).as_deref(),
            Some("conditions: []\n")
        );
        assert_eq!(part.take_out(Some(theirs)).as_deref(), Some(theirs));
    }
}
