//! A siren, a lamp or any program on the local network, told by one HTTP request under a shared secret.

use super::{Call, Channel, TellError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest head of an answer that is read, bytes.
const HEAD_BYTES_MAX: usize = 4_096;
/// Longest wait for a connection, for the request to go out, and for the answer, each.
const WAIT: Duration = Duration::from_secs(10);

/// Where a siren listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SirenUrl {
    /// Host and port.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl SirenUrl {
    /// Reads `http://host:port/path`. There is no TLS here: the request tells no name, and the secret
    /// signs it.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let has_host = !host.is_empty() && !host.contains('@') && !host.starts_with(':');
        let port = host.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        let has_port = host.ends_with(']') || port.as_ref().is_none_or(Result::is_ok);
        let authority = match port {
            Some(_) if !host.ends_with(']') => host.to_owned(),
            _ => format!("{host}:80"),
        };
        let path = if path.is_empty() { "/" } else { path };
        (has_host && has_port && plain(rest)).then(|| Self {
            authority,
            path: path.to_owned(),
        })
    }
}

/// A siren.
pub struct Siren {
    url: SirenUrl,
    secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Siren {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Siren({})", self.url.authority)
    }
}

impl Siren {
    /// The siren at an address, with the secret that both know.
    pub fn new(url: SirenUrl, secret: Zeroizing<Vec<u8>>) -> Self {
        Self { url, secret }
    }

    fn request(&self, call: &Call) -> Vec<u8> {
        let body = json!({
            "call": jiaolian_schema::id::hex(&call.name),
            "step": call.step,
            "severity": call.severity,
            "at": call.at,
            "tries": call.tries,
            "text": call.text,
        })
        .to_string();
        let proof = proof(&self.secret, body.as_bytes());
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nX-Jiaolian-Proof: sha256={proof}\r\nConnection: close\r\n\r\n",
            self.url.path,
            self.url.authority,
            body.len()
        );
        [head.into_bytes(), body.into_bytes()].concat()
    }
}

/// HMAC-SHA-256 of a request's body, as hexadecimal digits.
pub fn proof(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(body);
    jiaolian_schema::id::hex(&mac.finalize().into_bytes())
}

impl Channel for Siren {
    fn tell(&mut self, call: &Call) -> Result<(), TellError> {
        let mut stream = connect(&self.url.authority)?;
        let lost = |_| TellError::Lost;
        stream.set_read_timeout(Some(WAIT)).map_err(lost)?;
        stream.set_write_timeout(Some(WAIT)).map_err(lost)?;
        stream.write_all(&self.request(call)).map_err(lost)?;
        match status(&mut stream)? {
            200..=299 => Ok(()),
            other => Err(TellError::Status(other)),
        }
    }
}

fn connect(authority: &str) -> Result<TcpStream, TellError> {
    let found = authority.to_socket_addrs().map_err(|_| TellError::Absent)?;
    let addresses: Vec<SocketAddr> = found.take(4).collect();
    addresses
        .iter()
        .find_map(|address| TcpStream::connect_timeout(address, WAIT).ok())
        .ok_or(TellError::Absent)
}

/// The number in the first line of the answer.
fn status(stream: &mut TcpStream) -> Result<u16, TellError> {
    let (mut head, mut room) = (Vec::new(), [0; 256]);
    while !head.contains(&b'\n') {
        match stream.read(&mut room) {
            Ok(0) | Err(_) => return Err(TellError::Silent),
            Ok(read) => head.extend_from_slice(&room[..read]),
        }
        if head.len() > HEAD_BYTES_MAX {
            return Err(TellError::Silent);
        }
    }
    let line = String::from_utf8_lossy(&head);
    let mut words = line.split(' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let number = words.next().and_then(|word| word.trim().parse().ok());
    number.filter(|_| is_http).ok_or(TellError::Silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_whole_or_not_at_all() {
        let read = |text: &str| SirenUrl::parse(text).map(|url| (url.authority, url.path));
        let both = |a: &str, p: &str| Some((a.to_owned(), p.to_owned()));
        assert_eq!(
            read("http://192.168.1.9:8080/on?lamp=1"),
            both("192.168.1.9:8080", "/on?lamp=1")
        );
        assert_eq!(read("http://siren"), both("siren:80", "/"));
        assert_eq!(read("http://[fd00::1]/x"), both("[fd00::1]:80", "/x"));
        for bad in [
            "https://siren/",
            "siren:80",
            "http://",
            "http://:80/",
            "http://a b/",
            "http://u@h/",
            "http://h:x/",
            "http://h/\r\nX: y",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_proof_is_the_one_of_the_standard() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(proof(b"Jefe", b"what do ya want for nothing?"), expected);
    }
}
