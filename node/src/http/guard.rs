//! What every request must carry and every answer carries: the cross-site guard and the security
//! headers.

use super::error::ApiError;
use super::who::channel;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The header that another site's page can't send without asking first.
pub(super) const GUARD_HEADER: &str = "x-jiaolian";

/// Only this origin's own files run, nothing inline, no frame may hold the page. The console's
/// libraries set element styles through the DOM, which a style directive does not forbid.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; \
     worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=()",
    ),
];

/// Refuses what another site may have caused, and dresses every answer.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let read_only = matches!(*request.method(), Method::GET | Method::HEAD);
    let tls = channel(request.extensions()).tls;
    // A page never sends a body without its length. Two lengths in one request are how one request
    // is smuggled inside another; the HTTP library drops the second one before it is seen here.
    let smuggled = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = if smuggled {
        ApiError::bad_request("length", &[]).into_response()
    } else if read_only || is_own_page(request.headers(), tls) {
        next.run(request).await
    } else {
        ApiError::new("origin_refused").into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Whether the guard header is there and an Origin, where a browser sent one, is this very host.
fn is_own_page(headers: &HeaderMap, tls: bool) -> bool {
    if headers.get(GUARD_HEADER).is_none_or(|value| value != "1") {
        return false;
    }
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => text(header::HeaderName::from_static("sec-fetch-site"))
            .is_none_or(|site| site == "same-origin" || site == "none"),
        (Some(origin), Some(host)) => {
            let scheme = if tls { "https://" } else { "http://" };
            origin.strip_prefix(scheme) == Some(host)
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let entry = |(name, value): &(&'static str, &'static str)| {
            (
                header::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(entry).collect()
    }

    #[test]
    fn only_the_own_origin_with_the_guard_header_may_change_anything() {
        let own = |pairs: &[(&'static str, &'static str)]| is_own_page(&headers(pairs), false);
        let host = ("host", "127.0.0.1:8080");
        assert!(own(&[("x-jiaolian", "1"), host]));
        assert!(own(&[
            ("x-jiaolian", "1"),
            ("origin", "http://127.0.0.1:8080"),
            host
        ]));
        assert!(!own(&[host]));
        assert!(!own(&[
            ("x-jiaolian", "1"),
            ("origin", "http://evil"),
            host
        ]));
        assert!(!own(&[("x-jiaolian", "1"), ("origin", "null"), host]));
        assert!(!own(&[
            ("x-jiaolian", "1"),
            ("sec-fetch-site", "cross-site"),
            host
        ]));
        let secure = ("origin", "https://127.0.0.1:8080");
        let pairs = [("x-jiaolian", "1"), secure, host];
        assert!(!own(&pairs) && is_own_page(&headers(&pairs), true));
    }
}
