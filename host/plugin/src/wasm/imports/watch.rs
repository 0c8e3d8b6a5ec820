//! The same imports with somebody told of each call: how a test knows what of the ABI its guests have met.

use wasmtime::{Engine, FuncType, Linker, Result, Val, ValType};
use wubbo_plugin_sdk::abi::names::{self, IMPORT_MODULE as WUBBO};

use crate::config::ImportWatch;
use crate::wasm::guest::{BadCall, Guest};

/// Imports that go on to those of `plain`.
pub(in crate::wasm) fn watched(
    engine: &Engine,
    plain: &Linker<Guest>,
    watch: &ImportWatch,
) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    for import in names::IMPORTS {
        let (plain, watch, name) = (plain.clone(), watch.clone(), import.name);
        let params = import.params.iter().map(|number| number_type(*number));
        let signature = FuncType::new(engine, params, import.result.map(number_type));
        linker.func_new(WUBBO, name, signature, move |mut cx, given, answers| {
            let import = plain.get(&mut cx, WUBBO, name)?.into_func();
            let import = import.ok_or_else(|| BadCall::error(name, "there is no such import"))?;
            import.call(&mut cx, given, answers)?;
            // Random bits are no code, whatever they look like.
            let code = answers.first().filter(|_| name != "random").and_then(code);
            watch.0(name, code);
            Ok(())
        })?;
    }
    Ok(linker)
}

fn number_type(number: names::Val) -> ValType {
    match number {
        names::Val::I32 => ValType::I32,
        names::Val::I64 => ValType::I64,
    }
}

/// A negative answer.
fn code(answer: &Val) -> Option<i32> {
    let number = match answer {
        Val::I32(number) => i64::from(*number),
        Val::I64(number) => *number,
        _ => return None,
    };
    i32::try_from(number).ok().filter(|number| *number < 0)
}
