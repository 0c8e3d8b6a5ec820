//! A router: keeps the rows of one zone.

use crate::testing::policies::*;

/// Keeps the rows whose `zone` the call's attachment names; a rule may name the zone instead.
pub(super) struct Narrows {
    zone: Option<String>,
    rules: u32,
    counter: Option<Metric>,
}

pub(super) struct Table {
    zones: Vec<Option<String>>,
    /// How many lists came before this one, and how often its weights changed.
    age: u32,
    weighed: u32,
}

#[crate::wubbo_plugin(
    kind = router, name = "narrows", reads("zone", url("zone")), reads_on_providers(url("zone"), field("address")),
)]
impl Router for Narrows {
    type Config = NoConfig;
    type Table = Table;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self {
            zone: None,
            rules: 0,
            counter: None,
        })
    }

    fn setup(&mut self, setup: &mut Setup<'_>) -> Result<()> {
        self.counter = Some(setup.counter("routed", "calls routed")?);
        Ok(())
    }

    fn on_rule(&mut self, rule: &Rule<'_>, setup: &mut Setup<'_>) -> Result<()> {
        let told = format!(
            "{:?} {} {} {}",
            rule.scope(),
            rule.key(),
            rule.group(),
            rule.version()
        );
        setup.host().log(Level::Info, &told)?;
        self.rules += 1;
        match rule.text() {
            Some(text) if text.contains(' ') => {
                let column = u32::try_from(text.find(' ').unwrap_or(0) + 1).unwrap_or(0);
                return Err(Error::new("a zone has no spaces").at(1, column));
            }
            Some("alone") => setup.read(Space::Url, "zone", Hook::OnProviders),
            Some("attachment-of-providers") => {
                setup.read(Space::Attachment, "zone", Hook::OnProviders);
            }
            Some("unknown-field") => setup.read(Space::Field, "colour", Hook::Route),
            Some("empty-key") => setup.read(Space::Url, "", Hook::Route),
            Some("long-key") => setup.read(Space::Url, "k".repeat(257), Hook::Route),
            Some("too-many") => (0..65).for_each(|_| setup.read(Space::Url, "a", Hook::Route)),
            Some("late-metric") => setup.counter("late", "").map(|_| ())?,
            text => self.zone = text.map(str::to_owned),
        }
        Ok(())
    }

    fn on_providers(&mut self, providers: &Providers<'_>, before: Option<&Table>) -> Result<Table> {
        let zone = providers.column(Space::Url, "zone")?;
        let zones = (0..providers.len()).map(|row| zone.get(row).map(str::to_owned));
        // Only with the manifest's interest: `alone` has asked for less.
        let address = providers.column(Space::Field, "address");
        let text = address.map_or_else(
            |error| error.to_string(),
            |column| column.words().to_string(),
        );
        let told = format!("{} {} {text}", providers.service(), zone.words());
        providers.host().log(Level::Debug, &told)?;
        Ok(Table {
            zones: zones.collect(),
            age: before.map_or(0, |before| before.age + 1),
            weighed: 0,
        })
    }

    fn on_weights(&mut self, table: &mut Table, providers: &Providers<'_>) -> Result<()> {
        assert!(providers.weights_epoch() > 0);
        table.weighed += 1;
        Ok(())
    }

    fn route(
        &mut self,
        table: &mut Table,
        call: &Routing<'_>,
        rows: &mut Candidates<'_>,
    ) -> Result<()> {
        if let Some(counter) = self.counter {
            counter.update(call.host(), 1)?;
        }
        let asked = call.attachment("zone")?.map(std::borrow::Cow::into_owned);
        let Some(zone) = self.zone.clone().or(asked) else {
            return Ok(());
        };
        if zone == "fails" {
            rows.clear();
            return Err(Error::new("told to fail"));
        }
        call.note(
            None,
            &format!(
                "age {} weighed {} rules {}",
                table.age, table.weighed, self.rules
            ),
        );
        call.note(Some(rows.len()), "no such row");
        rows.retain(|row| {
            table
                .zones
                .get(row)
                .is_some_and(|found| found.as_deref() == Some(&zone))
        });
        Ok(())
    }

    fn drop_providers(&mut self, table: Table) {
        self.zone = Some(format!("dropped{}", table.age));
    }

    fn self_test(&mut self, _host: Host<'_>) -> Result<()> {
        self.zone
            .clone()
            .map_or(Ok(()), |zone| Err(Error::new(zone)))
    }
}
