//! A generation as a [`Router`]: takes an instance, lets it narrow a copy of the candidates, checks the copy, and only then applies it.
//! Whatever goes wrong, the input passes as it was.

use std::fmt;
use std::sync::Arc;

use wubbo_core::{Candidates, Router, Routing};
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::call::routing::remark;
use crate::enter;
use crate::generation::Generation;
use crate::slots::Tally;

/// One edition of a router.
pub(crate) struct PluginRouter {
    generation: Arc<Generation>,
}

impl PluginRouter {
    pub(crate) fn new(generation: Arc<Generation>) -> Self {
        Self { generation }
    }

    fn narrow(&self, routing: &Routing<'_>, candidates: &mut Candidates) -> Result<(), String> {
        let generation = &*self.generation;
        let (taken, narrowed) = enter::run(generation, Hook::Route, |seat| {
            let words = &mut seat.words;
            seat.instance.route(routing, candidates, words)
        })?;
        if !narrowed {
            return Ok(());
        }
        let words = taken.as_ref().map_or(&[][..], |seat| &seat.words);
        if let Err(reason) = check(words, candidates.words()) {
            return Err(enter::bad_answer(generation, taken, Hook::Route, reason));
        }
        candidates.intersect(words);
        Tally::add(&taken.tally().decided);
        Ok(())
    }
}

/// What a router left must be a part of what it was given.
fn check(left: &[u64], given: &[u64]) -> Result<(), String> {
    if left.len() != given.len() {
        return Err(format!(
            "a bitmap of {} words, it was given {}",
            left.len(),
            given.len()
        ));
    }
    let added = |(left, given): (&u64, &u64)| left & !given;
    match left
        .iter()
        .zip(given)
        .map(added)
        .enumerate()
        .find(|(_, added)| *added != 0)
    {
        None => Ok(()),
        Some((place, added)) => Err(format!(
            "row {} was no candidate and is one now",
            place * 64 + added.trailing_zeros() as usize
        )),
    }
}

impl Router for PluginRouter {
    fn name(&self) -> &str {
        &self.generation.shared.manifest.name
    }

    fn route(&self, routing: &Routing<'_>, candidates: &mut Candidates) {
        let Err(reason) = self.narrow(routing, candidates) else {
            return;
        };
        if let Some(remarks) = routing.remarks {
            let text = format!("failed, its input passes: {reason}");
            remarks.add(remark(&self.generation.identity, None, &text));
        }
    }
}

impl fmt::Debug for PluginRouter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PluginRouter")
            .field("plugin", &self.generation.shared.label)
            .field("edition", &self.generation.edition)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_may_be_left() {
        assert_eq!(check(&[0b101, 0], &[0b111, 1]), Ok(()));
        assert_eq!(check(&[], &[]), Ok(()));
        let added = check(&[0b101, 0b1000], &[0b111, 0b10]).unwrap_err();
        assert_eq!(added, "row 67 was no candidate and is one now");
        assert!(check(&[0], &[0, 0]).is_err());
    }
}
