//! Files that certificates travel in, and the line of the configuration that opens the door.

use super::super::{EXIT_CANNOT_CREATE, EXIT_CONFIG, EXIT_IO, Refusal, read_bounded};
use crate::certificate::{AUTHORITY_BYTES_MAX, AuthorityFile};
use crate::config::Config;
use crate::home::CONFIG_FILE;
use crate::platform;
use std::net::SocketAddr;
use std::path::Path;

/// Writes a file that must not exist yet.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    if path.exists() {
        return Err(Refusal::new(
            EXIT_CANNOT_CREATE,
            format!("{} exists already", path.display()),
        ));
    }
    write(path, bytes)
}

/// Writes a file whole or not at all, readable by its owner only.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    platform::write_atomically(path, bytes)
        .map_err(|error| Refusal::new(EXIT_IO, format!("{}: {error}", path.display())))
}

/// Reads an authority file.
pub(super) fn read_authority(path: &Path) -> Result<AuthorityFile, Refusal> {
    let bytes = read_bounded(path, AUTHORITY_BYTES_MAX)?;
    Ok(AuthorityFile::parse(&bytes)?)
}

/// Sets `http.lan` in a data directory's configuration and leaves every other line as it was.
pub(super) fn listen_at(dir: &Path, address: SocketAddr) -> Result<(), Refusal> {
    let path = dir.join(CONFIG_FILE);
    let refused =
        |reason: String| Refusal::new(EXIT_CONFIG, format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| refused(error.to_string()))?;
    let set = with_lan(&text, address);
    let file = path.display().to_string();
    let read = Config::parse(&file, &set).map_err(|error| Refusal::new(EXIT_CONFIG, error))?;
    if read.http.lan != Some(address) {
        return Err(refused(format!("write `lan = \"{address}\"` below [http]")));
    }
    write(&path, set.as_bytes())
}

fn with_lan(text: &str, address: SocketAddr) -> String {
    let line = format!("lan = \"{address}\"");
    let mut lines: Vec<&str> = text.lines().collect();
    let Some(head) = lines.iter().position(|line| line.trim() == "[http]") else {
        return format!("{}\n\n[http]\n{line}\n", text.trim_end());
    };
    let body = &lines[head + 1..];
    let end = body
        .iter()
        .position(|line| line.trim_start().starts_with('['));
    let section = &body[..end.unwrap_or(body.len())];
    let is_lan = |line: &&str| line.trim_start().starts_with("lan");
    match section.iter().position(is_lan) {
        Some(at) => lines[head + 1 + at] = &line,
        None => lines.insert(head + 1, &line),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_set_and_all_others_stay() {
        let address = "10.8.3.20:7443".parse().unwrap();
        let text = "[node]\nx = 1\n\n[http]\nbind = \"127.0.0.1:7080\"\n\n[link]\nlan = 3\n";
        let set = with_lan(text, address);
        let expected = text.replace("[http]\n", "[http]\nlan = \"10.8.3.20:7443\"\n");
        assert_eq!(set, expected);
        let moved = with_lan(&set, "10.8.3.21:443".parse().unwrap());
        assert_eq!(moved, set.replace("10.8.3.20:7443", "10.8.3.21:443"));
        let fresh = with_lan("[node]\nx = 1\n", address);
        assert_eq!(fresh, "[node]\nx = 1\n\n[http]\nlan = \"10.8.3.20:7443\"\n");
    }
}
