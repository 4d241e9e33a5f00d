//! The HTTP door of a node: pages, the JSON interface of the console, live events, health and
//! metrics.

pub mod accept;
mod account;
mod alarm;
mod app;
mod audit;
mod bundle;
mod case;
mod certificate;
mod desk;
mod device;
mod draft;
mod duty;
pub mod error;
mod fence;
mod guard;
mod health;
pub(crate) mod json;
pub mod lan;
mod live;
mod map;
mod matter;
mod network;
mod openapi;
mod page;
mod position;
mod reenrol;
mod retry;
mod session;
mod sign;
mod stand_in;
mod tally;
pub mod text;
mod trace;
mod wall;
mod who;

pub use app::{App, Clock, PASSPHRASES_WAITING_MAX};
pub use json::{BODY_WAIT_MS, JSON_BYTES_MAX, JSON_DEPTH_MAX};
pub use openapi::document as openapi_document;
pub use session::sweep;
pub use trace::{Trace, trace_of};

use crate::web;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

/// Everything that a node serves to browsers, operators and probes.
pub fn router(app: App) -> Router {
    Router::new()
        .nest("/api/v1", interface(&app))
        .route("/api/openapi.json", get(openapi::serve))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/authority.crt", get(certificate::authority))
        .route("/", get(web::index))
        .route("/assets/{name}", get(web::asset))
        .route("/{name}", get(web::top))
        .fallback(absent)
        .layer(middleware::from_fn(guard::guard))
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .with_state(app)
}

fn interface(app: &App) -> Router<App> {
    Router::new()
        .route("/node", get(session::node))
        .route("/certificate", get(certificate::show))
        .route(
            "/session",
            get(session::show)
                .post(session::sign_in)
                .delete(session::sign_out),
        )
        .route("/reenrol", post(reenrol::begin))
        .route("/reenrol/requests", get(reenrol::requests))
        .route("/reenrol/approvals", post(reenrol::approve))
        .route("/reenrol/replies", post(reenrol::take))
        .route("/reenrol/replies/{office}", get(reenrol::reply))
        .route("/stand-ins", get(stand_in::list).post(stand_in::change))
        .route("/status", get(desk::status))
        .route("/today", get(desk::today))
        .route("/cases", get(case::list).post(sign::cases))
        .route("/cases/new", get(case::new))
        .route("/cases/{id}", get(case::page))
        .route("/cases/{id}/texts", get(case::texts))
        .route("/cases/{id}/texts/{name}", put(case::save_text))
        .route("/cases/{id}/records", get(case::records))
        .route("/cases/{id}/timeline", get(case::timeline))
        .route("/cases/{id}/looks", get(audit::looks))
        .route("/cases/{id}/bundle", get(bundle::case))
        .route("/cases/{id}/devices", get(device::of_case))
        .route("/cases/{id}/events", post(sign::case))
        .route("/matters", get(matter::list))
        .route("/matters/{id}", get(matter::page))
        .route("/matters/{id}/bundle", get(bundle::matter))
        .route("/matters/{id}/events", post(sign::matter))
        .route("/people/{person}/tally", get(tally::day))
        .route("/alarms", get(alarm::list))
        .route("/alarms/{id}", get(alarm::page))
        .route("/alarms/{id}/explain", get(alarm::explain))
        .route("/alarms/{id}/bundle", get(bundle::alarm))
        .route("/alarms/{id}/events", post(sign::alarm))
        .route("/map/counties", get(map::counties))
        .route("/map/fences", get(map::fences))
        .route("/map/people", get(map::people))
        .route("/map/people/{id}", get(map::person))
        .route("/map/track", get(map::track))
        .route("/devices/{terminal}/locate", post(device::locate))
        .route("/devices/{terminal}/text", post(device::show))
        .route("/fences/check", post(fence::check))
        .route("/wall", get(wall::show).post(wall::pin))
        .route("/network", get(network::page))
        .route("/network/refused", get(network::refused))
        .route("/network/refused/export", get(network::export))
        .route("/audit", get(audit::list))
        .route("/audit/findings", get(audit::findings))
        .route("/account", get(account::file))
        .route("/duty", get(duty::page).post(duty::set))
        .route("/duty/untold", get(duty::untold))
        .route("/duty/outages", get(duty::outages))
        .route("/duty/hand-overs", get(duty::hand_overs).post(duty::give))
        .route(
            "/duty/hand-overs/{id}",
            get(duty::hand_over).post(duty::take),
        )
        .route("/drafts", get(draft::list))
        .route(
            "/drafts/{key}",
            get(draft::read).put(draft::save).delete(draft::drop),
        )
        .route("/events", get(live::events))
        .fallback(absent)
        .layer(middleware::from_fn_with_state(app.clone(), retry::retry))
        .layer(middleware::from_fn_with_state(app.clone(), trace::trace))
}

async fn absent() -> Response {
    error::ApiError::not_found().into_response()
}

async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    app.metrics.answered(response.status().as_u16());
    response
}
