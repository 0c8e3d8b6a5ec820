//! Plugins at the admin server: all of them, one, and what an operator does to one. Everything is JSON, errors too.
//!
//! A change asks for a JSON body, even an empty object: a page in the operator's browser cannot send that to another place without
//! being asked for leave first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use wubbo_plugin::{PluginError, PluginErrorKind, PluginStatus};

use super::Subject;

/// To which generation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RollBack {
    /// The first digits of its digest; the one before the live one when it is left out.
    to: Option<String>,
}

/// Nothing more to say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Kind and name in the path.
type Identity = Path<(String, String)>;

pub(super) async fn all(State(subject): State<Arc<Subject>>) -> Response {
    Json(subject.plugins.status()).into_response()
}

pub(super) async fn one(
    State(subject): State<Arc<Subject>>,
    Path((kind, name)): Identity,
) -> Response {
    answer(subject.plugins.plugin(&format!("{kind}/{name}")))
}

pub(super) async fn roll_back(
    State(subject): State<Arc<Subject>>,
    Path((kind, name)): Identity,
    asked: Result<Json<RollBack>, JsonRejection>,
) -> Response {
    let Json(asked) = match asked {
        Ok(asked) => asked,
        Err(rejection) => return refused(&rejection),
    };
    let identity = format!("{kind}/{name}");
    // Whoever asks may go away; what was begun is then done all the same.
    answer(
        subject
            .plugins
            .roll_back(&identity, asked.to.as_deref())
            .await,
    )
}

pub(super) async fn clear_quarantine(
    State(subject): State<Arc<Subject>>,
    Path((kind, name)): Identity,
    asked: Result<Json<Nothing>, JsonRejection>,
) -> Response {
    if let Err(rejection) = asked {
        return refused(&rejection);
    }
    let identity = format!("{kind}/{name}");
    answer(subject.plugins.clear_quarantine(&identity).await)
}

fn answer(done: Result<PluginStatus, PluginError>) -> Response {
    match done {
        Ok(plugin) => Json(plugin).into_response(),
        Err(error) => failure(
            status(error.kind()),
            error.kind().name(),
            &error.to_string(),
        ),
    }
}

/// What the operator asked for cannot be (400), is not there (404), or does not fit what there is (409); the rest is the host's (500).
fn status(kind: PluginErrorKind) -> StatusCode {
    match kind {
        PluginErrorKind::Argument => StatusCode::BAD_REQUEST,
        PluginErrorKind::Unknown => StatusCode::NOT_FOUND,
        PluginErrorKind::Engine | PluginErrorKind::Directory => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}

fn refused(rejection: &JsonRejection) -> Response {
    failure(rejection.status(), "argument", &rejection.body_text())
}

fn failure(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({ "error": { "kind": kind, "message": message } });
    (status, Json(body)).into_response()
}
