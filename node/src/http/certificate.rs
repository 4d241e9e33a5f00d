//! What a PC needs to trust this node on the local network: the authority's certificate and its
//! fingerprint, to be compared over the telephone.

use super::app::App;
use super::error::{ApiError, ApiResult};
use super::text::Text;
use crate::certificate::digits;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiaolian_schema::id::hex;
use serde::Serialize;
use utoipa::ToSchema;

/// The certificate of this node's pages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateShape {
    /// `open`, or why the door of the local network is shut.
    state: String,
    /// That in words, or a reminder; none when all is well.
    note: Option<Text>,
    /// What the certificate calls this node.
    names: Vec<String>,
    /// Its last instant, ms UTC.
    until: Option<i64>,
    /// SHA-256 of the authority's certificate, hexadecimal, as browsers show it.
    fingerprint: Option<String>,
    /// The same as eight groups of five digits, to be read over the telephone.
    digits: Option<String>,
    /// Where the authority's certificate can be fetched.
    authority: Option<String>,
}

/// What anybody on the local network may know of it.
#[utoipa::path(get, path = "/api/v1/certificate", responses((status = 200, body = CertificateShape)))]
pub(super) async fn show(State(app): State<App>) -> Json<CertificateShape> {
    let lan = &app.lan;
    let fingerprint = lan.fingerprint();
    Json(CertificateShape {
        state: lan.shut().map_or("open", |shut| shut.word()).to_owned(),
        note: lan.notice(app.now()).map(|(_, note)| note),
        names: lan.names().to_vec(),
        until: lan.until(),
        fingerprint: fingerprint.map(|bytes| hex(&bytes)),
        digits: fingerprint.map(|bytes| digits(&bytes)),
        authority: fingerprint.map(|_| "/authority.crt".to_owned()),
    })
}

/// The authority's certificate, as Windows and phones install it. It is public; that it is the right
/// one only its fingerprint tells.
pub(super) async fn authority(State(app): State<App>) -> ApiResult<Response> {
    let der = app.lan.authority().ok_or(ApiError::not_found())?.to_vec();
    let mut response = der.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/x-x509-ca-cert");
    headers.insert(header::CONTENT_TYPE, kind);
    let name = HeaderValue::from_static("attachment; filename=\"authority.crt\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
