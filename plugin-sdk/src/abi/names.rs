//! Names and types of all imports and exports, for the static check and for guests.

use super::interest::Hook;

/// The one module that a guest may import from.
pub const IMPORT_MODULE: &str = "wubbo";
/// Custom section of the manifest.
pub const SECTION_PLUGIN: &str = "wubbo.plugin";
/// Custom section of the configuration's JSON Schema.
pub const SECTION_SCHEMA: &str = "wubbo.schema";
/// Export of the linear memory.
pub const EXPORT_MEMORY: &str = "memory";

/// A number type of WebAssembly that the ABI uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Val {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// Name and exact type of a function that crosses the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Val],
    /// Its result.
    pub result: Option<Val>,
}

const fn function(name: &'static str, params: &'static [Val], result: Option<Val>) -> Signature {
    Signature {
        name,
        params,
        result,
    }
}

use Val::{I32, I64};

/// Export: gives the arena.
pub const ARENA: Signature = function("arena", &[], Some(I64));
/// Export: builds the policy from its configuration.
pub const NEW: Signature = function("new", &[], Some(I32));
/// Export, optional: run once before everything else.
pub const INITIALIZE: Signature = function("_initialize", &[], None);
/// Export, optional: gives the configuration's schema to `wubbo plugin build`.
pub const DESCRIBE: Signature = function("describe", &[], Some(I64));

/// The exact type of a hook's export.
#[must_use]
pub const fn hook(hook: Hook) -> Signature {
    match hook {
        Hook::OnRequest | Hook::OnResponse | Hook::ConfigureUrl => {
            function(hook.name(), &[I32], Some(I64))
        }
        Hook::Route | Hook::Select | Hook::OnProviders | Hook::OnRule => {
            function(hook.name(), &[I32], Some(I32))
        }
        Hook::DropProviders => function(hook.name(), &[I64], Some(I32)),
        Hook::Tick | Hook::SelfTest | Hook::New => function(hook.name(), &[], Some(I32)),
    }
}

/// All imports that this version offers (ABI.md section 8).
pub const IMPORTS: &[Signature] = &[
    function("get", &[I32; 6], Some(I32)),
    function("list", &[I32; 3], Some(I32)),
    function("number", &[I32], Some(I64)),
    function("body", &[I32; 7], Some(I32)),
    function("text", &[I32; 3], Some(I32)),
    function("interest", &[I32; 2], Some(I32)),
    function("fail", &[I32; 4], None),
    function("panic", &[I32; 5], None),
    function("table", &[I32; 3], Some(I32)),
    function("cell", &[I32; 2], Some(I64)),
    function("column", &[I32; 3], Some(I32)),
    function("note", &[I32; 3], Some(I32)),
    function("log", &[I32; 4], Some(I32)),
    function("clock", &[I32], Some(I64)),
    function("random", &[], Some(I64)),
    function("state_get", &[I32; 4], Some(I32)),
    function("state_add", &[I32, I32, I64, I64, I32], Some(I32)),
    function("state_cas", &[I32, I32, I32, I32, I32, I32, I64], Some(I32)),
    function("metric_define", &[I32; 5], Some(I32)),
    function("metric_update", &[I32, I64], Some(I32)),
];

/// `route`: nothing was changed.
pub const ROUTE_UNCHANGED: i32 = 0;
/// `route`: bits were cleared.
pub const ROUTE_NARROWED: i32 = 1;
/// `select`: none should get this call.
pub const SELECT_NONE: i32 = i32::MAX;
/// `text`: the configuration.
pub const TEXT_CONFIG: u32 = 0;
/// `text`: the rule.
pub const TEXT_RULE: u32 = 1;
/// `number`: milliseconds left.
pub const NUMBER_REMAINING_MS: u32 = 1;
/// `number`: nanoseconds since the call or attempt began.
pub const NUMBER_ELAPSED_NS: u32 = 2;
/// `number`: bytes of the request's body.
pub const NUMBER_REQUEST_BYTES: u32 = 3;
/// `number`: bytes of the response's body.
pub const NUMBER_RESPONSE_BYTES: u32 = 4;
/// `number`: the whole budget in milliseconds.
pub const NUMBER_TIMEOUT_MS: u32 = 5;
/// `body`: one argument.
pub const BODY_ARGUMENT: u32 = 0;
/// `body`: all arguments as a JSON array.
pub const BODY_ARGUMENTS: u32 = 1;
/// `body`: the result's value or exception.
pub const BODY_RESULT: u32 = 2;
/// Form of a value: Hessian stream.
pub const FORM_HESSIAN: u32 = 0;
/// Form of a value: JSON text.
pub const FORM_JSON: u32 = 1;
/// Form of a value: text.
pub const FORM_TEXT: u32 = 2;
/// `log`: the host's log.
pub const LOG_HOST: u32 = 0;
/// `log`: the access log of the called service.
pub const LOG_ACCESS: u32 = 1;
/// Greatest level of `log`: 0 error, 1 warn, 2 info, 3 debug, 4 trace.
pub const LOG_LEVEL_LAST: u32 = 4;
/// `clock`: unix time in milliseconds.
pub const CLOCK_UNIX_MS: u32 = 0;
/// `clock`: nanoseconds from an arbitrary start.
pub const CLOCK_MONOTONIC_NS: u32 = 1;
/// `state_cas`: there is no value, there shall be none.
pub const STATE_ABSENT: u32 = 0xffff_ffff;
/// `state_cas`: whatever is there.
pub const STATE_ANY: u32 = 0xffff_fffe;
/// `state_cas`: keep the present expiry.
pub const TTL_KEEP: i64 = -1;
/// `metric_define`: counter.
pub const METRIC_COUNTER: u32 = 0;
/// `metric_define`: gauge.
pub const METRIC_GAUGE: u32 = 1;
/// `metric_define`: histogram.
pub const METRIC_HISTOGRAM: u32 = 2;
/// `note`: the row of a note about the whole list.
pub const NOTE_ALL: i32 = -1;
/// `cell`, `column`: weight.
pub const CELL_WEIGHT: u32 = 1;
/// `cell`, `column`: running calls.
pub const CELL_ACTIVE: u32 = 2;
/// `cell`, `column`: ended calls.
pub const CELL_TOTAL: u32 = 3;
/// `cell`, `column`: failed calls.
pub const CELL_FAILED: u32 = 4;
/// `cell`, `column`: smoothed latency in microseconds.
pub const CELL_LATENCY_US: u32 = 5;
/// `cell`, `column`: failures in a row.
pub const CELL_CONSECUTIVE_FAILURES: u32 = 6;
/// `cell`, `column`: unix time of the last failure in milliseconds.
pub const CELL_LAST_FAILURE_MS: u32 = 7;
