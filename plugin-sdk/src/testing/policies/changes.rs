//! A configurator that does what the URL tells it.

use crate::testing::policies::*;

/// Does what the parameter `act` names.
pub(super) struct Changes;

#[crate::wubbo_plugin(kind = configurator, name = "changes", reads(url("act")))]
impl Configurator for Changes {
    type Config = NoConfig;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()> {
        match url.parameter("act")?.as_deref() {
            Some("own") => {
                url.set_parameter("a", "1")?;
                url.set_parameter(crate::keys::TIMEOUT, "9")?;
                assert_eq!(url.parameter("timeout")?.as_deref(), Some("9"));
                url.set_parameter("a", "")?;
                assert_eq!(url.parameter("a")?, None, "an empty one counts as absent");
                url.remove_parameter("act")?;
                url.remove_parameter("nothing")?;
                let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
                assert_eq!(url.parameters()?, [pair("timeout", "9"), pair("a", "")]);
                Ok(())
            }
            Some("facts") => {
                let facts = format!(
                    "{} {} {} {} {}",
                    url.protocol()?,
                    url.address()?,
                    url.host()?,
                    url.port()?,
                    url.is_provider_side()
                );
                url.functions().log(Level::Info, &facts)?;
                url.set_parameter("facts", &facts)
            }
            Some("long") => url.set_parameter("k".repeat(257).as_str(), "v"),
            Some("fails") => {
                url.set_parameter("half", "done")?;
                Err(Error::new("told to fail"))
            }
            _ => Ok(()),
        }
    }
}
