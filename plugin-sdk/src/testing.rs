//! Runs a policy without a host and without wasm: for a plugin's own unit tests.
//!
//! [`Bench`] runs filters, [`RouterBench`], [`BalancerBench`] and [`ConfiguratorBench`] the other kinds. Each keeps two
//! instances and takes them in turn, so state that a policy wrongly keeps inside an instance shows at once; it checks
//! every answer with the host's own rules, and applies it as the host would.

mod balancer;
mod call;
mod configurator;
mod form;
pub mod hostile;
mod lists;
mod memory;
mod pair;
mod reads;
mod router;
mod rules;
mod url;
pub mod vectors;

pub use balancer::BalancerBench;
pub use call::{Call, Ended};
pub use configurator::ConfiguratorBench;
pub use form::{
    BalancerForm, ConfiguratorForm, Exchange, FilterForm, Form, Linked, RouterForm, Seen,
};
pub use memory::MemoryHost;
pub use router::RouterBench;

use crate::abi::commands::{self, Command, Outcome as Given, WriteGrants};
use crate::abi::interest::Hook;
use crate::error::{Error, Result};
use crate::manifest::{Access, Manifest};
use crate::native::{Create, Factory, NativeFilter};
use call::View;
use pair::Pair;
use std::fmt;

/// A filter under test: two instances, one in-memory host.
pub struct Bench {
    manifest: Manifest,
    pair: Pair<dyn NativeFilter>,
    host: MemoryHost,
}

impl fmt::Debug for Bench {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Bench")
            .field("plugin", &self.manifest.identity())
            .finish_non_exhaustive()
    }
}

impl Bench {
    /// Builds two instances from a configuration in JSON, `{}` for none.
    ///
    /// # Errors
    /// The manifest is bad, or the policy refuses the configuration.
    pub fn new(factory: Factory, config: &str) -> Result<Self> {
        let manifest = manifest(factory)?;
        let Create::Filter(create) = factory.create else {
            return Err(Error::new("this bench runs filters"));
        };
        let host = MemoryHost::default();
        let pair = host.building(|| Pair::new(|| create(config, &host)))?;
        Ok(Self {
            manifest,
            pair,
            host,
        })
    }

    /// What the manifest says.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The host: what was logged and counted, its clock, the shared state.
    #[must_use]
    pub const fn host(&self) -> &MemoryHost {
        &self.host
    }

    /// Runs `on_request` on the next instance. The answer is the call as it goes on, or how it ended.
    ///
    /// # Errors
    /// The hook failed, or the host would refuse its commands; nothing is applied then.
    pub fn request(&mut self, call: &Call) -> Result<Entered> {
        let out = self.run(Hook::OnRequest, call, None)?;
        let batch = self.check(&out, Hook::OnRequest)?;
        let mut entered = Entered {
            call: call.clone(),
            reply: batch.outcome().map(Ended::given),
        };
        for command in batch {
            apply_request(&mut entered, command)?;
        }
        Ok(entered)
    }

    /// Runs `on_response` on the next instance, with the answer of the service or, if the filter replied, its own.
    ///
    /// # Errors
    /// As [`Bench::request`].
    pub fn response(&mut self, entered: &Entered, answer: Ended) -> Result<Ended> {
        let mut ended = entered.reply.clone().unwrap_or(answer);
        let out = self.run(Hook::OnResponse, &entered.call, Some(&ended))?;
        let batch = self.check(&out, Hook::OnResponse)?;
        let replaced = batch.outcome().is_some();
        for command in batch {
            match command {
                Command::SetResult(..) if replaced => {}
                command => apply_response(&mut ended, command)?,
            }
        }
        Ok(ended)
    }

    /// Runs `tick` on one instance.
    ///
    /// # Errors
    /// The hook failed.
    pub fn tick(&mut self) -> Result<()> {
        self.pair.next().tick(&self.host)
    }

    /// Runs `self_test`.
    ///
    /// # Errors
    /// The policy says that it is not fit.
    pub fn self_test(&mut self) -> Result<()> {
        self.pair.next().self_test(&self.host)
    }

    /// Runs a hook, if the policy has it, on the instance whose turn it is.
    fn run(&mut self, hook: Hook, call: &Call, ended: Option<&Ended>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        if !self.manifest.has(hook) {
            return Ok(out);
        }
        let view = View {
            call,
            ended,
            host: &self.host,
            manifest: &self.manifest,
        };
        let policy = self.pair.next();
        self.host.in_call(true);
        let result = match hook {
            Hook::OnRequest => policy.on_request(&view, &mut out),
            _ => policy.on_response(&view, &mut out),
        };
        self.host.in_call(false);
        result.map(|()| out)
    }

    fn check<'a>(&self, out: &'a [u8], hook: Hook) -> Result<commands::Batch<'a>> {
        let grants = WriteGrants {
            arguments: self.manifest.arguments == Access::Write,
            result: self.manifest.result == Access::Write,
        };
        commands::check(out, hook, grants).map_err(|bad| Error::new(bad.to_string()))
    }
}

fn manifest(factory: Factory) -> Result<Manifest> {
    Manifest::parse(factory.manifest).map_err(|bad| Error::new(bad.to_string()))
}

fn needs_on_rule(manifest: &Manifest) -> Result<()> {
    if manifest.has(Hook::OnRule) {
        return Ok(());
    }
    Err(Error::new(format!(
        "{} has no hook on_rule",
        manifest.identity()
    )))
}

/// A call after `on_request`: what its commands made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entered {
    /// The call as it goes on.
    pub call: Call,
    /// How the filter ended it; `None` if it goes on.
    pub reply: Option<Ended>,
}

fn apply_request(entered: &mut Entered, command: Command<'_>) -> Result<()> {
    match command {
        Command::SetAttachment(key, value) => entered.call.attachments.set(key, value),
        Command::RemoveAttachment(key) => entered.call.attachments.remove(key),
        Command::SetArgument(index, value) => {
            entered.call.set_argument(usize::from(index), value)?
        }
        Command::SetScratch(number, blob) => entered.call.scratch = (number, blob.to_vec()),
        other => {
            if let Some(reply) = &mut entered.reply {
                apply_response(reply, other)?;
            }
        }
    }
    Ok(())
}

fn apply_response(ended: &mut Ended, command: Command<'_>) -> Result<()> {
    match command {
        Command::SetResponseAttachment(key, value) => ended.attachments.set(key, value),
        Command::RemoveResponseAttachment(key) => ended.attachments.remove(key),
        Command::Outcome(given) => ended.replace(given),
        Command::SetResult(path, value) => ended.set_part(path, value)?,
        // `check` let nothing else through for this hook.
        _ => {}
    }
    Ok(())
}

impl Ended {
    fn given(given: Given<'_>) -> Self {
        let mut ended = Self::null();
        ended.replace(given);
        ended
    }
}

#[cfg(test)]
mod policies;
#[cfg(test)]
mod tests;
