//! The closed loop: every caller sends its next call when the last is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::time::Instant;
use wubbo_core::Tasks;

use super::cpu::CpuTimes;
use super::{CALL_LIMIT, Plan, Ran};

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

pub(super) async fn run(plan: &Plan) -> Ran {
    let phase = Arc::new(AtomicU8::new(WARMING));
    let callers = Tasks::new("bench");
    for caller in 0..plan.callers {
        let (load, recorder, phase) = (plan.load.clone(), plan.recorder.clone(), phase.clone());
        callers.spawn(async move {
            while phase.load(Ordering::Relaxed) != OVER {
                let since = Instant::now();
                let done = load.call().await;
                recorder.note(caller, done, || {
                    (phase.load(Ordering::Relaxed) == MEASURING).then(|| since.elapsed())
                });
            }
        });
    }
    tokio::time::sleep(plan.warm_up).await;
    let (since, before) = (Instant::now(), CpuTimes::now(plan));
    phase.store(MEASURING, Ordering::Relaxed);
    tokio::time::sleep(plan.duration).await;
    phase.store(OVER, Ordering::Relaxed);
    let (elapsed, after) = (since.elapsed(), CpuTimes::now(plan));
    // Twice: whoever is in flight ends by its time-out at the latest.
    callers.join(CALL_LIMIT * 2).await;
    Ran {
        elapsed,
        cpu: after.since(before),
        unsent: 0,
    }
}
