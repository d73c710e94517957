//! Do the systems behind the gateway answer from here?

use std::net::SocketAddr;
use std::time::Duration;

use clock::Clock;
use config::{BaseUrl, ClientCredentials, Credential, Probe, Upstream};
use reqwest::{Certificate, Client, Method, redirect};
use secrecy::ExposeSecret as _;
use tokio::net::{TcpStream, lookup_host};
use url::form_urlencoded::byte_serialize;

use super::check::{Check, chain};

/// A name that takes longer to resolve is none.
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);
/// A token that takes longer is none.
const TOKEN_WITHIN: Duration = Duration::from_secs(10);

/// Resolves, connects, and asks what the probe asks; what depends on a failed step is not tried.
pub(super) async fn check(upstream: &Upstream, clock: &Clock) -> Vec<Check> {
    let check = |what: &str| Check::new("upstreams", &format!("{} {what}", upstream.name));
    let addresses = match resolve(&upstream.base, clock).await {
        Ok(addresses) => addresses,
        Err(why) => {
            let fix = "check the host in the upstream's `url`, and this machine's name service";
            return vec![check("address").bad(why, fix)];
        }
    };
    let connected = connect(&addresses, upstream.connect_timeout, clock).await;
    let mut checks = vec![match connected {
        Ok(address) => check("address").good(format!("{} connects at {address}", upstream.base)),
        Err(why) => {
            let fix = "check that the upstream runs, and that firewalls let this machine through";
            return vec![check("address").bad(why, fix)];
        }
    }];
    checks.push(match &upstream.probe {
        None => check("probe").advice(
            "there is none, so callers find out whether it is back",
            "add `probe` with the real look-up on a record kept for it",
        ),
        Some(probe) => match ask(upstream, probe, clock).await {
            Ok(told) => check("probe").good(told),
            Err((why, fix)) => check("probe").bad(why, fix),
        },
    });
    checks
}

async fn resolve(base: &BaseUrl, clock: &Clock) -> Result<Vec<SocketAddr>, String> {
    let host = &base.host;
    match clock.timeout(RESOLVE_WITHIN, lookup_host((host.as_str(), base.port))).await {
        None => Err(format!("{host} does not resolve within {} s", RESOLVE_WITHIN.as_secs())),
        Some(Err(error)) => Err(format!("{host} does not resolve: {error}")),
        Some(Ok(addresses)) => Ok(addresses.collect()),
    }
}

/// The first address that takes a connection; or why the last did not.
async fn connect(addresses: &[SocketAddr], within: Duration, clock: &Clock) -> Result<SocketAddr, String> {
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match clock.timeout(within, TcpStream::connect(address)).await {
            Some(Ok(_)) => return Ok(*address),
            Some(Err(error)) => why = format!("{address}: {error}"),
            None => why = format!("{address}: no connection within {} ms", within.as_millis()),
        }
    }
    Err(why)
}

/// What was wrong, and what to do.
type Wrong = (String, &'static str);

async fn ask(upstream: &Upstream, probe: &Probe, clock: &Clock) -> Result<String, Wrong> {
    let client = client(upstream)?;
    let url = format!("{}{}", upstream.base, probe.path);
    let method = probe.method.parse::<Method>().unwrap_or(Method::GET);
    let mut request = client.request(method, url).timeout(probe.timeout);
    if let Some(body) = &probe.body {
        request = request.header("content-type", "application/json").body(body.clone());
    }
    if let Some(auth) = upstream.auth.as_ref().filter(|_| probe.is_authenticated) {
        request = request.bearer_auth(token(&client, auth).await?);
    }
    let began = clock.mono();
    let answer = request.send().await.map_err(|error| {
        (chain(&error.without_url()), "ask the same with another client; raise the probe's `timeout` if it is slow")
    })?;
    let (status, took) = (answer.status(), clock.mono().since(began));
    if status.is_success() {
        return Ok(format!("{status} after {} ms", took.as_millis()));
    }
    Err((format!("it answers {status}"), "correct the probe's `path`, or mend the upstream"))
}

fn client(upstream: &Upstream) -> Result<Client, Wrong> {
    let fix = "check the PEM file in `authorities`";
    let mut builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    if let Some(path) = &upstream.authorities {
        let pem = std::fs::read(path).map_err(|error| (format!("{}: {error}", path.display()), fix))?;
        let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| (chain(&error), fix))?;
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(|error| (chain(&error), fix))
}

/// A token by the first credential that is accepted.
async fn token(client: &Client, auth: &ClientCredentials) -> Result<String, Wrong> {
    let mut wrong = None;
    for credential in std::iter::once(&auth.primary).chain(&auth.backup) {
        match token_by(client, auth, credential).await {
            Ok(token) => return Ok(token),
            Err(why) => wrong = Some(why),
        }
    }
    let why = wrong.unwrap_or_default();
    Err((format!("no token from {}: {why}", auth.token_url), "check `auth`: address, client and secret"))
}

async fn token_by(client: &Client, auth: &ClientCredentials, credential: &Credential) -> Result<String, String> {
    let mut form = vec![("grant_type", "client_credentials")];
    if let Some(scope) = &auth.scope {
        form.push(("scope", scope));
    }
    // Both halves are escaped like form values before they are joined (RFC 6749, 2.3.1).
    let escape = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let request = client
        .post(auth.token_url.to_string())
        .basic_auth(escape(&credential.id), Some(escape(credential.secret.expose_secret())))
        .timeout(TOKEN_WITHIN)
        .form(&form);
    let answer = request.send().await.map_err(|error| chain(&error.without_url()))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("client {} is answered {status}", credential.id));
    }
    let body: serde_json::Value = answer.json().await.map_err(|error| chain(&error.without_url()))?;
    body["access_token"].as_str().map(ToOwned::to_owned).ok_or_else(|| "the answer has no access_token".to_owned())
}
