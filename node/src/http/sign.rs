//! Signing: one form for every event. What needs the passphrase opens the officer's key with the
//! one of this request.

use super::app::App;
use super::case::id;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::json::Strict;
use super::who::Who;
use crate::key::OfficerKey;
use crate::owner::{Access, Hand, Looked, Place, SignRequest, refuse_key};
use crate::view::shape::{DryRun, Signed};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::{DossierId, EnvelopeId};
use jiaolian_schema::suite::Sign as _;
use serde::Deserialize;
use serde_json::{Map, Value as Json_};
use std::sync::Arc;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// What a signature asks of its officer: the passphrase, or the PIN of the officer's UKey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    #[serde(default)]
    passphrase: Option<String>,
    #[serde(default)]
    pin: Option<String>,
}

/// What is signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignForm {
    event: String,
    #[schema(value_type = Object)]
    fields: Map<String, Json_>,
    #[serde(default)]
    section_id: Option<String>,
    #[serde(default)]
    sign: Option<Proof>,
    #[serde(default)]
    dry_run: bool,
}

#[utoipa::path(post, path = "/api/v1/cases", request_body = SignForm, responses(
    (status = 200, body = DryRun), (status = 201, body = Signed), (status = 401, body = ErrorBody),
    (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn cases(
    State(app): State<App>,
    who: Who,
    Strict(form): Strict<SignForm>,
) -> ApiResult<Response> {
    sign(&app, who, Place::Cases, form).await
}

#[utoipa::path(post, path = "/api/v1/cases/{id}/events", request_body = SignForm,
    params(("id" = String, Path)), responses(
    (status = 200, body = DryRun), (status = 201, body = Signed), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(super) async fn case(
    State(app): State<App>,
    who: Who,
    Path(case): Path<String>,
    Strict(form): Strict<SignForm>,
) -> ApiResult<Response> {
    sign(
        &app,
        who,
        Place::Case(id(DossierId::from_hex, &case)?),
        form,
    )
    .await
}

#[utoipa::path(post, path = "/api/v1/matters/{id}/events", request_body = SignForm,
    params(("id" = String, Path)), responses(
    (status = 200, body = DryRun), (status = 201, body = Signed), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(super) async fn matter(
    State(app): State<App>,
    who: Who,
    Path(matter): Path<String>,
    Strict(form): Strict<SignForm>,
) -> ApiResult<Response> {
    sign(
        &app,
        who,
        Place::Matter(id(EnvelopeId::from_hex, &matter)?),
        form,
    )
    .await
}

#[utoipa::path(post, path = "/api/v1/alarms/{id}/events", request_body = SignForm,
    params(("id" = String, Path)), responses(
    (status = 200, body = DryRun), (status = 201, body = Signed), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(super) async fn alarm(
    State(app): State<App>,
    who: Who,
    Path(alarm): Path<String>,
    Strict(form): Strict<SignForm>,
) -> ApiResult<Response> {
    sign(
        &app,
        who,
        Place::Alarm(id(DossierId::from_hex, &alarm)?),
        form,
    )
    .await
}

async fn sign(app: &App, who: Who, place: Place, form: SignForm) -> ApiResult<Response> {
    let viewer = Arc::clone(&who.session.viewer);
    let mut ask = SignRequest {
        event: form.event,
        fields: form.fields,
        section_id: form.section_id,
        strong: false,
    };
    if form.dry_run {
        if form.sign.is_some() {
            return Err(ApiError::bad_request("dry_run", &[]));
        }
        let dry = app
            .look(move |node| {
                let dry = node.try_event(&viewer, place, &ask)?;
                let access = Access::new(node, &viewer, Looked::Tried);
                node.note_access(match place {
                    Place::Cases => access,
                    Place::Case(dossier) | Place::Alarm(dossier) => access.of(dossier),
                    Place::Matter(matter) => access.about(matter),
                })?;
                Ok(dry)
            })
            .await?;
        return Ok(Json(dry).into_response());
    }
    let mut key = Arc::clone(&who.session.key);
    if let Some(proof) = form.sign {
        key = Arc::new(prove(app, &viewer.staff_number, key, proof).await?);
        ask.strong = true;
    }
    let hand = Hand { viewer, key };
    let signed = app
        .call(move |node| node.sign_event(&hand, place, &ask))
        .await?;
    Ok((StatusCode::CREATED, Json(signed)).into_response())
}

/// The key, proved to be in its officer's hand now.
pub(super) async fn prove(
    app: &App,
    staff_number: &str,
    key: Arc<OfficerKey>,
    proof: Proof,
) -> ApiResult<OfficerKey> {
    match (proof.passphrase, proof.pin, key.ukey().cloned()) {
        (Some(passphrase), None, None) => {
            let number = staff_number.to_owned();
            let opened = app.open_key(number, passphrase, "passphrase_wrong").await?;
            if opened.key.public_key() != key.public_key() {
                return Err(ApiError::new("not_allowed"));
            }
            Ok(opened.key)
        }
        (None, Some(pin), Some(ukey)) => {
            let pin = Zeroizing::new(pin);
            // A device is slow, and the node's own thread must not wait for one that is absent.
            let checking = tokio::task::spawn_blocking(move || {
                let checked = ukey.with_pin(pin)?;
                ukey.remember(&checked);
                Ok(OfficerKey::Ukey(checked))
            });
            let checked = checking.await.map_err(|_| ApiError::new("fault"))?;
            checked.map_err(|error| refuse_key(&error))
        }
        (Some(_), None, Some(_)) => Err(ApiError::new("ukey_pin")),
        _ => Err(ApiError::bad_request("proof", &[])),
    }
}
