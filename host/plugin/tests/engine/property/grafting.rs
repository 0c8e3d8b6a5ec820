//! Random modules made plugins: wasm-smith makes the hooks and everything that they call, and what every plugin must have (a manifest,
//! `arena`, `new`, some memory) is grafted on.

use std::fmt::Write;

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};
use wasmparser::{Parser, Payload, TypeRef};
use wubbo_plugin_sdk::Kind;
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::limits::ARENA_MIN;
use wubbo_plugin_sdk::abi::names::{self, Signature, Val};

/// What a random module is drawn from.
const ENTROPY: usize = 6000;

/// A random plugin of `kind`, and how it is called.
pub(super) fn plugin(kind: Kind, name: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    let hooks = hooks(kind, random);
    let manifest = manifest(kind, name, &hooks, random);
    loop {
        let entropy: Vec<u8> = (0..ENTROPY).map(|_| random.u8(..)).collect();
        let made = Module::new(config(&hooks), &mut Unstructured::new(&entropy));
        // A draw that leads nowhere is drawn again.
        if let Ok(module) = made {
            return graft(&module.to_bytes(), &manifest);
        }
    }
}

/// The hooks that the kind must have, and by chance some that it may have.
fn hooks(kind: Kind, random: &mut fastrand::Rng) -> Vec<Hook> {
    let (needed, may): (&[Hook], &[Hook]) = match kind {
        Kind::Filter => (&[Hook::OnRequest, Hook::OnResponse], &[]),
        Kind::Router => (
            &[Hook::Route],
            &[Hook::OnProviders, Hook::DropProviders, Hook::OnRule],
        ),
        Kind::LoadBalance => (&[Hook::Select], &[Hook::OnProviders, Hook::DropProviders]),
        _ => (&[Hook::ConfigureUrl], &[Hook::OnRule]),
    };
    let mut hooks = needed.to_vec();
    // Most random answers to these refuse the plugin or the list, so they are rare.
    hooks.extend(may.iter().filter(|_| random.u8(0..6) == 0));
    if random.u8(0..10) == 0 {
        hooks.push(Hook::Tick);
    }
    hooks
}

fn manifest(kind: Kind, name: &str, hooks: &[Hook], random: &mut fastrand::Rng) -> String {
    let names: Vec<String> = hooks
        .iter()
        .map(|hook| format!("{:?}", hook.name()))
        .collect();
    let mut json = format!(
        r#"{{"kind":"{}","name":"{name}","version":"1.0.0","hooks":[{}]"#,
        kind.name(),
        names.join(",")
    );
    if kind == Kind::Filter {
        json += r#","fail":{"status":100,"message":"policy"},"arguments":"write","result":"write""#;
    }
    if hooks.contains(&Hook::Tick) {
        json += r#","tick_ms":100"#;
    }
    if kind != Kind::Configurator && random.bool() {
        let hook = hooks[0].name();
        let _ = write!(
            json,
            r#","interest":[["attachment","n",["{hook}"]],["method_url","zone",["{hook}"]]]"#
        );
    }
    json + "}"
}

