//! What the commands of root keys ask of a node: the statement in force there with what stays of its
//! keeper's chain, and nothing but the keeper's own key.

use super::super::desk::Desk;
use super::super::work::{Who, Work, carry_out_file};
use super::super::{Done, Refusal};
use super::file::stays as read_stays;
use crate::hatch::Wire;
use jiaolian_schema::act::{At, RootStatement, Stays};
use jiaolian_schema::canon;
use minicbor::{Decode, Encode};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The statement in force at a node, and what stays of its keeper's chain by a word of the command
/// line.
pub(super) fn statement_before(
    dir: &Path,
    stays: &str,
) -> Result<(RootStatement, Option<Stays>), Refusal> {
    let before = Before {
        dir: dir.to_owned(),
        stays: stays.to_owned(),
    };
    let known: Known =
        canon::decode("a statement", &carry_out_file(&before)?).map_err(Refusal::data)?;
    Ok((known.statement, Some(known.stays)))
}

/// The work of a request for the statement in force.
pub(in super::super) fn before(stays: &str) -> Arc<dyn Work> {
    Arc::new(Before {
        dir: PathBuf::new(),
        stays: stays.to_owned(),
    })
}

/// The work of a request for nothing but a key.
pub(in super::super) fn own_key(number: &str) -> Arc<dyn Work> {
    Arc::new(OwnKey::new(Path::new(""), number, false))
}

struct Before {
    dir: PathBuf,
    stays: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Known {
    #[n(0)]
    statement: RootStatement,
    #[n(1)]
    stays: Stays,
}

impl Work for Before {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn wire(&self) -> Result<Wire, Refusal> {
        Ok(Wire::RootBefore(self.stays.clone()))
    }

    fn work(&self, desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        let known = Known {
            statement: desk.authority().root().clone(),
            stays: self.stays(desk)?,
        };
        desk.file = Some(canon::encode(&known));
        Ok(nothing_to_say())
    }
}

impl Before {
    fn stays(&self, desk: &Desk<'_>) -> Result<Stays, Refusal> {
        let authority = desk.authority();
        let keeper = authority.root_keeper();
        let at = match self.stays.parse() {
            Ok(n) => match authority.heads_at(keeper, n).as_slice() {
                [id] => Some(At { n, id: *id }),
                heads => {
                    return Err(Refusal::data(format!(
                        "position {n} of the keeper's chain names one act; here it names {}",
                        heads.len()
                    )));
                }
            },
            Err(_) if self.stays == "here" => authority.chain_tip(keeper),
            Err(_) => return read_stays(&self.stays).map_err(Refusal::data),
        };
        Ok(at.map_or(Stays::Nothing, Stays::UpTo))
    }
}

/// A keeper's own key, opened by the keeper's passphrase where the command is typed.
pub(super) struct OwnKey {
    dir: PathBuf,
    number: String,
    from_lines: bool,
}

impl OwnKey {
    pub(super) fn new(dir: &Path, number: &str, from_lines: bool) -> Self {
        Self {
            dir: dir.to_owned(),
            number: number.to_owned(),
            from_lines,
        }
    }
}

impl Work for OwnKey {
    fn dir(&self) -> &Path {
        &self.dir
    }

    fn who(&self) -> Option<Who<'_>> {
        Some(Who::numbered(&self.number, self.from_lines))
    }

    fn wire(&self) -> Result<Wire, Refusal> {
        Ok(Wire::OwnKey(self.number.clone()))
    }

    fn work(&self, _desk: &mut Desk<'_>, _input: &[u8]) -> Result<Done, Refusal> {
        Ok(nothing_to_say())
    }
}

fn nothing_to_say() -> Done {
    Done {
        line: String::new(),
        data: json!({}),
    }
}
