//! The harness of the tests that go across crates: processes of this workspace, real Java, Go and Node peers, temporary folders, and what a
//! Java program sees in a Hessian value.

pub mod artifacts;
pub mod canonical;
pub mod cases;
pub mod consumer;
pub mod demo;
pub mod go;
pub mod golden;
pub mod hosts;
pub mod http;
pub mod java;
pub mod length;
pub mod load;
pub mod node;
pub mod plugin_files;
pub mod process;
pub mod scratch;
pub mod wire;