/// Everything that the ABI lets a module use, and nothing else.
fn config(hooks: &[Hook]) -> Config {
    let exports = hooks.iter().map(|hook| {
        let signature = names::hook(*hook);
        let export = format!("(export {:?})", signature.name);
        format!("(func {export} {} unreachable)", types(&signature))
    });
    let exports = format!(
        "(module (memory (export \"memory\") 1 32) {})",
        exports.collect::<String>()
    );
    let imports = names::IMPORTS.iter().map(|import| {
        format!(
            "(import \"wubbo\" {:?} (func {}))",
            import.name,
            types(import)
        )
    });
    let imports = format!("(module {})", imports.collect::<String>());
    Config {
        exports: Some(wat::parse_str(exports).unwrap()),
        available_imports: Some(wat::parse_str(imports).unwrap()),
        max_imports: 12,
        max_funcs: 12,
        max_instructions: 300,
        // The exported one alone.
        min_memories: 0,
        max_memories: 0,
        max_memory32_bytes: 2 << 20,
        max_tables: 1,
        max_table_elements: 1000,
        max_data_segments: 4,
        max_element_segments: 4,
        acquire_release_atomics_enabled: false,
        compact_imports_enabled: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

fn types(signature: &Signature) -> String {
    let spell = |value: &Val| match value {
        Val::I32 => "i32 ",
        Val::I64 => "i64 ",
    };
    let params: String = signature.params.iter().map(spell).collect();
    let result = signature.result.as_ref().map_or("", spell);
    format!("(param {params}) (result {result})")
}

/// Appends to the sections what is missing. Everything new comes last, so no index changes.
fn graft(module: &[u8], manifest: &str) -> Vec<u8> {
    let (imported, types, functions) = counts(module);
    let first = imported + functions;
    let arena = i64::try_from(ARENA_MIN).unwrap() << 32;
    let mut out = module[..8].to_vec();
    let mut rest = &module[8..];
    while let Some((&id, after)) = rest.split_first() {
        let (length, after) = number(after);
        let (content, next) = after.split_at(length);
        rest = next;
        let content = match id {
            1 => appended(content, &[vec![0x60, 0, 1, 0x7e], vec![0x60, 0, 1, 0x7f]]),
            3 => appended(content, &[leb(types), leb(types + 1)]),
            5 => with_a_page(content),
            7 => appended(content, &[export("arena", first), export("new", first + 1)]),
            10 => {
                let arena = [&[0, 0x42][..], &signed(arena), &[0x0b]].concat();
                let new = vec![0, 0x41, 0, 0x0b];
                let body = |code: Vec<u8>| [leb(code.len()), code].concat();
                appended(content, &[body(arena), body(new)])
            }
            _ => content.to_vec(),
        };
        out.push(id);
        out.extend(leb(content.len()));
        out.extend(content);
    }
    let section = [
        &leb(names::SECTION_PLUGIN.len())[..],
        names::SECTION_PLUGIN.as_bytes(),
        b"wubp\x01\0\0\0",
        manifest.as_bytes(),
    ];
    let section = section.concat();
    out.push(0);
    out.extend(leb(section.len()));
    out.extend(section);
    out
}

/// Imported functions, types, and functions of its own.
fn counts(module: &[u8]) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::ImportSection(imports) => {
                let functions = imports
                    .into_imports()
                    .filter(|import| matches!(import.as_ref().unwrap().ty, TypeRef::Func(_)));
                counts.0 = functions.count();
            }
            Payload::TypeSection(types) => counts.1 = types.count() as usize,
            Payload::FunctionSection(functions) => counts.2 = functions.count() as usize,
            _ => {}
        }
    }
    counts
}

/// A vector of a section with more entries.
fn appended(content: &[u8], entries: &[Vec<u8>]) -> Vec<u8> {
    let (count, rest) = number(content);
    [&leb(count + entries.len())[..], rest, &entries.concat()].concat()
}

/// The one memory, with room for the arena at least.
fn with_a_page(content: &[u8]) -> Vec<u8> {
    let (one, rest) = number(content);
    let (flags, rest) = number(rest);
    let (minimum, rest) = number(rest);
    let minimum = minimum.max(1);
    let mut out = [leb(one), leb(flags), leb(minimum)].concat();
    if flags & 1 == 1 {
        out.extend(leb(number(rest).0.max(minimum)));
    }
    out
}

fn export(name: &str, function: usize) -> Vec<u8> {
    [
        leb(name.len()),
        name.as_bytes().to_vec(),
        vec![0],
        leb(function),
    ]
    .concat()
}

/// Reads an unsigned LEB128 number.
fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return (value, &bytes[place + 1..]);
        }
    }
    panic!("a number without an end")
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

/// A number above zero as signed LEB128.
fn signed(value: i64) -> Vec<u8> {
    // One byte more, so that the sign bit is clear.
    let mut out = leb(usize::try_from(value).unwrap());
    *out.last_mut().unwrap() |= 0x80;
    out.push(0);
    out
}
