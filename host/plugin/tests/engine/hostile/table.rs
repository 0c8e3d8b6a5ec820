//! The hostile guests of the siege: what each does, how it ends, and where its reason is to be seen.

use std::time::Duration;

use super::fixture;
use crate::guests::{fixture_named, module};

#[path = "../../../../../tests/fixtures/giant.rs"]
mod giant;

/// How a guest ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It never serves a call: the generation before it goes on, and the file is listed with a reason that says these words.
    Refused(&'static str),
    /// It goes live, its hook is ended, the failure policy answers; the class of the trip and words of its reason.
    Tripped(&'static str, &'static str),
    /// It is legal, but its floods are dropped; the counter that tells.
    Flooded(&'static str),
    /// It follows no rule: each is refused with these words.
    Unruly(&'static str),
    /// It is legal and slow, or never asked to do its harm.
    Served,
    /// It is no enemy: it changes calls, as it may, and the siege must see it.
    Seen,
}

/// One guest.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) end: End,
}

const fn row(name: &'static str, end: End) -> Row {
    Row { name, end }
}

use End::{Flooded, Refused, Seen, Served, Tripped, Unruly};

/// Everything that is dropped in.
pub(super) const GUESTS: &[Row] = &[
    // Endless loops: before a call can reach them ...
    row("loop-in-start", Refused("deadline")),
    row("loop-in-initialize", Refused("deadline")),
    row("loop-in-arena", Refused("deadline")),
    row("loop-in-new", Refused("deadline")),
    row("loop-in-self-test", Refused("deadline")),
    row(
        "router-loops-in-providers",
        Refused("on_providers of a.B: deadline"),
    ),
    row(
        "balancer-loops-in-providers",
        Refused("on_providers of a.B: deadline"),
    ),
    row("loop-in-describe", Served),
    // ... and in every hook.
    row("loop-in-request", Tripped("deadline", "limit 5.0ms")),
    row("loop-in-response", Tripped("deadline", "limit 5.0ms")),
    row("router-loops", Tripped("deadline", "limit 1.0ms")),
    row("balancer-loops", Tripped("deadline", "limit 1.0ms")),
    row("configurator-loops", Tripped("deadline", "limit 20.0ms")),
    row("loop-in-tick", Tripped("deadline", "limit 20.0ms")),
    row("router-loops-in-drop", Tripped("deadline", "limit 20.0ms")),
    row("router-loops-in-rule", Unruly("deadline")),
    // Memory, tables, stack, compile time.
    row("memory-bomb", Tripped("memory", "limit 16777216")),
    row("memory-bomb-in-new", Refused("limit 16777216")),
    row("big-memory", Refused("of memory, at most")),
    row("table-bomb", Tripped("memory", "elements, limit 10000")),
    row("big-table", Refused("table")),
    row("stack-overflow", Tripped("stack", "stack")),
    row("huge-copy", Tripped("deadline", "limit 5.0ms")),
    row("compile-bomb", Refused("bytes, at most 131072; split it")),
    row("slow-to-compile", Served),
    // Imports, exports and lengths that are not so.
    row("wasi-import", Refused("wasi_snapshot_preview1.fd_write")),
    row("unknown-import", Refused("wubbo.launch")),
    row("imported-memory", Refused("wubbo.memory")),
    row("wrong-import-type", Refused("wubbo.log")),
    row(
        "wrong-hook-type",
        Refused("`on_request` is not (i32) -> (i64)"),
    ),
    row("hidden-hook", Refused("`on_response` is exported")),
    row("arena-outside", Refused("`arena` lies outside")),
    row("arena-huge", Refused("`arena` must be")),
    row(
        "answer-outside",
        Tripped("bad_answer", "outside the memory"),
    ),
    row(
        "answer-huge-lengths",
        Tripped("bad_answer", "reaches past the end"),
    ),
    row("answer-oversized", Tripped("bad_answer", "at most 1048576")),
    row("bad-pointer", Tripped("bad_call", "memory")),
    row("bad-out-pointer", Tripped("bad_call", "memory")),
    row(
        "router-lying-buffer",
        Tripped("bad_call", "a buffer outside the memory"),
    ),
    row(
        "router-adds",
        Tripped("bad_answer", "row 10 was no candidate"),
    ),
    row(
        "balancer-out-of-range",
        Tripped("bad_answer", "is no candidate"),
    ),
    // Floods, panics, and what is only slow.
    row("log-flood", Flooded("log_dropped")),
    row("state-flood", Flooded("state_refused")),
    row("trap-after-writes", Tripped("trap", "unreachable")),
    row("panic", Tripped("panic", "boom")),
    row("router-panics-in-drop", Tripped("panic", "boom")),
    row("slow", Served),
    row("stamp", Seen),
];

impl Row {
    pub(super) fn kind(&self) -> &'static str {
        match self.name.split('-').next() {
            Some("router") => "router",
            Some("balancer") => "loadbalance",
            Some("configurator") => "configurator",
            _ => "filter",
        }
    }

    /// CPU time of the hooks that a call waits for.
    pub(super) fn limit(&self) -> Duration {
        Duration::from_millis(match self.kind() {
            "filter" => 5,
            "configurator" => 20,
            _ => 1,
        })
    }

    /// Hooks off the call path get little, so that a loop in one does not take the whole second that is the default.
    pub(super) fn settings(&self) -> &'static str {
        match self.kind() {
            // A balancer is where a reference names it.
            "loadbalance" => "limits: { configure: 20ms }\n",
            _ => "services: [a.*]\nlimits: { configure: 20ms }\n",
        }
    }

    /// The guest's module.
    pub(super) fn module(&self) -> Vec<u8> {
        match self.name {
            "compile-bomb" => module(&giant::text(giant::COMPILE_BOMB)),
            "slow-to-compile" => module(&giant::text(giant::SLOW_TO_COMPILE)),
            name => fixture(name),
        }
    }

    /// A decent plugin of the same identity.
    pub(super) fn decent(&self) -> Vec<u8> {
        let like = match self.kind() {
            "router" => "router-first",
            "loadbalance" => "balancer-row-2",
            "configurator" => "configurator-sets",
            _ => "pass",
        };
        fixture_named(like, self.name)
    }
}
