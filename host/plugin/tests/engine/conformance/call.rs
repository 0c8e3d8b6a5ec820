//! A call of a case through the filter of a host.

use std::time::Duration;

use wubbo_core::{Chain, Deadline, Invocation, RawStream, RequestBody, Stage};
use wubbo_hessian2::Tables;
use wubbo_plugin_sdk::testing::{Ended, Seen};

use super::case::{CallStep, Ends};
use super::run::{Run, Wrong, failed, same};
use crate::hosted::filter;

/// Makes the call and compares everything that can be seen of it.
pub(crate) fn run(run: &mut Run<'_>, step: &CallStep) -> Wrong {
    let answer = match &step.throws {
        Some((class, message)) => Ended::exception(class, message),
        None => step.call.answer(),
    };
    let (seen, ended) = exchange(run, step, &answer);
    let fails = run.routed.host.failed();
    let recorder = run.recorder();
    failed(recorder, fails, step.fails.as_deref())?;
    let (access, expected) = (run.access(), &step.access);
    same("access log", expected, &access)?;
    let (says, others) = run.lines();
    same("says", &step.says, &says)?;
    if step.fails.is_none() {
        same("log", &step.logs, &others)?;
    }
    if step.cancelled {
        return Ok(());
    }
    reached(step, seen)?;
    ends(step, &answer, &ended.expect("the call ended"))
}

fn exchange(run: &mut Run<'_>, step: &CallStep, answer: &Ended) -> (Option<Seen>, Option<Ended>) {
    let host = &run.routed.host;
    let call = step.call.call();
    let invocation = made(filter::invocation(host, &call), step);
    let stage = match step.call.consumer {
        true => Stage::Call,
        false => Stage::Provider,
    };
    let seen = std::sync::Mutex::new(None);
    let service = |got: Invocation| {
        *seen.lock().unwrap() = Some(filter::seen(&got));
        let outcome = filter::outcome(answer);
        async move {
            if step.cancelled {
                std::future::pending::<()>().await;
            }
            outcome
        }
    };
    let ended = host.runtime.block_on(async {
        let call = Chain::new(stage).invoke(invocation, service);
        let patience = match step.cancelled {
            true => Duration::from_millis(1),
            false => crate::rig::PATIENCE,
        };
        tokio::time::timeout(patience, call).await.ok()
    });
    (
        seen.into_inner().unwrap(),
        ended.as_ref().map(filter::ended),
    )
}

/// The invocation with what a made-up call cannot say.
fn made(invocation: Invocation, step: &CallStep) -> Invocation {
    let mut request = invocation.request().clone();
    request.one_way = step.one_way;
    request.deadline = step
        .deadline_ms
        .map(|ms| Deadline::after(Duration::from_millis(ms)));
    if step.unreadable {
        request.body = RequestBody::Raw(RawStream {
            // No Hessian value begins with this byte.
            bytes: vec![0x45; 3].into(),
            count: 1,
            tables: Tables::default(),
        });
    }
    Invocation::new(request, invocation.url().clone())
}

fn reached(step: &CallStep, seen: Option<Seen>) -> Wrong {
    let Some(seen) = seen else {
        return same("replied", &step.replied, &true);
    };
    same("replied", &step.replied, &false)?;
    let mut attachments = step.call.attachments.clone();
    attachments.extend(step.set.clone());
    attachments.retain(|key, _| !step.remove.contains(key));
    same("attachments", &attachments, &seen.attachments)?;
    if step.unreadable {
        return Ok(());
    }
    let arguments = step.arguments.as_ref().unwrap_or(&step.call.arguments);
    same("arguments", arguments, &seen.arguments)
}

fn ends(step: &CallStep, answer: &Ended, ended: &Ended) -> Wrong {
    let expected = match &step.ends {
        None => answer.clone(),
        Some(Ends::Value(serde_json::Value::Null)) => Ended::null(),
        Some(Ends::Value(value)) => Ended::value(value.clone()),
        Some(Ends::Exception(class, message)) => Ended::exception(class, message),
        // Which code it was is not kept, only what follows from it.
        Some(Ends::Error(status, message)) => Ended::error(*status, 0, message),
    };
    let same_end = (
        expected.as_value(),
        expected.as_exception(),
        expected.as_error(),
    ) == (ended.as_value(), ended.as_exception(), ended.as_error());
    if !same_end {
        return Err(format!("ends: expected {expected:?}, found {ended:?}"));
    }
    let own = &step.call.answer_attachments;
    let attachments = step.answer_attachments.as_ref().unwrap_or(own);
    same(
        "answer's attachments",
        attachments,
        &ended.attachments().collect(),
    )
}
