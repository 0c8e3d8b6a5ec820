//! What a wubbo plugin sees.

pub mod abi;
