//! `whoami`, `sleep`, `touch`: how a call is made and how long it takes, not what it carries.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::task::JoinSet;
use wubbo::CallOptions;
use wubbo::core::ErrorKind;

use crate::case::{Cases, Outcome};
use crate::check::same;
use crate::contract::EchoServiceClient;

/// Callers at the same time over one connection.
const CALLERS: usize = 64;
/// Calls of each of them.
const CALLS: usize = 50;

pub(super) fn add(cases: &mut Cases) {
    cases.add("whoami", |service| async move {
        let name = service.whoami().await?;
        ensure!(!name.is_empty(), "the provider has no name");
        Ok(())
    });
    for millis in [0, 50] {
        cases.add(format!("sleep/{millis}"), move |service| {
            sleep(service, millis)
        });
    }
    cases.add("sleep/beyond-timeout", timeout);
    cases.add("touch", |service| async move { Ok(service.touch().await?) });
    cases.add("touch/one-way", one_way);
    cases.add("echo/concurrent", concurrent);
}

async fn sleep(service: EchoServiceClient, millis: i64) -> Outcome {
    let start = Instant::now();
    same(&service.sleep(millis).await?, &format!("slept {millis}"))?;
    let took = start.elapsed();
    ensure!(
        took >= Duration::from_millis(millis.unsigned_abs()),
        "answered after {took:?}"
    );
    Ok(())
}

/// The caller gives up by its own clock, and the connection serves the next call.
async fn timeout(service: EchoServiceClient) -> Outcome {
    let hasty = service.with(CallOptions::new().timeout(Duration::from_millis(200)));
    match hasty.sleep(1000).await {
        Err(error) if is_timeout(&error) => {}
        Err(error) => return Err(error).context("no time-out"),
        Ok(_) => bail!("an answer after its time-out"),
    }
    same(
        &service.echo(Some("still here")).await?.as_deref(),
        &Some("still here"),
    )
}

fn is_timeout(error: &wubbo::Error) -> bool {
    matches!(
        error.kind(),
        Some(ErrorKind::ClientTimeout | ErrorKind::ServerTimeout)
    )
}

/// A call without an answer.
async fn one_way(service: EchoServiceClient) -> Outcome {
    service.with(CallOptions::new().one_way()).touch().await?;
    same(
        &service.echo(Some("after")).await?.as_deref(),
        &Some("after"),
    )
}

/// Every caller gets the answers to its own questions.
async fn concurrent(service: EchoServiceClient) -> Outcome {
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let service = service.clone();
        callers.spawn(async move {
            for call in 0..CALLS {
                let text = format!("caller {caller}, call {call}");
                same(&service.echo(Some(&text)).await?.as_deref(), &Some(&*text))?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    Ok(())
}
