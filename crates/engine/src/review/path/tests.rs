//! Ways with redirects, with a proxy, with a certificate, and ways that nobody is let in by.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use clock::Clock;
use genesys::integrations::Action;
use hyper_util::client::proxy::matcher::Matcher;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::Looking;

fn action(url: &str) -> Action {
    let action = json!({
        "id": "a", "name": "Look-up", "config": { "request": { "requestUrlTemplate": url, "requestType": "GET" } },
    });
    serde_json::from_value(action).unwrap()
}

fn looking(proxies: Matcher) -> Looking {
    Looking::by(reqwest::Client::builder().no_proxy(), proxies, &Clock::real()).unwrap()
}

/// A server that leads to `to`, if anywhere; its address.
async fn server(to: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = any(move || {
        let to = to.clone();
        async move {
            match to {
                Some(to) => (StatusCode::FOUND, [("location", to)]),
                None => (StatusCode::OK, [("x-nowhere", String::new())]),
            }
        }
    });
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    format!("http://{address}")
}

#[tokio::test]
async fn redirects_are_followed_and_told_without_their_paths() {
    let end = server(None).await;
    let middle = server(Some(format!("{end}/login;jsessionid=1"))).await;
    let first = server(Some(format!("{middle}/"))).await;
    let path = looking(Matcher::builder().build()).to(&action(&format!("{first}/customers/${{input.id}}?a=b"))).await;
    let path = path.unwrap();
    assert_eq!(path.addresses, ["127.0.0.1"]);
    assert_eq!((path.answered, path.proxy, path.issuer, path.redirects), (true, None, None, vec![middle, end]));
}

#[tokio::test]
async fn whoever_leads_in_a_circle_is_left_after_some_steps() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let circle = Router::new().fallback(any(|| async { (StatusCode::FOUND, [("location", "/again")]) }));
    tokio::spawn(async move { axum::serve(listener, circle).await });
    let path = looking(Matcher::builder().build()).to(&action(&here)).await.unwrap();
    assert_eq!((path.answered, path.redirects), (true, vec![here; super::REDIRECTS_MAX]));
}

#[tokio::test]
async fn a_proxy_is_named_unless_the_host_is_left_out() {
    let end = server(None).await;
    let named = Matcher::builder().all("http://user:secret@proxy.example:3128").build();
    let path = looking(named).to(&action(&end)).await.unwrap();
    assert_eq!(path.proxy.as_deref(), Some("proxy.example:3128"), "and its password is not told");
    let left_out = Matcher::builder().all("http://proxy.example:3128").no("127.0.0.1").build();
    assert_eq!(looking(left_out).to(&action(&end)).await.unwrap().proxy, None);
}

#[tokio::test]
async fn whoever_vouches_for_a_certificate_is_told_also_when_nobody_knows_them() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Inspecting Proxy");
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Acme, Inc.");
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let path = looking(Matcher::builder().build()).to(&action(&url)).await.unwrap();
    let issuer = path.issuer.unwrap();
    assert!(path.answered && issuer.contains("CN=Inspecting Proxy"), "{issuer}");
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_no_address_is_no_way() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let looking = looking(Matcher::builder().build());
    let path = looking.to(&action(&url)).await.unwrap();
    assert_eq!((path.answered, path.addresses), (false, vec!["127.0.0.1".to_owned()]));
    for nowhere in ["${credentials.baseUrl}/customers", "ftp://127.0.0.1/", "http://nowhere.invalid/", ""] {
        assert_eq!(looking.to(&action(nowhere)).await, None, "{nowhere}");
    }
}
