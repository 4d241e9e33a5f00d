//! The console's files, inside the binary, so a page can't be of another version than its node.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../web-ui/dist"]
#[allow_missing = true]
struct Dist;

/// The first page.
pub async fn index() -> Response {
    match Dist::get("index.html") {
        Some(file) => answer("index.html", file, "no-cache"),
        None => missing(),
    }
}

/// A file beside the first page.
pub async fn top(Path(name): Path<String>) -> Response {
    find(&name, "no-cache")
}

/// A file whose name holds the hash of its content.
pub async fn asset(Path(name): Path<String>) -> Response {
    find(
        &format!("assets/{name}"),
        "public, max-age=31536000, immutable",
    )
}

fn find(name: &str, cache: &'static str) -> Response {
    match Dist::get(name) {
        Some(file) if !name.contains("..") => answer(name, file, cache),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(name: &str, file: EmbeddedFile, cache: &'static str) -> Response {
    let kind = mime_guess::from_path(name)
        .first_or_octet_stream()
        .to_string();
    let kind = if kind.starts_with("text/") {
        format!("{kind}; charset=utf-8")
    } else {
        kind
    };
    let mut response = Body::from(file.data.into_owned()).into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn missing() -> Response {
    let text = "This build holds no console: build web-ui, then the node.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
