//! Connections to upstreams: TCP, TLS where the URL says so, HTTP/1.1 on top.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use clock::Clock;
use config::BaseUrl;
use degrade::Fault;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Largest head of an answer; larger ones count as garbage.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Opens connections to one base URL.
pub(crate) struct Connector {
    base: BaseUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    timeout: std::time::Duration,
}

/// A connector could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file with trusted authorities is missing or holds none.
    #[error("failed to read certificates from {path}")]
    Authorities {
        /// The file.
        path: String,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The host is not a name that a certificate can carry.
    #[error("`{host}` is not a valid TLS server name")]
    Name {
        /// The host.
        host: String,
    },
    /// The certificate or key does not fit.
    #[error("certificate and key do not fit together")]
    Pair(#[from] rustls::Error),
}

impl Connector {
    pub(crate) fn new(
        base: &BaseUrl,
        authorities: Option<&Path>,
        timeout: std::time::Duration,
    ) -> Result<Self, TlsError> {
        let tls = if base.is_tls {
            let name =
                ServerName::try_from(base.host.clone()).map_err(|_| TlsError::Name { host: base.host.clone() })?;
            Some((TlsConnector::from(client_config(authorities)?), name))
        } else {
            None
        };
        Ok(Self { base: base.clone(), tls, timeout })
    }

    /// A fresh connection, its driver running on the present thread.
    pub(crate) async fn connect(&self, clock: &Clock) -> Result<SendRequest<Full<Bytes>>, Fault> {
        clock.timeout(self.timeout, self.dial()).await.unwrap_or(Err(Fault::Connect))
    }

    async fn dial(&self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        let tcp = TcpStream::connect((self.base.host.as_str(), self.base.port)).await.map_err(|error| fault(&error))?;
        tcp.set_nodelay(true).map_err(|_| Fault::Connect)?;
        let stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some((tls, name)) => {
                let tls = tls.connect(name.clone(), tcp).await.map_err(|_| Fault::Connect)?;
                Stream::Tls(Box::new(tls))
            }
        };
        let (sender, driver) = http1::Builder::new()
            .writev(false)
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Fault::Connect)?;
        tokio::task::spawn_local(async move {
            // Whatever ends the connection is seen by the call that uses it.
            let _ended = driver.await;
        });
        Ok(sender)
    }

    /// One request on a fresh connection, its answer read whole.
    pub(crate) async fn fetch(
        &self,
        clock: &Clock,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Response<Bytes>, Fault> {
        let mut sender = self.connect(clock).await?;
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, bytes_max).collect().await.map_err(|_| Fault::Garbage)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// What a failed dial says about the upstream.
fn fault(error: &io::Error) -> Fault {
    if error.kind() == io::ErrorKind::ConnectionRefused { Fault::Refused } else { Fault::Connect }
}

/// What a broken exchange says about the upstream: it broke off, or it does not speak HTTP.
pub(crate) fn broken(error: &hyper::Error) -> Fault {
    let is_invalid = |kind| matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData);
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    let is_garbage = error.is_parse() || cause.is_some_and(|cause| is_invalid(cause.kind()));
    if is_garbage { Fault::Garbage } else { Fault::Reset }
}

fn client_config(authorities: Option<&Path>) -> Result<Arc<rustls::ClientConfig>, TlsError> {
    let mut roots = rustls::RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in read_certificates(path)? {
                roots.add(certificate)?;
            }
        }
    }
    Ok(Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Authorities { path: path.display().to_string(), source };
    CertificateDer::pem_file_iter(path).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)
}

/// A plain or an encrypted stream.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }
}
