//! A dossier with everything that its standing rests on, as one file: evidence that anybody can
//! check with no node and no network.
//!
//! The form is written down for other programs in `docs/bundle.md`. Whatever is in a file was put
//! there by somebody unknown, so that nothing is believed but what signatures and hashes prove, and
//! a file that is not whole is refused whole.

use crate::act::RootStatement;
use crate::canon::{self, CanonError};
use crate::envelope::Envelope;
use crate::explain::{EXHIBIT_REPORTS_MAX, Exhibit};
use crate::id::{DossierId, EnvelopeId, sha256};
use crate::opinion::is_sound_root;
use minicbor::{Decode, Encode};
use thiserror::Error;

/// Largest file, bytes.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most envelopes in a file.
pub const BUNDLE_ENVELOPES_MAX: usize = 100_000;
/// What the first field of a file says.
pub const BUNDLE_FORM: &str = "jiaolian-bundle/1";
/// The same of a file with an exhibit.
pub const BUNDLE_FORM_EXHIBIT: &str = "jiaolian-bundle/2";

/// Why bytes are no bundle.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BundleError {
    #[error("a bundle has at most {BUNDLE_BYTES_MAX} bytes, this one has {0}")]
    TooLong(usize),
    #[error("the file is no bundle, or not all of it: {0}")]
    Bytes(#[from] CanonError),
    #[error(
        "a bundle's form is {BUNDLE_FORM}, with an exhibit {BUNDLE_FORM_EXHIBIT}, this one's is {0:?}"
    )]
    Form(String),
    #[error("the digest at the end is that of the file: it was changed or damaged")]
    Digest,
    #[error("the root statement that the file names is sound, this one of version {0} is not")]
    Root(u32),
    #[error("a bundle has at most {BUNDLE_ENVELOPES_MAX} envelopes, this one has {0}")]
    TooMany(usize),
    #[error("an exhibit has at most {EXHIBIT_REPORTS_MAX} reports, this one has {0}")]
    Reports(usize),
    #[error("envelopes come in ascending order of their ids and each once, {0} does not")]
    Order(EnvelopeId),
    #[error("the subject lies in dossier {0}, of which the file holds nothing")]
    Subject(DossierId),
}

/// What a bundle is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Subject {
    /// All of a case.
    #[n(1)]
    Case(#[n(0)] DossierId),
    /// One matter of a case.
    #[n(2)]
    Matter(#[n(0)] DossierId, #[n(1)] EnvelopeId),
    /// One alarm.
    #[n(3)]
    Alarm(#[n(0)] DossierId),
}

impl Subject {
    /// The dossier that it is or lies in.
    pub fn dossier(self) -> DossierId {
        match self {
            Self::Case(id) | Self::Matter(id, _) | Self::Alarm(id) => id,
        }
    }
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bundle {
    #[n(0)]
    form: String,
    /// The root statement in force at the exporting office.
    #[n(1)]
    root: RootStatement,
    /// What it is about.
    #[n(2)]
    pub subject: Subject,
    /// When it was made, ms UTC.
    #[n(3)]
    pub made_at: i64,
    /// SHA-256 of the rule pack that the exporting office judges by.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub rule_pack: [u8; 32],
    /// Fold version of the exporting office.
    #[n(5)]
    pub fold_version: u16,
    /// The envelopes, ascending by id.
    #[n(6)]
    pub envelopes: Vec<Envelope>,
    /// SHA-256 of the file with zeros here.
    #[cbor(n(7), with = "minicbor::bytes")]
    digest: [u8; 32],
    /// What an alarm was judged from; none in the first form.
    #[n(8)]
    exhibit: Option<Exhibit>,
}

impl Bundle {
    /// A bundle of envelopes in any order; one that came twice stays with its body.
    pub fn new(
        root: &RootStatement,
        subject: Subject,
        made_at: i64,
        (rule_pack, fold_version): ([u8; 32], u16),
        mut envelopes: Vec<Envelope>,
    ) -> Self {
        envelopes.sort_by_cached_key(|envelope| (envelope.id(), envelope.body.is_none()));
        envelopes.dedup_by_key(|envelope| envelope.id());
        Self {
            form: BUNDLE_FORM.to_owned(),
            root: root.clone(),
            subject,
            made_at,
            rule_pack,
            fold_version,
            envelopes,
            digest: [0; 32],
            exhibit: None,
        }
    }

    /// The same file with what its alarm was judged from.
    #[must_use]
    pub fn with_exhibit(self, exhibit: Exhibit) -> Self {
        Self {
            form: BUNDLE_FORM_EXHIBIT.to_owned(),
            exhibit: Some(exhibit),
            ..self
        }
    }

    /// What its alarm was judged from, where the file says it.
    pub fn exhibit(&self) -> Option<&Exhibit> {
        self.exhibit.as_ref()
    }

    /// The root statement that the exporting office trusts.
    pub fn root(&self) -> &RootStatement {
        &self.root
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut whole = self.clone();
        whole.digest = self.computed_digest();
        canon::encode(&whole)
    }

    /// SHA-256 of the file with zeros in its place.
    fn computed_digest(&self) -> [u8; 32] {
        let mut blank = self.clone();
        blank.digest = [0; 32];
        sha256(&[&canon::encode(&blank)])
    }

    /// Reads a file, or names the rule of form that it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let bundle: Self = canon::decode("a bundle", bytes)?;
        let form = match bundle.exhibit {
            Some(_) => BUNDLE_FORM_EXHIBIT,
            None => BUNDLE_FORM,
        };
        if bundle.form != form {
            let shown = bundle.form.chars().take(40).collect();
            return Err(BundleError::Form(shown));
        }
        if !is_sound_root(&bundle.root) {
            return Err(BundleError::Root(bundle.root.version));
        }
        if bundle.envelopes.len() > BUNDLE_ENVELOPES_MAX {
            return Err(BundleError::TooMany(bundle.envelopes.len()));
        }
        let reports = bundle
            .exhibit
            .as_ref()
            .map_or(0, |exhibit| exhibit.reports.len());
        if reports > EXHIBIT_REPORTS_MAX {
            return Err(BundleError::Reports(reports));
        }
        if bundle.computed_digest() != bundle.digest {
            return Err(BundleError::Digest);
        }
        let ids: Vec<EnvelopeId> = bundle.envelopes.iter().map(Envelope::id).collect();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(BundleError::Order(pair[1]));
        }
        let dossier = bundle.subject.dossier();
        if ids.binary_search(&dossier.into()).is_err() {
            return Err(BundleError::Subject(dossier));
        }
        Ok(bundle)
    }
}
