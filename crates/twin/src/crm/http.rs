//! The little HTTP/1.1 that a CRM needs: read a request, write an answer.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest head and the longest body of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request, as far as a CRM reads it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) keeps_alive: bool,
}

/// A connection, with what was read beyond the last request.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    ahead: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    /// The next request; `None` when the other side is done, or does not speak HTTP.
    pub(super) async fn request(&mut self) -> Option<Request> {
        let head_end = loop {
            if let Some(at) = find(&self.ahead, b"\r\n\r\n") {
                break at;
            }
            if self.ahead.len() > HEAD_BYTES_MAX {
                return None;
            }
            self.read_more().await?;
        };
        let head = String::from_utf8(self.ahead[..head_end].to_vec()).ok()?;
        self.ahead.drain(..head_end + 4);
        let (mut request, length) = parse(&head)?;
        if length > BODY_BYTES_MAX {
            return None;
        }
        while self.ahead.len() < length {
            self.read_more().await?;
        }
        request.body = self.ahead.drain(..length).collect();
        Some(request)
    }

    /// Writes a whole answer; false when the other side is gone.
    pub(super) async fn answer(&mut self, status: &str, headers: &str, body: &str) -> bool {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        self.write(answer.as_bytes()).await
    }

    /// Writes bytes; false when the other side is gone.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    async fn read_more(&mut self) -> Option<()> {
        let mut buffer = [0u8; 4096];
        let read = self.stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        self.ahead.extend_from_slice(&buffer[..read]);
        Some(())
    }
}

/// A head without its last empty line, and the length of the body that follows.
fn parse(head: &str) -> Option<(Request, usize)> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: None,
        body: Vec::new(),
        keeps_alive: version == "HTTP/1.1",
    };
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => request.authorization = Some(value.trim().to_owned()),
            "connection" => request.keeps_alive = !value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    Some((request, length))
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

/// The value of `name` in a query or form, decoded.
pub(super) fn form_value(form: &str, name: &str) -> Option<String> {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| decoded(value)).next()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        assert_eq!(form_value("a=1&ani=%2B1+317", "ani").as_deref(), Some("+1 317"));
        assert_eq!(form_value("ani=100%", "ani").as_deref(), Some("100%"));
        assert_eq!(form_value("x=1", "ani"), None);
    }
}
