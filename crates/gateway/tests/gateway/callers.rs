//! Callers that send too much, too slowly, or two things at once.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Act, GOOD, Puppet, Rig, header, yaml};

async fn refused_count(rig: &Rig) -> u64 {
    let metrics = rig.gateway.metrics();
    let line = metrics.lines().find(|line| line.starts_with("steadyline_requests_refused_total ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn smuggling_is_refused_and_reaches_nobody() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    let smuggled = "GET /lookup?smuggled HTTP/1.1\r\nHost: gw\r\n\r\n";
    let attacks = [
        // Two lengths.
        format!("GET /lookup HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\nContent-Length: 50\r\n\r\n{smuggled}"),
        // An encoding that another hop might not know.
        format!("GET /lookup HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("GET /lookup HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        // A folded header, a bare NUL, no HTTP at all.
        "GET /lookup HTTP/1.1\r\nHost: gw\r\nX-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n".to_owned(),
        "GET /lookup HTTP/1.1\r\nHost: g\0w\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n".to_owned(),
    ];
    for attack in &attacks {
        let got = rig.send(attack).await;
        assert!(got.status == 400 || got.head.is_empty(), "{attack:?}: {got:?}");
    }
    assert!(crm.heads().iter().all(|head| !head.contains("smuggled")), "{:?}", crm.heads());
    assert!(refused_count(&rig).await >= attacks.len() as u64 - 1);
    assert_eq!(rig.get("/lookup").await.outcome(), "ok", "others are served");
}

#[tokio::test]
async fn of_two_lengths_one_counts_and_nothing_behind_it_is_read() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start(&yaml(crm.address, "", ""));
    // RFC 9112, 6.1: the encoding counts, the length does not, and the connection ends.
    let request = "GET /lookup HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                   0\r\n\r\nGET /lookup?smuggled HTTP/1.1\r\nHost: gw\r\n\r\n";
    let got = rig.send(request).await;
    assert_eq!(header(&got.head, "connection"), Some("close"));
    let heads = crm.heads();
    assert_eq!(heads.len(), 1, "{heads:?}");
    assert_eq!((header(&heads[0], "transfer-encoding"), header(&heads[0], "content-length")), (None, None));
}

#[tokio::test]
async fn oversized_requests_are_refused() {
    let crm = Puppet::start(GOOD).await;
    let config = format!(
        "degrade: {{ upstreams: {{ crm: {{ url: 'http://{}' }} }}, routes: {{ put: {{ path: /put, method: PUT, upstream: crm, requestBytesMax: 10 }} }} }}",
        crm.address
    );
    let rig = Rig::start(&config);
    let declared = "PUT /put HTTP/1.1\r\nHost: gw\r\nContent-Length: 11\r\n\r\nelevenbytes";
    assert_eq!(rig.send(declared).await.status, 413);
    let chunked = "PUT /put HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nelevenbytes\r\n0\r\n\r\n";
    assert_eq!(rig.send(chunked).await.status, 413);
    let head = format!("GET /put HTTP/1.1\r\nHost: gw\r\nX-Big: {}\r\n\r\n", "x".repeat(64 * 1024));
    assert_eq!(rig.send(&head).await.status, 431);
    assert!(crm.heads().is_empty());
}

#[tokio::test]
async fn a_caller_who_dawdles_over_the_body_is_told_so() {
    let crm = Puppet::start(GOOD).await;
    let config = format!(
        "degrade: {{ upstreams: {{ crm: {{ url: 'http://{}' }} }}, routes: {{ put: {{ path: /put, method: PUT, upstream: crm, deadline: 200ms }} }} }}",
        crm.address
    );
    let rig = Rig::start(&config);
    assert_eq!(rig.send("PUT /put HTTP/1.1\r\nHost: gw\r\nContent-Length: 5\r\n\r\nslow").await.status, 408);
}

#[tokio::test]
async fn a_caller_who_dawdles_over_the_head_is_cut_off() {
    let crm = Puppet::start(GOOD).await;
    let rig = Rig::start_scaled(&yaml(crm.address, "", ""), 20);
    let mut stream = TcpStream::connect(rig.gateway.address()).await.unwrap();
    stream.write_all(b"GET /lookup HTTP/1.1\r\nHost: gw\r\nX-Slow: ").await.unwrap();
    let mut rest = Vec::new();
    // Ends when the gateway closes the connection: after ten seconds of its own time, half a second of ours.
    let closed = rig.clock.timeout(Duration::from_secs(300), stream.read_to_end(&mut rest)).await;
    assert!(closed.is_some() && rest.is_empty(), "{rest:?}");
    assert_eq!(refused_count(&rig).await, 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_frees_the_slot() {
    let crm = Puppet::start(Act::Hang).await;
    let rig = Rig::start(&yaml(crm.address, "", "deadline: 20s"));
    let mut stream = TcpStream::connect(rig.gateway.address()).await.unwrap();
    stream.write_all(b"GET /lookup HTTP/1.1\r\nHost: gw\r\n\r\n").await.unwrap();
    rig.until("the call is in flight", || rig.gateway.snapshot().slots.held == 1).await;
    drop(stream);
    rig.until("the slot is free", || rig.gateway.snapshot().slots.held == 0).await;
}
