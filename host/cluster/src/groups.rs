//! A reference to several groups (`group=a,b`, `group=*`): a cluster per group, and a call goes to one of them (Dubbo Java's
//! `MergeableClusterInvoker` for a method without `merger`).

use wubbo_core::{ErrorKind, Invocation, Outcome, ProviderList};

use crate::failover::FailoverInvoker;
use crate::scope::Scope;

/// The groups that a call may go to, in order: those of which somebody is available at the registry, or the first one where nobody is.
/// Of a reference to one group, or where nobody is listed, that is all that the registry announces.
pub(crate) fn of_call(list: &ProviderList, registry: Option<usize>) -> Vec<Scope<'_>> {
    let groups = list.table.groups().iter();
    let mut scopes: Vec<Scope<'_>> = groups
        .map(|group| Scope {
            registry,
            group: Some(group.name()),
        })
        .collect();
    let whole = Scope {
        registry,
        group: None,
    };
    let first = scopes.first().copied().unwrap_or(whole);
    scopes.retain(|scope| scope.is_available(list));
    if scopes.is_empty() {
        scopes.push(first);
    }
    scopes
}

/// Calls the first group that has somebody for the call. Attempts stay within it; another group is asked only when the routers left
/// nobody, so that no provider has seen the call.
pub(crate) async fn call(
    cluster: &FailoverInvoker,
    list: &ProviderList,
    invocation: &Invocation,
    registry: Option<usize>,
) -> Outcome {
    let mut scopes = of_call(list, registry).into_iter();
    let mut outcome = cluster
        .call(invocation.clone(), scopes.next().unwrap_or_default())
        .await;
    for scope in scopes {
        match &outcome {
            Err(error) if error.kind() == ErrorKind::NoProvider => {
                outcome = cluster.call(invocation.clone(), scope).await;
            }
            _ => break,
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
