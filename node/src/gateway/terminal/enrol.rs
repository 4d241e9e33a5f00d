//! How a terminal is let in. What it shows is the token that its binding has the hash of: as the code
//! of its authentication, or, where its maker lets nobody set a code, as the vehicle's mark of its
//! registration, which is then answered with that same code. Nothing is ever told to a terminal that
//! it has not just shown.

use super::super::door::NO_CARD;
use super::super::limit::{Limiter, Meter};
use crate::owner::Node;
use jiaolian_schema::canon;
use jiaolian_schema::device::{Card, token_hash};
use jiaolian_schema::fix::DAY_MS;
use jiaolian_schema::jt808::Header;
use jiaolian_schema::watch::NodeClock;
use jiaolian_sync::{Store as _, StoreError, Table, Write};
use minicbor::{Decode, Encode};
use std::net::IpAddr;

/// So long after its end a binding still lets a terminal in, for what it kept from before, ms: as
/// long as terminals keep reports.
const BACKLOG_MS: i64 = 10 * DAY_MS;
/// Longest code that is compared, bytes.
const CODE_BYTES_MAX: usize = 128;
/// Sorts the row of a terminal's maker behind its reports.
const MAKER_MARK: &[u8] = &[2];

/// What a terminal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is bound and shows its token.
    Known {
        /// Its number as it is bound.
        terminal: String,
        card: Card,
    },
    /// It is not known, not bound, or shows another token; `bare` where its binding has none.
    Stranger { bare: bool },
}

/// A terminal's maker as its registration named it: later connections begin without one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Maker {
    #[cbor(n(0), with = "minicbor::bytes")]
    code: Vec<u8>,
}

/// The code as text, without what fills it up.
pub(super) fn code_of(bytes: &[u8]) -> String {
    let few = &bytes[..bytes.len().min(CODE_BYTES_MAX)];
    let text = String::from_utf8_lossy(few);
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace())
        .to_owned()
}

/// Under which numbers a terminal may be bound: as it is printed, and with all its digits.
pub(super) fn names(header: &Header) -> Vec<String> {
    let number = header.number();
    let mut names = vec![number.to_owned(), header.terminal.clone()];
    names.push(format!("{number:0>12}"));
    names.dedup();
    names
}

/// Looks for whose terminal shows this code.
pub(super) fn find(node: &mut Node, names: &[String], code: &str) -> Found {
    let now = match node.replica.node_clock() {
        NodeClock::Untrusted { ahead_ms } => node.now() - ahead_ms,
        NodeClock::Trusted | NodeClock::Unknown => node.now(),
    };
    let mut bare = false;
    for name in names {
        let card = token_hash(name, code);
        for (_, device) in node.replica.bindings(name) {
            let is_of_use = device.from <= now && now - device.until <= BACKLOG_MS;
            bare |= is_of_use && device.is_bare();
            let is_shown = if device.is_bare() {
                node.demo
            } else {
                device.opens_to(name, &card)
            };
            if is_of_use && is_shown {
                let terminal = name.clone();
                return Found::Known { terminal, card };
            }
        }
    }
    Found::Stranger { bare }
}

/// Keeps a terminal's maker.
pub(super) fn note_maker(node: &mut Node, terminal: &str, maker: &[u8]) -> Result<(), StoreError> {
    if maker.is_empty() || read_maker(node, terminal)? == maker {
        return Ok(());
    }
    let code = maker.to_vec();
    node.put(Write {
        table: Table::Device,
        key: maker_key(terminal),
        value: Some(canon::encode(&Maker { code })),
    });
    Ok(())
}

/// A terminal's maker; empty where it never said.
pub(super) fn read_maker(node: &Node, terminal: &str) -> Result<Vec<u8>, StoreError> {
    let row = node
        .store
        .reader()
        .get(Table::Device, &maker_key(terminal))?;
    let maker = row.and_then(|bytes| minicbor::decode::<Maker>(&bytes).ok());
    Ok(maker.map(|maker| maker.code).unwrap_or_default())
}

fn maker_key(terminal: &str) -> Vec<u8> {
    [terminal.as_bytes(), MAKER_MARK].concat()
}

/// Lets a message of somebody who has shown nothing through.
pub(super) fn pass_stranger(meter: &Meter, from: IpAddr) -> bool {
    let pass = |limiter: &mut Limiter, now| limiter.pass(&NO_CARD, from, 1, now);
    meter.act(pass).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::jt808::Edition;

    #[test]
    fn a_code_is_what_it_is_without_its_filling() {
        assert_eq!(code_of(b"kQ3v-81mZ-pp0x-77Lw\0\0"), "kQ3v-81mZ-pp0x-77Lw");
        assert_eq!(code_of(&[b'x'; 1_000]).len(), CODE_BYTES_MAX);
        assert_eq!(code_of(&[0xFF, 0xFE]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_number_is_found_with_and_without_its_zeros() {
        let header = Header {
            id: 0x0102,
            edition: Edition::Of2019 { version: 1 },
            terminal: "00000000013800138000".into(),
            serial: 0,
            part: None,
        };
        let wanted = ["13800138000", "00000000013800138000", "013800138000"];
        assert_eq!(names(&header), wanted);
    }
}
