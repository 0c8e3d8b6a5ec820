//! What a run is reported as.

use std::fmt::Write as _;

use anyhow::anyhow;
use hdrhistogram::Histogram;
use serde_json::Value as Json;

use super::Ran;

/// How wide the longest bar of the histogram is, in characters.
const BAR: f64 = 40.0;

/// What a run measured.
pub(super) struct Figures {
    pub(super) rate: Option<u32>,
    pub(super) latency: Histogram<u64>,
    /// How much of it was over before the call was sent.
    pub(super) sent_late: Histogram<u64>,
    pub(super) failures: u64,
    pub(super) first_failure: Option<String>,
    pub(super) ran: Ran,
}

impl Figures {
    /// An error when calls failed or were never sent.
    pub(super) fn verdict(self) -> anyhow::Result<()> {
        if let Some(first) = self.first_failure {
            return Err(anyhow!(
                "{} calls failed, the first with: {first}",
                self.failures
            ));
        }
        if self.ran.unsent > 0 {
            return Err(anyhow!(
                "{} calls were due and never sent: the server is too slow for --rate, or --connections x --depth is too small",
                self.ran.unsent
            ));
        }
        Ok(())
    }

    fn per_second(&self) -> f64 {
        self.latency.len().saturating_sub(self.ran.unsent) as f64 / self.ran.elapsed.as_secs_f64()
    }

    /// Latencies up to `us`, more than in the line before: at doubled distances, without empty lines at either end.
    fn buckets(&self) -> Vec<(u64, u64)> {
        let buckets = self.latency.iter_log(1, 2.0);
        let mut buckets: Vec<(u64, u64)> = buckets
            .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
            .collect();
        let first = buckets.iter().position(|(_, calls)| *calls > 0);
        buckets.drain(..first.unwrap_or(0));
        buckets
    }

    pub(super) fn json(&self) -> Json {
        let buckets = self.buckets().into_iter();
        let buckets: Vec<Json> = buckets
            .map(|(us, calls)| serde_json::json!({ "to_us": us, "calls": calls }))
            .collect();
        serde_json::json!({
            "loop": if self.rate.is_some() { "open" } else { "closed" },
            "rate": self.rate,
            "calls": self.latency.len(),
            "failures": self.failures,
            "unsent": self.ran.unsent,
            "seconds": self.ran.elapsed.as_secs_f64(),
            "calls_per_second": self.per_second(),
            "latency_us": quantiles_json(&self.latency),
            "sent_late_us": self.rate.map(|_| quantiles_json(&self.sent_late)),
            "histogram": buckets,
            "server_cpu_us_per_call": self.ran.cpu.server_us(),
            "client_cpu_us_per_call": self.client_us(),
        })
    }

    /// In an open loop the load looks at the clock in between, so that its CPU time says nothing.
    fn client_us(&self) -> Option<f64> {
        self.ran.cpu.own_us().filter(|_| self.rate.is_none())
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "calls       {} in {:.2} s, {} failed",
            self.latency.len(),
            self.ran.elapsed.as_secs_f64(),
            self.failures,
        );
        if self.ran.unsent > 0 {
            // A string takes everything, here and below.
            let _infallible = write!(text, ", {} never sent", self.ran.unsent);
        }
        let _infallible = write!(
            text,
            "\nthroughput  {:.0} calls/s\nlatency     {}",
            self.per_second(),
            quantiles_text(&self.latency),
        );
        if self.rate.is_some() {
            let _infallible = write!(text, "\nsent late   {}", quantiles_text(&self.sent_late));
        }
        for (who, us) in [
            ("server", self.ran.cpu.server_us()),
            ("client", self.client_us()),
        ] {
            if let Some(us) = us {
                let _infallible = write!(text, "\n{who} CPU  {us:.2} us per call");
            }
        }
        let buckets = self.buckets();
        let most = buckets.iter().map(|(_, calls)| *calls).max().unwrap_or(0);
        for (us, calls) in buckets {
            let bar = (calls as f64 / most.max(1) as f64 * BAR).ceil() as usize;
            let _infallible = write!(text, "\n<= {us:>9} us {calls:>10} {}", "#".repeat(bar));
        }
        text
    }
}

/// The quantiles that are shown, with their names in JSON and in text.
const QUANTILES: [(f64, &str, &str); 4] = [
    (0.5, "p50", "p50"),
    (0.9, "p90", "p90"),
    (0.99, "p99", "p99"),
    (0.999, "p999", "p99.9"),
];

fn quantiles_json(times: &Histogram<u64>) -> Json {
    let shown = QUANTILES.map(|(q, name, _)| (name.to_owned(), times.value_at_quantile(q).into()));
    let max = ("max".to_owned(), times.max().into());
    Json::Object(shown.into_iter().chain([max]).collect())
}

fn quantiles_text(times: &Histogram<u64>) -> String {
    let shown = QUANTILES.map(|(q, _, name)| format!("{name} {} us", times.value_at_quantile(q)));
    format!("{}, max {} us", shown.join(", "), times.max())
}
