//! The way from this machine to what a Data Action asks.
//!
//! What can be seen without asking anything of the system itself: the addresses of its name, the proxy in between, who
//! vouches for its certificate, and where its root leads. One `HEAD /` without credentials is all that is sent.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use clock::Clock;
use genesys::integrations::Action;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response};
use review::Path;
use url::Url;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// The longest that a look may take, redirects and all.
const TIME_MAX: Duration = Duration::from_secs(10);
/// So many redirects are followed.
const REDIRECTS_MAX: usize = 5;

/// Looks at ways.
pub(super) struct Looking {
    client: Client,
    proxies: Matcher,
    clock: Clock,
}

impl Looking {
    /// By the proxies of this process; `None` when no client could be made.
    pub(super) fn new(clock: &Clock) -> Option<Self> {
        Self::by(Client::builder(), Matcher::from_env(), clock)
    }

    fn by(client: reqwest::ClientBuilder, proxies: Matcher, clock: &Clock) -> Option<Self> {
        // It is to be seen who vouches for the certificate, above all where that is nobody whom we know: a proxy that
        // opens TLS. Nothing is believed and nothing is sent that is secret.
        let client = client.redirect(Policy::none()).tls_info(true).tls_danger_accept_invalid_certs(true);
        Some(Self { client: client.build().ok()?, proxies, clock: clock.clone() })
    }

    /// The way to what a Data Action asks; `None` when its address is not written in it, or its name cannot be resolved
    /// here.
    pub(super) async fn to(&self, action: &Action) -> Option<Path> {
        let url = action.config.as_ref()?.pointer("/request/requestUrlTemplate")?.as_str()?;
        let mut url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        let uri: Uri = url.as_str().parse().ok()?;
        let proxy = self.proxies.intercept(&uri).and_then(|proxy| Some(proxy.uri().authority()?.to_string()));
        let mut path = Path { proxy, addresses: addresses(&url).await?, ..Path::default() };
        // Whoever does not let this machine in is seen as far as its name and the proxy go.
        self.clock.timeout(TIME_MAX, self.follow(url, &mut path)).await;
        Some(path)
    }

    async fn follow(&self, mut url: Url, path: &mut Path) {
        let mut redirects = Vec::new();
        loop {
            let Ok(response) = self.client.head(url.clone()).send().await else { return };
            if redirects.is_empty() {
                path.issuer = issuer(&response);
            }
            let next = next(&url, &response).filter(|_| redirects.len() < REDIRECTS_MAX);
            let Some(next) = next else { break };
            redirects.push(origin(&next));
            url = next;
        }
        (path.answered, path.redirects) = (true, redirects);
    }
}

/// What the name of its host stands for, here.
async fn addresses(url: &Url) -> Option<Vec<String>> {
    let (host, port) = (url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?);
    let resolved = tokio::task::spawn_blocking(move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect));
    let addresses: Vec<SocketAddr> = resolved.await.ok()?.ok()?;
    let mut addresses: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    addresses.sort();
    addresses.dedup();
    Some(addresses)
}

/// Who vouches for the certificate, as RFC 4514 writes names.
fn issuer(response: &Response) -> Option<String> {
    let certificate = response.extensions().get::<TlsInfo>()?.peer_certificate()?;
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate().issuer().to_string())
}

fn next(url: &Url, response: &Response) -> Option<Url> {
    let is_redirect = response.status().is_redirection();
    let to = response.headers().get(LOCATION).filter(|_| is_redirect)?.to_str().ok()?;
    url.join(to).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Without what only this request has: paths may hold the id of a session.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
#[path = "path/tests.rs"]
mod tests;
