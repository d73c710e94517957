//! Connections, some of which are reset instead of answered.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// The most connections at one time; the next one is closed at once.
const CONNECTIONS_MAX: usize = 4_000;

/// Marks a response that must never be sent: the connection is reset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reset;

impl Reset {
    pub(crate) fn response() -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Self);
        response
    }
}

/// Serves until it is told to stop, then lets answers that are under way finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let told = Arc::new(watch::Sender::new(false));
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                while connections.try_join_next().is_some() {}
                let Ok((stream, _)) = accepted else {
                    // Out of file handles, most likely: let some connections end first.
                    connections.join_next().await;
                    continue;
                };
                if connections.len() < CONNECTIONS_MAX {
                    connections.spawn(converse(stream, router.clone(), told.subscribe()));
                }
            }
            () = is_set(&mut stopped) => break,
        }
    }
    drop(listener);
    told.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn converse(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    // Small answers must not wait for each other; a system that cannot do this still answers.
    let _ = stream.set_nodelay(true);
    // Without lingering, a connection that is dropped in the middle is reset.
    let _ = stream.set_zero_linger();
    let answer = service_fn(move |request: hyper::Request<Incoming>| ask(router.clone(), request.map(Body::new)));
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection.with_upgrades());
    tokio::select! {
        // Whatever ends a connection is the business of whoever was at the other end.
        _ = connection.as_mut() => return,
        () = is_set(&mut stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Answers one request, unless the connection is to be reset.
pub(crate) async fn ask(router: Router, request: hyper::Request<Body>) -> io::Result<Response> {
    let Ok(response) = router.oneshot(request).await;
    match response.extensions().get::<Reset>() {
        Some(Reset) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        None => Ok(response),
    }
}

/// Waits until it is told to stop; a handle that is gone without a word keeps it running.
async fn is_set(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending::<()>().await;
    }
}
