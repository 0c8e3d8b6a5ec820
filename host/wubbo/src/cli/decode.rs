//! Placeholder of the working tree; replaced before it is committed.
/// Decodes.
#[derive(Debug, clap::Args)]
pub(crate) struct Decode {}
impl Decode {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        anyhow::bail!("not in this build")
    }
}
