//! The interface described for machines: `/api/openapi.json`.

use axum::Json;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "矫联 console interface",
        version = "1",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        super::session::node,
        super::certificate::show,
        super::session::show,
        super::session::sign_in,
        super::session::sign_out,
        super::reenrol::begin,
        super::reenrol::requests,
        super::reenrol::approve,
        super::reenrol::reply,
        super::reenrol::take,
        super::stand_in::list,
        super::stand_in::change,
        super::desk::status,
        super::desk::today,
        super::case::list,
        super::case::new,
        super::case::page,
        super::case::texts,
        super::case::save_text,
        super::case::records,
        super::case::timeline,
        super::audit::looks,
        super::audit::list,
        super::audit::findings,
        super::account::file,
        super::matter::list,
        super::matter::page,
        super::tally::day,
        super::alarm::list,
        super::alarm::page,
        super::alarm::explain,
        super::bundle::case,
        super::bundle::matter,
        super::bundle::alarm,
        super::sign::cases,
        super::sign::case,
        super::sign::matter,
        super::sign::alarm,
        super::map::counties,
        super::map::fences,
        super::map::people,
        super::map::person,
        super::map::track,
        super::device::of_case,
        super::device::locate,
        super::device::show,
        super::fence::check,
        super::wall::show,
        super::wall::pin,
        super::network::page,
        super::network::refused,
        super::network::export,
        super::duty::page,
        super::duty::set,
        super::duty::untold,
        super::duty::outages,
        super::duty::hand_overs,
        super::duty::hand_over,
        super::duty::give,
        super::duty::take,
        super::draft::list,
        super::draft::read,
        super::draft::save,
        super::draft::drop,
        super::live::events
    )
)]
struct Document;

/// The description.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

pub(super) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
