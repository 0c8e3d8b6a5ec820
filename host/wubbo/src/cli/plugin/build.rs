//! `wubbo plugin build`: from a crate to a file that a host takes, with the schema of its configuration inside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use wubbo_plugin::{Anatomy, Checked, describe};
use wubbo_plugin_sdk::abi::names;

use super::trial::{self, Verdict};
use super::{cargo, read, size};
use crate::cli::output;

/// Compiles a plugin, puts the schema of its configuration into the file, and checks the file as a host would.
///
/// Exit codes: 0 built, 1 not (cargo's own words, or every reason why a host would refuse it), 2 a wrong command line.
///
/// Example: wubbo plugin build tenant -o plugins.d/tenant.wasm
#[derive(Debug, clap::Args)]
pub(super) struct Build {
    /// The folder of the crate.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The file to write, or a folder to write it into; default: <crate>.wasm in DIR. It is put in place in one step, so a host that
    /// watches the folder never sees half of it.
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Build {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let built = cargo::compile(&self.dir)?;
        let module = read(&built)?;
        accepted(&module, &built)?;
        let schema = describe(&module)
            .map_err(|error| anyhow!("{}: its schema cannot be had: {error}", built.display()))?;
        let module = match &schema {
            Some(schema) => with_schema(module, schema),
            None => module,
        };
        // Once more with what was added: what is written is what was checked.
        accepted(&module, &built)?;
        let place = self.place(&built);
        install(&module, &place)
            .with_context(|| format!("{} cannot be written", place.display()))?;
        self.report(&module, &place)
    }

    fn place(&self, built: &Path) -> PathBuf {
        let stem = built.file_stem().unwrap_or_default().to_string_lossy();
        // Cargo writes `_` for the `-` of a crate's name.
        let name = format!("{}.wasm", stem.replace('_', "-"));
        match &self.out {
            None => self.dir.join(name),
            Some(out) if out.is_dir() => out.join(name),
            Some(out) => out.clone(),
        }
    }

    fn report(&self, module: &[u8], place: &Path) -> anyhow::Result<()> {
        let checked = Checked::new(module).map_err(|error| anyhow!("{error}"))?;
        let anatomy = Anatomy::read(module).map_err(|error| anyhow!("{error}"))?;
        let manifest = checked.manifest();
        let yaml = place.with_extension("yaml");
        let settings = fs::read(&yaml).ok();
        let trial = match (trial::run(module, settings.as_deref())?, &settings) {
            (Verdict::Live, None) => "starts without a configuration".to_owned(),
            (Verdict::Live, Some(_)) => format!("starts with {}", yaml.display()),
            (Verdict::Disabled, _) => format!("{} says enabled: false", yaml.display()),
            (Verdict::Refused(why), None) => {
                format!(
                    "does not start without a configuration: {why}; say it in {}",
                    yaml.display()
                )
            }
            (Verdict::Refused(why), Some(_)) => {
                format!("does not start with {}: {why}", yaml.display())
            }
        };
        let schema = match anatomy.schema {
            Some(_) => "in the file",
            None => "none: override `schema` to have configurations checked before they are used",
        };
        let lines = [
            (
                "plugin",
                format!("{} {}", manifest.identity(), manifest.version),
            ),
            ("hooks", hooks(&anatomy).join(", ")),
            ("schema", schema.to_owned()),
            ("size", size(module.len())),
            ("trial", trial),
            ("file", place.display().to_string()),
        ];
        for (what, text) in lines {
            output::line(&format!("{what:8}{text}"));
        }
        Ok(())
    }
}

/// The hooks that the manifest lists.
pub(super) fn hooks(anatomy: &Anatomy) -> Vec<String> {
    let hooks = anatomy.manifest.as_ref().map(|manifest| &manifest["hooks"]);
    let hooks = hooks.and_then(|hooks| hooks.as_array());
    let names = hooks.into_iter().flatten().filter_map(|hook| hook.as_str());
    names.map(str::to_owned).collect()
}

fn accepted(module: &[u8], built: &Path) -> anyhow::Result<()> {
    let problems = Checked::problems(module);
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<String> = problems.iter().map(|one| format!("\n  {one}")).collect();
    bail!(
        "{} was compiled, but a host refuses it:{}",
        built.display(),
        problems.concat()
    );
}

/// The module with the schema in a section of its own.
fn with_schema(mut module: Vec<u8>, schema: &str) -> Vec<u8> {
    let name = names::SECTION_SCHEMA;
    let mut content = Vec::new();
    leb128(&mut content, name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(schema.as_bytes());
    // Custom sections have the number 0.
    module.push(0);
    leb128(&mut module, content.len());
    module.extend(content);
    module
}

fn leb128(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Writes beside the place and renames, so that a watcher sees the whole file or none.
fn install(module: &[u8], place: &Path) -> std::io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let beside = place.with_file_name(format!(".{name}.tmp"));
    fs::write(&beside, module)?;
    fs::rename(&beside, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_of_any_length_can_be_read_back() {
        let empty = b"\0asm\x01\0\0\0".to_vec();
        for length in [1, 100, 127, 128, 300, 20_000] {
            let schema = format!("{{\"description\":\"{}\"}}", "x".repeat(length));
            let module = with_schema(empty.clone(), &schema);
            let anatomy = Anatomy::read(&module).unwrap();
            let found = anatomy.schema.unwrap().to_string();
            assert_eq!(found, schema);
        }
    }

    #[test]
    fn the_file_is_named_after_the_crate_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let built = Path::new("/t/filter_my_tenant.wasm");
        let place = |out: Option<PathBuf>| {
            Build {
                dir: "crate".into(),
                out,
            }
            .place(built)
        };
        assert_eq!(place(None), Path::new("crate/filter-my-tenant.wasm"));
        assert_eq!(place(Some("a/b.wasm".into())), Path::new("a/b.wasm"));
        let inside = folder.path().join("filter-my-tenant.wasm");
        assert_eq!(place(Some(folder.path().to_owned())), inside);
    }

    #[test]
    fn a_file_is_put_in_place_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new/x.wasm");
        install(b"one", &place).unwrap();
        install(b"two", &place).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }
}
