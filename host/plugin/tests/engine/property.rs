//! Properties over random input: whatever a module is and whatever a guest answers, the host does not panic and no failed hook changes
//! a call. A few seconds in the ordinary test; with `WUBBO_FULL=on` ten minutes. `WUBBO_SEED=<number>` repeats a run.

mod answers;
mod grafting;
mod modules;
mod parsers;

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Panics of the host since the first property began: a thread of the host that dies takes no test down by itself.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// One run of a property: its randomness and its time.
struct Run {
    random: fastrand::Rng,
    until: Instant,
    panics: usize,
}

impl Run {
    /// A run of so many seconds, and of `minutes` in the long form.
    fn start(what: &str, seconds: u64, minutes: u64) -> Self {
        let said = std::env::var("WUBBO_SEED").ok();
        let seed = said.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
        let full = std::env::var_os("WUBBO_FULL").is_some_and(|full| full == "on");
        let time = Duration::from_secs(if full { minutes * 60 } else { seconds });
        println!("{what}: WUBBO_SEED={seed}, {time:?}");
        Self {
            random: fastrand::Rng::with_seed(seed),
            until: Instant::now() + time,
            panics: count_panics(),
        }
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// Nothing of the host panicked meanwhile.
    fn end(&self) {
        assert_eq!(count_panics() - self.panics, 0, "panics of the host");
    }
}

/// Counts from the first call on. What a test file itself says by a panic is not the host's.
fn count_panics() -> usize {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let tests = |place: &std::panic::Location<'_>| place.file().contains("tests/engine");
            if !panic.location().is_some_and(tests) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            before(panic);
        }));
    });
    PANICS.load(Ordering::Relaxed)
}

/// Changes a few bytes: flips, sets, cuts, doubles, extends, or puts a length where one may stand.
fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    const LENGTHS: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, u32::MAX];
    for _ in 0..random.usize(1..4) {
        let at = random.usize(0..=bytes.len());
        match random.u8(0..6) {
            0 => bytes.truncate(at),
            1 => bytes.extend((0..random.usize(1..40)).map(|_| random.u8(..))),
            2 => {
                let again = bytes[at..].to_vec();
                bytes.extend_from_slice(&again[..again.len().min(64)]);
            }
            3 => {
                let length = LENGTHS[random.usize(0..LENGTHS.len())].to_le_bytes();
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&length[..end - at]);
            }
            kind => {
                if let Some(byte) = bytes.get_mut(at) {
                    let (flip, other) = (*byte ^ (1 << random.u8(0..8)), random.u8(..));
                    *byte = if kind == 4 { flip } else { other };
                }
            }
        }
    }
}

#[tokio::test]
async fn a_panic_outside_the_tests_is_counted() {
    // The properties that count hold it too.
    let _alone = crate::rig::MEMORY.lock().await;
    let before = count_panics();
    // A library that panics, in a thread of its own: as a thread of the host would die.
    let dead = std::thread::spawn(|| {
        let config = wasm_smith::Config {
            exports: Some(b"no module".to_vec()),
            ..wasm_smith::Config::default()
        };
        wasm_smith::Module::new(config, &mut arbitrary::Unstructured::new(&[1; 500])).is_ok()
    });
    assert!(dead.join().is_err());
    assert_eq!(count_panics(), before + 1);
}
