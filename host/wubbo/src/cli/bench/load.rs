//! The call that is made over and over.

use wubbo_hessian2::Value;

use crate::contract::Stub;

/// One method with its arguments.
pub(super) struct Load {
    stub: Stub,
    method: Box<str>,
    types: Vec<String>,
    values: Vec<Value>,
}

impl Load {
    pub(super) fn new(stub: Stub, method: &str, types: Vec<String>, values: Vec<Value>) -> Self {
        Self {
            stub,
            method: method.into(),
            types,
            values,
        }
    }

    /// Calls once; what a failure says.
    pub(super) async fn call(&self) -> Result<(), String> {
        let types: Vec<&str> = self.types.iter().map(String::as_str).collect();
        let called = self
            .stub
            .invoke(&self.method, &types, self.values.clone())
            .await;
        called.map(drop).map_err(|error| error.to_string())
    }
}
