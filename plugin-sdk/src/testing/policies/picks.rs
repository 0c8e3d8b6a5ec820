//! A load balancer that does what a call tells it.

use crate::testing::policies::*;

/// Does what the attachment `pick` names.
pub(super) struct Picks {
    numbers: Vec<i64>,
}

#[crate::wubbo_plugin(kind = loadbalance, name = "picks", reads("pick"), arguments = read, tick_ms = 100)]
impl LoadBalance for Picks {
    type Config = NoConfig;
    type Table = u32;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self {
            numbers: Vec::new(),
        })
    }

    fn on_providers(&mut self, providers: &Providers<'_>, _before: Option<&u32>) -> Result<u32> {
        // It has declared nothing.
        match providers
            .column(Space::Url, "zone")
            .map_err(|error| error.kind())
        {
            Err(ErrorKind::BadArgument) => Ok(0),
            _ => Err(Error::new("an undeclared column was read")),
        }
    }

    fn select(
        &mut self,
        table: &mut u32,
        call: &Routing<'_>,
        rows: &Candidates<'_>,
    ) -> Result<Option<usize>> {
        *table += 1;
        match call.attachment("pick")?.as_deref() {
            Some("wrong") => Ok(Some(rows.len())),
            Some("removed") => Ok((0..rows.len()).find(|row| !rows.contains(*row))),
            Some("nobody") => Ok(None),
            Some("count") => Ok(usize::try_from(*table - 1).ok()),
            Some("argument") => {
                let text = call.argument_text(0, "user.row")?.unwrap_or_default();
                Ok(text.parse().ok())
            }
            Some("least") => {
                call.column(Cell::Active, &mut self.numbers)?;
                Ok(rows.iter().min_by_key(|row| self.numbers.get(*row)))
            }
            _ => {
                let mut heaviest = (None, -1);
                for row in rows {
                    if call.weight(row)? > heaviest.1 {
                        heaviest = (Some(row), call.weight(row)?);
                    }
                }
                Ok(heaviest.0)
            }
        }
    }

    fn tick(&mut self, host: Host<'_>) -> Result<()> {
        host.log(Level::Info, "tick")
    }
}
