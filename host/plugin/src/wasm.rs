//! The sandboxed form of a plugin. The only folder that names wasmtime.

mod apart;
mod cache;
mod deadline;
mod describe;
mod engine;
mod guest;
mod hooks;
mod imports;
mod instance;
mod limiter;
mod module;
mod policies;
mod precompiled;
mod served;
mod start;
mod ticker;

pub use apart::compile_apart;
pub use describe::describe;
pub(crate) use engine::{Engine, EngineOptions, GENERATIONS_MAX};
pub(crate) use instance::WasmInstance;
pub(crate) use module::WasmModule;
