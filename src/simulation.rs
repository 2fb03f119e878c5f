//! The route by which `dasan simulate --live` plays into a running center. Never there without
//! `--simulation`, never for another machine.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hub::Hub;
use std::net::SocketAddr;

/// Bytes of a request: a thousand commands fit.
const BODY_MAX: usize = 1 << 20;

/// The route, for [`web::Settings`].
pub fn routes(hub: Hub) -> Router {
    Router::new()
        .route("/simulation/commands", post(commands))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(hub)
}

async fn commands(
    State(hub): State<Hub>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // A page of another site can neither send this type nor leave out its origin.
    let json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    let stranger = !peer.ip().to_canonical().is_loopback();
    if stranger || !json || headers.contains_key(header::ORIGIN) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match simulator::answer_live(&hub, &body).await {
        Ok(answers) => ([(header::CONTENT_TYPE, "application/json")], answers).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}
