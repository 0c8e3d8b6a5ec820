//! The admin HTTP server: is it alive, may it have traffic, what did it count, what has it loaded.
//!
//! | path | answer |
//! |---|---|
//! | `/health` | 200 as long as the process can answer |
//! | `/ready` | 200 when every listener is bound and every required plugin live, else 503; the reason in both |
//! | `/metrics` | Prometheus / OpenMetrics text |
//! | `/plugins` | every plugin with its generation, state, last error and counters, and the state of the directory |
//! | `/plugins/{kind}/{name}` | one plugin with its generations: live, draining, kept |
//! | `POST /plugins/{kind}/{name}/rollback` | goes back to the generation before, or to a named one |
//! | `POST /plugins/{kind}/{name}/quarantine/clear` | ends a quarantine |
//! | `POST /explain` | which provider each router and the balancer would keep or drop for a described call, and why |
//!
//! It has no authentication and belongs on loopback.

mod exposition;
mod plugins;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use wubbo_core::{Error, ErrorKind, Tasks};
use wubbo_plugin::PluginHost;

use crate::explain::{Question, to_json};
use crate::gateway::Gateway;
use crate::metrics::Metrics;

/// What the admin server shows.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// What calls counted.
    pub(crate) metrics: Arc<Metrics>,
    /// What is loaded.
    pub(crate) plugins: Arc<PluginHost>,
    /// Why the host is not ready; `None` when it is.
    pub(crate) not_ready: watch::Receiver<Option<String>>,
    /// Who explains calls; empty until the gateway is up.
    pub(crate) gateway: Arc<OnceLock<Arc<Gateway>>>,
}

/// A running admin server; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Admin {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Tasks,
}

impl Admin {
    /// Binds `listen` (`host:port`) and serves `subject`.
    ///
    /// # Errors
    /// The address cannot be bound; the message names it.
    pub(crate) async fn start(listen: &str, subject: Subject) -> Result<Self, Error> {
        let bound = async {
            let listener = TcpListener::bind(listen).await?;
            let address = listener.local_addr()?;
            Ok::<_, std::io::Error>((listener, address))
        };
        let (listener, address) = bound.await.map_err(|error| {
            Error::with_source(
                ErrorKind::Config,
                format!("the admin server cannot listen on {listen}"),
                error,
            )
        })?;
        let (stop, mut stopped) = watch::channel(false);
        let router = Router::new()
            .route("/health", get(|| async { "ok\n" }))
            .route("/ready", get(ready))
            .route("/metrics", get(metrics))
            .route("/plugins", get(plugins::all))
            .route("/plugins/{kind}/{name}", get(plugins::one))
            .route("/plugins/{kind}/{name}/rollback", post(plugins::roll_back))
            .route(
                "/plugins/{kind}/{name}/quarantine/clear",
                post(plugins::clear_quarantine),
            )
            .route("/explain", post(explain))
            .with_state(Arc::new(subject));
        let tasks = Tasks::new("admin");
        tasks.spawn(async move {
            let until = async move {
                // An error means that the sender is gone, which is a stop too.
                let _stopped_or_gone = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, router)
                .with_graceful_shutdown(until)
                .await
            {
                tracing::error!(%error, "the admin server ended");
            }
        });
        Ok(Self {
            address,
            stop,
            tasks,
        })
    }

    /// The bound address.
    #[must_use]
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers what was asked, then closes; waits 1 s at most.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        self.tasks.join(Duration::from_secs(1)).await;
    }
}

async fn ready(State(subject): State<Arc<Subject>>) -> Response {
    let reason = subject.not_ready.borrow().clone();
    match reason {
        None => "ready\n".into_response(),
        Some(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {reason}\n"),
        )
            .into_response(),
    }
}

async fn metrics(State(subject): State<Arc<Subject>>) -> Response {
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(header::CONTENT_TYPE, content)],
        exposition::text(&subject.metrics, &subject.plugins),
    )
        .into_response()
}

async fn explain(
    State(subject): State<Arc<Subject>>,
    question: Result<axum::Json<Question>, JsonRejection>,
) -> Response {
    let refused = |status: StatusCode, reason: String| (status, reason + "\n").into_response();
    let question = match question {
        Ok(axum::Json(question)) => question,
        Err(rejection) => return refused(rejection.status(), rejection.body_text()),
    };
    let Some(gateway) = subject.gateway.get() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "the gateway is not up yet".to_owned(),
        );
    };
    match gateway.explain(&question).await {
        Ok(explanation) => axum::Json(to_json(&explanation)).into_response(),
        Err(error) => refused(StatusCode::BAD_REQUEST, error.to_string()),
    }
}
