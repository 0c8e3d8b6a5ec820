//! Every limit that the host checks (ABI.md section 9). Sizes in bytes unless the name says else.

/// The module's file; default, the operator may set another.
pub const MODULE_MAX: usize = 8 << 20;
/// Section `wubbo.plugin`, prefix included.
pub const MANIFEST_MAX: usize = 64 << 10;
/// Section `wubbo.schema`.
pub const SCHEMA_MAX: usize = 256 << 10;
/// The configuration as JSON text.
pub const CONFIG_MAX: usize = 256 << 10;
/// Text of a rule.
pub const RULE_MAX: usize = 1 << 20;
/// Smallest arena: header, entries, scratch and the largest bitmap fit.
pub const ARENA_MIN: usize = 16 << 10;
/// Largest arena.
pub const ARENA_MAX: usize = 1 << 20;
/// Number of interests.
pub const INTEREST_MAX: usize = 64;
/// A key of an attachment, a parameter or shared state.
pub const KEY_MAX: usize = 256;
/// An attachment's or parameter's value that a plugin writes.
pub const VALUE_MAX: usize = 64 << 10;
/// Class name of an exception.
pub const CLASS_MAX: usize = 256;
/// Names of plugins and metrics.
pub const NAME_MAX: usize = 64;
/// Messages of failures, errors and exceptions; longer ones are cut or refused.
pub const MESSAGE_MAX: usize = 4 << 10;
/// Records in a batch of commands.
pub const COMMANDS_MAX: usize = 1024;
/// A whole batch of commands.
pub const COMMANDS_BYTES_MAX: usize = 1 << 20;
/// What `body` gives at most.
pub const BODY_MAX: usize = 1 << 20;
/// A path into a value.
pub const PATH_MAX: usize = 256;
/// The blob that travels from `on_request` to `on_response`.
pub const SCRATCH_MAX: usize = 512;
/// Providers in a table.
pub const ROWS_MAX: usize = 65_536;
/// A log line; longer ones are cut.
pub const LOG_LINE_MAX: usize = 1 << 10;
/// An access log line; longer ones are cut.
pub const ACCESS_LINE_MAX: usize = 8 << 10;
/// A value of shared state.
pub const STATE_VALUE_MAX: usize = 4 << 10;
/// Keys of shared state that one plugin may hold; default.
pub const STATE_KEYS_MAX: usize = 10_000;
/// Metrics of one plugin.
pub const METRICS_MAX: usize = 64;
/// Shortest interval of `tick` in milliseconds.
pub const TICK_MS_MIN: u64 = 100;
/// Longest interval of `tick` in milliseconds.
pub const TICK_MS_MAX: u64 = 86_400_000;
/// Memory of an instance; default.
pub const MEMORY_BYTES: usize = 16 << 20;
/// CPU time of a filter's per-call hook in microseconds; default.
pub const FILTER_HOOK_US: u64 = 5_000;
/// CPU time of `route` and `select` in microseconds; default.
pub const PICK_HOOK_US: u64 = 1_000;
/// CPU time of one hook off the call path, and of start, arena and new together, in milliseconds; default.
pub const CONFIGURE_MS: u64 = 1_000;
/// Elements of a guest's table.
pub const TABLE_ELEMENTS_MAX: usize = 10_000;
/// Stack of a guest.
pub const STACK_BYTES: usize = 256 << 10;
