//! The WebSocket on the loopback address: one binary message is one request or one response, without a length before it.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use rfdb_protocol::{Handler, Request, Response, decode_request};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{
    ErrorResponse, Request as Handshake, Response as Accepted,
};
use tokio_tungstenite::tungstenite::http::{StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::net::listener::{Place, Shared};

/// Refuses web pages of other hosts. A browser lets any page connect to the loopback address, but tells where the page
/// is from; programs send no origin.
#[allow(
    clippy::result_large_err,
    reason = "the type of the error is the library's"
)]
fn check_origin(request: &Handshake, response: Accepted) -> Result<Accepted, ErrorResponse> {
    let origin = request.headers().get(header::ORIGIN);
    let foreign = origin.is_some_and(|origin| {
        let host = origin
            .to_str()
            .ok()
            .and_then(|origin| {
                origin
                    .strip_prefix("http://")
                    .or_else(|| origin.strip_prefix("https://"))
                    .map(|host| host.to_owned())
                    // Not a web page, for instance an editor's own scheme.
                    .or_else(|| Some("localhost".to_owned()))
            })
            .unwrap_or_default();
        let name = if host.starts_with('[') {
            host.split_inclusive(']').next().unwrap_or_default()
        } else {
            host.split(':').next().unwrap_or_default()
        };
        !matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    });
    if foreign {
        let mut refused =
            ErrorResponse::new(Some("this origin may not connect to the database".into()));
        *refused.status_mut() = StatusCode::FORBIDDEN;
        return Err(refused);
    }
    Ok(response)
}

async fn send(
    shared: &Shared,
    stream: &mut WebSocketStream<TcpStream>,
    response: &Response,
    request_id: Option<&str>,
) -> bool {
    let limit = shared.limits.response_bytes;
    let mut out = Vec::new();
    super::connection::push_response(&mut out, response, request_id, limit);
    let message = out.split_off(rfdb_protocol::frame::HEADER_BYTES);
    let sent = timeout(
        shared.limits.write_time,
        stream.send(Message::Binary(message.into())),
    );
    matches!(sent.await, Ok(Ok(())))
}

pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, place: Option<Place>) {
    let limit = Some(shared.limits.request_bytes);
    let config = WebSocketConfig::default()
        .max_message_size(limit)
        .max_frame_size(limit);
    let handshake =
        tokio_tungstenite::accept_hdr_async_with_config(stream, check_origin, Some(config));
    let mut stream = match timeout(shared.limits.frame_pause, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::info!("WebSocket handshake failed: {error}");
            return;
        }
        Err(_) => return,
    };
    let Some(_place) = place else {
        send(&shared, &mut stream, &shared.full(), None).await;
        let _ = stream.close(None).await;
        return;
    };
    let session = shared.dispatcher.detached_session();
    let number = session.number();
    tracing::info!("Client {number} connected by WebSocket");
    let mut stopped = shared.stop.subscribe();
    loop {
        let message = tokio::select! {
            message = stream.next() => message,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                let incoming = decode_request(&bytes);
                let ends_server = matches!(incoming.request, Ok(Request::Shutdown));
                let response = match incoming.request {
                    Ok(request) => tokio::task::block_in_place(|| {
                        session.reset_cancel();
                        session.handle(request)
                    }),
                    Err(error) => error.into(),
                };
                let request_id = incoming.request_id.as_deref();
                if !send(&shared, &mut stream, &response, request_id).await {
                    break;
                }
                if ends_server && matches!(response, Response::Ok { .. }) {
                    shared.stop.send_replace(true);
                    break;
                }
            }
            Some(Ok(Message::Text(_))) => {
                tracing::warn!("Client {number} sent a text message; requests are binary");
            }
            Some(Ok(Message::Close(_))) | None => break,
            // The library answers pings by itself.
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::info!("Client {number}: {error}");
                break;
            }
        }
    }
    let _ = timeout(std::time::Duration::from_secs(1), stream.close(None)).await;
    tracing::info!("Client {number} disconnected");
}
