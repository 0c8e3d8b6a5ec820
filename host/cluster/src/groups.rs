//! A reference to several groups (`group=a,b`, `group=*`): a cluster per group, and a call goes to one of them (Dubbo Java's
//! `MergeableClusterInvoker` for a method without `merger`).

use wubbo_core::{ErrorKind, Invocation, Outcome, ProviderGroup, ProviderList};

use crate::failover::FailoverInvoker;

/// The groups that a call may go to, in order: those of which somebody is available, or the first one where nobody is.
pub(crate) fn of_call(list: &ProviderList) -> Vec<&ProviderGroup> {
    let is_available = |group: &&ProviderGroup| {
        let mut rows = group.rows().iter();
        rows.any(|row| {
            let invoker = list.invokers.get(row);
            invoker.is_some_and(|invoker| invoker.is_available())
        })
    };
    let groups = list.table.groups();
    let available: Vec<&ProviderGroup> = groups.iter().filter(is_available).collect();
    if available.is_empty() {
        return groups.iter().take(1).collect();
    }
    available
}

/// Calls the first group that has somebody for the call. Attempts stay within it; another group is asked only when the routers left
/// nobody, so that no provider has seen the call.
pub(crate) async fn call(cluster: &FailoverInvoker, invocation: Invocation) -> Outcome {
    let list = cluster.list();
    let mut refusal = None;
    for group in of_call(&list) {
        match cluster.call(invocation.clone(), Some(group.name())).await {
            Err(error) if error.kind() == ErrorKind::NoProvider => refusal = Some(error),
            outcome => return outcome,
        }
    }
    match refusal {
        Some(refusal) => Err(refusal),
        // Nobody is listed, and the ordinary way says so.
        None => cluster.call(invocation, None).await,
    }
}

#[cfg(test)]
mod tests;
