//! A reference over several registries: which of them a call goes to (Dubbo Java's `ZoneAwareClusterInvoker`).

use std::sync::Arc;

use wubbo_core::{Error, ErrorKind, Invocation, ListedRegistry, Outcome, ProviderList, Url, keys};

use crate::failover::FailoverInvoker;
use crate::groups;

/// What an address may say for this choice. Where none does, the lists are one.
const SAID: [&str; 3] = [keys::PREFERRED, keys::ZONE, keys::WEIGHT];

/// Why a registry comes before another, the better reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Preferred,
    OfZone,
    /// It announces the provider that sticky calls stay with.
    Sticky,
    ByWeight,
}

/// A registry that a call may go to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// Its place in the list.
    pub(crate) place: usize,
    /// Why it has this turn and no later one.
    pub(crate) rank: Rank,
}

/// The registries that a call may go to, in order; `None` is all of them as one. Those that announce nobody who is available are left
/// out, unless that is so of all.
///
/// # Errors
/// The call insists on a zone, and nobody is available there.
pub(crate) fn of_call(
    list: &ProviderList,
    invocation: &Invocation,
    reference: &Url,
    sticky: Option<usize>,
) -> Result<Vec<Option<Turn>>, Error> {
    let zone = zone(invocation, reference);
    let forced = asked(invocation, reference, keys::REGISTRY_ZONE_FORCE)
        .is_some_and(|forced| forced.eq_ignore_ascii_case("true"))
        && zone.is_some();
    let says = |registry: &ListedRegistry| SAID.iter().any(|key| registry.url.get(key).is_some());
    if list.registries.is_empty() || !forced && !list.registries.iter().any(says) {
        return Ok(vec![None]);
    }
    let ranked = |(place, registry): (usize, &ListedRegistry)| {
        let rank = rank(registry, zone, sticky);
        let drawn = match rank {
            Rank::ByWeight => drawn(&registry.url),
            _ => 0.0,
        };
        (rank, drawn, place)
    };
    let mut order: Vec<(Rank, f64, usize)> =
        list.registries.iter().enumerate().map(ranked).collect();
    order.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let available = |place: usize| {
        let registry = list.registries.get(place);
        registry.is_some_and(|registry| registry.rows.iter().any(|row| list.is_available(row)))
    };
    let (usable, rest): (Vec<_>, Vec<_>) = order
        .into_iter()
        .filter(|(rank, ..)| !forced || *rank <= Rank::OfZone)
        .partition(|(.., place)| available(*place));
    match (usable.is_empty(), zone) {
        (true, Some(zone)) if forced => Err(nobody_in(zone, list)),
        (empty, _) => {
            let order = if empty { rest } else { usable };
            let turn = |(rank, _, place)| Some(Turn { place, rank });
            Ok(order.into_iter().map(turn).collect())
        }
    }
}

/// Calls the first of these registries. Another one is asked only when no provider has seen the call: nobody was left of those that the
/// first announces, or none could be connected to.
pub(crate) async fn call(
    cluster: &FailoverInvoker,
    list: Arc<ProviderList>,
    invocation: Invocation,
) -> Outcome {
    let reference = cluster.reference();
    let sticky = cluster.sticky_row(&list);
    let order = of_call(&list, &invocation, reference, sticky)?;
    let mut order = order.into_iter().map(|turn| Some(turn?.place));
    let first = order.next().flatten();
    let mut outcome = groups::call(cluster, &list, &invocation, first).await;
    for place in order {
        match &outcome {
            Err(error) if cluster.may_go_on(&invocation, error) => {
                outcome = groups::call(cluster, &list, &invocation, place).await;
            }
            _ => break,
        }
    }
    outcome
}

/// The zone that a call asks for.
pub(crate) fn zone<'a>(invocation: &'a Invocation, reference: &'a Url) -> Option<&'a str> {
    asked(invocation, reference, keys::REGISTRY_ZONE)
}

/// What the call says in an attachment, else the reference in its URL.
fn asked<'a>(invocation: &'a Invocation, reference: &'a Url, key: &str) -> Option<&'a str> {
    let said = invocation.attachments().get(key);
    said.filter(|text| !text.is_empty())
        .or_else(|| reference.get(key))
}

fn rank(registry: &ListedRegistry, zone: Option<&str>, sticky: Option<usize>) -> Rank {
    if registry.url.get_bool(keys::PREFERRED, false) {
        Rank::Preferred
    } else if zone.is_some() && registry.url.get(keys::ZONE) == zone {
        Rank::OfZone
    } else if sticky.is_some_and(|row| registry.rows.contains(row)) {
        Rank::Sticky
    } else {
        Rank::ByWeight
    }
}

/// Sorted by this, each registry is the first as often as its weight says, and the second likewise of those that are left.
fn drawn(registry: &Url) -> f64 {
    // One less what is below one: above zero, so that it has a logarithm.
    -(1.0 - fastrand::f64()).ln() / f64::from(weight(registry))
}

/// The share of a registry among those that nothing else puts first.
pub(crate) fn weight(registry: &Url) -> u32 {
    let weight = registry.get_parsed(keys::WEIGHT).ok().flatten();
    weight.unwrap_or(keys::DEFAULT_WEIGHT)
}

fn nobody_in(zone: &str, list: &ProviderList) -> Error {
    let zones: Vec<String> = list
        .registries
        .iter()
        .map(|registry| {
            let name = wubbo_core::registry_name(&registry.url);
            let zone = registry.url.get_or(keys::ZONE, "no zone");
            format!("{name} ({zone})")
        })
        .collect();
    let message = format!(
        "no registry of the zone {zone} has an available provider for {}, and the call insists on it ({}=true); registries: {}",
        list.table.service(),
        keys::REGISTRY_ZONE_FORCE,
        zones.join(", "),
    );
    Error::new(ErrorKind::NoProvider, message)
}

#[cfg(test)]
mod tests;
