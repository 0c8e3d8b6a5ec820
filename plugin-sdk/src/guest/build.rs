//! What all kinds do in `new` and `on_rule`: configuration, rule and interest.

use super::{Input, imports};
use crate::abi::interest::{self, Hook, Interest};
use crate::abi::rule as layout;
use crate::error::{Error, Result};
use crate::native::RuleText;
use crate::rule::Rule;
use crate::seam::{GuestHost, Slot};
use crate::setup::Setup;

/// Body of `new`: `build` makes the policy of its configuration, `frame` keeps it with what it will read.
pub(super) fn build<P, R>(
    declared: &[Interest<'_>],
    build: impl FnOnce(&str, &mut Setup<'_>) -> Result<P>,
    frame: impl FnOnce(P, &[Interest<'_>]) -> R,
) -> Result<R> {
    let config = imports::config().map_err(|kind| Error::host(kind, "configuration"))?;
    let mut setup = Setup::new(&GuestHost);
    let policy = build(&config, &mut setup)?;
    let asked = tell(&setup)?;
    Ok(frame(policy, asked.as_deref().unwrap_or(declared)))
}

/// Body of `on_rule`: the answer is the interest that replaces the one before, if the hook asked for any.
pub(super) fn on_rule<'s>(
    len: u32,
    setup: &'s mut Setup<'_>,
    hook: impl FnOnce(&Rule<'_>, &mut Setup<'_>) -> Result<()>,
) -> Result<Option<Vec<Interest<'s>>>> {
    let input = Input::new(len);
    let text = rule_text(input)?;
    let rule = RuleText {
        of_application: input.u16(layout::SCOPE) == layout::SCOPE_APPLICATION,
        version: input.u64(layout::RULE_VERSION),
        key: text_at(input, layout::KEY_OFFSET, layout::KEY_LEN)?,
        group: text_at(input, layout::GROUP_OFFSET, layout::GROUP_LEN)?,
        text: text.as_deref(),
    };
    hook(&Rule::new(rule), setup)?;
    tell(setup)
}

fn rule_text(input: Input<'_>) -> Result<Option<String>> {
    if input.u32(layout::FLAGS) & layout::REMOVED != 0 {
        return Ok(None);
    }
    imports::rule(input.u32(layout::TEXT_LEN))
        .map(Some)
        .map_err(|kind| Error::host(kind, "text of the rule"))
}

fn text_at<'a>(input: Input<'a>, offset: usize, len: usize) -> Result<&'a str> {
    input
        .text(input.u32(offset), input.u32(len))
        .ok_or(Error::new("a text is not within the input"))
}

/// Tells the host what was asked for.
fn tell<'s>(setup: &'s Setup<'_>) -> Result<Option<Vec<Interest<'s>>>> {
    let Some(list) = setup.interest()? else {
        return Ok(None);
    };
    let mut records = Vec::new();
    list.iter()
        .for_each(|one| interest::write(&mut records, *one));
    imports::interest(&records).map_err(|kind| Error::host(kind, "interest"))?;
    Ok(Some(list))
}

/// What the entries (or columns) of a hook hold, in their order.
pub(super) fn slots(interests: &[Interest<'_>], hook: Hook) -> Vec<Slot> {
    let named = |one: &&Interest<'_>| one.hooks & hook.bit() != 0;
    interests.iter().filter(named).map(Slot::new).collect()
}
