//! What of the ABI a form has met: imports, exports and codes. The list comes from the ABI's own constants, so that what is new there is missed here.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::{codes, names};

/// One thing that the ABI names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Import(&'static str),
    Export(&'static str),
    Code(&'static str),
}

/// What only a module has: the linked form gets its configuration and its rules as arguments, answers failures and interest as
/// values, and has no memory of its own.
const WASM_ONLY: [Item; 8] = [
    Item::Import("text"),
    Item::Import("interest"),
    Item::Import("fail"),
    Item::Import("panic"),
    Item::Export(names::EXPORT_MEMORY),
    Item::Export(names::ARENA.name),
    Item::Export(names::INITIALIZE.name),
    Item::Export(names::DESCRIBE.name),
];

/// Everything that the ABI names.
pub(crate) fn all() -> BTreeSet<Item> {
    let imports = names::IMPORTS
        .iter()
        .map(|import| Item::Import(import.name));
    let hooks = Hook::LISTED
        .into_iter()
        .map(|hook| Item::Export(hook.name()));
    let others = [names::ARENA, names::NEW, names::INITIALIZE, names::DESCRIBE];
    let others = others.into_iter().map(|export| Item::Export(export.name));
    let codes = codes::ALL.iter().map(|(_, text)| Item::Code(text));
    let memory = [Item::Export(names::EXPORT_MEMORY)];
    imports
        .chain(hooks)
        .chain(others)
        .chain(codes)
        .chain(memory)
        .collect()
}

/// What one form has met so far.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<BTreeSet<Item>>);

impl Recorder {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    fn add(&self, item: Item) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.insert(item);
    }

    /// A host function was called and answered this code, if it answered one.
    pub(crate) fn import(&self, name: &str, code: Option<i32>) {
        let known = names::IMPORTS.iter().find(|import| import.name == name);
        self.add(Item::Import(known.expect("an import of the ABI").name));
        code.into_iter().for_each(|code| self.code(code));
    }

    pub(crate) fn code(&self, code: i32) {
        let known = codes::ALL.iter().find(|(number, _)| *number == code);
        if let Some((_, text)) = known {
            self.add(Item::Code(text));
        }
    }

    /// An export was entered.
    pub(crate) fn export(&self, name: &str) {
        let known = all().into_iter().find(|item| match item {
            Item::Export(known) => *known == name,
            _ => false,
        });
        known.into_iter().for_each(|item| self.add(item));
    }

    /// A line of a script begins with the hook that ran it.
    pub(crate) fn line(&self, line: &str) {
        self.export(line.split(' ').next().unwrap_or_default());
    }

    /// What was never met; of a linked form without what only a module has.
    pub(crate) fn missed(&self, linked: bool) -> Vec<Item> {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missed: Vec<Item> = all().difference(&met).cloned().collect();
        if linked {
            missed.retain(|item| !WASM_ONLY.contains(item));
        }
        missed
    }

    /// How many things were met.
    pub(crate) fn met(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[test]
fn what_was_not_met_is_named() {
    let recorder = Recorder::new();
    let total = all().len();
    assert!(total > 40, "{total} things in the ABI");
    assert_eq!(recorder.missed(false).len(), total);
    assert_eq!(recorder.missed(true).len(), total - WASM_ONLY.len());
    for import in names::IMPORTS {
        recorder.import(import.name, None);
    }
    codes::ALL.iter().for_each(|(code, _)| recorder.code(*code));
    recorder.line("on_request attachment n = 1");
    recorder.line("the host says something else");
    let missed = recorder.missed(false);
    assert!(
        missed.contains(&Item::Export("route")) && !missed.contains(&Item::Export("on_request"))
    );
    // Everything but one: that one is named.
    for item in all() {
        if let Item::Export(name) = item
            && name != "tick"
        {
            recorder.export(name);
        }
    }
    assert_eq!(recorder.missed(false), [Item::Export("tick")]);
    assert_eq!(recorder.met(), total - 1);
}
