//! A reference to several groups (`group=a,b`, `group=*`): a cluster per group, and a call goes to one of them (Dubbo Java's
//! `MergeableClusterInvoker` for a method without `merger`).

use wubbo_core::{ErrorKind, Invocation, Outcome, ProviderGroup, ProviderList};

use crate::failover::FailoverInvoker;
use crate::scope::Scope;

/// The groups that a call may go to, in order: those of which somebody is available at the registry, or the first one where nobody is.
/// Of a reference to one group, or where nobody is listed, that is all that the registry announces.
///
/// Whether somebody is available is looked up as the groups are asked for: a registry may announce thousands.
pub(crate) fn of_call(
    list: &ProviderList,
    registry: Option<usize>,
) -> impl Iterator<Item = Scope<'_>> {
    let scope = move |group| Scope { registry, group };
    let groups = list.table.groups();
    let announced = registry.map(|place| list.registries.get(place));
    let is_announced = move |row: usize| match announced {
        None => true,
        Some(registry) => registry.is_some_and(|registry| registry.rows.contains(row)),
    };
    let is_available = move |group: &&ProviderGroup| {
        let mut rows = group.rows().iter();
        rows.any(|row| is_announced(*row) && list.is_available(*row))
    };
    let mut available = groups.iter().filter(is_available).peekable();
    let first = groups.first().map(ProviderGroup::name);
    let nobody = available.peek().is_none().then(|| scope(first));
    available
        .map(move |group| scope(Some(group.name())))
        .chain(nobody)
}

/// Calls the first group that has somebody for the call. Attempts stay within it; another group is asked only when the routers left
/// nobody, so that no provider has seen the call.
pub(crate) async fn call(
    cluster: &FailoverInvoker,
    list: &ProviderList,
    invocation: &Invocation,
    registry: Option<usize>,
) -> Outcome {
    let mut scopes = of_call(list, registry);
    let mut outcome = cluster
        .call(invocation, scopes.next().unwrap_or_default())
        .await;
    for scope in scopes {
        match &outcome {
            Err(error) if error.kind() == ErrorKind::NoProvider => {
                outcome = cluster.call(invocation, scope).await;
            }
            _ => break,
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
