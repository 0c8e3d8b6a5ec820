//! The archive alone: what is kept, what goes, what is not believed.

use super::*;
use crate::digest::sha256;

fn archive() -> (tempfile::TempDir, Archive) {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::open(&dir.path().join("kept")).unwrap();
    (dir, archive)
}

/// Keeps a generation of these bytes; its digest.
fn keep(archive: &Archive, identity: &str, wasm: &[u8], live: &[[u8; 32]]) -> [u8; 32] {
    let (module, given) = (sha256(&[wasm]), Given::Yaml(b"order: 1".to_vec()));
    let digest = crate::definition::digest(&module, &given);
    let fresh = Fresh {
        identity,
        version: "1.0.0",
        file: "a.wasm",
        digest,
        sha256: module,
        given: &given,
        wasm,
    };
    archive.keep(&fresh, &live.iter().copied().chain([digest]).collect());
    digest
}

fn digests(archive: &Archive, identity: &str) -> Vec<String> {
    let kept = archive.report(identity, None).into_iter();
    kept.map(|kept| kept.digest).collect()
}

fn hexes(digests: &[[u8; 32]]) -> Vec<String> {
    digests.iter().map(|digest| hex(digest)).collect()
}

#[test]
fn the_last_of_each_identity_are_kept_and_found_again() {
    let (dir, archive) = archive();
    let other = keep(&archive, "router/s", b"other", &[]);
    let all: Vec<_> = (0..9_u8)
        .map(|n| keep(&archive, "filter/s", &[n; 100], &[other]))
        .collect();
    let newest = [all[8], all[7], all[6], all[5]];
    assert_eq!(digests(&archive, "filter/s"), hexes(&newest));
    assert_eq!(
        std::fs::read_dir(dir.path().join("kept")).unwrap().count(),
        5
    );
    let again = Archive::open(&dir.path().join("kept")).unwrap();
    assert_eq!(again.status(), archive.status());
    assert_eq!(digests(&again, "filter/s"), hexes(&newest));
    assert_eq!(digests(&again, "router/s"), hexes(&[other]));
    let entry = again.entry("filter/s", &all[6]).unwrap();
    let (wasm, given) = again.read(&entry).unwrap();
    assert_eq!((wasm, given.bytes()), (vec![6; 100], b"order: 1".to_vec()));
    // What comes back is the newest again, and not there twice; the same once more changes nothing.
    for _ in 0..2 {
        keep(&again, "filter/s", &[6; 100], &[]);
        assert_eq!(
            digests(&again, "filter/s"),
            hexes(&[all[6], all[8], all[7], all[5]])
        );
    }
}

#[test]
fn what_serves_or_was_rolled_back_is_never_surplus() {
    let (_dir, archive) = archive();
    let first = keep(&archive, "filter/s", b"0", &[]);
    let second = keep(&archive, "filter/s", b"1", &[]);
    let note = Note {
        identity: "filter/s".to_owned(),
        from: second,
        to: first,
        at_ms: 5,
    };
    archive.note_down(note.clone()).unwrap();
    for n in 2..9_u8 {
        keep(&archive, "filter/s", &[n], &[]);
    }
    let kept = digests(&archive, "filter/s");
    assert!(
        kept.contains(&hex(&first)) && kept.contains(&hex(&second)),
        "{kept:?}"
    );
    assert_eq!(kept.len(), 6);
    assert_eq!(archive.rolled_from(&second), Some(note));
    archive.lift("filter/s");
    keep(&archive, "filter/s", b"9", &[]);
    assert_eq!(digests(&archive, "filter/s").len(), 4);
}

#[test]
fn all_together_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::bounded(&dir.path().join("kept"), 6 << 10).unwrap();
    let live = keep(&archive, "filter/0", &[0; 1000], &[]);
    for n in 1..8_u8 {
        keep(&archive, &format!("filter/{n}"), &[n; 1000], &[live]);
    }
    // The oldest that do not serve went.
    let count = |n: u8| digests(&archive, &format!("filter/{n}")).len();
    let left: Vec<usize> = (0..8).map(count).collect();
    assert_eq!((left[0], left[7]), (1, 1));
    let gone = left.iter().filter(|count| **count == 0).count();
    assert!(
        gone > 0 && left[1..=gone].iter().all(|count| *count == 0),
        "{left:?}"
    );
    assert!(archive.status().bytes <= 6 << 10);
    assert!(
        archive.status().bytes + 1400 > 6 << 10,
        "more went than must"
    );
}

#[test]
fn no_bytes_of_a_file_are_a_panic() {
    let (dir, archive) = archive();
    keep(&archive, "filter/s", b"abc", &[]);
    let entry = archive.choose("filter/s", None, None).unwrap();
    let path = dir.path().join("kept").join(entry.file_name());
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            std::fs::write(&path, &bytes).unwrap();
            let again = Archive::open(&dir.path().join("kept")).unwrap();
            let believed = again
                .choose("filter/s", None, None)
                .and_then(|entry| again.read(&entry));
            assert!(believed.is_err(), "byte {at} by {change:#x}");
            assert_eq!(again.status().damaged.len(), 1, "byte {at} by {change:#x}");
        }
        std::fs::write(&path, &good[..at]).unwrap();
        let again = Archive::open(&dir.path().join("kept")).unwrap();
        assert_eq!(
            (
                again.report("filter/s", None).len(),
                again.status().damaged.len()
            ),
            (0, 1)
        );
    }
}

#[test]
fn a_generation_is_named_by_its_first_digits() {
    let (_dir, archive) = archive();
    let all: Vec<_> = (0..17_u8)
        .map(|n| keep(&archive, "filter/s", &[n], &[]))
        .collect();
    let several = archive.choose("filter/s", None, Some("")).unwrap_err();
    assert_eq!(several.kind(), PluginErrorKind::Conflict);
    assert!(several.to_string().contains(&hex(&all[16])), "{several}");
    let one = archive.choose("filter/s", Some(all[16]), Some(&hex(&all[15])[..20]));
    assert_eq!(one.unwrap().digest, all[15]);
    let before = |live| {
        archive
            .choose("filter/s", Some(live), None)
            .map(|entry| entry.digest)
    };
    assert_eq!(before(all[16]).unwrap(), all[15]);
    assert_eq!(
        before(all[13]).unwrap_err().kind(),
        PluginErrorKind::Conflict
    );
}
