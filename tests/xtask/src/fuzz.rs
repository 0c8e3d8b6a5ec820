//! The fuzz targets of `host/*/fuzz`: built by nightly with coverage and the address sanitizer, run one after the other from
//! the vectors as seeds. `cargo fuzz` is not needed, its layout is kept.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::run::{Done, output, root, run, say, target_dir};

/// What `cargo fuzz` gives rustc.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address --cfg fuzzing -Cdebug-assertions";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Seconds for each target, unless `WUBBO_FUZZ_SECONDS` says otherwise.
const SECONDS: u32 = 600;

/// A crate of targets: its folder, its targets, and the vectors that are their seeds.
const CRATES: [(&str, &[&str], &[&str]); 2] = [
    (
        "host/hessian2/fuzz",
        &["decode", "skip"],
        &[
            "tests/vectors/rows-hessian-lite-4.tsv",
            "tests/vectors/rows-dubbo-go.tsv",
        ],
    ),
    (
        "host/protocol/fuzz",
        &["frame", "request", "response", "descriptor"],
        &[
            "host/protocol/vectors/frames.tsv",
            "host/protocol/vectors/descriptors.tsv",
        ],
    ),
];

/// Builds and runs every target; without nightly, a notice.
pub(crate) fn all() -> Done {
    if output("rustup", &["run", "nightly", "rustc", "--version"]).is_none() {
        say("left out: the fuzz targets need nightly: rustup toolchain install nightly\n");
        return Ok(());
    }
    let seconds = std::env::var("WUBBO_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(SECONDS);
    let target = target_dir().join("fuzz");
    for (folder, targets, vectors) in CRATES {
        let manifest = root().join(folder).join("Cargo.toml");
        run(
            &format!("build {folder}"),
            Command::new("rustup")
                .args(["run", "nightly", "cargo", "build", "--release", "--bins"])
                .args(["--target", TRIPLE, "--manifest-path"])
                .arg(manifest)
                .arg("--target-dir")
                .arg(&target)
                .env("RUSTFLAGS", FLAGS)
                .env_remove("RUSTUP_TOOLCHAIN"),
        )?;
        for name in targets {
            let corpus = target.join("corpus").join(name);
            seed(&corpus, name, vectors).map_err(|error| format!("seeds of {name}: {error}"))?;
            fuzz(&target, name, &corpus, seconds)?;
        }
    }
    Ok(())
}

fn fuzz(target: &Path, name: &str, corpus: &Path, seconds: u32) -> Done {
    let found = target.join("found").join(name);
    fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    run(
        &format!("fuzz {name}"),
        Command::new(target.join(TRIPLE).join("release").join(name))
            .arg(corpus)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args(["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"])
            .args(["-verbosity=0", "-print_final_stats=1"])
            .env("ASAN_OPTIONS", "detect_leaks=0"),
    )
}

/// Writes the second column of the vectors as files, in the form that the target takes.
fn seed(corpus: &Path, name: &str, vectors: &[&str]) -> io::Result<()> {
    fs::create_dir_all(corpus)?;
    let mut number = 0;
    for file in vectors {
        let text = fs::read_to_string(root().join(file))?;
        for row in text.lines().filter(|line| !line.starts_with('#')) {
            let Some(seed) = row.split('\t').nth(1).and_then(|text| shaped(name, text)) else {
                continue;
            };
            number += 1;
            fs::write(corpus.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}

/// Bytes of a header, which a body's target does not take.
const HEADER: usize = 16;
/// The place of the status in a header.
const STATUS: usize = 3;

fn shaped(name: &str, text: &str) -> Option<Vec<u8>> {
    if name == "descriptor" {
        return Some(text.as_bytes().to_vec());
    }
    let bytes = unhex(text)?;
    match name {
        "request" => bytes.get(HEADER..).map(<[u8]>::to_vec),
        "response" => {
            let mut seed = vec![*bytes.get(STATUS)?];
            seed.extend(bytes.get(HEADER..)?);
            Some(seed)
        }
        _ => Some(bytes),
    }
}

/// The bytes of whole hexadecimal text; `None` for any other, such as a long run that is written short.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::{CRATES, shaped};
    use crate::run::root;

    #[test]
    fn a_seed_has_the_form_of_its_target() {
        let frame = "dabb021400000000000000010000000192";
        assert_eq!(shaped("frame", frame).unwrap().len(), 17);
        assert_eq!(shaped("request", frame).unwrap(), [0x92]);
        assert_eq!(shaped("response", frame).unwrap(), [20, 0x92]);
        assert_eq!(shaped("descriptor", "IJ").unwrap(), b"IJ");
        assert_eq!(shaped("decode", "9"), None);
        assert_eq!(shaped("decode", "‹0*64›"), None);
    }

    #[test]
    fn every_target_and_its_seeds_are_there() {
        for (folder, targets, vectors) in CRATES {
            for name in targets {
                let source = root().join(folder).join(format!("fuzz_targets/{name}.rs"));
                assert!(source.exists(), "{}", source.display());
            }
            assert!(vectors.iter().all(|file| root().join(file).exists()));
        }
    }
}
